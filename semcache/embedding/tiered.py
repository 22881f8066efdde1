"""TieredEmbeddingCache: an in-process LRU in front of any other embedding cache. Lesson 05."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Unpack

import numpy as np
from cachetools import TLRUCache

from semcache.codecs import Vector
from semcache.embedding.api import as_rows
from semcache.embedding.entry import Entry
from semcache.embedding.faces import AsyncEmbeddings, BlockingEmbeddings, EmbeddingFace
from semcache.embedding.flow import ReadThrough
from semcache.embedding.options import EmbeddingKeywords
from semcache.embedding.string import AsyncEmbeddingCache, EmbeddingCache
from semcache.errors import ConfigError
from semcache.locks import Lock, renew_in_child
from semcache.options import as_number, check_count
from semcache.question import Question, Reply
from semcache.stats import Stats

__all__ = ["AsyncTieredEmbeddingCache", "TieredEmbeddingCache"]

log = logging.getLogger("semcache")


class Memory(TLRUCache[str, Entry]):
    """The LRU of entries, each with the earlier of two ends; counts what it pushes out."""

    def __init__(self, size: int, ttl: float | None, behind: ReadThrough, stats: Stats) -> None:
        bound = float("inf") if ttl is None else ttl
        super().__init__(
            size,
            ttu=lambda _, entry, now: min(now + bound, entry.expires_at),
            timer=behind.options.clock,
        )
        self._stats = stats

    def found(self, text: str) -> Entry | None:
        """Do what ``get`` does, which would look twice."""
        try:
            return self[text]
        except KeyError:
            return None

    def popitem(self) -> tuple[str, Entry]:
        self._stats.count(evictions=1)
        return super().popitem()


class TieredFlow:
    """Memory, then the flow behind it; has the methods of :class:`ReadThrough`."""

    def __init__(self, behind: ReadThrough, memory_size: int, memory_ttl: float | None) -> None:
        self.behind = behind
        self.memory_stats = Stats()
        self._size = memory_size
        self._ttl = memory_ttl
        self._lock = Lock()  # never held while Redis or the API is asked
        self.renew()
        renew_in_child(self)
        self.policy, self.check = behind.policy, behind.check
        self.contains, self.size = behind.contains, behind.size

    def renew(self) -> None:
        """Begin with an empty memory, also in a forked child: it may have been half changed."""
        self._memory = Memory(self._size, self._ttl, self.behind, self.memory_stats)

    @property
    def stats(self) -> Stats:
        """Both tiers together: a hit in either is a hit."""
        memory = self.memory_stats.as_dict()
        total = Stats()
        total.count(**self.behind.stats.as_dict())
        total.count(hits=memory["hits"], evictions=memory["evictions"])
        return total

    @property
    def dims(self) -> int | None:
        """How long a vector is, if that is known."""
        return self.behind.dims

    def question(self, text: str) -> Question[Sequence[bytes | None]] | None:
        """Return what :meth:`vector` would read, unless memory has it."""
        with self._lock:
            known = text in self._memory
        return None if known else self.behind.question(text)

    def remembered(self, text: str) -> Vector | None:
        """Return the vector that memory has, counted as a hit."""
        with self._lock:
            entry = self._memory.found(text)
        if entry is None:
            return None
        self.memory_stats.count(hits=1)
        log.info("memory  %r", text)
        return entry.vector.copy()

    async def vector(self, text: str, reply: Reply[Sequence[bytes | None]] | None = None) -> Vector:
        """Return the embedding of a text that was checked."""
        vector = self.remembered(text)
        if vector is not None:
            return vector
        return (await self._from_behind([text], reply=reply))[text].vector.copy()

    async def rows(self, texts: Sequence[str], progress: bool = False) -> Vector:
        """Return the embeddings of texts; those that memory lacks are fetched in one batch."""
        rows = as_rows(texts)
        self.check(rows)
        if not rows:
            return np.empty((0, self.dims or 0), np.float32)
        with self._lock:
            known = {t: e for t in dict.fromkeys(rows) if (e := self._memory.get(t)) is not None}
        rest = [text for text in rows if text not in known]
        entries = known | (await self._from_behind(rest, progress) if rest else {})
        if len({entry.vector.size for entry in entries.values()}) > 1:
            rest = rows  # only the cache behind can find out which length is right
            entries = await self._from_behind(rows, progress)
        self.memory_stats.count(hits=len(rows) - len(rest))
        return np.stack([entries[text].vector for text in rows])

    async def delete(self, text: str) -> bool:
        """Delete the entry of a text in both tiers; return whether Redis had one."""
        self.check([text])
        try:
            return await self.behind.delete(text)
        finally:
            with self._lock:
                self._memory.pop(text, None)

    async def clear(self) -> int:
        """Delete all entries in both tiers; return how many Redis had."""
        try:
            return await self.behind.clear()
        finally:
            with self._lock:
                self._memory.clear()

    def held(self) -> int:
        """Return how many vectors are in memory now."""
        with self._lock:
            return len(self._memory)

    async def _from_behind(
        self,
        texts: list[str],
        progress: bool = False,
        reply: Reply[Sequence[bytes | None]] | None = None,
    ) -> dict[str, Entry]:
        self.memory_stats.count(misses=len(texts))
        entries = await self.behind.entries(texts, progress, reply)
        if self._size:
            with self._lock:
                for text, entry in entries.items():
                    self._memory[text] = Entry(entry.vector, entry.expires_at)  # without its bytes
        return entries


class _Tiered(EmbeddingFace):
    BACKING: type[EmbeddingFace]

    def __init__(
        self,
        redis_client: Any,
        openai_client: Any,
        *,
        memory_size: int = 1_000,
        memory_ttl: float | timedelta | None = 300.0,
        backing: type[EmbeddingFace] | None = None,
        **options: Unpack[EmbeddingKeywords],
    ) -> None:
        made_of = self.BACKING if backing is None else backing
        if not isinstance(made_of, type) or not issubclass(made_of, EmbeddingFace):
            raise ConfigError(
                f"backing is {backing!r}: give a class of embedding cache, and its options here"
            )
        size = check_count("memory_size", memory_size, 0, "0 or more")
        seconds = as_number(memory_ttl)
        if memory_ttl is not None and (seconds is None or not seconds > 0):
            raise ConfigError(f"memory_ttl is {memory_ttl!r}: give seconds above 0, or None")
        self.backing = made_of(redis_client, openai_client, **options)
        self.options, self.namespace = self.backing.options, self.backing.namespace
        self.redis_client = redis_client
        self.flow: TieredFlow = TieredFlow(self.backing.flow, size, seconds)

    @property
    def memory_stats(self) -> Stats:
        """Hits, misses and evictions of the memory tier."""
        return self.flow.memory_stats

    def get_memory_size(self) -> int:
        """Return how many vectors are in memory now."""
        return self.flow.held()


class TieredEmbeddingCache(_Tiered, BlockingEmbeddings):
    """The most recently used vectors in this process, the rest in Redis.

    A vector stays in memory for ``memory_ttl`` seconds at most, and never beyond the expiry of
    its entry in Redis. What another process deletes or replaces can therefore be served from
    this memory for up to ``memory_ttl`` seconds more: that is the bound to choose. A hit in
    memory does not reach Redis, so it neither refreshes a TTL there nor counts as a use for
    Redis' own LRU eviction.

    Args:
        redis_client: A ``redis.Redis`` or ``RedisCluster`` that returns bytes.
        openai_client: An ``openai.OpenAI``.
        memory_size: How many vectors to keep in memory; 0 for no memory tier.
        memory_ttl: Seconds a vector stays in memory; ``None`` for as long as its entry lives.
        backing: The class of the cache underneath; :class:`EmbeddingCache` if not given.
        **options: Those of the cache underneath.

    Attributes:
        backing: The cache underneath; its ``stats`` are those of the Redis tier.
        memory_stats: Hits, misses and evictions of the memory tier.
        stats: Both tiers together: a hit in either is a hit. A snapshot, not a live object.

    Raises:
        ConfigError: A client or an option that cannot work.

    Example:
        >>> from semcache import connect
        >>> lab = connect(quiet=True)
        >>> cache = TieredEmbeddingCache(
        ...     lab.redis, lab.openai, memory_size=100, model=lab.embedding_model
        ... )
        >>> for _ in range(4):
        ...     vector = cache.get_embedding("What is Python?")
        >>> cache.memory_stats.hits, cache.backing.stats.misses, cache.stats.hit_rate
        (3, 1, 0.75)
    """

    BACKING = EmbeddingCache

    def get_embedding(self, text: str) -> Vector:
        """Return the embedding of ``text``, float32 of shape (dims,), the caller's own copy.

        Raises what :meth:`BlockingEmbeddings.get_embedding` raises.
        """
        # The short way: a hit in memory takes microseconds.
        vector = self.flow.remembered(text) if isinstance(text, str) else None
        return super().get_embedding(text) if vector is None else vector


class AsyncTieredEmbeddingCache(_Tiered, AsyncEmbeddings):
    """:class:`TieredEmbeddingCache` for ``redis.asyncio`` and ``AsyncOpenAI``."""

    BACKING = AsyncEmbeddingCache
