"""What a running cache does, for Prometheus and OpenTelemetry. Lesson 13.

:mod:`.definitions` is the list of all metrics. :mod:`.reading` reads the counters of any cache,
:mod:`.watched` takes what a cache tells its observers, :mod:`.savings` adds up what hits did not
cost; :mod:`.scraped` and :mod:`.metered` hand it on.
"""

from semcache.metrics.metered import opentelemetry
from semcache.metrics.savings import Pricing, per_token
from semcache.metrics.scraped import prometheus

__all__ = ["Pricing", "opentelemetry", "per_token", "prometheus"]
