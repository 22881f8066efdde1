"""Requests that wait for each other, so that many callers meet on purpose."""

import time
from collections.abc import Callable, Iterator

__all__ = ["Hold"]


class Hold:
    """What the requests to an endpoint wait for.

    Args:
        until: Says whether they have waited enough; once is enough.
        endpoint: Whose requests wait.
        most: Seconds after which a request waits no longer.

    Example:
        >>> len(list(Hold(lambda: True, "embeddings", 10.0).pauses()))
        0
    """

    def __init__(self, until: Callable[[], bool], endpoint: str, most: float) -> None:
        self.endpoint = endpoint
        self._until, self._most = until, most
        self._over = False

    def pauses(self) -> Iterator[float]:
        """Yield short pauses until it is over, for all who wait."""
        ends = time.monotonic() + self._most
        while not self._over and time.monotonic() < ends:
            if self._until():
                self._over = True
                return
            yield 0.002
