"""Many callers of one text: how many API calls are paid.

Before: each caller has a cache object of its own over the same Redis, as if nobody knew of the
others. After: all share one.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import redis

from benchmarks.failing.stand_in import MODEL, StandIn
from semcache import (
    CompressedEmbeddingCache,
    EmbeddingCache,
    HashEmbeddingCache,
    HybridLLMCache,
    SemanticLLMCache,
    TieredEmbeddingCache,
)

__all__ = ["at_expiry", "one_new_text"]

CALLERS = 32
LATENCY = 0.3

EMBEDDING = (
    EmbeddingCache, HashEmbeddingCache, CompressedEmbeddingCache, TieredEmbeddingCache,
)  # fmt: skip
ANSWERS = (SemanticLLMCache, HybridLLMCache)

Ask = Callable[[], object]


def one_new_text(url: str) -> dict[str, tuple[int, int]]:
    """Return for each cache the API calls of 32 callers of one new text, before and after."""
    counts = {}
    for kind in (*EMBEDDING, *ANSWERS):
        endpoint = "embeddings" if kind in EMBEDDING else "completions"
        counts[kind.__name__] = (
            _stampede(kind, url, endpoint, apart=True),
            _stampede(kind, url, endpoint, apart=False),
        )
    return counts


def _stampede(kind: Any, url: str, endpoint: str, apart: bool) -> int:
    api = StandIn(LATENCY)
    asks = _callers(kind, url, api, apart, f"stampede-{kind.__name__}-{apart}")
    together(asks)
    return api.calls[endpoint]


def _callers(
    kind: Any, url: str, api: StandIn, apart: bool, scope: str, **options: Any
) -> list[Any]:
    client = redis.Redis.from_url(url)
    named = {"model": MODEL} if kind in EMBEDDING else {"embedding_model": MODEL}

    def made() -> Ask:
        cache = kind(client, api.client, scope=scope, **named, **options)
        if kind in EMBEDDING:
            return lambda: cache.get_embedding("the same text")
        return lambda: cache.get_or_generate("the same question", model=MODEL)

    shared = made()
    return [made() if apart else shared for _ in range(CALLERS)]


def together(asks: list[Ask]) -> None:
    """Run each in a thread of its own, all at once."""
    barrier = threading.Barrier(len(asks))

    def run(ask: Ask) -> None:
        barrier.wait()
        ask()

    threads = [threading.Thread(target=run, args=(ask,)) for ask in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def at_expiry(url: str, seconds: float = 4.5) -> tuple[int, int]:
    """Return the LLM calls for a hot question with a TTL of 1 s, before and after."""
    return _hot(url, seconds, apart=True), _hot(url, seconds, apart=False)


def _hot(url: str, seconds: float, apart: bool) -> int:
    api = StandIn(LATENCY)
    asks = _callers(HybridLLMCache, url, api, apart, f"hot-{apart}", ttl=1.0)
    ends = time.monotonic() + seconds

    def keep_asking(ask: Ask) -> Ask:
        def again() -> None:
            while time.monotonic() < ends:
                ask()
                time.sleep(0.01)

        return again

    together([keep_asking(ask) for ask in asks])
    return api.calls["completions"]
