"""Values for a JSON schema, made of a question: what a model would have read out of it, nearly.

========================= ========================================================================
the schema asks for       and gets
========================= ========================================================================
a string                  the next capitalised name in the question, else the whole question; in
                          an answer, else what the model has to say. ``query`` and ``question`` are
                          always the question, ``answer`` always what the model says, an ``id`` or
                          ``number`` the next number; ``date`` and other formats a fixed example
a number, an integer      the next number in the question that is within the bounds, else 0 or
                          what is nearest to it
a boolean                 whether a word of the property's name is in the question
an ``enum``               the value that is in the question, else the first
an array                  all names or numbers left in the question, else one item
an object                 its required properties, and others of which the question says something
a choice (``anyOf``)      the first that is not null
========================= ========================================================================
"""

from typing import Any

from semcache.lab.offline.bounds import fits, fitting_number, fitting_text
from semcache.lab.offline.refusal import Refusal
from semcache.lab.offline.schema_parts import DEEP, kind_of, plain
from semcache.lab.offline.words import mentions, names_in, numbers_in, occurs, words_of

__all__ = ["fill"]

Schema = dict[str, Any]

NOTHING: Any = object()
COUNTABLE = ("string", "number", "integer")
UNFILLED = {"contains", "dependentRequired", "dependentSchemas", "else", "if", "minProperties"}
UNFILLED |= {"not", "pattern", "patternProperties", "prefixItems", "propertyNames", "then"}
UNFILLED |= {"uniqueItems"}
FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "00:00:00Z",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def fill(schema: Schema, question: str, said: str | None = None) -> Any:
    """Return a value that is valid for a schema.

    Args:
        schema: A JSON schema, of the parts of the standard that OpenAI takes and a few more.
        question: Where names, numbers and values are found.
        said: What a string is where the question has no name; the question if not given.

    Raises:
        Refusal: The schema asks for what cannot be made up, such as a ``pattern``.

    Example:
        >>> number = {"type": "integer"}
        >>> fill({"properties": {"a": number, "b": number}, "required": ["a"]}, "Add 3 and 4")
        {'a': 3, 'b': 4}
    """
    try:
        return _Filler(schema, question, said).value(schema, "", 0)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise Refusal(400, f"Invalid schema: {error!r}") from error


class _Filler:
    """Fills one schema; each name and number of the question is used once."""

    def __init__(self, root: Schema, question: str, said: str | None) -> None:
        self._root, self._question = root, question
        self._said = question if said is None else said
        self._names, self._numbers = names_in(question), numbers_in(question)

    def value(self, schema: Any, name: str, depth: int) -> Any:
        here = plain(schema, self._root, depth)
        found = self._found(here, name)
        return self._made(here, depth) if found is NOTHING else found

    def _found(self, schema: Schema, name: str) -> Any:
        """What the question says about a property, or ``NOTHING``."""
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return next((v for v in schema["enum"] if occurs(v, self._question)), NOTHING)
        if schema.keys() & UNFILLED:
            return NOTHING
        match kind_of(schema):
            case "string":
                text = self._text(schema, name)
                return NOTHING if text is NOTHING else fitting_text(text, schema)
            case "number" | "integer":
                return self._number(schema)
            case "boolean" if mentions(name, self._question):
                return True
        return NOTHING

    def _text(self, schema: Schema, name: str) -> Any:
        if schema.get("format") in FORMATS:
            return NOTHING
        if name in ("query", "question"):
            return self._question
        if name == "answer":
            return self._said
        if words_of(name)[-1:] in (("id",), ("number",)) and self._numbers:
            return str(self._numbers.pop(0))
        return self._names.pop(0) if self._names else NOTHING

    def _number(self, schema: Schema) -> Any:
        for number in self._numbers:
            if fits(number, schema):
                self._numbers.remove(number)
                return number
        return NOTHING

    def _made(self, schema: Schema, depth: int) -> Any:
        """A value where the question says nothing."""
        if "enum" in schema:
            return schema["enum"][0]
        for keyword in sorted(schema.keys() & UNFILLED):
            raise Refusal(400, f"The offline API cannot fill a schema with '{keyword}'.")
        match kind_of(schema):
            case "object":
                return self._object(schema, depth + 1)
            case "array":
                return self._array(schema, depth + 1)
            case "number" | "integer":
                return fitting_number(schema)
            case "boolean":
                return False
            case "null":
                return None
        return fitting_text(FORMATS.get(schema.get("format", ""), self._said), schema)

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        properties, required = schema.get("properties", {}), schema.get("required", [])
        filled = {}
        for name in [*properties, *(name for name in required if name not in properties)]:
            inner = properties.get(name, {})
            if name in required:
                filled[name] = self.value(inner, name, depth)
            elif (found := self._found(plain(inner, self._root, depth), name)) is not NOTHING:
                filled[name] = found
        return filled

    def _array(self, schema: Schema, depth: int) -> list[Any]:
        items, most = schema.get("items", {}), schema.get("maxItems", 1_000)
        filled = self._all_left(plain(items, self._root, depth), most)
        least = schema.get("minItems", 1 if depth < DEEP else 0)
        while len(filled) < min(least, most):
            filled.append(self.value(items, "", depth))
        return filled

    def _all_left(self, item: Schema, most: int) -> list[Any]:
        """All names or numbers that the question has left, for an array of them."""
        kind = kind_of(item)
        if kind not in COUNTABLE or item.keys() & {"const", "enum", "format"}:
            return []
        left = len(self._names if kind == "string" else self._numbers)
        found = [self._found(item, "") for _ in range(min(most, left))]
        return [value for value in found if value is not NOTHING]
