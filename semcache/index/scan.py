"""ScanIndex: read every entry at every lookup. The documents' way, kept to be measured."""

from typing import Any

import numpy as np

from semcache.codecs import Vector
from semcache.index.answer import Answer
from semcache.index.base import Also, Found, IndexSettings, as_similarity, nothing_else
from semcache.index.store import Store

__all__ = ["ScanIndex"]


class ScanIndex:
    """One HGETALL and one dot product for each entry, for each lookup."""

    def __init__(self, settings: IndexSettings) -> None:
        self._store = Store(settings)

    def ask_ahead(self, pipe: Any) -> bool:
        """Queue nothing: a scan reads everything at once."""
        return False

    def hear_ahead(self, replies: list[Any]) -> bool:
        """Nothing was asked, so nothing is known."""
        return False

    def add(self, id: str, answer: Answer, vector: Vector, also: Also = nothing_else) -> None:
        """Store an answer with its vector."""
        self._store.write(id, answer, vector, also)

    def nearest(self, vector: Vector, count: int = 1, heard: bool = False) -> list[Found]:
        """Return up to ``count`` entries, most similar first."""
        found = [
            Found(stored.id, stored.answer, as_similarity(np.dot(stored.vector, vector)))
            for stored in self._store.read_all()
            if stored.vector.size == vector.size
        ]
        return sorted(found, key=lambda f: -f.similarity)[:count]

    def delete(self, ids: list[str]) -> int:
        """Delete entries; return how many there were."""
        return self._store.delete(ids)

    def size(self) -> int:
        """Return how many entries have not expired."""
        return len(self._store.read_all())

    def clear(self) -> None:
        """Delete all entries."""
        self._store.clear()
