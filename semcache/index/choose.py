"""Which index a cache gets, by the number of its answers and by what the server can do.

Measured (``benchmarks/semantic_lookup.py``): up to 100,000 answers MatrixIndex is the fastest of
the three and misses the fewest neighbours, on any server. What it costs is memory in every
process, 1.5 kB an answer at 384 dims and 6 kB at 1,536, and the time to fill it at the start.
Beyond that the vectors belong on the server, and its graph finds them: VectorSetIndex.
"""

import logging
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from semcache.codecs import Vector
from semcache.index.answer import Answer
from semcache.index.base import Expired, Found, Index, IndexSettings
from semcache.index.matrix import COMFORTABLE, MatrixIndex
from semcache.question import NOTHING, Command, Question, Reply
from semcache.server import knows

__all__ = ["LargeIndex", "best_index"]

log = logging.getLogger("semcache")


def best_index(expected_entries: int = 0) -> Callable[[IndexSettings], Index]:
    """Return what makes the index that suits so many answers; says which, once, at level DEBUG.

    Entries of one index are not seen by another: to change, clear the cache, or use another scope.

    Args:
        expected_entries: How many answers one scope, model and prompt may come to hold.

    Example:
        >>> from semcache import EmbeddingCache, SemanticCache, connect
        >>> lab = connect(quiet=True)
        >>> embeddings = EmbeddingCache(lab.redis, lab.openai, model=lab.embedding_model)
        >>> type(SemanticCache(lab.redis, embeddings).index).__name__
        'MatrixIndex'
        >>> cache = SemanticCache(lab.redis, embeddings, index=best_index(10_000_000))
        >>> cache.lookup("What is Python?") is None, type(cache.index).__name__
        (True, 'VectorSetIndex')
    """
    return _small if expected_entries <= COMFORTABLE else LargeIndex


def _small(settings: IndexSettings) -> Index:
    _tell("MatrixIndex: all vectors in this process, up to 100,000 answers")
    return MatrixIndex(settings)


def _vector_set(settings: IndexSettings) -> Index:
    from semcache.index.vectorset import VectorSetIndex  # few caches are so large

    return VectorSetIndex(settings)


class LargeIndex(Index):
    """VectorSetIndex where the server has vector sets, else MatrixIndex; it asks at first use.

    Until it has asked, it knows no question and holds nothing. While Redis fails it cannot ask, and
    raises as every index does: what follows is for the policy of the cache.
    """

    _chosen: Index | None = None

    async def chosen(self) -> Index:
        """Return the index that does the work."""
        if self._chosen is None:
            able = await self.redis.ask(knows("VSIM", f"{self.settings.namespace}vectors"))
            self._chosen = self._chosen or self._made(able)  # another may have asked meanwhile
        return self._chosen

    def _made(self, able: bool) -> Index:
        if able:
            _tell("VectorSetIndex: the server holds and searches the vectors")
            return _vector_set(self.settings)
        _tell("MatrixIndex: this server has no vector sets (Redis 8.2), so every process holds all")
        return MatrixIndex(self.settings)

    def question(self) -> Question[Any]:
        """Return what a lookup would ask before it knows the vector."""
        return self._chosen.question() if self._chosen else NOTHING

    async def nearest(
        self, vector: Vector, count: int = 1, changes: Reply[Any] | None = None
    ) -> list[Found]:
        """Return up to ``count`` entries that have not expired, most similar first."""
        told = changes is not None and _says_something(changes)
        return await (await self.chosen()).nearest(vector, count, changes if told else None)

    def is_behind(self, changes: Reply[Any]) -> bool:
        """Whether a reply says so much that the chosen index should take it."""
        if self._chosen is None or not _says_something(changes):
            return False
        return self._chosen.is_behind(changes)

    async def keep_up(self, changes: Reply[Any]) -> None:
        """Let the chosen index take what has changed."""
        await (await self.chosen()).keep_up(changes)

    async def prepare(self) -> None:
        """Choose, and let the chosen index ask the server what it must know."""
        await (await self.chosen()).prepare()

    def adding(self, id: str, answer: Answer, vector: Vector) -> Question[Expired]:
        """Return the commands of the chosen index; :meth:`prepare` has chosen it."""
        return (self._chosen or _vector_set(self.settings)).adding(id, answer, vector)

    def adapts_to(self, error: Exception) -> bool:
        """Whether the chosen index would write what was refused in another way."""
        return self._chosen is not None and self._chosen.adapts_to(error)

    async def deleting(self, ids: Sequence[str | bytes]) -> Question[int]:
        """Return the commands that delete entries."""
        return await (await self.chosen()).deleting(ids)

    async def size(self) -> int:
        """Return how many entries have not expired."""
        return await (await self.chosen()).size()

    async def clear(self) -> None:
        """Delete all entries."""
        await (await self.chosen()).clear()

    def probes(self) -> list[Command]:
        """Return a command for each key of the chosen index."""
        return self._chosen.probes() if self._chosen else []

    def held(self) -> int:
        """Return how many vectors are in this process' memory."""
        return self._chosen.held() if self._chosen else 0


def _says_something(changes: Reply[Any]) -> bool:
    """Whether the index had been chosen when it was asked what has changed."""
    return changes.question is not NOTHING


@cache
def _tell(text: str) -> None:
    log.debug("index  %s", text)
