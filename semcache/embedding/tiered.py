"""TieredEmbeddingCache: an in-process LRU in front of any other embedding cache. Lesson 05."""

import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import openai
from cachetools import TLRUCache

from semcache.codecs import Vector
from semcache.embedding.api import as_rows, check_texts
from semcache.embedding.base import BaseEmbeddingCache
from semcache.embedding.entry import Entry
from semcache.embedding.string import EmbeddingCache
from semcache.errors import ConfigError
from semcache.server import RedisClient
from semcache.stats import Stats

__all__ = ["TieredEmbeddingCache"]

log = logging.getLogger("semcache")


class TieredEmbeddingCache:
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
        backing: The class of the cache underneath.
        **options: Those of the cache underneath.

    Attributes:
        backing: The cache underneath; its ``stats`` are those of the Redis tier.
        memory_stats: Hits, misses and evictions of the memory tier.

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

    def __init__(
        self,
        redis_client: RedisClient,
        openai_client: openai.OpenAI,
        *,
        memory_size: int = 1_000,
        memory_ttl: float | None = 300.0,
        backing: type[BaseEmbeddingCache] = EmbeddingCache,
        **options: Any,
    ) -> None:
        if not isinstance(backing, type):
            raise ConfigError(
                f"backing is {type(backing).__name__} object: give the class, and its options here"
            )
        if memory_size < 0:
            raise ConfigError(f"memory_size is {memory_size}: give 0 or more")
        if memory_ttl is not None and not memory_ttl > 0:
            raise ConfigError(f"memory_ttl is {memory_ttl}: give seconds above 0, or None")
        self.backing = backing(redis_client, openai_client, **options)
        self.memory_stats = Stats()
        self._memory_size = memory_size
        self._memory = _Memory(memory_size, memory_ttl, self.backing, self.memory_stats)
        self._lock = threading.Lock()

    @property
    def model(self) -> str:
        """The embedding model."""
        return self.backing.model

    @property
    def dimensions(self) -> int | None:
        """The length asked of the API; ``None`` for the model's own."""
        return self.backing.dimensions

    @property
    def dims(self) -> int | None:
        """How long a vector is; ``None`` until an unknown model has answered once."""
        return self.backing.dims

    @property
    def stats(self) -> Stats:
        """Both tiers together: a hit in either is a hit. A snapshot, not a live object."""
        redis_tier, memory = self.backing.stats.as_dict(), self.memory_stats.as_dict()
        total = Stats()
        total.count(**redis_tier)
        total.count(hits=memory["hits"], evictions=memory["evictions"])
        return total

    @property
    def redis_client(self) -> RedisClient:
        """The client, to tell whether another cache asks the same server."""
        return self.backing.redis_client

    def ask_ahead(self, pipe: Any, text: str) -> bool:
        """Queue what :meth:`get_embedding` would read, unless memory has it; return whether."""
        with self._lock:
            known = text in self._memory
        return not known and self.backing.ask_ahead(pipe, text)

    def hear_ahead(self, text: str, reply: Any) -> None:
        """Take the reply to :meth:`ask_ahead`, for this thread's next read of ``text``."""
        self.backing.hear_ahead(text, reply)

    def forget_ahead(self) -> None:
        """Drop a reply to :meth:`ask_ahead` that nobody read."""
        self.backing.forget_ahead()

    def get_embedding(self, text: str) -> Vector:
        """Return the embedding of ``text``, float32 of shape (dims,), the caller's own copy.

        Raises:
            InvalidInput: The text is empty, too long or not a string.
            openai.OpenAIError: The API was needed and failed; nothing is cached.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        if isinstance(text, str):
            with self._lock:
                entry = self._memory.get(text)
            if entry is not None:
                self.memory_stats.count(hits=1)
                log.info("memory  %r", text)
                return entry.vector.copy()
        check_texts([text])
        return self._from_backing([text])[text].vector.copy()

    def get_embeddings_batch(self, texts: Iterable[str], progress: bool = False) -> Vector:
        """Return the embeddings of ``texts``, float32 of shape (n, dims), rows in order.

        What memory does not have is fetched by the cache underneath, in one batch.

        Args:
            texts: The texts; repetitions cost nothing.
            progress: Whether to show a progress bar.

        Raises:
            InvalidInput: Names the position of the text at fault; nothing was sent.
            openai.OpenAIError: The API failed; finished calls stay cached.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        rows = as_rows(texts)
        check_texts(rows)
        if not rows:
            return np.empty((0, self.dims or 0), np.float32)
        with self._lock:
            known = {t: e for t in dict.fromkeys(rows) if (e := self._memory.get(t)) is not None}
        rest = [text for text in rows if text not in known]
        self.memory_stats.count(hits=len(rows) - len(rest))
        fetched = self._from_backing(rest, progress) if rest else {}
        return np.stack([(known.get(t) or fetched[t]).vector for t in rows])

    def contains(self, texts: Iterable[str]) -> list[bool]:
        """Return, for each text, whether Redis has it; memory is not asked.

        Raises:
            CacheUnavailable: Redis failed.
        """
        return self.backing.contains(texts)

    def delete(self, text: str) -> bool:
        """Delete the entry of ``text`` in both tiers; return whether Redis had one.

        Raises:
            CacheUnavailable: Redis failed; the entry may still be there.
        """
        check_texts([text])
        try:
            return self.backing.delete(text)
        finally:
            with self._lock:
                self._memory.pop(text, None)

    def get_cache_size(self) -> int:
        """Return how many entries Redis has.

        Raises:
            CacheUnavailable: Redis failed.
        """
        return self.backing.get_cache_size()

    def get_memory_size(self) -> int:
        """Return how many vectors are in memory now."""
        with self._lock:
            return len(self._memory)

    def clear_cache(self) -> int:
        """Delete all entries in both tiers; return how many Redis had.

        Raises:
            CacheUnavailable: Redis failed; some entries may still be there.
        """
        try:
            return self.backing.clear_cache()
        finally:
            with self._lock:
                self._memory.clear()

    def _from_backing(self, texts: list[str], progress: bool = False) -> Mapping[str, Entry]:
        self.memory_stats.count(misses=len(texts))
        entries = self.backing.fetch(texts, progress)
        if self._memory_size:
            with self._lock:
                for text, entry in entries.items():
                    self._memory[text] = Entry(entry.vector, entry.expires_at)  # without its bytes
        return entries


class _Memory(TLRUCache[str, Entry]):
    """The LRU of entries, each with the earlier of two ends; counts what it pushes out."""

    def __init__(
        self, size: int, ttl: float | None, backing: BaseEmbeddingCache, stats: Stats
    ) -> None:
        bound = float("inf") if ttl is None else ttl
        super().__init__(
            size, ttu=lambda _, entry, now: min(now + bound, entry.expires_at), timer=backing.clock
        )
        self._stats = stats

    def popitem(self) -> tuple[str, Entry]:
        self._stats.count(evictions=1)
        return super().popitem()
