"""SemanticCache: answers found by the similarity of their questions. Lesson 06."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from semcache import keys
from semcache.answers.match import OWN, Embeds, Match, Near, Own, Verifier, check_threshold
from semcache.answers.near_misses import NearMiss, NearMisses
from semcache.codecs import Vector
from semcache.embedding.api import check_texts
from semcache.embedding.options import check_redis, check_ttl
from semcache.fallback import Fallback
from semcache.index.answer import Answer, normalise
from semcache.index.base import Found, Index, IndexSettings
from semcache.index.choose import best_index
from semcache.server import RedisClient
from semcache.stats import Stats

__all__ = ["BEST_INDEX", "SemanticCache", "model_of"]

log = logging.getLogger("semcache")

BEST_INDEX = best_index()
MANY_CHANGES = 50
CANDIDATES = 5  # that a verifier may be asked about: the nearest may be a trap

AlsoWrites = Callable[[Any, Answer], object]


def nothing_more(pipe: Any, answer: Answer) -> None:
    """Queue nothing more."""


class SemanticCache:
    """Answers a question with the answer to a similar one.

    Args:
        redis_client: A ``redis.Redis`` or ``RedisCluster`` that returns bytes.
        embedding_cache: Any of the embedding caches; it also says which model is in use.
        scope: Who shares the answers; part of every key.
        audience: A further part of the key, for answers that differ by it: model and prompt.
        threshold: Least similarity to serve an answer. Depends on the model: choose it from
            labelled pairs, as lesson 08 does.
        ttl: Seconds an answer lives; ``None`` for ever.
        index: The class that keeps and finds entries; :func:`best_index` for an expected number
            of answers if not given.
        verifier: Asked about candidates above the threshold, the most similar first, until it
            accepts one; none by default.
        judge_from: Least similarity of a candidate that was not served to be noted for
            :meth:`judge_near_misses`; ``None`` to note none.
        on_error: What happens when Redis fails: ``"bypass"`` counts the error and finds nothing;
            ``"raise"`` raises :class:`CacheUnavailable`.
        clock: Seconds since the epoch; tests turn it by hand.
        stats: Counters to share with another cache; its own if not given.

    Raises:
        ConfigError: An option that cannot work.

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

    def __init__(
        self,
        redis_client: RedisClient,
        embedding_cache: Embeds,
        *,
        scope: str = "default",
        audience: str = "",
        threshold: float = 0.9,
        ttl: float | None = 3_600,
        index: Callable[[IndexSettings], Index] = BEST_INDEX,
        verifier: Verifier | None = None,
        judge_from: float | None = None,
        on_error: Literal["bypass", "raise"] = "bypass",
        clock: Callable[[], float] = time.time,
        stats: Stats | None = None,
    ) -> None:
        check_redis(redis_client)
        check_ttl(ttl, 0.0, on_error)
        check_threshold(threshold)
        self.embedding_cache = embedding_cache
        self.threshold = threshold
        self.stats = Stats() if stats is None else stats
        self._ttl, self._verifier, self._clock = ttl, verifier, clock
        self._fallback = Fallback(self.stats, on_error, "nothing is found")
        self._redis: Any = redis_client
        # Asked on the same trip as the index, if it can be, and is asked of the same server.
        together = getattr(embedding_cache, "redis_client", None) is redis_client
        together = together and hasattr(embedding_cache, "ask_ahead")
        self._asks_together: Any = embedding_cache if together else None
        self._seen = threading.local()
        floor = None if judge_from is None else check_threshold(judge_from)
        self._near_misses = None if floor is None else NearMisses(floor)
        self.index = index(
            IndexSettings(
                redis_client,
                keys.namespace(scope, "semantic", *model_of(embedding_cache), audience),
                clock,
                lambda damaged: self.stats.count(errors=damaged),
            )
        )

    @property
    def last_lookup(self) -> Near | None:
        """The best candidate of this thread's last lookup; ``None`` if there was none."""
        near: Near | None = getattr(self._seen, "near", None)
        return near

    @property
    def near_misses(self) -> int:
        """How many near misses wait for a judge."""
        return len(self._near_misses or ())

    @property
    def last_lookup_failed(self) -> bool:
        """Whether Redis failed this thread's last lookup; who keeps an answer now waits again."""
        return getattr(self._seen, "failed", False)

    def add_cache(self, query: str, response: str, ttl: float | Own | None = OWN) -> None:
        """Store an answer; the same question, asked again, replaces it.

        Args:
            query: The question.
            response: Its answer; may be empty.
            ttl: Seconds it lives, ``None`` for ever; the cache's own if not given.

        Raises:
            InvalidInput: The question is empty, too long or not a string.
            openai.OpenAIError: Its embedding was needed and the API failed.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        self.keep(query, response, ttl)

    def keep(
        self,
        query: str,
        response: str,
        ttl: float | Own | None = OWN,
        also: AlsoWrites = nothing_more,
    ) -> None:
        """Do what :meth:`add_cache` does, and in the same transaction what ``also`` queues."""
        seconds = self._ttl if isinstance(ttl, Own) else ttl
        check_ttl(seconds, 0.0, "bypass")
        seen: dict[str, Vector | None] = getattr(self._seen, "direction", {})
        # The lookup before this has usually just embedded it.
        if query in seen:
            vector = seen[query]
        else:
            self._seen.asked = False
            vector = self._direction(query)
        if vector is None:  # no direction, so never similar to anything
            self.stats.count(errors=1)
            return
        now = self._clock()
        expires_at = float("inf") if seconds is None else now + seconds
        self._write(query, Answer(query, response, now, expires_at), vector, also)

    def _write(self, query: str, answer: Answer, vector: Vector, also: AlsoWrites) -> None:
        self._fallback.attempt(
            None, self.index.add, _id_of(query), answer, vector, lambda pipe: also(pipe, answer)
        )

    def lookup(self, query: str, threshold: float | None = None) -> Match | None:
        """Return the answer of the most similar question, if it is similar enough.

        Args:
            query: The question.
            threshold: Least similarity; the cache's own if not given.

        Raises:
            InvalidInput: The question is empty, too long or not a string.
            openai.OpenAIError: Its embedding was needed and the API failed.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        least = self.threshold if threshold is None else check_threshold(threshold)
        replies = self.ask(query)
        return None if replies is None else self.find(query, least, replies)

    def ask(self, query: str) -> list[Any] | None:
        """Make the first trip of a lookup; ``None``, and a counted miss, if Redis failed."""
        check_texts([query])
        self._seen.near, self._seen.failed = None, False
        pipe = self._redis.pipeline(transaction=False)
        if not self.ask_ahead(pipe, query):
            return []
        replies: list[Any] | None = self._fallback.attempt(None, pipe.execute, False)
        if replies is None:
            self._seen.failed = True
            self.stats.count(misses=1)
        return replies

    def ask_ahead(self, pipe: Any, query: str) -> bool:
        """Queue what :meth:`find` would ask first, the embedding and what changed, if anything."""
        cache = self._asks_together
        self._seen.asked = cache is not None and cache.ask_ahead(pipe, query)
        return self.index.ask_ahead(pipe) or self._seen.asked

    def find(
        self, query: str, least: float, replies: list[Any], also: AlsoWrites = nothing_more
    ) -> Match | None:
        """Finish a lookup with the replies to :meth:`ask_ahead`.

        ``also`` is what :meth:`keep` would get, if the judge promotes what was found.
        """
        embedding = replies.pop(0) if self._seen.asked else None
        self._seen.near, self._seen.failed = None, False
        heard = self._fallback.attempt(None, self.index.hear_ahead, replies)
        if heard is None:  # what changed could not be read: do not wait for Redis again
            self._seen.failed = True
            self.stats.count(misses=1)
            return None
        vector = self._direction(query, embedding)
        self._seen.direction = {query: vector}
        found: list[Found] | None = []
        if vector is not None:
            count = 1 if self._verifier is None else CANDIDATES
            found = self._fallback.attempt(None, self.index.nearest, vector, count, heard)
            self._seen.failed = found is None
        best = found[0] if found else None
        self._seen.near = best and Near(best.answer.query, best.similarity)
        served = next((near for near in found or () if self._may_serve(query, near, least)), None)
        if served is None:
            self.stats.count(misses=1)
            log.info("semantic miss, highest similarity %.3f", best.similarity if best else 0.0)
            if best and vector is not None:
                self._note(NearMiss(query, vector, best.answer, best.similarity, also))
            return None
        self.stats.count(hits=1)
        log.info("semantic hit, similarity %.3f", served.similarity)
        log.info("   original question: %s", served.answer.query)
        return Match.of(query, served)

    def keep_up(self, replies: list[Any]) -> None:
        """Take the replies to :meth:`ask_ahead` of a request that was answered without them.

        Else a process that has exact hits only would be told more and more each time.
        """
        replies = replies[1:] if self._seen.asked else replies
        if any(isinstance(reply, list) and len(reply) > MANY_CHANGES for reply in replies):
            self._fallback.attempt(None, self.index.hear_ahead, replies)

    def judge_near_misses(self, judge: Verifier, most: int = 100) -> int:
        """Let a judge decide about what was near and not served; return how many it accepted.

        Call it off the request's path, in a thread or a job of its own: the judge may be slow.
        An accepted answer becomes the noted question's own, in place of one that the LLM has given
        meanwhile. It lives no longer than before, and is not deleted with what it came from.

        Args:
            judge: Called as a verifier is; see :class:`Verifier`.
            most: How many to judge, the newest first; the rest stay noted.

        Raises:
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        promoted: set[str] = set()
        for _ in range(min(most, len(self._near_misses or ()))):
            for miss in self._near_misses.take(1) if self._near_misses else ():
                if miss.asked not in promoted and self._accepts(judge, miss):
                    answer = replace(miss.answer, query=miss.asked, similarity=1.0)
                    self._write(miss.asked, answer, miss.vector, miss.also)
                    promoted.add(miss.asked)
        return len(promoted)

    def _accepts(self, judge: Verifier, miss: NearMiss) -> bool:
        """Ask the judge; what was deleted, replaced or expired meanwhile is not promoted."""
        if self._clock() >= miss.answer.expires_at:
            return False
        try:
            accepted = judge(miss.answer.query, miss.asked, miss.similarity)
        except Exception:
            self._note(miss)  # to be judged when the judge works again
            raise
        if not accepted:
            return False
        nothing: list[Found] = []
        near = self._fallback.attempt(nothing, self.index.nearest, miss.vector, CANDIDATES)
        source = miss.answer.query, miss.answer.created_at
        return source in [(found.answer.query, found.answer.created_at) for found in near]

    def delete(self, query: str) -> bool:
        """Delete the answer to this very question; return whether there was one.

        Raises:
            InvalidInput: The question is empty, too long or not a string.
            CacheUnavailable: Redis failed; the answer may still be there.
        """
        check_texts([query])
        return bool(self._fallback.guard(self.index.delete, [_id_of(query)]))

    def get_cache_size(self) -> int:
        """Return how many answers have not expired.

        Raises:
            CacheUnavailable: Redis failed.
        """
        return self._fallback.guard(self.index.size)

    def clear_cache(self) -> None:
        """Delete all answers of this cache, and no other keys.

        Raises:
            CacheUnavailable: Redis failed; some answers may still be there.
        """
        self._fallback.guard(self.index.clear)

    def _may_serve(self, query: str, best: Found, least: float) -> bool:
        if best.similarity < least:
            return False
        if self._verifier is None or self._verifier(best.answer.query, query, best.similarity):
            return True
        log.info("refused, similarity %.3f: %s", best.similarity, best.answer.query)
        return False

    def _note(self, miss: NearMiss) -> None:
        if self._near_misses is not None and miss.similarity >= self._near_misses.floor:
            self._near_misses.note(miss)

    def _direction(self, query: str, reply: Any = None) -> Vector | None:
        """The embedding at length 1; ``None`` for one without direction, such as zeros.

        ``reply`` is what Redis said when the embedding was asked for ahead.
        """
        if self._asks_together is not None and self._seen.asked:
            self._asks_together.hear_ahead(query, reply)
        vector = self.embedding_cache.get_embedding(query)
        if self._asks_together is not None:
            self._asks_together.forget_ahead()  # unread, if memory had it by now
        length = np.linalg.norm(vector.astype(np.float64))
        return (vector / length).astype(np.float32) if 0 < length < np.inf else None


def model_of(embedding_cache: Embeds) -> tuple[str, object]:
    """What made the vectors: vectors of another model, or length, are not comparable."""
    return embedding_cache.model, getattr(embedding_cache, "dimensions", None) or "full"


def _id_of(query: str) -> str:
    return keys.digest(normalise(query))
