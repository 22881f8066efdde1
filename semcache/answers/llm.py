"""SemanticLLMCache: ask the cache by similarity, then the LLM. Lesson 06."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal, overload

import openai
from cachetools import LRUCache

from semcache import keys
from semcache.answers.match import OWN, Embeds, Own, Verifier
from semcache.answers.request import (
    Admission,
    Completion,
    Request,
    complete_answers,
    generate,
    stream,
)
from semcache.answers.semantic import BEST_INDEX, SemanticCache
from semcache.embedding import EmbeddingCache
from semcache.embedding.options import check_clients
from semcache.fallback import Fallback
from semcache.index.base import Index, IndexSettings
from semcache.server import RedisClient, scan, unlink_all
from semcache.stats import Stats

__all__ = ["SemanticLLMCache"]

log = logging.getLogger("semcache")

AUDIENCES = 64  # combinations of model, system prompt and sampling kept at hand


class SemanticLLMCache:
    """Answers from the cache if a similar question was answered before, else from the LLM.

    Only requests with the same LLM, system prompt and sampling share answers. Only complete,
    successful answers are kept.

    Args:
        redis_client: A ``redis.Redis`` or ``RedisCluster`` that returns bytes.
        openai_client: An ``openai.OpenAI``.
        embedding_cache: Any embedding cache; an ``EmbeddingCache`` of ``embedding_model`` in the
            same scope if not given.
        embedding_model: The embedding model, if no cache is given.
        scope: Who shares the answers.
        threshold: Least similarity to serve an answer; depends on the embedding model.
        ttl: Seconds an answer lives; ``None`` for ever.
        index: The class that keeps and finds entries.
        verifier: Asked about candidates above the threshold.
        judge_from: Least similarity of what is noted for :meth:`judge_near_misses`.
        admit: Which answers may be kept.
        on_error: ``"bypass"`` asks the LLM when Redis fails; ``"raise"`` raises.
        clock: Seconds since the epoch.

    Attributes:
        stats: Hits, misses, LLM calls and their tokens, errors.

    Raises:
        ConfigError: A client or an option that cannot work.

    Example:
        >>> from semcache import connect
        >>> lab = connect(quiet=True)
        >>> cache = SemanticLLMCache(
        ...     lab.redis, lab.openai, embedding_model=lab.embedding_model, threshold=0.87
        ... )
        >>> first = cache.get_or_generate("What is Python?", model=lab.chat_model)
        >>> cache.get_or_generate("Python是什么？", model=lab.chat_model) == first
        True
        >>> cache.stats.hits, cache.stats.misses, cache.stats.api_calls
        (1, 1, 1)
    """

    def __init__(
        self,
        redis_client: RedisClient,
        openai_client: openai.OpenAI,
        *,
        embedding_cache: Embeds | None = None,
        embedding_model: str = "text-embedding-3-small",
        scope: str = "default",
        threshold: float = 0.9,
        ttl: float | None = 3_600,
        index: Callable[[IndexSettings], Index] = BEST_INDEX,
        verifier: Verifier | None = None,
        judge_from: float | None = None,
        admit: Admission = complete_answers,
        on_error: Literal["bypass", "raise"] = "bypass",
        clock: Callable[[], float] = time.time,
    ) -> None:
        check_clients(redis_client, openai_client)
        self.embedding_cache = embedding_cache or EmbeddingCache(
            redis_client, openai_client, model=embedding_model, scope=scope, on_error=on_error
        )
        self.stats = Stats()
        self._redis: Any = redis_client
        self._scope = scope
        self._fallback = Fallback(self.stats, on_error, "the LLM answers")
        self._openai = openai_client
        self._admit = admit
        self._lock = threading.Lock()
        self._caches: LRUCache[str, SemanticCache] = LRUCache(AUDIENCES)

        def open_cache(audience: str) -> SemanticCache:
            return SemanticCache(
                redis_client,
                self.embedding_cache,
                scope=scope,
                audience=audience,
                threshold=threshold,
                ttl=ttl,
                index=index,
                verifier=verifier,
                judge_from=judge_from,
                on_error=on_error,
                clock=clock,
                stats=self.stats,
            )

        self._open_cache = open_cache
        open_cache("")  # so that options that cannot work are refused here

    @overload
    def get_or_generate(
        self, query: str, model: str = ..., *, threshold: float | None = ...,
        ttl: float | Own | None = ..., system: str | None = ..., stream: Literal[False] = ...,
        **sampling: Any,
    ) -> str: ...  # fmt: skip

    @overload
    def get_or_generate(
        self, query: str, model: str = ..., *, threshold: float | None = ...,
        ttl: float | Own | None = ..., system: str | None = ..., stream: Literal[True],
        **sampling: Any,
    ) -> Iterator[str]: ...  # fmt: skip

    def get_or_generate(
        self,
        query: str,
        model: str = "gpt-4o-mini",
        *,
        threshold: float | None = None,
        ttl: float | Own | None = OWN,
        system: str | None = None,
        stream: bool = False,
        **sampling: Any,
    ) -> str | Iterator[str]:
        """Return the answer to ``query``, or with ``stream`` an iterator over its pieces.

        Args:
            query: The question.
            model: The LLM to ask, and whose answers may be served.
            threshold: Least similarity for this request.
            ttl: Seconds the answer lives, if it is new.
            system: The system prompt.
            stream: Whether to yield the answer as it comes; a cached one comes in one piece.
            **sampling: Further arguments of the API, such as ``temperature``.

        Raises:
            InvalidInput: The question is empty, too long or not a string.
            openai.OpenAIError: The API was needed and failed; nothing is kept.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        request = Request(query, model, system, sampling)
        cache = self.semantic(request)
        match = cache.lookup(query, threshold)
        if match is not None:
            return iter([match.response]) if stream else match.response
        if cache.last_lookup_failed:  # do not wait for Redis, nor embed, a second time
            return self.answer(request, stream, lambda text: None)
        return self.answer(request, stream, lambda text: cache.add_cache(query, text, ttl))

    def delete(
        self, query: str, model: str = "gpt-4o-mini", *, system: str | None = None, **sampling: Any
    ) -> bool:
        """Delete the answer to this very question; return whether there was one.

        Give the model, system prompt and sampling of the request that it answered.

        Raises:
            InvalidInput: The question is empty, too long or not a string.
            CacheUnavailable: Redis failed; the answer may still be there.
        """
        return self.semantic(Request(query, model, system, sampling)).delete(query)

    def clear_cache(self, *kinds: str) -> int:
        """Delete all answers of this scope; return how many keys were deleted.

        Of every LLM, prompt and sampling, also those of other processes. ``kinds`` are further
        kinds of keys to delete.

        Raises:
            CacheUnavailable: Redis failed; some answers may still be there.
        """

        def clear() -> int:
            # Entries before the stream that tells of them: who reads between finds both gone, or
            # only the entries, and never the other way round.
            names = sorted(set(scan(self._redis, keys.namespace(self._scope, "semantic"))))
            deleted = self._redis.unlink(*reversed(names)) if names else 0
            return deleted + sum(
                unlink_all(self._redis, keys.namespace(self._scope, kind)) for kind in kinds
            )

        return self._fallback.guard(clear)

    def judge_near_misses(self, judge: Verifier, most: int = 100) -> int:
        """Do what :meth:`SemanticCache.judge_near_misses` does, for every model and prompt."""
        with self._lock:
            caches = list(self._caches.values())
        promoted = 0
        for cache in caches:
            judged = min(most, cache.near_misses)
            promoted += cache.judge_near_misses(judge, most)
            most -= judged
        return promoted

    def semantic(self, request: Request) -> SemanticCache:
        """Return the cache of the answers that may be served to such requests."""
        audience = request.audience
        with self._lock:
            if audience not in self._caches:
                self._caches[audience] = self._open_cache(audience)
            return self._caches[audience]

    def answer(
        self, request: Request, streamed: bool, keep: Callable[[str], None]
    ) -> str | Iterator[str]:
        """Ask the LLM, and ``keep`` the answer if it is admitted."""

        def finished(completion: Completion) -> None:
            self.stats.count(api_calls=1, tokens=completion.tokens)
            log.info("LLM    %s, %d tokens", request.model, completion.tokens)
            if self._admit(completion):
                keep(completion.text)

        if streamed:
            return stream(self._openai, request, finished)
        completion = generate(self._openai, request)
        finished(completion)
        return completion.text
