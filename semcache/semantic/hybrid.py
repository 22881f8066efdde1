"""HybridLLMCache: the same question first, then a similar one, then the LLM. Lesson 07."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal, overload

import openai
import redis

from semcache import keys
from semcache.embedding.api import check_texts
from semcache.errors import CacheUnavailable, CodecError
from semcache.semantic.answers import Answer, normalise, pack, unpack
from semcache.semantic.cache import OWN, Own, SemanticCache, check_threshold
from semcache.semantic.generate import Request
from semcache.semantic.llm import SemanticLLMCache
from semcache.stats import Stats

__all__ = ["HybridLLMCache"]

log = logging.getLogger("semcache")


class HybridLLMCache:
    """An exact tier before :class:`SemanticLLMCache`; what is found by similarity is promoted.

    A promoted answer lives as long as the answer it came from, not longer.

    Args:
        redis_client: A ``redis.Redis`` that returns bytes.
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
        redis_client: redis.Redis,
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
        self._fold_case, self._scope, self._clock = fold_case, scope, clock
        self._raise_on_error = on_error == "raise"

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
        key = self._key(request)
        exact, heard = self._read(key, cache)
        if exact is not None and exact.similarity >= least:
            self.exact_stats.count(hits=1)
            log.info("exact hit")
            return iter([exact.response]) if stream else exact.response
        self.exact_stats.count(misses=1)
        match = cache.find(query, least, heard)
        if match is not None:  # an empty answer is an answer
            # With its similarity: a stricter request must not be served by it.
            promoted = Answer(
                query, match.response, match.created_at, match.expires_at, match.similarity
            )
            self._attempt(self._write, self._redis, key, promoted)
            return iter([match.response]) if stream else match.response

        def keep(text: str) -> None:
            cache.keep(query, text, ttl, lambda pipe, answer: self._write(pipe, key, answer))

        return self.semantic.answer(request, stream, keep)

    def _key(self, request: Request) -> str:
        prefix = keys.namespace(self._scope, "exact", request.audience)
        return prefix + keys.digest(normalise(request.query, self._fold_case))

    def _read(self, key: str, cache: SemanticCache) -> tuple[Answer | None, bool]:
        """Read the exact tier; on the same trip, ask what the similarity search will need.

        Return the answer, and whether the search need not ask again.
        """

        def read() -> tuple[Answer | None, bool]:
            pipe = self._redis.pipeline(transaction=False)
            pipe.get(key)
            cache.index.ask_ahead(pipe)
            data, *replies = pipe.execute(raise_on_error=False)  # a foreign type is a miss
            answer = self._usable(data)
            return answer, answer is None and cache.index.hear_ahead(replies)

        return self._attempt(read) or (None, False)

    def _usable(self, data: Any) -> Answer | None:
        if data is None:
            return None
        try:
            answer, _ = unpack(data if isinstance(data, bytes) else b"")
        except CodecError:
            self.exact_stats.count(errors=1)
            return None
        return answer if self._clock() < answer.expires_at else None

    def _write(self, client: Any, key: str, answer: Answer) -> None:
        left = answer.expires_at - self._clock()
        if left > 0:
            milliseconds = math.ceil(left * 1000) if math.isfinite(left) else None
            client.set(key, pack(answer), px=milliseconds)

    def _attempt(self, operation: Callable[..., Any], *args: Any) -> Any:
        try:
            return operation(*args)
        except (redis.RedisError, OSError) as error:
            self.exact_stats.count(errors=1)
            if self._raise_on_error:
                raise CacheUnavailable(f"Redis failed: {error}") from error
            return None
