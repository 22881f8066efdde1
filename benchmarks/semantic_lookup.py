"""Measure one semantic lookup that hits: semcache, its peers, the tutorial code, the floors.

    python -m benchmarks.semantic_lookup            about six minutes; writes benchmarks/results/
    python -m benchmarks.semantic_lookup --long     also 100,000 entries of 1,536 dims: twice that
    python -m benchmarks.semantic_lookup --quick    a minute, 1,000 entries; only prints
    python -m benchmarks.semantic_lookup --same-core    clients and servers share one core

The embedding is at hand; what is timed is from there to the answer's text. All subjects of one
size take turns, each on a real Redis 8 of its own that this program starts and ends.
"""

import argparse
import os
import sys
from functools import partial
from typing import Any

from benchmarks.lookup.build import Filled, attempt, build
from benchmarks.lookup.corpus import Corpus, load
from benchmarks.lookup.floors import FLOORS, RAW
from benchmarks.lookup.measure import measure, open_and_check
from benchmarks.lookup.ours import OURS, SOURCE
from benchmarks.lookup.peers import PEERS
from benchmarks.lookup.report import PACKAGES, markdown, targets
from benchmarks.lookup.subject import Recipe
from benchmarks.report import RESULTS, environment, write
from benchmarks.subjects import Missing
from semcache.lab.redis_server import start_redis

SUBJECTS = (*FLOORS, *RAW, *OURS, *SOURCE, *PEERS)
SIZES = [(384, 1_000), (384, 10_000), (384, 100_000), (1_536, 1_000), (1_536, 10_000)]
LARGEST = [(1_536, 100_000)]


def run(
    sizes: list[tuple[int, int]], asked: int, seconds: float, recipes: tuple[Recipe, ...] = SUBJECTS
) -> dict[str, Any]:
    """Measure the subjects at each size.

    Args:
        sizes: Pairs of dims (384 or 1536) and entries.
        asked: How many held-out questions there are at most.
        seconds: How long filling one subject may take.
        recipes: The subjects.
    """
    small = load(max(entries for _, entries in sizes), asked)
    runs, lifted = [], None
    for dims, entries in sizes:
        corpus = small if dims == small.vectors.shape[1] else (lifted := lifted or small.lifted())
        print(f"{dims} dims, {entries:,} entries", file=sys.stderr)
        rows = run_one(recipes, corpus.first(entries), seconds)
        runs.append({"dims": dims, "entries": entries, "subjects": rows})
    with start_redis() as server:
        versions = environment(server.version, PACKAGES)
    return {
        "environment": versions,
        "settings": {"asked": len(small.asked), "seconds to fill, at most": seconds},
        "runs": runs,
        "targets": [target.as_dict() for target in targets(runs)],
    }


def run_one(recipes: tuple[Recipe, ...], corpus: Corpus, seconds: float) -> list[dict[str, Any]]:
    """Return a row for every subject, measured or missing, at one size."""
    queries = corpus.queries()
    with build(recipes, corpus, seconds) as filled:
        checked = [
            attempt(f.recipe, partial(open_and_check, f, corpus, queries))
            if isinstance(f, Filled)
            else f
            for f in filled
        ]
        measured = measure([c for c in checked if not isinstance(c, Missing)], queries)
    return [
        {"name": c.name, "role": c.role, "missing": c.reason}
        if isinstance(c, Missing)
        else {"name": r.name, "role": r.role, **measured[r.name]}
        for r, c in zip(recipes, checked, strict=True)
    ]


def save(result: dict[str, Any], name: str) -> None:
    """Write the result as JSON, markdown and a picture."""
    from benchmarks.lookup.picture import draw  # matplotlib is not needed for --quick

    caption = "Median time of a lookup over the number of entries, on log scales"
    write(result, name, "One semantic lookup that hits", caption, markdown(result))
    draw(result, RESULTS / f"{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="1,000 entries; write nothing")
    parser.add_argument("--same-core", action="store_true", help="on one core (Linux)")
    parser.add_argument("--long", action="store_true", help="100,000 entries of 1,536 dims, too")
    parser.add_argument("--seconds", type=float, default=300, help="to fill one subject, at most")
    options = parser.parse_args()
    if options.same_core:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # the servers inherit it
    if options.quick:
        print(markdown(run([(384, 1_000)], asked=100, seconds=options.seconds)))
        return
    result = run([*SIZES, *LARGEST] if options.long else SIZES, asked=400, seconds=options.seconds)
    if not options.long:
        result["settings"]["only with --long"] = "100,000 entries of 1,536 dims"
    save(result, "semantic_lookup" + "_same_core" * options.same_core)
    print(markdown(result))


if __name__ == "__main__":
    main()
