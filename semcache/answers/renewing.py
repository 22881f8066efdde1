"""Renewing an answer before it expires: what says that nothing came of it, and the pause after."""

from collections import OrderedDict
from collections.abc import Callable, Hashable

__all__ = ["NotRenewed", "Pauses"]

LONGEST = 30.0  # seconds
KEPT = 1_024  # pauses at a time; beyond that the oldest give way


class NotRenewed(Exception):
    """What the LLM said in an answer's place may not be kept, so the answer stays."""


class Pauses:
    """After each attempt to renew an answer nobody tries again for a while.

    One that has succeeded needs no other. Where the LLM fails, or Redis takes no answer, each
    caller in turn would wait and pay for it.

    Args:
        ahead: Seconds before its expiry from about when an answer is renewed.
        clock: Seconds since the epoch.

    Example:
        >>> now = [0.0]
        >>> pauses = Pauses(5.0, lambda: now[0])
        >>> pauses.begin("q")
        >>> pauses.holds("q"), pauses.holds("another")
        (True, False)
        >>> now[0] = 5.0
        >>> pauses.holds("q")
        False
    """

    def __init__(self, ahead: float, clock: Callable[[], float]) -> None:
        self._seconds, self._now = min(LONGEST, ahead), clock
        self._until: OrderedDict[Hashable, float] = OrderedDict()

    def begin(self, key: Hashable) -> None:
        """Begin a pause; it takes no lock, since the garbage collector may end an attempt."""
        self._until[key] = self._now() + self._seconds
        if len(self._until) > KEPT:
            self._until.popitem(last=False)

    def holds(self, key: Hashable) -> bool:
        """Whether a pause goes on."""
        return self._now() < self._until.get(key, 0.0)
