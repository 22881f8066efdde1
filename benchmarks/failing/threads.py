"""Many threads: on a pool of few connections, and on one index."""

import random
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import redis

from benchmarks.failing.stand_in import MODEL, StandIn
from semcache import EmbeddingCache, HybridLLMCache, MatrixIndex, SemanticCache
from semcache.failures import Overloaded

__all__ = ["few_connections", "gets_per_second", "hits_per_second"]

THREADS, REQUESTS, CONNECTIONS = 150, 3_000, 8
TURNS = 5


def few_connections(url: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return LLM calls and ``stats.overloads`` of 150 threads on 8 connections, before and after.

    Before: a request that finds no free connection does not wait for one.
    """
    return _few(url, waits=False), _few(url, waits=True)


def _few(url: str, waits: bool) -> tuple[int, int]:
    client = redis.Redis.from_url(url, max_connections=CONNECTIONS)
    api = StandIn(0.005)
    scope = f"few-{waits}"
    cache = HybridLLMCache(client, api.client, embedding_model=MODEL, scope=scope)
    cache.get_or_generate("a cached question", model=MODEL)
    if not waits:
        _give_up_at_once(cache)
    paid = api.calls["completions"]
    with ThreadPoolExecutor(THREADS) as pool:
        ask = partial(cache.get_or_generate, "a cached question", model=MODEL)
        for asked in [pool.submit(ask) for _ in range(REQUESTS)]:
            asked.result()
    return api.calls["completions"] - paid, cache.stats.overloads


def _give_up_at_once(cache: Any) -> None:
    async def give_up(commands: Any, transaction: bool, error: Exception) -> Any:
        raise Overloaded("all connections are in use") from error

    cache.flow.redis._send_when_free = give_up


def hits_per_second(url: str, entries: int, seconds: float = 2.0) -> dict[int, float]:
    """Return the semantic hits a second on 1 and on 8 threads, at so many entries."""
    client, api = redis.Redis.from_url(url), StandIn()
    texts = [f"question {number}" for number in range(entries)]
    embeddings = EmbeddingCache(client, api.client, model=MODEL, scope="hits")
    embeddings.get_embeddings_batch(texts)
    cache = SemanticCache(client, embeddings, scope="hits", index=MatrixIndex)
    for text in texts:
        cache.add_cache(text, f"the answer to {text}")
    cache.lookup(texts[0])
    ask = partial(_is_hit, cache, texts)
    return _rates(ask, seconds)


def gets_per_second(url: str, seconds: float = 1.0) -> dict[int, float]:
    """Return the GETs a second of redis-py alone on 1 and on 8 threads."""
    client = redis.Redis.from_url(url)
    client.set("alone", "x" * 1_000)
    return _rates(lambda _: client.get("alone") is not None, seconds)


def _rates(ask: Callable[[random.Random], bool], seconds: float) -> dict[int, float]:
    """Return how often a second, on 1 and on 8 threads: medians of turns, as single ones vary."""
    turns = [[_rate(ask, threads, seconds) for threads in (1, 8)] for _ in range(TURNS)]
    one, eight = zip(*turns, strict=True)
    return {1: statistics.median(one), 8: statistics.median(eight)}


def _is_hit(cache: SemanticCache, texts: list[str], choose: random.Random) -> bool:
    return cache.lookup(choose.choice(texts)) is not None


def _rate(ask: Callable[[random.Random], bool], threads: int, seconds: float) -> float:
    start = time.perf_counter()

    def work(seed: int) -> int:
        choose, hits = random.Random(seed), 0
        while time.perf_counter() - start < seconds:
            hits += ask(choose)
        return hits

    with ThreadPoolExecutor(threads) as pool:
        hits = sum(pool.map(work, range(threads)))
    return hits / (time.perf_counter() - start)
