"""Serve hits of any checkout of this repository, to be timed: a program of its own.

    python benchmarks/whole/hits.py CHECKOUT REDIS_URL SCOPE ENTRIES

fills a desk by the code of that checkout, then reads lines of a path and a number of requests, and
prints for each the seconds and the processor's seconds of one request.
"""

import gc
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import redis

WARM = 3  # requests before each that are counted
Supply = Callable[[int], tuple[Any, list[str]]]
API = ("semcache.lab.offline", "semcache.offline")  # the offline API, now and before 0.2


def open_paths(url: str, scope: str, entries: int) -> dict[str, Supply]:
    """Return for each path what gives a function and so many texts for it."""
    desks: Any = import_module("benchmarks.whole.desk")
    exact, semantic = desks.PATHS[:2]
    client = redis.Redis.from_url(url)  # as in all checkouts
    desk = desks.open_desk(client, _offline_api().client(), scope, entries)
    embedding_cache = getattr(desk.cache, "embedding_cache", None)
    if embedding_cache is None:
        embedding_cache = desk.cache.semantic.embedding_cache
    return {
        "exact": lambda count: (desk.ask(exact), desk.texts(exact, count)),
        "semantic": lambda count: (desk.ask(semantic), desk.texts(semantic, count)),
        "embedding": lambda count: (embedding_cache.get_embedding, desk.texts(exact, count)),
    }


def _offline_api() -> Any:
    for name in API:
        try:
            return import_module(name).OfflineAPI()
        except ModuleNotFoundError:
            continue
    raise SystemExit(f"this checkout has none of {', '.join(API)}")


def seconds_each(ask: Callable[[str], object], texts: list[str]) -> tuple[float, float]:
    """Return the seconds and the processor's seconds of one request."""
    for text in texts[:WARM]:
        ask(text)
    counted = texts[WARM:]
    gc.collect()
    processor, began = time.process_time(), time.perf_counter()
    for text in counted:
        ask(text)
    spent, used = time.perf_counter() - began, time.process_time() - processor
    return spent / len(counted), used / len(counted)


def main() -> None:
    checkout, url, scope, entries = sys.argv[1:]
    sys.path[0] = checkout
    warnings.simplefilter("ignore")
    paths = open_paths(url, scope, int(entries))
    print("ready", flush=True)
    for line in sys.stdin:
        name, count = line.split()
        print(*seconds_each(*paths[name](int(count) + WARM)), flush=True)


if __name__ == "__main__":
    main()
