"""Measure stampedes, a Redis that hangs and many threads; write benchmarks/results/faults.md.

    python -m benchmarks.faults              about a minute; writes benchmarks/results/faults.*
    python -m benchmarks.faults --quick      the same with fewer entries; only prints

A Redis that this program starts and ends, a port that hangs, and a stand-in for the API, all on
loopback. "Before" is the same code with one protection switched off, measured in the same run.
Figures of commit ab8968a, which had none of them, are quoted where they were measured alike.
"""

import argparse
import json
import logging
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.failing import clusters, outages, stampedes, threads
from benchmarks.report import RESULTS, environment, table
from semcache.lab.redis_server import start_redis

PACKAGES = ("numpy", "redis", "hiredis", "openai")
OFF = {
    "stampede": "a cache object for each caller",
    "outage": "a breaker that always admits",
    "pool": "no wait for a connection",
}


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: What is measured.
        before: With the protection switched off.
        after: As it is.
        promise: What it should be.
        kept: Whether it is; ``None`` where nothing is promised.
        once: The figure of commit ab8968a, where there is one.
    """

    what: str
    before: str
    after: str
    promise: str
    kept: bool | None
    once: str = ""

    @property
    def verdict(self) -> str:
        return "" if self.kept is None else "kept" if self.kept else "not kept"


def run(entries: int) -> dict[str, Any]:
    """Measure everything; return the rows and where they were measured."""
    logging.getLogger("semcache").addHandler(logging.NullHandler())
    start = time.perf_counter()
    with start_redis() as server:
        rows = [
            *new_text_rows(server.url),
            expiry_row(server.url),
            *outage_rows(),
            *pool_rows(server.url),
            *hit_rows(server.url, entries),
            *[cluster_row(size) for size in (entries, 5 * entries)],
        ]
        version = server.version
    return {
        "environment": environment(version, PACKAGES),
        "seconds": round(time.perf_counter() - start),
        "rows": [{**vars(row), "verdict": row.verdict} for row in rows],
    }


def new_text_rows(url: str) -> list[Row]:
    return [
        Row(
            f"API calls of {stampedes.CALLERS} callers of one new text, {name}",
            str(before), str(after), "1", after == 1, "32",
        )
        for name, (before, after) in stampedes.one_new_text(url).items()
    ]  # fmt: skip


def expiry_row(url: str) -> Row:
    before, after = stampedes.at_expiry(url)
    what = "LLM calls for a hot question, TTL 1 s, over 4.5 s"
    return Row(what, str(before), str(after), "at most 5", after <= 5, "96")


def outage_rows() -> list[Row]:
    before, after, bare = outages.hanging()
    extra = outages.extra_milliseconds()
    return [
        Row(
            "of 200 requests on 32 threads, Redis hanging: waited over 0.5 s",
            str(before.waited), str(after.waited), "at most 40", after.waited <= 40, "200",
        ),
        Row(
            f"requests a second after that ({bare:,.0f} without a cache)",
            f"{before.per_second:,.0f}", f"{after.per_second:,.0f}", "", None, "27",
        ),
        Row(
            "ms more for a request in the outage than without a cache, median",
            f"{extra[0]:,.2f}", f"{extra[1]:,.2f}", "at most 1", extra[1] <= 1, "1,010",
        ),
    ]  # fmt: skip


def pool_rows(url: str) -> list[Row]:
    before, after = threads.few_connections(url)
    what = f"{threads.THREADS} threads, {threads.CONNECTIONS} connections, one cached question:"
    return [
        Row(
            f"{what} LLM calls paid in {threads.REQUESTS:,}",
            str(before[0]), str(after[0]), "0", after[0] == 0, "964",
        ),
        Row("the same: stats.overloads", str(before[1]), str(after[1]), "", None),
    ]  # fmt: skip


def hit_rows(url: str, entries: int) -> list[Row]:
    rates, alone = threads.hits_per_second(url, entries), threads.gets_per_second(url)
    ratio = rates[8] / rates[1]
    what = f"semantic hits a second at {entries:,} entries,"
    return [
        Row(f"{what} 1 thread", "", f"{rates[1]:,.0f}", "", None, "2,693"),
        Row(f"{what} 8 threads", "", f"{rates[8]:,.0f}", "", None, "1,970"),
        Row("8 threads against 1", "", f"{ratio:.2f}x", "at least 1x", ratio >= 1, "0.73x"),
        Row(
            "8 threads against 1, GET by redis-py alone",
            "",
            f"{alone[8] / alone[1]:.2f}x",
            "",
            None,
        ),
    ]


def cluster_row(entries: int) -> Row:
    ratio = clusters.against_product(entries)
    what = f"a search of {entries:,} vectors in {clusters.CLUSTERS} tight clusters to a product"
    return Row(what, "", f"{ratio:.2f}x", "at most 1x", ratio <= 1)


def markdown(result: dict[str, Any]) -> str:
    """Return the table of one run; also what the terminal shows."""
    head = ["", "before", "after", "promise", "", "at ab8968a"]
    names = ("what", "before", "after", "promise", "verdict", "once")
    lines = table(head, [[row[name] for name in names] for row in result["rows"]])
    lines += ["", "Before: the same code in the same run with one protection switched off ("]
    lines[-1] += "; ".join(f"{name}: {how}" for name, how in OFF.items()) + "). At ab8968a: as "
    lines[-1] += "measured then, on another day, before there was any of them. Counts move by a few"
    lines[-1] += " from run to run; the hits a second depend on the machine."
    lines += ["", f"One run of {result['seconds']} seconds. "]
    lines[-1] += "; ".join(f"{name} {value}" for name, value in result["environment"].items())
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="1,000 entries; write nothing")
    options = parser.parse_args()
    result = run(1_000 if options.quick else 10_000)
    text = markdown(result)
    print(text)
    if not options.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "faults.json").write_text(json.dumps(result, indent=2) + "\n")
        (RESULTS / "faults.md").write_text(f"# Outages, stampedes and threads\n\n{text}\n")


if __name__ == "__main__":
    main()
