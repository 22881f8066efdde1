"""What a cache of answers can be told, beside being asked: both faces of it."""

from collections.abc import Awaitable, Callable

from semcache.aio import ASYNC
from semcache.answers.base import AnswersFace
from semcache.answers.invalidating import AsyncInvalidates, Invalidates
from semcache.answers.judging import Judge, judge_near_misses
from semcache.blocking import BLOCKING, run
from semcache.embedding.string import AsyncEmbeddingCache, EmbeddingCache

__all__ = ["AsyncKeeper", "BlockingKeeper"]


class BlockingKeeper(AnswersFace, Invalidates):
    """A cache of answers over ``redis.Redis`` and ``openai.OpenAI``."""

    PORTS, EMBEDDING = BLOCKING, EmbeddingCache

    def judge_near_misses(self, judge: Judge, most: int = 100) -> int:
        """Do what :meth:`SemanticCache.judge_near_misses` does, for every model and prompt.

        Raises:
            ConfigError: The judge returned something else than True or False.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        return run(judge_near_misses(self._near_misses, self._rooms.of, judge, most))

    def clear_cache(self) -> int:
        """Delete all answers of this scope; return how many keys were deleted.

        Of every LLM, prompt and sampling, also those of other processes. Answers that are on their
        way are not kept.

        Raises:
            CacheUnavailable: Redis failed; some answers may still be there.
        """
        return run(self.flow.clear())


class AsyncKeeper(AnswersFace, AsyncInvalidates):
    """A cache of answers over ``redis.asyncio`` and ``openai.AsyncOpenAI``.

    What each method does, and raises, is said at its namesake in :class:`BlockingKeeper`.
    """

    PORTS, EMBEDDING = ASYNC, AsyncEmbeddingCache

    async def judge_near_misses(
        self, judge: Judge | Callable[..., Awaitable[bool]], most: int = 100
    ) -> int:
        """See :meth:`BlockingKeeper.judge_near_misses`; the judge may be asynchronous."""
        return await judge_near_misses(self._near_misses, self._rooms.of, judge, most)

    async def clear_cache(self) -> int:
        """See :meth:`BlockingKeeper.clear_cache`."""
        return await self.flow.clear()
