"""ScanIndex: read every entry at every lookup. The documents' way, kept to be measured."""

from typing import Any

import numpy as np

from semcache.codecs import Vector
from semcache.index.answer import Answer
from semcache.index.base import Expired, Found, as_similarity
from semcache.index.stored import StoredIndex
from semcache.question import Question, Reply, refuse_errors

__all__ = ["ScanIndex"]


class ScanIndex(StoredIndex):
    """One HGETALL and one dot product for each entry, for each lookup."""

    async def nearest(
        self, vector: Vector, count: int = 1, changes: Reply[Any] | None = None
    ) -> list[Found]:
        """Return up to ``count`` entries, most similar first."""
        found = [
            Found(stored.id, stored.answer, as_similarity(np.dot(stored.vector, vector)))
            for stored in await self._store.read_all()
            if stored.vector.size == vector.size
        ]
        return sorted(found, key=lambda f: -f.similarity)[:count]

    def adding(self, id: str, answer: Answer, vector: Vector) -> Question[Expired]:
        """Return the commands that store an answer with its vector."""
        writing = self._store.writing(id, answer, vector)

        def read(replies: Any) -> Expired:
            refuse_errors(replies)
            return []

        return Question(writing.commands, read)
