"""Locks that a fork does not leave locked for ever, a turnstile, what a child process must renew.

``fork`` copies a process with one of its threads. A lock that another thread held at that moment
stays locked in the child, where nobody will release it; what it protected may be half changed.
"""

import os
import threading
from collections import deque
from typing import Any, NoReturn, Protocol
from weakref import WeakSet

from semcache.errors import ConfigError

__all__ = ["HoldsConnections", "Lock", "Turnstile", "renew_in_child"]


class _Renewable(Protocol):
    def renew(self) -> None:
        """Make usable in a child process what the fork may have left half done."""


_locks: WeakSet[threading.Lock] = WeakSet()
_renewable: WeakSet[Any] = WeakSet()
_adding = threading.Lock()


def Lock() -> threading.Lock:
    """Return a ``threading.Lock`` that is free in a child process.

    Example:
        >>> with Lock():
        ...     pass
    """
    made = threading.Lock()
    with _adding:
        _locks.add(made)
    return made


def renew_in_child(renewable: _Renewable) -> None:
    """Call ``renewable.renew()`` in every child that this process forks, as long as it exists."""
    with _adding:
        _renewable.add(renewable)


class Turnstile:
    """Lets so many threads in at once; the others come in the order in which they asked.

    A ``threading.Semaphore`` lets whoever leaves come back at once, past those who wait: eight busy
    threads then keep all others out for as long as they have something to do.

    Example:
        >>> turnstile = Turnstile(1)
        >>> turnstile.enter(timeout=0), turnstile.enter(timeout=0)
        (True, False)
        >>> turnstile.leave()
        >>> turnstile.enter(timeout=0)
        True
    """

    def __init__(self, places: int) -> None:
        self._lock = threading.Lock()
        self._free = places  # none while anybody waits
        self._waiting: deque[threading.Lock] = deque()

    def enter(self, timeout: float) -> bool:
        """Wait for a place, at most so many seconds; return whether one was free."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            called = threading.Lock()
            called.acquire()
            self._waiting.append(called)
        try:
            return called.acquire(timeout=timeout) or not self._given_up(called)
        except BaseException:  # interrupted while it waited: the place is for the next
            if not self._given_up(called):
                self.leave()
            raise

    def _given_up(self, called: threading.Lock) -> bool:
        """Wait no longer; false if it was called in the last moment, and so has the place."""
        with self._lock:
            if called not in self._waiting:
                return False
            self._waiting.remove(called)
            return True

    def leave(self) -> None:
        """Hand the place on to who has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


class HoldsConnections:
    """Refuses to be pickled: a cache is made anew where it is needed."""

    def __reduce__(self) -> NoReturn:
        raise ConfigError(
            f"{type(self).__name__} holds connections and cannot be pickled: make it in the "
            "process that uses it, as in a worker's initializer"
        )


def _renew_all() -> None:
    for lock in (_adding, *_locks):
        lock._at_fork_reinit()  # type: ignore[attr-defined]  # as the standard library does
    for renewable in list(_renewable):
        renewable.renew()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_renew_all)
