"""SemanticCache: answers found by the similarity of their questions. Lesson 06."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
import redis

from semcache import keys
from semcache.codecs import Vector
from semcache.embedding.api import check_texts
from semcache.embedding.options import check_ttl
from semcache.errors import CacheUnavailable, ConfigError
from semcache.semantic.answers import Answer, normalise
from semcache.semantic.index import Found, Index, IndexSettings
from semcache.semantic.matrix import MatrixIndex
from semcache.stats import Stats

__all__ = ["OWN", "Embeds", "Match", "Near", "Own", "SemanticCache", "Verifier"]

log = logging.getLogger("semcache")
T = TypeVar("T")


class Own(Enum):
    """Stands for the cache's own TTL, since ``None`` means for ever."""

    TTL = "own"


OWN = Own.TTL


@dataclass(frozen=True)
class Match:
    """A cached answer that may be served.

    Attributes:
        query: The question that was asked now.
        response: The answer, given earlier to ``original_query``.
        similarity: Cosine of the two questions' embeddings, in [-1, 1].
        original_query: The question that the answer was given to.
        created_at: When the answer was stored, in seconds since the epoch.
        expires_at: When it expires; infinity for never.
    """

    query: str
    response: str
    similarity: float
    original_query: str
    created_at: float
    expires_at: float


@dataclass(frozen=True)
class Near:
    """How near a lookup came: the best candidate, whether or not it was served."""

    original_query: str
    similarity: float


class Verifier(Protocol):
    """Tells whether two questions may share an answer, beyond their similarity."""

    def __call__(self, cached: str, asked: str, similarity: float) -> bool:
        """Return whether the answer to ``cached`` may be given to ``asked``."""


class Embeds(Protocol):
    """What a semantic cache needs of an embedding cache; all of ours have it."""

    @property
    def model(self) -> str:
        """The embedding model."""

    def get_embedding(self, text: str) -> Vector:
        """Return the embedding of a text."""


class SemanticCache:
    """Answers a question with the answer to a similar one.

    Args:
        redis_client: A ``redis.Redis`` that returns bytes.
        embedding_cache: Any of the embedding caches; it also says which model is in use.
        scope: Who shares the answers; part of every key.
        audience: A further part of the key, for answers that differ by it: model and prompt.
        threshold: Least similarity to serve an answer. Depends on the model: choose it from
            labelled pairs, as lesson 08 does.
        ttl: Seconds an answer lives; ``None`` for ever.
        index: The class that keeps and finds entries.
        verifier: Asked about a candidate above the threshold; none by default.
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
        redis_client: redis.Redis,
        embedding_cache: Embeds,
        *,
        scope: str = "default",
        audience: str = "",
        threshold: float = 0.9,
        ttl: float | None = 3_600,
        index: Callable[[IndexSettings], Index] = MatrixIndex,
        verifier: Verifier | None = None,
        on_error: Literal["bypass", "raise"] = "bypass",
        clock: Callable[[], float] = time.time,
        stats: Stats | None = None,
    ) -> None:
        check_ttl(ttl, 0.0, on_error)
        check_threshold(threshold)
        self.embedding_cache = embedding_cache
        self.threshold = threshold
        self.stats = Stats() if stats is None else stats
        self._ttl, self._verifier, self._clock = ttl, verifier, clock
        self._raise_on_error = on_error == "raise"
        self._warned = False
        self._seen = threading.local()
        self.index = index(
            IndexSettings(
                redis_client,
                keys.namespace(scope, "semantic", embedding_cache.model, audience),
                clock,
                lambda damaged: self.stats.count(errors=damaged),
            )
        )

    @property
    def last_lookup(self) -> Near | None:
        """The best candidate of this thread's last lookup; ``None`` if there was none."""
        near: Near | None = getattr(self._seen, "near", None)
        return near

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
        also: Callable[[Any, Answer], object] = lambda pipe, answer: None,
    ) -> None:
        """Do what :meth:`add_cache` does, and in the same transaction what ``also`` queues."""
        seconds = self._ttl if isinstance(ttl, Own) else ttl
        check_ttl(seconds, 0.0, "bypass")
        seen: dict[str, Vector | None] = getattr(self._seen, "direction", {})
        # The lookup before this has usually just embedded it.
        vector = seen[query] if query in seen else self._direction(query)
        if vector is None:  # no direction, so never similar to anything
            self.stats.count(errors=1)
            return
        now = self._clock()
        expires_at = float("inf") if seconds is None else now + seconds
        answer = Answer(query, response, now, expires_at)
        self._try(
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
        return self.find(query, threshold)

    def find(self, query: str, threshold: float | None = None, heard: bool = False) -> Match | None:
        """Do what :meth:`lookup` does; with ``heard``, the index has been brought up to date."""
        self._seen.near = None
        least = self.threshold if threshold is None else check_threshold(threshold)
        vector = self._direction(query)
        self._seen.direction = {query: vector}
        nothing: list[Found] = []
        found = (
            nothing if vector is None else self._try(nothing, self.index.nearest, vector, 1, heard)
        )
        best = found[0] if found else None
        self._seen.near = best and Near(best.answer.query, best.similarity)
        if best is None or not self._may_serve(query, best, least):
            self.stats.count(misses=1)
            log.info("semantic miss, highest similarity %.3f", best.similarity if best else 0.0)
            return None
        self.stats.count(hits=1)
        log.info("semantic hit, similarity %.3f", best.similarity)
        log.info("   original question: %s", best.answer.query)
        answer = best.answer
        return Match(
            query,
            answer.response,
            best.similarity,
            answer.query,
            answer.created_at,
            answer.expires_at,
        )

    def delete(self, query: str) -> bool:
        """Delete the answer to this very question; return whether there was one.

        Raises:
            InvalidInput: The question is empty, too long or not a string.
            CacheUnavailable: Redis failed; the answer may still be there.
        """
        check_texts([query])
        return bool(self._guard(self.index.delete, [_id_of(query)]))

    def get_cache_size(self) -> int:
        """Return how many answers have not expired.

        Raises:
            CacheUnavailable: Redis failed.
        """
        return self._guard(self.index.size)

    def clear_cache(self) -> None:
        """Delete all answers of this cache, and no other keys.

        Raises:
            CacheUnavailable: Redis failed; some answers may still be there.
        """
        self._guard(self.index.clear)

    def _may_serve(self, query: str, best: Found, least: float) -> bool:
        if best.similarity < least:
            return False
        return self._verifier is None or self._verifier(best.answer.query, query, best.similarity)

    def _direction(self, query: str) -> Vector | None:
        """The embedding at length 1; ``None`` for a vector of zeros, which has no direction."""
        vector = self.embedding_cache.get_embedding(query)
        length = np.linalg.norm(vector.astype(np.float64))
        return (vector / length).astype(np.float32) if length > 0 else None

    def _guard(self, operation: Callable[..., T], *args: object) -> T:
        try:
            return operation(*args)
        except (redis.RedisError, OSError) as error:
            raise CacheUnavailable(f"Redis failed: {error}") from error

    def _try(self, otherwise: T, operation: Callable[..., T], *args: object) -> T:
        try:
            return self._guard(operation, *args)
        except CacheUnavailable as error:
            self.stats.count(errors=1)
            if self._raise_on_error:
                raise
            if not self._warned:
                self._warned = True
                log.warning("%s; nothing is found until it works again", error)
            return otherwise


def check_threshold(threshold: float) -> float:
    """Return a threshold that is a cosine.

    Raises:
        ConfigError: It is outside [-1, 1].
    """
    if not -1 <= threshold <= 1:
        raise ConfigError(f"threshold is {threshold}: a similarity lies between -1 and 1")
    return threshold


def _id_of(query: str) -> str:
    return keys.digest(normalise(query))
