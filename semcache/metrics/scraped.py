"""The metrics for Prometheus, which comes and reads them."""

from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

from semcache.errors import ConfigError
from semcache.locks import Lock
from semcache.metrics.definitions import METRICS, Kind, Metric
from semcache.metrics.savings import Pricing
from semcache.metrics.watched import Exporter

__all__ = ["prometheus"]


class Scraped(Exporter):
    """A collector of ``prometheus_client``: it reads the caches when it is asked."""

    def __init__(self, client: Any) -> None:
        super().__init__()
        self._families = client.core
        self._histograms = {
            metric: client.Histogram(
                metric.prometheus, metric.help, metric.labels, registry=None, buckets=metric.buckets
            )
            for metric in METRICS
            if metric.kind is Kind.HISTOGRAM
        }

    def record(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Take one value of a histogram."""
        self._histograms[metric].labels(*labels).observe(value)

    def describe(self) -> list[Any]:
        """Return every metric, without values: a registry refuses two of one name."""
        return [self._family(metric) for metric in METRICS if metric.kind is not Kind.HISTOGRAM]

    def collect(self) -> Iterator[Any]:
        """Yield every metric with its values."""
        families = {metric: self._family(metric) for metric in METRICS}
        for metric, labels, value in self.readings():
            families[metric].add_metric(labels, float(value))
        for metric, family in families.items():
            if metric.kind is Kind.HISTOGRAM:
                yield from self._histograms[metric].collect()
            else:
                yield family

    def _family(self, metric: Metric) -> Any:
        kind = "Counter" if metric.kind is Kind.COUNTER else "Gauge"
        made = getattr(self._families, f"{kind}MetricFamily")
        return made(metric.base, metric.help, labels=metric.labels)


_lock = Lock()
_scraped: WeakKeyDictionary[Any, Scraped] = WeakKeyDictionary()


def prometheus(
    cache: Any,
    name: str | None = None,
    *,
    registry: Any = None,
    price: Pricing | None = None,
    embeddings: bool = True,
) -> Callable[[], None]:
    """Export what a cache does to Prometheus; return what ends that.

    Counters are read when Prometheus asks; only histograms cost a request something, some
    microseconds. What was counted before is there, too; histograms and dollars begin now. Texts
    are never exported. ``Stats.reset`` looks like a restart. The multi-process mode of
    ``prometheus_client`` gathers no collectors: let each process have a port of its own.

    Args:
        cache: An embedding cache, SemanticCache, an LLM cache or a transport (of a cached client:
            ``cache_of(client)``), of either face.
        name: The label ``cache``; its scope if not given.
        registry: A ``CollectorRegistry``; the process' own if not given.
        price: Called as ``price(model, sent, written)``, tokens; returns dollars. See
            :func:`~semcache.metrics.per_token`. Without it only tokens are told.
        embeddings: Whether its embedding cache is exported under the same name; switch it off
            for one that several caches share, and export that by itself.

    Raises:
        ConfigError: It is no cache of ours, there is another of this name, or
            ``prometheus-client`` is not installed.

    Example:
        >>> from prometheus_client import CollectorRegistry
        >>> from semcache import SemanticLLMCache, connect
        >>> lab, registry = connect(quiet=True), CollectorRegistry()
        >>> cache = SemanticLLMCache(lab.redis, lab.openai, embedding_model=lab.embedding_model)
        >>> end = prometheus(cache, "support-en", registry=registry)
        >>> for _ in range(3):
        ...     answer = cache.get_or_generate("What is Python?", model=lab.chat_model)
        >>> labels = {"cache": "support-en", "operation": "chat"}
        >>> hits = {**labels, "tier": "semantic", "outcome": "hit"}
        >>> registry.get_sample_value("semcache_requests_total", hits)
        2.0
        >>> registry.get_sample_value("semcache_calls_total", labels)
        1.0
        >>> end()
    """
    try:
        import prometheus_client
        import prometheus_client.core
    except ImportError as error:
        raise ConfigError("Prometheus needs its client: pip install prometheus-client") from error
    registry = prometheus_client.REGISTRY if registry is None else registry
    with _lock:
        scraped = _scraped.get(registry)
        if scraped is None:
            scraped = Scraped(prometheus_client)
            registry.register(scraped)
            _scraped[registry] = scraped
    return scraped.add(cache, name, price, embeddings)
