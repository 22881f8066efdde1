"""The last lookup of the running thread or task, for who asks how near it came.

The state of a request is in its values; this only remembers, in the context of whoever asked, the
value that came out last. Threads and tasks have contexts of their own.
"""

from contextvars import ContextVar

from semcache.answers.match import Lookup

__all__ = ["last_lookup", "remember"]

_last: ContextVar[tuple[tuple[object, ...], Lookup | None] | None] = ContextVar(
    "last", default=None
)


def remember(lookup: Lookup | None, *owners: object) -> None:
    """Remember a lookup of these objects, and of no others."""
    _last.set((owners, lookup))


def last_lookup(owner: object) -> Lookup | None:
    """Return the last lookup of this context, if it was the owner's."""
    last = _last.get()
    if last is None or not any(one is owner for one in last[0]):
        return None
    return last[1]
