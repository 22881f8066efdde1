"""A breaker: Redis is left alone for a while after it failed, so that nobody waits in vain.

After a failure nothing is sent for a short time, about as long as the failure took. Then one
request tries again, the probe, while the others go straight on without Redis. If it fails, the
pause doubles, up to :data:`LONGEST`; if it works, so does everything else from then on. Up to 40 %
of a pause is taken off at random, lest many processes probe together. (The circuit breaker of M.
Nygard, Release It!, 2007.)
"""

import logging
import random
import time
from collections.abc import Callable
from enum import Enum
from typing import Any
from weakref import WeakKeyDictionary

from semcache.locks import Lock, renew_in_child

__all__ = ["FIRST", "LONGEST", "Breaker", "Ticket", "breaker_of"]

log = logging.getLogger("semcache")

FIRST = 0.25  # seconds of the first pause
LONGEST = 30.0


class Ticket(Enum):
    """What a request may do: ask as usual, or ask as the probe."""

    USUAL = "usual"
    PROBE = "probe"


class Breaker:
    """The health of one Redis, as those know it who ask it; safe to use from many threads.

    Attributes:
        bypassed: How often Redis was left alone in the outage that goes on, or in the last one.

    Example:
        >>> seconds = [0.0]
        >>> breaker = Breaker(clock=lambda: seconds[0])
        >>> ticket = breaker.board()
        >>> breaker.failed(ticket, "no answer")
        >>> breaker.is_open, breaker.board() is None
        (True, True)
        >>> seconds[0] = 1.0
        >>> breaker.works(breaker.board())
        >>> breaker.is_open
        False
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self.bypassed = 0
        self.reset()
        renew_in_child(self)

    def reset(self) -> None:
        """Ask again at once, as if it had never failed."""
        self._since: float | None = None  # when the outage began
        self._until = 0.0
        self._pause = FIRST / 2  # of which the first is twice as long
        self._probing = False

    renew = reset

    @property
    def is_open(self) -> bool:
        """Whether an outage goes on."""
        return self._since is not None

    def board(self, insists: bool = False) -> Ticket | None:
        """Return what may be done now; ``None`` to leave Redis alone.

        Who insists gets a probe's ticket during a pause, too. Whoever gets a ticket hands it in:
        to :meth:`works`, :meth:`failed` or :meth:`left`.
        """
        if self._since is None:
            return Ticket.USUAL
        with self._lock:
            if self._since is None:
                return Ticket.USUAL
            if not insists and (self._probing or self._clock() < self._until):
                self.bypassed += 1
                return None
            self._probing = True
            return Ticket.PROBE

    def works(self, ticket: Ticket) -> None:
        """Redis has answered; an answer that was asked for before the outage proves nothing."""
        if self._since is None or ticket is Ticket.USUAL:
            return
        with self._lock:
            if self._since is None:  # another probe has told it meanwhile
                return
            seconds = self._clock() - self._since
            bypassed = self.bypassed
            self.reset()
        log.warning("Redis works again after %.1f s; it was left alone %d times", seconds, bypassed)

    def failed(self, ticket: Ticket, error: object, seconds: float = 0.0) -> None:
        """Redis has not answered, and has held the request for so many seconds."""
        with self._lock:
            now = self._clock()
            if ticket is Ticket.USUAL and self._since is not None:
                return  # it was asked before the outage was known
            begins = self._since is None
            if begins:
                self._since, self.bypassed = now, 0
            self._pause = min(LONGEST, max(2 * self._pause, seconds))
            self._until = now + self._pause * random.uniform(0.6, 1)
            self._probing = False
        if begins:
            log.warning("Redis failed: %s; it is left alone until it works again", error)

    def left(self, ticket: Ticket) -> None:
        """The request was given up before Redis had answered or failed."""
        if ticket is Ticket.PROBE:
            self._probing = False


_breakers: WeakKeyDictionary[Any, Breaker] = WeakKeyDictionary()
_lock = Lock()


def breaker_of(client: Any) -> Breaker:
    """Return the breaker of a Redis client, which all caches over that client share.

    A cluster has many nodes, one for each scope: there each cache has a breaker of its own, so that
    a dead node leaves the others alone.
    """
    if hasattr(client, "get_node_from_key"):
        return Breaker()
    try:
        with _lock:
            if client not in _breakers:
                _breakers[client] = Breaker()
            return _breakers[client]
    except TypeError:  # not hashable, or not to be referred to weakly
        return Breaker()
