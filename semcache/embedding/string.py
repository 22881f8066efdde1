"""EmbeddingCache: one Redis string per vector, each with its own TTL. Lesson 02."""

import math
from collections.abc import Sequence
from typing import Any

from semcache import keys
from semcache.embedding.base import BaseEmbeddingCache
from semcache.server import scan, unlink_all

__all__ = ["EmbeddingCache"]


class EmbeddingCache(BaseEmbeddingCache):
    """An embedding cache that keeps each vector under a key of its own.

    Its arguments are those of every embedding cache: see ``__init__``.

    Example:
        >>> from semcache import connect
        >>> lab = connect(quiet=True)
        >>> cache = EmbeddingCache(lab.redis, lab.openai, model=lab.embedding_model)
        >>> cache.get_embedding("What is Python?").shape
        (384,)
        >>> cache.get_embeddings_batch(["What is Python?", "What is Rust?"]).shape
        (2, 384)
        >>> cache.stats.hits, cache.stats.misses, cache.get_cache_size()
        (1, 2, 2)
    """

    KIND = "string"

    def key(self, text: str) -> str:
        """Return the Redis key under which the vector of ``text`` is kept, to look at it."""
        return self._namespace + keys.digest(text)

    def _read(self, digests: list[str]) -> Sequence[bytes | None]:
        # Not mget(), whose own work for one key costs 2 us more than the command.
        names = [self._namespace + digest for digest in digests]
        found: list[bytes | None] = self._redis.execute_command("MGET", *names)
        return found

    def _queue_read(self, pipe: Any, digest: str) -> None:
        pipe.execute_command("GET", self._namespace + digest)

    def _write(self, items: list[tuple[str, bytes, float | None]], only_existing: bool) -> bool:
        pipe = self._redis.pipeline(transaction=False)
        for digest, blob, ttl in items:
            milliseconds = None if ttl is None else math.ceil(ttl * 1000)
            pipe.set(self._namespace + digest, blob, px=milliseconds, xx=only_existing)
        pipe.execute()
        return True

    def _delete(self, digest: str) -> bool:
        return bool(self._redis.unlink(self._namespace + digest))

    def _count(self) -> int:
        return len(set(scan(self._redis, self._namespace)))  # SCAN may return a key twice

    def _clear(self) -> int:
        return unlink_all(self._redis, self._namespace)
