"""A JSON schema at one place: what it refers to, which of its choices is taken, its type."""

from typing import Any

from semcache.lab.offline.refusal import Refusal

__all__ = ["DEEP", "kind_of", "plain"]

Schema = dict[str, Any]

DEEP = 4  # levels after which a schema that contains itself is led to its end
STEPS = 32  # levels, or references in a row, after which it is given up
ENDLESS = "The offline API cannot fill a schema that contains itself without an end."


def plain(schema: Any, root: Schema, depth: int = 0) -> Schema:
    """Return a schema without references and choices.

    Args:
        schema: The schema at one place; ``true`` stands for one that allows anything.
        root: The whole, to which references belong.
        depth: How many levels above it are filled already.

    Raises:
        Refusal: It has no end.

    Example:
        >>> root = {"$defs": {"A": {"type": "string"}}}
        >>> plain({"anyOf": [{"type": "null"}, {"$ref": "#/$defs/A"}]}, root)
        {'type': 'string'}
    """
    found = dict(schema) if isinstance(schema, dict) else {}
    for _ in range(max(0, STEPS - depth)):
        step = _step(found, root, depth)
        if step is None:
            return found
        found = step
    raise Refusal(400, ENDLESS)


def kind_of(schema: Schema) -> str:
    """Return the type of a schema's values, the first that is not null.

    Example:
        >>> kind_of({"type": ["null", "integer"]}), kind_of({"properties": {}}), kind_of({})
        ('integer', 'object', 'string')
    """
    given = schema.get("type")
    kinds = given if isinstance(given, list) else [given]
    kind = next((kind for kind in kinds if kind not in (None, "null")), kinds[0])
    if kind is not None:
        return str(kind)
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _step(schema: Schema, root: Schema, depth: int) -> Schema | None:
    rest = {k: v for k, v in schema.items() if k not in ("$ref", "anyOf", "oneOf", "allOf")}
    if "$ref" in schema:
        return _referred(schema["$ref"], root) | rest
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return _chosen(schema[keyword], depth) | rest
    if "allOf" in schema:
        return _merged(schema["allOf"]) | rest
    return None


def _referred(reference: str, root: Schema) -> Schema:
    found: Any = root
    for part in filter(None, reference.removeprefix("#").split("/")):
        found = found[part]
    return dict(found)


def _chosen(options: list[Schema], depth: int) -> Schema:
    ends = [option for option in options if kind_of(option) == "null"]
    others = [option for option in options if option not in ends]
    return dict((ends or others if depth > DEEP else others or ends)[0])


def _merged(parts: list[Schema]) -> Schema:
    if len(parts) != 1:
        raise Refusal(400, "The offline API cannot fill a schema with several parts in 'allOf'.")
    return dict(parts[0])
