"""Deleted is deleted: who read before a deletion and writes after it, writes nothing.

An answer takes seconds to come. If it was asked for before a deletion, it may be what somebody
wanted gone. So each deletion leaves a mark, a lookup reads the marks on its first trip, and what
was found or generated is only written if they are unchanged, in one step with the write.

There are three marks. *cleared*: the whole scope was cleared. *deleted*: this very question was.
*any*: something was deleted, which is all that a promotion can know of the answer that it copies.

A server that is flushed, or comes back empty, has lost its marks, and no mark must not look like
no deletion. So a scope *begins* with a mark: who finds none writes one before it goes on, and who
had read one before the flush finds it gone.
"""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from semcache import keys
from semcache.question import Command, Question, only

__all__ = ["Generations", "Marks"]

LIFE = 24 * 3_600 * 1_000  # milliseconds: longer than any answer takes

Marks = dict[str, bytes | None]


class Read(NamedTuple):
    """The marks that a lookup read.

    Attributes:
        answer: What must be unchanged when an answer to the question is written.
        promotion: What must be unchanged when another question's answer is copied.
    """

    answer: Marks
    promotion: Marks

    @property
    def has_begun(self) -> bool:
        """Whether the scope has its first mark."""
        return next(iter(self.answer.values())) is not None


class Generations:
    """The marks of one scope."""

    def __init__(self, scope: str) -> None:
        self._cleared = keys.namespace(scope, "cleared").rstrip(":")
        self._any = keys.namespace(scope, "deleted").rstrip(":")

    def question(self, of: str, begins: bool = False) -> Question[Read]:
        """Return the question for the marks that concern one question, named by its id.

        With ``begins`` the scope gets its first mark before they are read, if it has none.
        """
        names = self._cleared, self._deleted(of), self._any

        def read(replies: Sequence[Any]) -> Read:
            cleared, deleted, any_ = only(replies[-1:])
            own = {names[0]: cleared, names[1]: deleted}
            return Read(own, {**own, names[2]: any_})

        begin = (self._mark(self._cleared, "NX"),) if begins else ()
        return Question((*begin, ("MGET", *names)), read)

    def deleting(self, of: str) -> list[Command]:
        """Return the commands that mark a question as deleted."""
        return [self._mark(self._deleted(of)), self._mark(self._any)]

    def clearing(self) -> list[Command]:
        """Return the commands that mark the scope as cleared."""
        return [self._mark(self._cleared), self._mark(self._any)]

    def _deleted(self, of: str) -> str:
        return f"{self._any}:{of}"

    def _mark(self, key: str, *when: str) -> Command:
        return ("SET", key, os.urandom(8), *when, "PX", LIFE)
