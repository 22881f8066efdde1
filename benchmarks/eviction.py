"""Measure what a full Redis does to answers, embeddings, streams and marks of deletions.

    python -m benchmarks.eviction            a minute or two; writes benchmarks/results/eviction.*
    python -m benchmarks.eviction --quick    fewer requests; only prints

A Redis that this program starts and ends, and an API in this process. The same traffic for each
policy: two processes in turns, four wordings of each of 3,000 things, some asked far more often
than others, with deletions, some of them of answers that are just on their way. It does not fit:
the server may hold some megabytes more than empty.
"""

import argparse
import json
import logging
import time
from typing import Any

from benchmarks.evicting.trial import Outcome, trial
from benchmarks.report import RESULTS, environment, table
from semcache.index import MatrixIndex, VectorSetIndex
from semcache.lab.redis_server import start_redis

PACKAGES = ("numpy", "redis", "hiredis", "openai")
POLICIES = ("allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-ttl", "noeviction")
INDEXES = {"matrix": MatrixIndex, "vector set": VectorSetIndex}
MEGABYTES = 4.0
LINES = (("room enough", "noeviction", 1_000.0), *((name, name, MEGABYTES) for name in POLICIES))


def run(requests: int) -> dict[str, Any]:
    """Measure every policy with every index, and with memory enough; return the rows."""
    logging.getLogger("semcache").addHandler(logging.NullHandler())
    start, rows = time.perf_counter(), []
    with start_redis() as server:
        for index, made_of in INDEXES.items():
            for name, policy, megabytes in LINES:
                outcome = trial(server.url, policy, made_of, megabytes, requests)
                rows.append({"policy": name, "index": index, **vars(outcome)})
        version = server.version
    return {
        "environment": environment(version, PACKAGES),
        "seconds": round(time.perf_counter() - start),
        "requests": requests,
        "megabytes": MEGABYTES,
        "rows": rows,
    }


HEAD = ["policy", "index", "keys evicted", "exact left", "similar left", "embeddings left",
        "hit rate", "errors", "deletions refused", "wrong: copies", "wrong: late",
        "index lost", "found again", "marks left"]  # fmt: skip


def cells(row: dict[str, Any]) -> list[str]:
    """Return one line of the table."""
    of = Outcome(**{name: value for name, value in row.items() if name not in ("policy", "index")})
    counts = [of.evicted, of.exact, of.similar, of.embeddings]
    return [
        row["policy"], row["index"], *[f"{count:,}" for count in counts], f"{of.hit_rate:.1%}",
        f"{of.errors:,}", f"{of.undeleted:,}", str(of.copies), str(of.late),
        str(of.lost), str(of.healed), f"{of.marks:,}",
    ]  # fmt: skip


def markdown(result: dict[str, Any]) -> str:
    """Return the table of one run; also what the terminal shows."""
    lines = table(HEAD, [cells(row) for row in result["rows"]])
    lines += ["", f"{result['requests']:,} requests a line; {result['megabytes']:g} MB for all. "]
    lines[-1] += "Hit rate: of the second half. Index lost: times that the stream of changes "
    lines[-1] += "(matrix) or the set of vectors was found gone, and found there again. Wrong: "
    lines[-1] += (
        "served after its deletion, or to another question; copies are promoted ones whose "
    )
    lines[-1] += "list was evicted, late ones were on their way and their mark was evicted."
    lines += ["", f"One run of {result['seconds']} seconds. "]
    lines[-1] += "; ".join(f"{name} {value}" for name, value in result["environment"].items())
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="500 requests; write nothing")
    options = parser.parse_args()
    result = run(500 if options.quick else 3_000)
    text = markdown(result)
    print(text)
    if not options.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "eviction.json").write_text(json.dumps(result, indent=2) + "\n")
        (RESULTS / "eviction.md").write_text(f"# A full Redis\n\n{text}\n")


if __name__ == "__main__":
    main()
