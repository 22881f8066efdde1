"""Numbers and texts within the bounds that a JSON schema sets."""

from typing import Any

from semcache.lab.offline.refusal import Refusal

__all__ = ["fits", "fitting_number", "fitting_text"]

Schema = dict[str, Any]


def fits(number: float, schema: Schema) -> bool:
    """Say whether a number is valid for a schema.

    Example:
        >>> fits(3, {"type": "integer", "maximum": 5}), fits(0.5, {"type": "integer"})
        (True, False)
    """
    kinds = schema.get("type", "number")
    whole = "integer" in kinds and "number" not in kinds
    step = schema.get("multipleOf", 1 if whole else None)
    return (
        schema.get("minimum", number) <= number <= schema.get("maximum", number)
        and schema.get("exclusiveMinimum", number - 1) < number
        and number < schema.get("exclusiveMaximum", number + 1)
        and not (whole and number % 1)
        and not (step and number % step)
    )


def fitting_number(schema: Schema) -> int | float:
    """Return a number that is valid for a schema: 0, or one at its bounds.

    Raises:
        Refusal: None is found.

    Example:
        >>> fitting_number({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1})
        0.5
    """
    low = _bound(schema, "minimum", "exclusiveMinimum", otherwise=0)
    high = _bound(schema, "maximum", "exclusiveMaximum", otherwise=low)
    step = _bound(schema, "multipleOf", otherwise=1)
    for number in (0, low, high, low + 1, high - 1, (low + high) / 2, low - low % step + step):
        if fits(number, schema):
            return int(number) if number % 1 == 0 else float(number)
    raise Refusal(400, "The offline API finds no number within the bounds of a schema.")


def _bound(schema: Schema, *keywords: str, otherwise: float) -> float:
    return next((float(schema[word]) for word in keywords if word in schema), otherwise)


def fitting_text(text: str, schema: Schema) -> str:
    """Return a text cut or filled up to the length that a schema allows.

    Example:
        >>> fitting_text("Paris", {"maxLength": 3}), fitting_text("", {"minLength": 2})
        ('Par', '..')
    """
    return text[: schema.get("maxLength", len(text))].ljust(schema.get("minLength", 0), ".")
