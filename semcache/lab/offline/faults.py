"""Failures on request: what a scripted fault does to the next HTTP request."""

import math
from dataclasses import dataclass

import httpx2

from semcache.errors import ConfigError
from semcache.lab.offline.refusal import Refusal

__all__ = ["Fault", "scripted"]

RETRYABLE = (429, 500, 503)
KINDS = (401, *RETRYABLE, "timeout", "disconnect", "cut")
HELP = "contact us through our help center at help.openai.com"


@dataclass(frozen=True)
class Fault:
    """One failure, ready to happen.

    Attributes:
        kind: A status (401, 429, 500, 503), ``"timeout"``, ``"disconnect"`` or ``"cut"``.
        retry_after: Seconds that the reply asks the client to wait before it tries again.
        cut_after: Events of a stream that still arrive; ``None`` for every kind but ``"cut"``.
    """

    kind: int | str
    retry_after: float | None = None
    cut_after: int | None = None

    def strike(self, model: str | None) -> None:
        """Fail as this fault does; a ``"cut"`` fails later, while the reply is being sent.

        Raises:
            Refusal: For a status.
            httpx2.TransportError: For a timeout or a lost connection.
        """
        if self.kind == "timeout":
            raise httpx2.ReadTimeout("The read operation timed out")
        if self.kind == "disconnect":
            raise httpx2.RemoteProtocolError("Server disconnected without sending a response.")
        if isinstance(self.kind, int):
            raise self._refusal(self.kind, model)

    def _refusal(self, status: int, model: str | None) -> Refusal:
        headers = {}
        if self.retry_after is not None:
            # The client prefers the exact milliseconds; the standard header has whole seconds.
            headers["retry-after-ms"] = f"{self.retry_after * 1000:g}"
            headers["retry-after"] = str(math.ceil(self.retry_after))
        if status == 401:
            return Refusal(
                401,
                "Incorrect API key provided: offline. You can find your API key at "
                "https://platform.openai.com/account/api-keys.",
                code="invalid_api_key",
            )
        if status == 429:
            wait = "later" if self.retry_after is None else f"in {self.retry_after:g}s"
            return Refusal(
                429,
                f"Rate limit reached for {model} in organization org-offline on requests per min "
                f"(RPM): Limit 3, Used 3, Requested 1. Please try again {wait}. "
                "Visit https://platform.openai.com/account/rate-limits to learn more.",
                type="requests",
                code="rate_limit_exceeded",
                headers=headers,
            )
        if status == 503:
            message = "The engine is currently overloaded, please try again later."
        else:
            message = (
                "The server had an error while processing your request. Sorry about that! "
                f"You can retry your request, or {HELP} if the error persists."
            )
        return Refusal(status, message, type="server_error", headers=headers)


def scripted(kind: int | str, retry_after: float | None, after: int | None) -> Fault:
    """Check what a caller scripted, now rather than when the fault strikes.

    Raises:
        ConfigError: No such fault, or an option that it does not have.

    Example:
        >>> scripted("cut", None, 3)
        Fault(kind='cut', retry_after=None, cut_after=3)
    """
    if kind not in KINDS:
        raise ConfigError(f"no fault {kind!r}: choose one of {', '.join(map(repr, KINDS))}")
    if retry_after is not None and kind not in RETRYABLE:
        raise ConfigError(f"retry_after belongs to the faults 429, 500 and 503, not to {kind!r}")
    if retry_after is not None and not (math.isfinite(retry_after) and retry_after > 0):
        raise ConfigError(f"retry_after is a number of seconds above 0, not {retry_after!r}")
    if after is not None and kind != "cut":
        raise ConfigError(f"after belongs to the fault 'cut', not to {kind!r}")
    if after is not None and after < 0:
        raise ConfigError(f"after is a number of chunks, 0 or more, not {after!r}")
    return Fault(kind, retry_after, (after or 0) if kind == "cut" else None)
