"""Measure the embedding caches beside their peers, the tutorial code and the floor.

    python -m benchmarks.embedding_caches            about two minutes; writes benchmarks/results/
    python -m benchmarks.embedding_caches --quick    half a minute, fewer entries; only prints
    python -m benchmarks.embedding_caches --same-core    client and server share one core

All subjects take turns in one run, on one real Redis that this program starts and ends, with
real vectors of 1,536 dimensions (see workload.py). Only hits are measured.
"""

import argparse
import os
import time
from dataclasses import asdict
from typing import Any

from benchmarks.measure import size_per_entry, time_in_turns, verify
from benchmarks.report import RESULTS, environment, markdown, targets, write
from benchmarks.subjects import Missing, Subject, build
from benchmarks.workload import DIMS, embed_questions, questions
from semcache.codecs import Vector
from semcache.lab.redis_server import start_redis

SECONDS, FEWEST = 4.0, 10  # for the batches of one subject; how many at least


def run(entries: int, rounds: int, batch_rounds: int, calls: int = 20) -> dict[str, Any]:
    """Build all subjects, check that they agree, measure them, and return one result."""
    texts = questions(entries)
    vectors = embed_questions(texts)
    with start_redis() as server:
        built = list(build(server.url, texts, vectors))
        subjects = [subject for subject in built if isinstance(subject, Subject)]
        spent = {subject.name: seconds_of(subject, texts, vectors) for subject in subjects}
        batches = {name: fitting(seconds, batch_rounds) for name, seconds in spent.items()}
        one = time_in_turns({s.name: s.one for s in subjects}, texts, rounds, calls)
        many = time_in_turns({s.name: s.many for s in subjects}, [texts], batch_rounds, batches)
        rows = [
            {"name": s.name, "role": s.role, "missing": s.reason}
            if isinstance(s, Missing)
            else {
                "name": s.name,
                "role": s.role,
                "one": one[s.name].summary(),
                "many": many[s.name].summary(),
                **asdict(size_per_entry(s, entries)),
            }
            for s in built
        ]
    return {
        "environment": environment(server.version),
        "settings": {"dims": DIMS, "entries": entries},
        "subjects": rows,
        "targets": [target.as_dict() for target in targets(rows)],
    }


def seconds_of(subject: Subject, texts: list[str], vectors: Vector) -> float:
    """Check the subject's answers; return about what a batch takes."""
    start = time.perf_counter()
    verify(subject, texts, vectors)
    return time.perf_counter() - start


def fitting(seconds: float, rounds: int) -> float:
    """How many batches a turn of one that takes so long: all of a slow one's within its time."""
    return min(1.0, max(FEWEST / rounds, SECONDS / rounds / seconds))


def save(result: dict[str, Any], name: str) -> None:
    """Write the result as JSON, markdown and a picture."""
    from benchmarks.picture import draw  # matplotlib is not needed for --quick

    caption = "Medians of the table below, as bars on log scales"
    write(result, name, "Embedding caches", caption, markdown(result))
    draw(result, RESULTS / f"{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer entries; write nothing")
    parser.add_argument("--same-core", action="store_true", help="on one core (Linux)")
    options = parser.parse_args()
    if options.same_core:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # the server inherits it
    if options.quick:
        print(markdown(run(entries=200, rounds=50, batch_rounds=15)))
        return
    result = run(entries=1_000, rounds=150, batch_rounds=30)
    save(result, "embedding_caches" + "_same_core" * options.same_core)
    print(markdown(result))


if __name__ == "__main__":
    main()
