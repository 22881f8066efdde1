"""Errors as the API sends them: a status and a body with message, type, param and code."""

from collections.abc import Iterable
from typing import Any

__all__ = [
    "Refusal",
    "empty",
    "invalid_value",
    "missing",
    "unknown_arguments",
    "unknown_model",
    "wrong_type",
]


class Refusal(Exception):
    """The API's answer to a request that it does not serve.

    Raised by an endpoint, sent to the caller as JSON; the real client turns it into its own
    exception. The wording follows replies of the API that its users have published.

    Example:
        >>> Refusal(404, "Invalid URL (GET /v1/nothing)").body["error"]["type"]
        'invalid_request_error'
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.body = {"error": {"message": message, "type": type, "param": param, "code": code}}


def unknown_model(model: object) -> Refusal:
    """Return the refusal for a model that this API does not have."""
    message = f"The model `{model}` does not exist or you do not have access to it."
    return Refusal(404, message, code="model_not_found")


def missing(param: str) -> Refusal:
    """Return the refusal for a request that lacks ``param``."""
    message = f"Missing required parameter: '{param}'."
    return Refusal(400, message, param=param, code="missing_required_parameter")


def empty(param: str) -> Refusal:
    """Return the refusal for an array that has nothing in it."""
    message = (
        f"Invalid '{param}': empty array. Expected an array with minimum length 1, "
        "but got an empty array instead."
    )
    return Refusal(400, message, param=param, code="empty_array")


def invalid_value(param: str, given: object, known: Iterable[str]) -> Refusal:
    """Return the refusal for a value that is none of the known ones."""
    *others, last = (f"'{name}'" for name in known)
    listed = ", ".join(others)
    supported = f"{listed}{',' * (len(others) > 1)} and {last}" if others else last
    message = f"Invalid value: '{given}'. Supported values are: {supported}."
    return Refusal(400, message, param=param, code="invalid_value")


def wrong_type(param: str, expected: str) -> Refusal:
    """Return the refusal for a value of another type."""
    message = f"Invalid type for '{param}': expected {expected}."
    return Refusal(400, message, param=param, code="invalid_type")


def unknown_arguments(body: dict[str, Any], known: frozenset[str]) -> None:
    """Refuse a request with an argument that this API would otherwise ignore in silence.

    Raises:
        Refusal: ``body`` has a key that is not in ``known``.
    """
    for name in sorted(body.keys() - known):
        raise Refusal(400, f"Unrecognized request argument supplied: {name}")
