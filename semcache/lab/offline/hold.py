"""Requests that wait for each other, so that many callers meet on purpose."""

import time
from collections.abc import Callable, Iterator
from threading import Event

__all__ = ["Hold"]


class Hold:
    """What the requests to an endpoint wait for.

    Args:
        until: Says whether they have waited enough; once is enough. ``None``: only
            :meth:`release` ends it.
        endpoint: Whose requests wait.
        most: Seconds after which a request waits no longer.

    Example:
        >>> hold = Hold(None, "embeddings", 10.0)
        >>> hold.release()
        >>> len(list(hold.pauses()))
        0
    """

    def __init__(self, until: Callable[[], bool] | None, endpoint: str, most: float) -> None:
        self.endpoint = endpoint
        self._until, self._most = until, most
        self._over = Event()

    def release(self) -> None:
        """Let all go on that wait, and hold nobody any more."""
        self._over.set()

    def pauses(self) -> Iterator[float]:
        """Yield short pauses until it is over, for all who wait."""
        ends, pause = time.monotonic() + self._most, 0.001
        while not self._over.is_set() and time.monotonic() < ends:
            if self._until is not None and self._until():
                self.release()
                return
            yield pause
            pause = min(0.03, 2 * pause)
