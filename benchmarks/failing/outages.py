"""A Redis that hangs: who waits, and what a request costs meanwhile.

Before: a breaker that always admits, so that every request asks Redis. After: as it is.
"""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.failing.stand_in import MODEL, StandIn
from semcache import EmbeddingCache
from semcache.breaker import Breaker, Ticket
from semcache.clients import redis_client
from semcache.lab.hanging import HangingServer

__all__ = ["Outage", "extra_milliseconds", "hanging"]

REQUESTS, THREADS, LATENCY, TIMEOUT = 200, 32, 0.05, 1.0


class Admitting(Breaker):
    """Forgets every failure."""

    def board(self, insists: bool = False) -> Ticket | None:
        return Ticket.USUAL

    def failed(self, ticket: Ticket, error: object, seconds: float = 0.0) -> None:
        pass


@dataclass(frozen=True)
class Outage:
    """What so many requests saw while Redis hung.

    Attributes:
        waited: How many took more than half a second.
        per_second: Requests a second after those.
    """

    waited: int
    per_second: float


def hanging() -> tuple[Outage, Outage, float]:
    """Return what 200 requests of 32 threads see, before and after; and the rate without cache."""
    api = StandIn(LATENCY)
    bare = _per_second(lambda text: api.client.embeddings.create(model=MODEL, input=text))
    return _outage(protected=False), _outage(protected=True), bare


def _outage(protected: bool) -> Outage:
    with HangingServer() as server:
        cache = _cache(server, StandIn(LATENCY), protected)
        waited = sum(seconds > 0.5 for seconds in _seconds(cache.get_embedding))
        return Outage(waited, _per_second(cache.get_embedding))


def _cache(server: HangingServer, api: StandIn, protected: bool) -> EmbeddingCache:
    client = redis_client(server.url, timeout=TIMEOUT)
    cache = EmbeddingCache(client, api.client, model=MODEL)
    if not protected:
        cache.flow.redis.breaker = Admitting()
    return cache


def _seconds(ask: Callable[[str], object]) -> list[float]:
    """Send the requests from all threads; return the seconds of each."""

    def timed(number: int) -> float:
        start = time.perf_counter()
        ask(f"text {number}")
        return time.perf_counter() - start

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(timed, range(REQUESTS)))


def _per_second(ask: Callable[[str], object], seconds: float = 4.0) -> float:
    """Let all threads ask for some seconds; return how many requests a second were answered."""
    ends = time.perf_counter() + seconds

    def work(thread: int) -> int:
        answered = 0
        while time.perf_counter() < ends:
            ask(f"text {thread}-{answered}")
            answered += 1
        return answered

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(work, range(THREADS))) / seconds


def extra_milliseconds(rounds: int = 400) -> tuple[float, float]:
    """Return what a request takes more than without a cache, at the median, before and after.

    The two take turns. Before, each request waits for the timeout, so a few are enough.
    """
    return _extra(False, 3), _extra(True, rounds)


def _extra(protected: bool, rounds: int) -> float:
    api = StandIn()
    with HangingServer() as server:
        cache = _cache(server, api, protected)
        cache.get_embedding("the request that finds out")
        with_cache, without = [], []
        for number in range(rounds):
            text = f"text {number}"
            start = time.perf_counter()
            cache.get_embedding(text)
            middle = time.perf_counter()
            api.client.embeddings.create(model=MODEL, input=[text])
            with_cache.append(middle - start)
            without.append(time.perf_counter() - middle)
        return 1_000 * (statistics.median(with_cache) - statistics.median(without))
