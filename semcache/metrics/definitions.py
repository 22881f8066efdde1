"""Every metric, once: what Prometheus and OpenTelemetry are told is made of this list.

A name is OpenTelemetry's: words with dots, its own conventions where they fit (``gen_ai.``), the
unit beside it. Prometheus' name follows by the rule that both projects agree on: dots become
underscores, the unit is appended, and ``_total`` to what only grows.
"""

from dataclasses import dataclass
from enum import Enum

__all__ = ["ATTRIBUTES", "BREAKER", "EVENTS", "FLIGHTS", "METRICS", "REQUESTS", "Kind", "Metric"]


class Kind(Enum):
    """How a metric behaves."""

    COUNTER = "counter"  # only grows
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


_UNITS = {"s": "seconds", "USD": "dollars"}  # as Prometheus spells them; {things} are left out


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        name: As OpenTelemetry has it.
        kind: How it behaves.
        unit: In UCUM, as OpenTelemetry has it: ``s``, ``1``, or what is counted in braces.
        labels: What it is told apart by.
        help: One sentence.
        buckets: The upper bounds of a histogram.

    Example:
        >>> REQUESTS.name, REQUESTS.prometheus
        ('semcache.requests', 'semcache_requests_total')
        >>> CALL_SECONDS.prometheus
        'gen_ai_client_operation_duration_seconds'
    """

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = ()

    @property
    def base(self) -> str:
        """The name in Prometheus, without ``_total``."""
        unit = _UNITS.get(self.unit)
        return "_".join([*self.name.split("."), *([unit] if unit else [])])

    @property
    def prometheus(self) -> str:
        """The name in Prometheus; of a histogram, without ``_bucket``, ``_sum`` or ``_count``."""
        return f"{self.base}_total" if self.kind is Kind.COUNTER else self.base


# What a label is called in OpenTelemetry.
ATTRIBUTES = {
    "cache": "semcache.cache",
    "tier": "semcache.tier",
    "outcome": "semcache.outcome",
    "basis": "semcache.basis",
    "operation": "gen_ai.operation.name",
    "model": "gen_ai.request.model",
    "token_type": "gen_ai.token.type",
    "error_type": "error.type",
}

_OF = ("cache", "operation")
_SIMILARITY = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.82, 0.84, 0.86, 0.88, 0.9, 0.91, 0.92, 0.93,
               0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 1.0)  # fmt: skip
_MARGIN = (0.0, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
_HIT = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
# Those that OpenTelemetry's conventions for generative AI advise.
_CALL = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = tuple(float(4**power) for power in range(14))


def _counter(name: str, unit: str, help: str, *labels: str) -> Metric:
    return Metric(name, Kind.COUNTER, unit, (*_OF, *labels), help)


def _gauge(name: str, unit: str, help: str) -> Metric:
    return Metric(name, Kind.GAUGE, unit, _OF, help)


def _histogram(name: str, unit: str, buckets: tuple[float, ...], help: str, *labels: str) -> Metric:
    return Metric(name, Kind.HISTOGRAM, unit, (*_OF, *labels), help, buckets)


REQUESTS = _counter(
    "semcache.requests", "{request}",
    "Lookups, each once: by the tier that had the answer, or that was asked for it (llm, api).",
    "tier", "outcome",
)  # fmt: skip
# What can befall a request, or an operation of one: some of them nothing, some of them twice.
EVENTS = {
    "joined": _counter(
        "semcache.joined", "{request}", "Misses that waited for another caller's call."
    ),
    "stale": _counter(
        "semcache.stale",
        "{request}",
        "Answers served because the LLM failed: expired, or to be renewed.",
    ),
    "refused": _counter(
        "semcache.refused", "{request}", "Requests that a rule kept from the cache, or a part."
    ),
    "bypassed": _counter(
        "semcache.bypassed", "{operation}", "Operations without Redis, which had just failed."
    ),
    "overloads": _counter(
        "semcache.overloads", "{operation}", "Operations that found no free connection in time."
    ),
    "errors": _counter(
        "semcache.errors", "{error}", "Damaged entries, failed operations, rules that raised."
    ),
    "evictions": _counter(
        "semcache.evictions", "{entry}", "Entries pushed out to make room, of memory or of a cap."
    ),
    "api_calls": _counter("semcache.calls", "{call}", "Requests that the API has answered."),
    "tokens": _counter("semcache.tokens.charged", "{token}", "Tokens that the API has charged."),
}
BREAKER = _gauge("semcache.breaker.open", "1", "1 while Redis is left alone after a failure.")
FLIGHTS = _gauge("semcache.flights", "{call}", "Calls in progress that others may wait for.")
SIMILARITY = _histogram(
    "semcache.similarity", "1", _SIMILARITY,
    "Similarity of what was served for another question's answer.", "tier",
)  # fmt: skip
MARGIN = _histogram(
    "semcache.margin", "1", _MARGIN,
    "How far the next candidate with another answer was behind what was served.", "tier",
)  # fmt: skip
HIT_SECONDS = _histogram(
    "semcache.hit.duration", "s", _HIT, "Seconds from a lookup's beginning to its hit.", "tier"
)
CALL_SECONDS = _histogram(
    "gen_ai.client.operation.duration", "s", _CALL,
    "Seconds that the LLM or the embedding API took; a stream also waits for its reader.",
    "model", "error_type",
)  # fmt: skip
CALL_TOKENS = _histogram(
    "gen_ai.client.token.usage", "{token}", _TOKENS,
    "Tokens of one call, sent (input) and written (output).", "model", "token_type",
)  # fmt: skip
SAVED_TOKENS = _counter(
    "semcache.tokens.saved", "{token}",
    "Tokens that hits did not cost: known, or estimated by the mean of the calls seen.", "basis",
)  # fmt: skip
SAVED = _counter(
    "semcache.cost.saved", "USD",
    "Dollars that hits did not cost, at the given prices: known or estimated.", "basis",
)  # fmt: skip
SPENT = _counter("semcache.cost.spent", "USD", "Dollars that calls cost, at the given prices.")
UNPRICED = _counter(
    "semcache.cost.unpriced", "{request}", "Hits whose saving is unknown: no call was seen yet."
)

METRICS = (REQUESTS, *EVENTS.values(), BREAKER, FLIGHTS, SIMILARITY, MARGIN, HIT_SECONDS,
           CALL_SECONDS, CALL_TOKENS, SAVED_TOKENS, SAVED, SPENT, UNPRICED)  # fmt: skip
