"""EmbeddingCache: one Redis string per vector, each with its own TTL. Lesson 02."""

from collections.abc import Sequence
from typing import Any

from semcache import keys
from semcache.embedding.faces import AsyncEmbeddings, BlockingEmbeddings, EmbeddingFace
from semcache.embedding.layout import Item, Layout
from semcache.embedding.options import EmbeddingOptions
from semcache.expiry import milliseconds
from semcache.ports import RedisPort
from semcache.question import Question, refuse_errors

__all__ = ["AsyncEmbeddingCache", "EmbeddingCache", "StringFace", "Strings"]


class Strings(Layout):
    """A key for each entry."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace

    def read(self, digests: Sequence[str]) -> Question[Sequence[bytes | None]]:
        """Return the question for the stored bytes of each digest."""
        return Question((), _values, tuple(map(self.namespace.__add__, digests)))

    async def write(self, redis: RedisPort, items: Sequence[Item], only_existing: bool) -> int:
        """Store items on one trip; SET replaces a value of any type."""
        commands: list[tuple[Any, ...]] = []
        for digest, data, ttl in items:
            expiry = () if ttl is None else ("PX", milliseconds(ttl))
            existing = ("XX",) if only_existing else ()
            commands.append(("SET", self.namespace + digest, data, *expiry, *existing))
        refuse_errors(await redis.send(commands))
        return 0

    async def delete(self, redis: RedisPort, digest: str) -> bool:
        """Delete one entry; return whether there was one."""
        return await redis.unlink([self.namespace + digest]) > 0

    async def count(self, redis: RedisPort) -> int:
        """Return how many entries there are."""
        own = redis.keys(self.namespace, keys.ANY_DIGEST)  # not those of another revision
        return len({key async for key in own})  # SCAN may repeat itself

    async def clear(self, redis: RedisPort) -> int:
        """Delete all entries; return how many there were."""
        return await redis.delete_all(self.namespace, keys.ANY_DIGEST)


def _values(values: Sequence[bytes | None]) -> Sequence[bytes | None]:
    return values


class StringFace(EmbeddingFace):
    """What both faces have of a cache whose vectors are strings."""

    KIND = "string"

    def _layout(self, namespace: str, options: EmbeddingOptions) -> Strings:
        return Strings(namespace)

    def key(self, text: str) -> str:
        """Return the Redis key under which the vector of ``text`` is kept, to look at it."""
        return self.namespace + keys.digest(text)


class EmbeddingCache(StringFace, BlockingEmbeddings):
    """An embedding cache that keeps each vector under a key of its own.

    Its arguments are those of every embedding cache:
    :class:`~semcache.embedding.options.EmbeddingOptions`.

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


class AsyncEmbeddingCache(StringFace, AsyncEmbeddings):
    """:class:`EmbeddingCache` for ``redis.asyncio`` and ``AsyncOpenAI``.

    Example:
        >>> import asyncio
        >>> from semcache import connect
        >>> async def main():
        ...     lab = connect(quiet=True)
        ...     model = lab.embedding_model
        ...     cache = AsyncEmbeddingCache(lab.async_redis, lab.async_openai, model=model)
        ...     return (await cache.get_embedding("What is Python?")).shape
        >>> asyncio.run(main())
        (384,)
    """
