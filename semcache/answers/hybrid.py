"""HybridLLMCache: the same question first, then a similar one, then the LLM. Lesson 07."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal, overload

import openai

from semcache.answers.exact import ExactTier
from semcache.answers.llm import SemanticLLMCache
from semcache.answers.match import OWN, Own, Verifier, check_threshold
from semcache.answers.request import Request
from semcache.answers.semantic import SemanticCache, model_of
from semcache.embedding.api import check_texts
from semcache.fallback import Fallback
from semcache.index.answer import Answer
from semcache.server import RedisClient
from semcache.stats import Stats

__all__ = ["HybridLLMCache"]

log = logging.getLogger("semcache")


class HybridLLMCache:
    """An exact tier before :class:`SemanticLLMCache`; what is found by similarity is promoted.

    A promoted answer lives as long as the answer it came from, not longer.

    Args:
        redis_client: A ``redis.Redis`` or ``RedisCluster`` that returns bytes.
        openai_client: An ``openai.OpenAI``.
        fold_case: Whether "Rust?" and "rust?" are the same question.
        scope: Who shares the answers.
        ttl: Seconds an answer lives; ``None`` for ever.
        on_error: ``"bypass"`` asks the LLM when Redis fails; ``"raise"`` raises.
        clock: Seconds since the epoch.
        **options: Those of :class:`SemanticLLMCache`.

    Attributes:
        exact_stats: Hits and misses of the exact tier.
        semantic: The tier behind it; its ``stats`` count hits by similarity, misses, LLM calls.

    Raises:
        ConfigError: A client or an option that cannot work.

    Example:
        >>> from semcache import connect
        >>> lab = connect(quiet=True)
        >>> cache = HybridLLMCache(
        ...     lab.redis, lab.openai, embedding_model=lab.embedding_model, threshold=0.87
        ... )
        >>> for question in ("What is Python?", "Python是什么？", "What is Python?"):
        ...     answer = cache.get_or_generate(question, model=lab.chat_model)
        >>> cache.exact_stats.hits, cache.semantic.stats.hits, cache.stats.api_calls
        (1, 1, 1)
    """

    def __init__(
        self,
        redis_client: RedisClient,
        openai_client: openai.OpenAI,
        *,
        fold_case: bool = False,
        scope: str = "default",
        ttl: float | None = 3_600,
        on_error: Literal["bypass", "raise"] = "bypass",
        clock: Callable[[], float] = time.time,
        **options: Any,
    ) -> None:
        self.semantic = SemanticLLMCache(
            redis_client,
            openai_client,
            scope=scope,
            ttl=ttl,
            on_error=on_error,
            clock=clock,
            **options,
        )
        self.exact_stats = Stats()
        self._redis: Any = redis_client
        self._exact = ExactTier(
            redis_client,
            scope,
            model_of(self.semantic.embedding_cache),
            fold_case,
            clock,
            self.exact_stats,
        )
        self._fallback = Fallback(self.exact_stats, on_error, "the LLM answers")

    @property
    def stats(self) -> Stats:
        """Both tiers together: a hit in either is a hit. A snapshot, not a live object."""
        total = Stats()
        total.count(**self.semantic.stats.as_dict())
        exact = self.exact_stats.as_dict()
        total.count(hits=exact["hits"], errors=exact["errors"])
        return total

    @overload
    def get_or_generate(
        self, query: str, model: str = ..., *, semantic_threshold: float | None = ...,
        ttl: float | Own | None = ..., system: str | None = ..., stream: Literal[False] = ...,
        **sampling: Any,
    ) -> str: ...  # fmt: skip

    @overload
    def get_or_generate(
        self, query: str, model: str = ..., *, semantic_threshold: float | None = ...,
        ttl: float | Own | None = ..., system: str | None = ..., stream: Literal[True],
        **sampling: Any,
    ) -> Iterator[str]: ...  # fmt: skip

    def get_or_generate(
        self,
        query: str,
        model: str = "gpt-4o-mini",
        *,
        semantic_threshold: float | None = None,
        ttl: float | Own | None = OWN,
        system: str | None = None,
        stream: bool = False,
        **sampling: Any,
    ) -> str | Iterator[str]:
        """Return the answer to ``query``, or with ``stream`` an iterator over its pieces.

        Arguments and errors are those of :meth:`SemanticLLMCache.get_or_generate`.
        """
        check_texts([query])
        request = Request(query, model, system, sampling)
        cache = self.semantic.semantic(request)
        least = cache.threshold if semantic_threshold is None else semantic_threshold
        check_threshold(least)
        key = self._exact.key(request)
        read = self._fallback.attempt(None, self._read, key, query, cache)
        if read is None:  # Redis failed: do not wait for it again, neither to look nor to keep
            self.exact_stats.count(misses=1)
            self.semantic.stats.count(misses=1)
            return self.semantic.answer(request, stream, lambda text: None)
        exact, replies = read
        if exact is not None and exact.similarity >= least:
            self.exact_stats.count(hits=1)
            log.info("exact hit")
            cache.keep_up(replies)
            return iter([exact.response]) if stream else exact.response
        self.exact_stats.count(misses=1)
        key = self._exact.key(request)

        def also(pipe: Any, answer: Answer) -> None:
            self._exact.write(pipe, key, answer)

        match = cache.find(query, least, replies, also)
        if match is not None:  # an empty answer is an answer
            # With its similarity: a stricter request must not be served by it.
            promoted = Answer(
                query, match.response, match.created_at, match.expires_at, match.similarity
            )
            self._fallback.attempt(
                None, self._exact.promote, request, key, promoted, match.original_query
            )
            return iter([match.response]) if stream else match.response
        failed = cache.last_lookup_failed

        def keep(text: str) -> None:
            if failed:  # do not wait for Redis a second time
                return
            cache.keep(query, text, ttl, also)

        return self.semantic.answer(request, stream, keep)

    def judge_near_misses(self, judge: Verifier, most: int = 100) -> int:
        """Do what :meth:`SemanticCache.judge_near_misses` does; both tiers are written."""
        return self.semantic.judge_near_misses(judge, most)

    def delete(
        self, query: str, model: str = "gpt-4o-mini", *, system: str | None = None, **sampling: Any
    ) -> bool:
        """Delete the answer to this very question in both tiers, and what was promoted from it.

        Give the model, system prompt and sampling of the request that it answered. Return whether
        there was one.

        Raises:
            InvalidInput: The question is empty, too long or not a string.
            CacheUnavailable: Redis failed; the answer may still be there.
        """
        check_texts([query])
        request = Request(query, model, system, sampling)
        found = False
        for spelt in {query, self._fallback.guard(self._exact.asked_as, request)}:
            found |= self.semantic.delete(spelt, model, system=system, **sampling)
        return self._fallback.guard(self._exact.delete, request) or found

    def clear_cache(self) -> int:
        """Delete all answers of this scope, in both tiers; return how many keys were deleted.

        Raises:
            CacheUnavailable: Redis failed; some answers may still be there.
        """
        return self.semantic.clear_cache("exact", "copies")

    def _read(self, key: str, query: str, cache: SemanticCache) -> tuple[Answer | None, list[Any]]:
        """Read the exact tier; on the same trip, ask what the similarity search will need."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.get(key)
        cache.ask_ahead(pipe, query)
        data, *replies = pipe.execute(raise_on_error=False)  # a foreign type is a miss
        return self._exact.usable(data), replies
