"""Options that both endpoints of the chat models have: the model, and numbers within bounds."""

from typing import Any

from semcache.lab.offline.answers import CHAT_MODELS
from semcache.lab.offline.model import EMBEDDING_MODEL
from semcache.lab.offline.refusal import Refusal, unknown_model, wrong_type

__all__ = ["check_model", "integer"]


def check_model(model: object, endpoint: str) -> None:
    """Refuse what is no chat model.

    Raises:
        Refusal: There is no such model, or it does something else.
    """
    if model == EMBEDDING_MODEL:
        message = f"This is not a chat model and thus not supported in the {endpoint} endpoint."
        raise Refusal(404, message, param="model")
    if model not in CHAT_MODELS:
        raise unknown_model(model)


def integer(
    body: dict[str, Any], param: str, *, lowest: int = 1, highest: int | None = None
) -> int | None:
    """Return a whole number of a request, ``None`` if it was not given.

    Raises:
        Refusal: It is no whole number, or out of its bounds.
    """
    value = body.get(param)
    if value is None:
        return None
    if type(value) is not int:  # JSON's true is not a number, though Python's True is an int
        raise wrong_type(param, "an integer")
    if value < lowest:
        raise _out_of_bounds(param, value, f">= {lowest}", "below minimum", "below_min")
    if highest is not None and value > highest:
        raise _out_of_bounds(param, value, f"<= {highest}", "above maximum", "above_max")
    return value


def _out_of_bounds(param: str, value: int, bound: str, which: str, code: str) -> Refusal:
    message = (
        f"Invalid '{param}': integer {which} value. "
        f"Expected a value {bound}, but got {value} instead."
    )
    return Refusal(400, message, param=param, code=f"integer_{code}_value")
