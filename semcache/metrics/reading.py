"""Read the counters of any cache, when they are asked for: a cache does nothing for it."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from semcache.breaker import Breaker
from semcache.errors import ConfigError
from semcache.flights import Flights
from semcache.metrics.definitions import BREAKER, EVENTS, FLIGHTS, REQUESTS, Metric
from semcache.stats import Stats

__all__ = ["Part", "Reading", "parts_of"]


class Reading(NamedTuple):
    """One value of a metric; its labels in the metric's order."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


class Tier(NamedTuple):
    """Where lookups are counted: which of a tier's counters, and what it means."""

    tier: str
    outcome: str
    stats: Callable[[], Stats]

    @property
    def counted(self) -> int:
        """How many there were."""
        stats = self.stats()
        return stats.hits if self.outcome == "hit" else stats.misses


class Part(NamedTuple):
    """What a cache does of one kind: answers (``chat``) or ``embeddings``.

    Attributes:
        operation: The kind.
        tiers: Where its lookups are counted.
        stats: All its counters together.
        breaker: Of its Redis.
        flights: Its calls in progress.
    """

    operation: str
    tiers: tuple[Tier, ...]
    stats: Callable[[], Stats]
    breaker: Breaker
    flights: Flights | None

    def readings(self, name: str) -> Iterator[Reading]:
        """Yield what there is to read."""
        of = name, self.operation
        for tier in self.tiers:
            yield Reading(REQUESTS, (*of, tier.tier, tier.outcome), tier.counted)
        counts = self.stats().as_dict()
        for event, metric in EVENTS.items():
            yield Reading(metric, of, counts[event])
        yield Reading(BREAKER, of, float(self.breaker.is_open))
        if self.flights is not None:
            yield Reading(FLIGHTS, of, len(self.flights))

    @property
    def hits(self) -> int:
        """How many lookups were hits."""
        return sum(tier.counted for tier in self.tiers if tier.outcome == "hit")


def parts_of(cache: Any, embeddings: bool = True) -> list[Part]:
    """Return the parts of a cache.

    Args:
        cache: An embedding cache, SemanticCache, an LLM cache or a transport, of either face.
        embeddings: Whether the embedding cache of a cache of answers is one of its parts.

    Raises:
        ConfigError: It is no cache of ours.
    """
    if hasattr(cache, "room"):
        parts = [_semantic(cache)]
    elif hasattr(cache, "embedding_cache"):
        parts = [_answers(cache)]
    elif hasattr(getattr(cache, "flow", None), "question"):
        return [_embeddings(cache)]
    else:
        raise ConfigError(
            f"{type(cache).__name__} is no cache of ours; of a cached client give cache_of(client)"
        )
    # Another program's embedding cache has no counters of ours.
    if embeddings and hasattr(cache.embedding_cache, "flow"):
        parts.append(_embeddings(cache.embedding_cache, getattr(cache, "_embeddings", None)))
    return parts


def _answers(cache: Any) -> Part:
    """The tiers of an LLM cache, the exact one where there is one."""
    semantic = cache.flow.stats
    tiers = [Tier("semantic", "hit", lambda: semantic), Tier("llm", "miss", lambda: semantic)]
    if hasattr(cache, "exact_stats"):
        tiers.insert(0, Tier("exact", "hit", lambda: cache.exact_stats))
    breaker = cache.flow.redis.breaker
    return Part("chat", tuple(tiers), lambda: cache.stats, breaker, cache._parts.flights)


def _semantic(cache: Any) -> Part:
    """A cache that only looks up: after a miss the caller asks whom they like."""
    tiers = Tier("semantic", "hit", lambda: cache.stats), Tier("none", "miss", lambda: cache.stats)
    return Part("chat", tiers, lambda: cache.stats, cache.room.redis.breaker, None)


def _embeddings(cache: Any, requests: Any = None) -> Part:
    """The tiers of an embedding cache; a transport's has more models beside the questions'."""
    behind = getattr(cache.flow, "behind", cache.flow)

    def in_redis() -> Stats:
        return behind.stats if requests is None else _sum(behind.stats, requests.others)

    def together() -> Stats:
        return cache.stats if requests is None else requests.stats  # type: ignore[no-any-return]

    tiers = [Tier("redis", "hit", in_redis), Tier("api", "miss", in_redis)]
    if behind is not cache.flow:
        tiers.insert(0, Tier("memory", "hit", lambda: cache.memory_stats))
    return Part("embeddings", tuple(tiers), together, behind.redis.breaker, behind._flights)


def _sum(*parts: Stats) -> Stats:
    total = Stats()
    for part in parts:
        total.count(**part.as_dict())
    return total
