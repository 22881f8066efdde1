"""The requests that reached an API, and what they cost: the same for the offline and a real one."""

import threading
from dataclasses import dataclass

from semcache.errors import ConfigError

__all__ = ["ENDPOINTS", "Call", "Ledger", "known"]

ENDPOINTS = ("embeddings", "chat/completions", "responses", "models")


@dataclass(frozen=True)
class Call:
    """One HTTP request that reached the API; a client that retries makes several.

    Attributes:
        endpoint: One of :data:`ENDPOINTS`; another path as it was asked for.
        model: The model asked for, ``None`` if none was named.
        inputs: The texts that were sent, in order.
        tokens: Prompt and completion tokens billed; 0 when the request failed. A stream is
            billed in full, whether or not it is read to its end.
        status: The HTTP status, ``None`` when no reply was sent (a timeout, a lost connection).
    """

    endpoint: str
    model: str | None
    inputs: tuple[str, ...]
    tokens: int
    status: int | None


class Ledger:
    """A list of calls that many threads add to.

    Example:
        >>> ledger = Ledger()
        >>> ledger._enter(Call("embeddings", "e5", ("Hello",), 1, 200))
        1
        >>> ledger.tokens, ledger.call_count("models")
        (1, 0)
    """

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._writing = threading.Lock()

    @property
    def calls(self) -> list[Call]:
        """Every request so far, oldest first: a copy, to keep and compare."""
        with self._writing:
            return list(self._calls)

    @property
    def tokens(self) -> int:
        """Tokens billed so far, over all calls."""
        return sum(call.tokens for call in self.calls)

    def call_count(self, endpoint: str | None = None) -> int:
        """Return the number of requests so far, to one endpoint or to all.

        Raises:
            ConfigError: There is no such endpoint.
        """
        if endpoint is not None:
            known(endpoint)
        return sum(endpoint in (None, call.endpoint) for call in self.calls)

    def reset(self) -> None:
        """Forget all calls."""
        with self._writing:
            self._calls.clear()

    def _enter(self, call: Call) -> int:
        """Add a call, and return which one it is, from 1."""
        with self._writing:
            self._calls.append(call)
            return len(self._calls)


def known(endpoint: str) -> None:
    """Refuse what is no endpoint, rather than count none of it for ever.

    Raises:
        ConfigError: There is no such endpoint.
    """
    if endpoint not in ENDPOINTS:
        raise ConfigError(f"no endpoint {endpoint!r}: choose one of {', '.join(ENDPOINTS)}")
