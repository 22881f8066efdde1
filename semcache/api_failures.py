"""How an API fails: what says that it cannot answer now, not what it thinks of a request."""

import openai

__all__ = ["api_failed", "is_passing"]


def is_passing(status: int) -> bool:
    """Whether an HTTP status says that the same request may be answered another time.

    They are those that the OpenAI client itself asks again after.

    Example:
        >>> [status for status in (400, 401, 404, 408, 409, 422, 429, 503) if is_passing(status)]
        [408, 409, 429, 503]
    """
    return status in (408, 409, 429) or status >= 500


def api_failed(error: Exception) -> bool:
    """Whether an error says that the API failed, and not what it thinks of the request.

    Example:
        >>> import httpx2
        >>> request = httpx2.Request("POST", "http://any.invalid")
        >>> api_failed(openai.APIConnectionError(request=request)), api_failed(ValueError())
        (True, False)
    """
    if isinstance(error, openai.APIStatusError):
        return is_passing(error.status_code)
    # The bare class is what the client makes of an error in a stream that had begun well.
    return isinstance(error, openai.APIConnectionError) or type(error) is openai.APIError
