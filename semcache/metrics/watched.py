"""One cache under one name, as both exporters see it: what is read, and what is told."""

from collections.abc import Callable, Iterator
from typing import Any

from semcache.errors import ConfigError
from semcache.locks import Lock
from semcache.metrics import definitions as metrics
from semcache.metrics.definitions import Metric
from semcache.metrics.reading import Reading, parts_of
from semcache.metrics.savings import Pricing, Savings
from semcache.observing import Called, Served, observe

__all__ = ["Exporter", "Record", "Watched"]

Record = Callable[[Metric, tuple[str, ...], float], None]


class Watched:
    """A cache whose numbers are exported.

    Args:
        cache: Any cache.
        name: The label ``cache``.
        record: Takes one value of a histogram.
        price: See :class:`~semcache.metrics.savings.Savings`.
        embeddings: Whether its embedding cache is watched, too.
    """

    def __init__(
        self, cache: Any, name: str, record: Record, price: Pricing | None, embeddings: bool
    ) -> None:
        self.name, self._record = name, record
        self._parts = parts_of(cache, embeddings)
        self._savings = Savings(price)
        self._stops = [observe(cache, self.take)]
        if len(self._parts) > 1:
            self._stops.append(observe(cache.embedding_cache, self.take))

    def stop(self) -> None:
        """Be told no more."""
        for stop in self._stops:
            stop()

    def take(self, event: object) -> None:
        """Record what a cache tells."""
        if isinstance(event, Served):
            self._served(event)
        elif isinstance(event, Called):
            self._called(event)

    def _served(self, hit: Served) -> None:
        labels = self.name, "chat", hit.tier
        self._record(metrics.HIT_SECONDS, labels, hit.seconds)
        if hit.original is not None:
            self._record(metrics.SIMILARITY, labels, hit.similarity)
        if hit.margin is not None:
            self._record(metrics.MARGIN, labels, hit.margin)
        self._savings.served(hit)

    def _called(self, call: Called) -> None:
        of = self.name, call.operation, call.model
        self._record(metrics.CALL_SECONDS, (*of, call.error or ""), call.seconds)
        if call.tokens:
            self._record(metrics.CALL_TOKENS, (*of, "input"), call.tokens - call.written)
        if call.written:
            self._record(metrics.CALL_TOKENS, (*of, "output"), call.written)
        self._savings.called(call)

    def readings(self) -> Iterator[Reading]:
        """Yield the values of all counters and gauges."""
        for part in self._parts:
            yield from part.readings(self.name)
            if part.operation == "embeddings":
                self._savings.embedded(part.hits)
        yield from self._saved()

    def _saved(self) -> Iterator[Reading]:
        money = self._savings.has_prices
        for operation, basis, tokens, dollars in self._savings.saved():
            yield Reading(metrics.SAVED_TOKENS, (self.name, operation, basis), tokens)
            if money:
                yield Reading(metrics.SAVED, (self.name, operation, basis), dollars)
        for operation, hits in list(self._savings.unpriced.items()):
            yield Reading(metrics.UNPRICED, (self.name, operation), hits)
        for operation, dollars in list(self._savings.spent.items()) if money else ():
            yield Reading(metrics.SPENT, (self.name, operation), dollars)


class Exporter:
    """The caches that are exported to one place, by name; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._watched: dict[str, Watched] = {}

    def record(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Take one value of a histogram."""
        raise NotImplementedError

    def add(
        self, cache: Any, name: str | None, price: Pricing | None, embeddings: bool
    ) -> Callable[[], None]:
        """Export a cache, too; return what ends that.

        Raises:
            ConfigError: It is no cache of ours, or there is another of this name.
        """
        name = _scope_of(cache) if name is None else name
        with self._lock:
            if name in self._watched:
                raise ConfigError(
                    f"a cache {name!r} is exported here already: give another name, or call what "
                    "the first call returned, which ends that"
                )
            watched = self._watched[name] = Watched(cache, name, self.record, price, embeddings)

        def end() -> None:
            watched.stop()
            with self._lock:
                if self._watched.get(name) is watched:
                    del self._watched[name]

        return end

    def readings(self) -> list[Reading]:
        """Return the values of all counters and gauges of all caches."""
        with self._lock:
            return [reading for one in self._watched.values() for reading in one.readings()]


def _scope_of(cache: Any) -> str:
    options = getattr(cache, "options", None) or getattr(getattr(cache, "room", None), "options", 0)
    return str(getattr(options, "scope", "default"))
