"""Locks that a fork does not leave locked for ever, and what a child process must renew.

``fork`` copies a process with one of its threads. A lock that another thread held at that moment
stays locked in the child, where nobody will release it; what it protected may be half changed.

The garbage collector may begin wherever something is allocated, also while this thread holds a
lock. A stream that it closes must not wait for one: the thread would wait for itself. What closes
a stream asks :func:`in_collection` first.
"""

import gc
import os
import threading
from typing import Any, NoReturn, Protocol
from weakref import WeakSet

from semcache.errors import ConfigError

__all__ = ["HoldsConnections", "Lock", "in_collection", "renew_in_child"]


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


_collector: int | None = None  # the thread in which garbage is collected; one at a time


def _note_collector(phase: str, _: object) -> None:
    global _collector
    _collector = threading.get_ident() if phase == "start" else None


gc.callbacks.append(_note_collector)


def in_collection() -> bool:
    """Whether the caller was called by the garbage collector, perhaps in the middle of anything.

    Example:
        >>> in_collection()
        False
    """
    return _collector == threading.get_ident()


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
