"""The metrics for OpenTelemetry, which asks for counters and is told the rest."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from semcache.errors import ConfigError
from semcache.locks import Lock
from semcache.metrics.definitions import ATTRIBUTES, METRICS, Kind, Metric
from semcache.metrics.savings import Pricing
from semcache.metrics.watched import Exporter

__all__ = ["opentelemetry"]


class Metered(Exporter):
    """The instruments of one meter provider."""

    def __init__(self, api: Any, provider: Any) -> None:
        super().__init__()
        self._observation = api.Observation
        meter = provider.get_meter("semcache")
        self._histograms = {}
        for metric in METRICS:
            about = {"unit": metric.unit, "description": metric.help}
            if metric.kind is Kind.HISTOGRAM:
                self._histograms[metric] = meter.create_histogram(
                    metric.name, **about, explicit_bucket_boundaries_advisory=metric.buckets
                )
            else:
                create = f"create_observable_{metric.kind.value}"
                getattr(meter, create)(metric.name, [self._observing(metric)], **about)

    def record(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Take one value of a histogram."""
        self._histograms[metric].record(value, _attributes(metric, labels))

    def _observing(self, metric: Metric) -> Callable[[Any], list[Any]]:
        def observations(options: Any) -> list[Any]:
            return [
                self._observation(value, _attributes(metric, labels))
                for one, labels, value in self.readings()
                if one is metric
            ]

        return observations


def _attributes(metric: Metric, labels: tuple[str, ...]) -> dict[str, str]:
    named = zip(metric.labels, labels, strict=True)
    attributes = {ATTRIBUTES[label]: value for label, value in named if value}
    if metric.name.startswith("gen_ai."):
        attributes["gen_ai.provider.name"] = "openai"  # whose protocol it is; the server may differ
    return attributes


_lock = Lock()
_metered: WeakKeyDictionary[Any, Metered] = WeakKeyDictionary()


def opentelemetry(
    cache: Any,
    name: str | None = None,
    *,
    meter_provider: Any = None,
    price: Pricing | None = None,
    embeddings: bool = True,
) -> Callable[[], None]:
    """Export what a cache does to OpenTelemetry; return what ends that.

    The same as :func:`~semcache.metrics.prometheus`: ``semcache_requests_total`` there is
    ``semcache.requests`` here. What the LLM and the embedding API took and were paid is told by
    the conventions for generative AI, ``gen_ai.client.operation.duration`` and
    ``gen_ai.client.token.usage``; these are still in development there.

    Args:
        cache: As for Prometheus.
        name: The attribute ``semcache.cache``; its scope if not given.
        meter_provider: A ``MeterProvider``; the process' own if not given.
        price: As for Prometheus.
        embeddings: As for Prometheus.

    Raises:
        ConfigError: It is no cache of ours, there is another of this name, or
            ``opentelemetry-api`` is not installed.

    Example:
        >>> from semcache import EmbeddingCache, connect
        >>> lab = connect(quiet=True)
        >>> cache = EmbeddingCache(lab.redis, lab.openai, model=lab.embedding_model)
        >>> end = opentelemetry(cache, "support-en")   # doctest: +SKIP
    """
    try:
        from opentelemetry import metrics
    except ImportError as error:
        raise ConfigError("OpenTelemetry needs its API: pip install opentelemetry-api") from error
    provider = metrics.get_meter_provider() if meter_provider is None else meter_provider
    with _lock:
        metered = _metered.get(provider)
        if metered is None:
            metered = _metered[provider] = Metered(metrics, provider)
    return metered.add(cache, name, price, embeddings)
