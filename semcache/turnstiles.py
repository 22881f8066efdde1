"""Turnstiles: so many ask Redis at once, the others wait in the order in which they came.

Nobody waits for a queue that stands still: whoever has seen nobody being served for the seconds
that a caller is patient gives up. As long as it moves, everybody's turn comes: a burst that Redis
can serve is served, however many there are. (Seconds are counted in two halves. Where all is held
up, as by work on the event loop, the queue may move before both are over.)
"""

import asyncio
import threading
from collections import deque
from weakref import WeakKeyDictionary

from semcache.locks import Lock

__all__ = ["LoopTurnstile", "LoopTurnstiles", "Turnstile"]

HALVES = 2
FIRST = 16  # of a loop's places: so many connections can be made within the time that one may take
PACE = 8  # who are served before there is a place more, or a hundred would make theirs at once


class Turnstile:
    """Lets so many threads in at once.

    A ``threading.Semaphore`` lets whoever leaves come back at once, past those who wait: eight busy
    threads then keep all others out for as long as they have something to do.

    Example:
        >>> turnstile = Turnstile(1)
        >>> turnstile.is_free(), turnstile.is_free(), turnstile.enter(patience=0)
        (True, False, False)
        >>> turnstile.leave()
        >>> turnstile.enter(patience=0)
        True
    """

    def __init__(self, places: int) -> None:
        self._lock = threading.Lock()
        self._free = places  # none while anybody waits
        self._served = 0
        self._waiting: deque[threading.Lock] = deque()

    def is_free(self) -> bool:
        """Take a place if one is free; return whether it was taken."""
        with self._lock:
            taken = self._free > 0
            self._free -= taken
            return taken

    def enter(self, patience: float) -> bool:
        """Wait for a place; return false if nobody was served for so many seconds."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            called = threading.Lock()
            called.acquire()
            self._waiting.append(called)
        try:
            return self._is_called(called, patience) or not self._given_up(called)
        except BaseException:  # interrupted while it waited: the place is for the next
            if not self._given_up(called):
                self.leave(served=False)
            raise

    def _is_called(self, called: threading.Lock, patience: float) -> bool:
        """Wait as long as others are served."""
        still = 0
        while still < HALVES:
            served = self._served
            if called.acquire(timeout=patience / HALVES):
                return True
            still = still + 1 if served == self._served else 0
        return False

    def _given_up(self, called: threading.Lock) -> bool:
        """Wait no longer; false if it was called in the last moment, and so has the place."""
        with self._lock:
            if called not in self._waiting:
                return False
            self._waiting.remove(called)
            return True

    def leave(self, served: bool = True) -> None:
        """Hand the place on to who has waited longest; say whether Redis has answered."""
        with self._lock:
            self._served += served
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


class LoopTurnstile:
    """Lets so many tasks of one event loop in at once.

    At first only a few: a hundred connections that are made at once may all take longer than one
    may take. The more are served while others wait, the more places there are.
    """

    def __init__(self, places: int) -> None:
        self._most = places
        self._places = min(FIRST, places)
        self._inside = self._served = self._seen = 0
        self._waiting: deque[tuple[asyncio.Future[bool], int]] = deque()  # since which look
        self._looks = self._moved = self._seen_served = 0
        self._is_watched = False

    def is_free(self) -> bool:
        """Take a place if one is free and nobody waits for it; return whether it was taken."""
        if self._inside >= self._places or self._waiting:
            return False
        self._inside += 1
        return True

    def is_crowded(self) -> bool:
        """Whether more are inside than ever before, so that a connection may have to be made.

        Whoever makes it lets the tasks go first that begin at the same time: they would hold up the
        loop until the time to connect is over.
        """
        if self._inside <= self._seen:
            return False
        self._seen = self._inside
        return True

    async def enter(self, patience: float) -> bool:
        """Wait for a place; return false if nobody was served for so many seconds."""
        loop = asyncio.get_running_loop()
        called: asyncio.Future[bool] = loop.create_future()
        waits = called, self._looks + 1
        self._waiting.append(waits)
        if not self._is_watched:
            self._is_watched = True
            loop.call_later(patience / HALVES, self._look, loop, patience)
        try:
            return await called
        except BaseException:  # cancelled while it waited: the place is for the next
            if waits in self._waiting:
                self._waiting.remove(waits)
            elif not called.cancelled() and called.result():
                self.leave(served=False)
            raise

    def _look(self, loop: asyncio.AbstractEventLoop, patience: float) -> None:
        """Let those give up who have seen nobody being served; one timer is for all of them."""
        self._looks += 1
        if self._served != self._seen_served:
            self._seen_served, self._moved = self._served, self._looks
        while self._waiting:
            called, came = self._waiting[0]
            if self._looks - max(came, self._moved) < HALVES:
                break
            self._waiting.popleft()
            if not called.done():
                called.set_result(False)
        self._is_watched = bool(self._waiting)
        if self._waiting:
            loop.call_later(patience / HALVES, self._look, loop, patience)

    def leave(self, served: bool = True) -> None:
        """Let in who has waited longest; say whether Redis has answered."""
        self._inside -= 1
        self._served += served
        if not served:  # the connections may be gone
            self._places, self._seen = min(FIRST, self._most), 0
        elif self._waiting and self._places < self._most and self._served % PACE == 0:
            self._places += 1
        while self._waiting and self._inside < self._places:
            called, _ = self._waiting.popleft()
            if not called.done():  # as one is that was cancelled
                self._inside += 1
                called.set_result(True)


class LoopTurnstiles:
    """The turnstiles in front of one client, one for each event loop that uses it."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._lock = Lock()
        self._of: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopTurnstile] = WeakKeyDictionary()
        self._last: tuple[object, LoopTurnstile] = None, LoopTurnstile(places)  # which is quicker

    def here(self) -> LoopTurnstile:
        """Return that of the running loop."""
        loop = asyncio.get_running_loop()
        of, turnstile = self._last
        if of is not loop:
            with self._lock:
                turnstile = self._of.setdefault(loop, LoopTurnstile(self._places))
            self._last = loop, turnstile
        return turnstile
