"""Deleted is deleted: who read before a deletion and writes after it, writes nothing.

An answer takes seconds to come. If it was asked for before a deletion, it may be what somebody
wanted gone. So each deletion leaves a mark, a lookup reads the marks on its first trip, and what
was found or generated is only written if they are unchanged, in one step with the write.

There are four kinds. *cleared*: the whole scope was cleared, or searched for answers to delete.
*deleted*: this very question was. *tagged*: what was made from this source was. *any*: something
was deleted, which is all that a promotion can know of the answer that it copies.

A server that is flushed, or comes back empty, has lost its marks, and no mark must not look like
no deletion. So a scope *begins* with marks: who finds none writes them before it goes on, and who
had read some before the flush finds them gone.

A promoted copy carries the mark *any* of its time, and is not served under another one, since the
list by which a deletion finds copies may have been evicted. It is found by similarity again, if
what it was copied from is still there. So that mark outlives every copy that carries it, by up to
a day, and is told so once a day, not with each copy; a deletion puts another in its place all the
same.
"""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from semcache import keys
from semcache.expiry import milliseconds
from semcache.question import Command, Question, only, values_of

__all__ = ["Generations", "Mark", "Marks", "Read"]

LIFE = 24 * 3_600 * 1_000  # milliseconds: longer than any answer takes

FOREIGN = 2
# A mark for each of KEYS that has none: 1 for one that was set, 2 in place of another type.
_BEGIN = """
local began = {}
for i, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  began[i] = kind == 'none' and 1 or kind ~= 'string' and 2 or 0
  if began[i] > 0 then redis.call('SET', key, ARGV[i], 'PX', ARGV[3]) end
end
return began
"""

Mark = tuple[str, bytes | None]  # a key, and what it holds
Marks = dict[str, bytes | None]


class Read(NamedTuple):
    """The marks that a lookup read: *cleared*, *deleted*, those of its tags, and *any*."""

    names: tuple[str, ...]
    values: Sequence[bytes | None]
    foreign: int = 0  # values of another type in place of marks, which gave way

    @property
    def has_begun(self) -> bool:
        """Whether the scope has its first marks."""
        return self.values[0] is not None and self.values[-1] is not None

    @property
    def mark(self) -> str:
        """What a copy that is made now carries: it is not served once something was deleted."""
        return (self.values[-1] or b"").hex()

    @property
    def answer(self) -> Marks:
        """What must be unchanged when an answer to the question is written."""
        return dict(zip(self.names[:-1], self.values[:-1], strict=True))

    @property
    def any(self) -> Mark:
        """What must be unchanged when another question's answer is copied."""
        return self.names[-1], self.values[-1]


class Generations:
    """The marks of one scope."""

    def __init__(self, scope: str) -> None:
        self._cleared = keys.namespace(scope, "cleared").rstrip(":")
        self._any = keys.namespace(scope, "deleted").rstrip(":")
        self._tags = keys.namespace(scope, "tagged")
        self._told: tuple[bytes | None, float] = None, 0.0  # a mark *any*, and until when it lives

    def question(self, of: str, tags: Sequence[str] = ()) -> Question[Read]:
        """Return the question for the marks that concern one question, named by its id.

        ``tags`` are those that an answer to it would get.
        """
        names = self._names(of, tags)
        return Question((), lambda values: Read(names, values), names)

    def beginning(self, of: str, tags: Sequence[str] = ()) -> Question[Read]:
        """Return the same question, before which the scope gets its first marks if it has none."""
        marks = os.urandom(8), os.urandom(8)
        begin = ("EVAL", _BEGIN, 2, self._cleared, self._any, *marks, LIFE)
        names = self._names(of, tags)

        def read(replies: Sequence[Any]) -> Read:
            began, values = replies[0], [*values_of(only(replies[1:]), len(names))]
            if isinstance(began, Exception):  # a full server, say, which may be read all the same
                began = 0, 0
            for at, how, mark in zip((0, -1), began, marks, strict=True):
                if how and values[at] is None:  # flushed in between: expect our mark
                    values[at] = mark
            return Read(names, values, list(began).count(FOREIGN))

        return Question((begin, ("MGET", *names)), read)

    def deleting(self, of: str) -> list[Command]:
        """Return the commands that mark a question as deleted."""
        return [self._mark(self._deleted(of)), self._mark(self._any)]

    def clearing(self) -> list[Command]:
        """Return the commands that mark the scope as cleared."""
        return [self._mark(self._cleared), self._mark(self._any)]

    def invalidating(self, tag: str | None) -> list[Command]:
        """Return the commands that mark a tag; without one, the scope."""
        if tag is None:
            return self.clearing()
        return [self._mark(self._tagged(tag)), self._mark(self._any)]

    def lasting(self, read: Read, until: float, now: float) -> int:
        """Return how many milliseconds *any* must be made to live for a copy; mostly 0.

        To be done with the copy, and told by :meth:`lasts`. ``until``, the copy's end, and ``now``
        are seconds of one clock.
        """
        mark, lives = self._told
        if mark == read.values[-1] and until <= lives:
            return 0
        return milliseconds(until + LIFE / 1_000 - now)

    def lasts(self, read: Read, until: float) -> None:
        """Remember that *any* lives as long as a copy that was written."""
        self._told = read.values[-1], until + LIFE / 1_000

    def _names(self, of: str, tags: Sequence[str]) -> tuple[str, ...]:
        return self._cleared, self._deleted(of), *map(self._tagged, tags), self._any

    def _tagged(self, tag: str) -> str:
        return f"{self._tags}{keys.digest(tag)}"

    def _deleted(self, of: str) -> str:
        return f"{self._any}:{of}"

    def _mark(self, key: str) -> Command:
        return ("SET", key, os.urandom(8), "PX", LIFE)
