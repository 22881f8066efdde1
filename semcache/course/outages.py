"""An outage played through in no time: ten requests a second, and a Redis that hangs. Lesson 11."""

from typing import Protocol

from semcache.breaker import Breaker, Ticket

__all__ = ["Watch", "played"]

_EVERY = 0.1  # seconds from one request to the next
_HELD = 1.0  # seconds until a request gives up on Redis


class Watch(Protocol):
    """A clock that is turned by hand; the breaker reads the same."""

    now: float


def played(breaker: Breaker, watch: Watch, *, hangs: float) -> tuple[list[float], float]:
    """Let ten requests a second ask the breaker while Redis hangs, and until one finds it works.

    A request that the breaker lets through waits a second in vain, then reports that; one that it
    does not goes on without Redis.

    Args:
        breaker: Its clock is ``watch.now``.
        watch: Is turned, from 0 on.
        hangs: For how many seconds Redis hangs.

    Returns:
        The seconds at which requests waited in vain, and the one at which Redis worked again.

    Example:
        >>> from types import SimpleNamespace
        >>> watch = SimpleNamespace(now=0.0)
        >>> in_vain, works = played(Breaker(clock=lambda: watch.now), watch, hangs=10)
        >>> in_vain[:3], works > 10
        ([0.0, 0.1, 0.2], True)
    """
    in_vain: list[float] = []
    waiting: list[tuple[float, Ticket]] = []  # until when, and with which ticket; oldest first
    watch.now = 0.0
    while True:
        while waiting and waiting[0][0] <= watch.now:
            _, ticket = waiting.pop(0)
            breaker.failed(ticket, "no answer", seconds=_HELD)
        may = breaker.board()  # a ticket: ask Redis; None: go on without it
        if may is not None and watch.now >= hangs:
            breaker.works(may)
            return in_vain, watch.now
        if may is not None:
            in_vain.append(watch.now)
            waiting.append((watch.now + _HELD, may))
        watch.now = round(watch.now + _EVERY, 1)
