"""SemanticCache: answers found by the similarity of their questions. Lesson 06."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta

from semcache.aio import ASYNC
from semcache.answers.invalidating import AsyncInvalidates, Invalidates
from semcache.answers.judging import Judge
from semcache.answers.match import Lookup, Match
from semcache.answers.semantic_base import SemanticFace
from semcache.answers.wishes import OWN, Own
from semcache.blocking import BLOCKING, run
from semcache.codecs import Vector
from semcache.index.base import Found, Index
from semcache.index.choose import LargeIndex

__all__ = ["AsyncSemanticCache", "SemanticCache"]


class SemanticCache(SemanticFace, Invalidates):
    """Answers a question with the answer to a similar one.

    Args:
        redis_client: A ``redis.Redis`` or ``RedisCluster`` that returns bytes.
        embedding_cache: Any of the embedding caches; it also says which model is in use.
        audience: A further part of the key, for answers that differ by it: model and prompt.
        stats: Counters to share with another cache; its own if not given.
        **options: ``scope``, ``threshold``, ``ttl``, ``jitter``, ``index``, ``verifier``,
            ``judge_from``, ``refuse_excess``, ``max_entries``, ``on_error``, ``clock``: see
            :class:`~semcache.answers.options.AnswerOptions`.

    Attributes:
        stats: Hits, misses, errors.

    Raises:
        ConfigError: A client or an option that cannot work.

    Example:
        >>> from semcache import EmbeddingCache, connect
        >>> lab = connect(quiet=True)
        >>> embeddings = EmbeddingCache(lab.redis, lab.openai, model=lab.embedding_model)
        >>> cache = SemanticCache(lab.redis, embeddings, threshold=0.87)
        >>> cache.add_cache("What is Python?", "A programming language.")
        >>> cache.lookup("Python是什么？").response
        'A programming language.'
        >>> cache.lookup("What is Rust?") is None, cache.last_lookup.original_query
        (True, 'What is Python?')
    """

    PORTS = BLOCKING

    @property
    def index(self) -> Index:
        """Where the entries are kept and searched.

        Raises:
            CacheUnavailable: What the server can do decides, and Redis failed.
        """
        index = self.room.index
        if not isinstance(index, LargeIndex):
            return index
        return run(self.room.policy.guard(index.chosen()))

    def lookup(self, query: str, threshold: float | None = None) -> Match | None:
        """Return the answer of the most similar question, if it is similar enough.

        Args:
            query: The question.
            threshold: Least similarity; the cache's own if not given.

        Raises:
            ConfigError: The threshold is no cosine.
            InvalidInput: The question is empty, too long or not a string.
            BadResponse: The API answered with no vector that can be used.
            openai.OpenAIError: Its embedding was needed and the API failed.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        return self.search(query, threshold).match

    def search(self, query: str, threshold: float | None = None) -> Lookup:
        """Do what :meth:`lookup` does; return all that it found out."""
        return run(self._search(query, threshold))

    def add_cache(
        self,
        query: str,
        response: str,
        ttl: float | timedelta | Own | None = OWN,
        tags: Iterable[str] = (),
    ) -> None:
        """Store an answer; the same question, asked again, replaces it.

        Args:
            query: The question.
            response: Its answer; may be empty.
            ttl: Seconds it lives, ``None`` for ever; the cache's own if not given.
            tags: What it was made from, for :meth:`invalidate`.

        Raises:
            ConfigError: A TTL or a tag that cannot work.
            InvalidInput: The question is empty, too long or not a string; the response is no text.
            BadResponse: The API answered with no vector that can be used.
            openai.OpenAIError: Its embedding was needed and the API failed.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        run(self._add(query, response, ttl, tags))

    def nearest(self, vector: Vector, count: int = 1) -> list[Found]:
        """Return the entries nearest to a vector of unit length, shape (dims,); counts nothing.

        Raises:
            CacheUnavailable: Redis failed.
        """
        return run(self.room.policy.guard(self.room.index.nearest(vector, count)))

    def judge_near_misses(self, judge: Judge, most: int = 100) -> int:
        """Let a judge decide about what was near and not served; return how many it accepted.

        Call it off the request's path, in a thread or a job of its own: the judge may be slow.
        An accepted answer becomes the noted question's own, in place of one that the LLM has given
        meanwhile. It lives no longer than before, and is not deleted with what it came from.

        Args:
            judge: Called as ``judge(cached, asked, similarity)``; if it has an argument named
                ``answer``, also with the cached answer, and with ``own_answer``, if it has that,
                with the one that the LLM has given to the asked question meanwhile, or ``None``.
                Who sees both notices an answer that somebody has poisoned.
            most: How many to judge, the newest first; the rest stay noted.

        Raises:
            ConfigError: The judge returned something else than True or False.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        return run(self._judge(judge, most))

    def delete(self, query: str) -> bool:
        """Delete the answer to this very question; return whether there was one.

        Raises:
            InvalidInput: The question is empty, too long or not a string.
            CacheUnavailable: Redis failed; the answer may still be there.
        """
        return run(self._delete(query))

    def get_cache_size(self) -> int:
        """Return how many answers have not expired.

        Raises:
            CacheUnavailable: Redis failed.
        """
        return run(self.room.policy.guard(self.room.index.size()))

    def clear_cache(self) -> None:
        """Delete all answers of this cache, and no other keys.

        Raises:
            CacheUnavailable: Redis failed; some answers may still be there.
        """
        run(self.room.policy.guard(self.room.clear()))


class AsyncSemanticCache(SemanticFace, AsyncInvalidates):
    """:class:`SemanticCache` for ``redis.asyncio``, over an asynchronous embedding cache.

    What each method does, and raises, is said at its namesake there.

    Example:
        >>> import asyncio
        >>> from semcache import AsyncEmbeddingCache, connect
        >>> async def main():
        ...     lab = connect(quiet=True)
        ...     clients = lab.async_redis, lab.async_openai
        ...     embeddings = AsyncEmbeddingCache(*clients, model=lab.embedding_model)
        ...     cache = AsyncSemanticCache(lab.async_redis, embeddings, threshold=0.87)
        ...     await cache.add_cache("What is Python?", "A programming language.")
        ...     return (await cache.lookup("Python是什么？")).response
        >>> asyncio.run(main())
        'A programming language.'
    """

    PORTS = ASYNC

    async def lookup(self, query: str, threshold: float | None = None) -> Match | None:
        """See :meth:`SemanticCache.lookup`."""
        return (await self.search(query, threshold)).match

    async def search(self, query: str, threshold: float | None = None) -> Lookup:
        """See :meth:`SemanticCache.search`."""
        return await self._search(query, threshold)

    async def add_cache(
        self,
        query: str,
        response: str,
        ttl: float | timedelta | Own | None = OWN,
        tags: Iterable[str] = (),
    ) -> None:
        """See :meth:`SemanticCache.add_cache`."""
        await self._add(query, response, ttl, tags)

    async def nearest(self, vector: Vector, count: int = 1) -> list[Found]:
        """See :meth:`SemanticCache.nearest`."""
        return await self.room.policy.guard(self.room.index.nearest(vector, count))

    async def judge_near_misses(
        self, judge: Judge | Callable[..., Awaitable[bool]], most: int = 100
    ) -> int:
        """See :meth:`SemanticCache.judge_near_misses`; the judge may be asynchronous."""
        return await self._judge(judge, most)

    async def delete(self, query: str) -> bool:
        """See :meth:`SemanticCache.delete`."""
        return await self._delete(query)

    async def get_cache_size(self) -> int:
        """See :meth:`SemanticCache.get_cache_size`."""
        return await self.room.policy.guard(self.room.index.size())

    async def clear_cache(self) -> None:
        """See :meth:`SemanticCache.clear_cache`."""
        await self.room.policy.guard(self.room.clear())
