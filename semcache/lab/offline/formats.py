"""What an answer has to look like: text, any JSON object, or JSON of a schema."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from semcache.lab.offline.refusal import Refusal, invalid_value, missing, wrong_type
from semcache.lab.offline.schema import fill
from semcache.lab.offline.strict import flaw
from semcache.tokens import count_tokens

__all__ = ["TEXT", "Format", "read_format"]

KINDS = ("json_object", "json_schema", "text")


@dataclass(frozen=True)
class Format:
    """The form of an answer.

    Attributes:
        kind: ``"text"``, ``"json_object"`` or ``"json_schema"``.
        schema: What the JSON is valid for, if there is such a schema.
    """

    kind: str = "text"
    schema: dict[str, Any] | None = None

    def written(self, said: str, question: str) -> str:
        """Return what the model says in this form; JSON has no spaces, as OpenAI's has none.

        Raises:
            Refusal: The schema asks for what cannot be filled.

        Example:
            >>> Format("json_object").written("A server.", "What is Redis? Answer in JSON.")
            '{"answer":"A server."}'
        """
        if self.kind == "text":
            return said
        value = {"answer": said} if self.schema is None else fill(self.schema, question, said)
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def tokens(self) -> int:
        """What the schema costs: how OpenAI writes it is not public; here, as JSON."""
        if self.schema is None:
            return 0
        return count_tokens(json.dumps(self.schema, ensure_ascii=False))


TEXT = Format()


def read_format(given: object, where: str, schema_in: str | None = None) -> Format:
    """Read a format.

    Args:
        given: What was sent; ``None`` means text.
        where: The parameter, such as ``"response_format"``.
        schema_in: The key under which a schema is found with its name; ``None`` where both stand
            beside the type.

    Raises:
        Refusal: The API would not take it.
    """
    if given is None:
        return TEXT
    if not isinstance(given, dict):
        raise wrong_type(where, "an object")
    kind = given.get("type")
    if kind not in KINDS:
        raise invalid_value(f"{where}.type", kind, KINDS)
    if kind != "json_schema":
        return Format(kind)
    place = where if schema_in is None else f"{where}.{schema_in}"
    inner = given if schema_in is None else given.get(schema_in)
    if not isinstance(inner, dict):
        raise missing(place)
    return Format(kind, _schema(inner, place, where))


def _schema(inner: dict[str, Any], place: str, where: str) -> dict[str, Any]:
    for param in ("name", "schema"):
        if param not in inner:
            raise missing(f"{place}.{param}")
    schema = inner["schema"]
    if not isinstance(schema, dict):
        raise wrong_type(f"{place}.schema", "an object")
    if inner.get("strict") is True and (words := flaw(schema)):
        message = f"Invalid schema for response_format '{inner['name']}': {words}"
        if place != where:  # the chat endpoint's
            raise Refusal(400, message, param=where)
        raise Refusal(400, message, param=f"{where}.schema", code="invalid_json_schema")
    return schema
