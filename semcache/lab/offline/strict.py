"""What OpenAI refuses in a strict schema: every property is required, and no other is allowed."""

from collections.abc import Iterator
from typing import Any

__all__ = ["flaw", "root_flaw"]

Place = tuple[str, ...]


def root_flaw(schema: dict[str, Any]) -> str | None:
    """Return what is wrong with a schema that is no object's, ``None`` for an object's.

    Example:
        >>> print(root_flaw({"type": "array"}))
        schema must be a JSON Schema of 'type: "object"', got 'type: "array"'.
    """
    kind = schema.get("type")
    if kind == "object":
        return None
    return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."


def flaw(schema: dict[str, Any]) -> str | None:
    """Return the first thing that ``"strict": true`` forbids, in the API's words, or ``None``.

    Example:
        >>> flaw({"type": "object", "properties": {}, "additionalProperties": False})
        >>> flaw({"type": "object"}).partition(", ")[2]
        "'additionalProperties' is required to be supplied and to be false."
    """
    return root_flaw(schema) or next(_flaws(schema, ()), None)


def _flaws(schema: Any, place: Place) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object":
        yield from (f"In context={place}, {words}" for words in _flaws_of_object(schema))
    for keyword in ("properties", "$defs"):
        for name, inner in (schema.get(keyword) or {}).items():
            yield from _flaws(inner, (*place, keyword, name))
    yield from _flaws(schema.get("items"), (*place, "items"))
    for number, inner in enumerate(schema.get("anyOf") or ()):
        yield from _flaws(inner, (*place, "anyOf", str(number)))


def _flaws_of_object(schema: dict[str, Any]) -> Iterator[str]:
    if schema.get("additionalProperties") is not False:
        yield "'additionalProperties' is required to be supplied and to be false."
    required = schema.get("required") or ()
    for name in schema.get("properties") or {}:
        if name in required:
            continue
        yield (
            "'required' is required to be supplied and to be an array including every key in "
            f"properties. Missing '{name}'."
        )
