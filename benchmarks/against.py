"""Measure hits of this checkout beside those of an earlier commit.

    python -m benchmarks.against COMMIT            two minutes; writes benchmarks/results/against.*
    python -m benchmarks.against COMMIT --quick    half a minute; only prints

Two processes, one of each commit, serve the same questions from one Redis. They take turns of a
tenth of a second in random order, so whatever disturbs the machine disturbs both; each turn is
compared with the other's turn beside it, and the median of these ratios counts.
"""

import argparse
import io
import json
import random
import statistics
import subprocess
import sys
import tarfile
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.report import RESULTS, Target, environment, table
from semcache.lab.redis_server import start_redis

ROOT = Path(__file__).parent.parent
PACKAGES = ("semcache-course", "numpy", "redis", "hiredis", "openai")
ENTRIES = 1_000
TURN = {"exact": 400, "semantic": 60, "embedding": 400}  # requests
SAID = {
    "exact": "exact hit",
    "semantic": "semantic hit, embedding cached",
    "embedding": "embedding hit",
}
WARM_UP = 3  # turns of each; in these every question is asked once
PROMISED = 1.05

Turns = list[tuple[float, float]]


class Server:
    """A process that serves hits by the code of one checkout."""

    def __init__(self, checkout: Path, url: str, scope: str, entries: int) -> None:
        what = str(checkout), url, scope, str(entries)
        program = [sys.executable, "benchmarks/whole/hits.py", *what]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(program, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        self._line()

    def turn(self, path: str, count: int) -> tuple[float, float]:
        """Return the seconds and the processor's seconds of one of so many requests."""
        assert self._process.stdin is not None
        print(path, count, file=self._process.stdin, flush=True)
        seconds, processor = map(float, self._line().split())
        return seconds, processor

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"a process that serves hits ended with {self._process.wait()}")
        return line


def unpack(commit: str, folder: Path) -> Path:
    """Write the files of a commit into a folder, and return it."""
    command = ["git", "archive", "--format=tar", commit]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if made.returncode:
        raise SystemExit(f"git has no such commit: {made.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # not in 3.11.0 to 3.11.3
        archive.extractall(folder)
    return folder


def run(commit: str, rounds: int, turn: dict[str, int], entries: int = ENTRIES) -> dict[str, Any]:
    """Measure all paths, in turns.

    Args:
        commit: The earlier one, as git names it.
        rounds: Turns of each process and path that are counted.
        turn: How many requests of a path are a turn.
        entries: How many questions are stored.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        before = unpack(commit, folder)
        redis = stack.enter_context(start_redis())
        servers = {}
        for name, checkout in (("before", before), ("now", ROOT)):
            servers[name] = Server(checkout, redis.url, name, entries)
            stack.callback(servers[name].close)
        measured = {path: _take_turns(servers, path, turn[path], rounds) for path in turn}
    rows = [{"path": SAID[path], **_compared(**turns)} for path, turns in measured.items()]
    promises = [Target(row["path"], row["time"], PROMISED, True).as_dict() for row in rows]
    return {
        "environment": environment(redis.version, PACKAGES),
        "commit": commit,
        "rounds": rounds,
        "rows": rows,
        "targets": promises,
    }


def _take_turns(servers: dict[str, Server], path: str, count: int, rounds: int) -> dict[str, Turns]:
    turns: dict[str, Turns] = {name: [] for name in servers}
    shuffled = random.Random(7)
    for _ in range(WARM_UP + rounds):
        for name in shuffled.sample(list(servers), len(servers)):
            turns[name].append(servers[name].turn(path, count))
    return {name: taken[WARM_UP:] for name, taken in turns.items()}


def _compared(before: Turns, now: Turns) -> dict[str, float]:
    """Return the medians, in seconds, and those of the ratios of turns side by side."""
    pairs = list(zip(before, now, strict=True))
    return {
        "before": statistics.median(seconds for seconds, _ in before),
        "now": statistics.median(seconds for seconds, _ in now),
        "time": statistics.median(new[0] / old[0] for old, new in pairs),
        "processor": statistics.median(new[1] / old[1] for old, new in pairs),
    }


def markdown(result: dict[str, Any]) -> str:
    """Return the table and what was measured where."""
    rows = [
        [
            row["path"],
            f"{row['before'] * 1e6:,.0f}",
            f"{row['now'] * 1e6:,.0f}",
            f"{row['time']:.2f}x",
            f"{row['processor']:.2f}x",
            target["verdict"],
        ]
        for row, target in zip(result["rows"], result["targets"], strict=True)
    ]
    head = ["", "before, us", "now, us", "time", "processor", f"at most {PROMISED}x of the time"]
    where = "; ".join(f"{k} {v}" for k, v in result["environment"].items())
    return "\n".join(
        [
            *table(head, rows),
            "",
            f"Before is commit {result['commit']}. {result['rounds']} turns each. {where}",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("commit", help="the earlier one, such as v0.1.0 or HEAD~20")
    parser.add_argument("--quick", action="store_true", help="a few turns; write nothing")
    options = parser.parse_args()
    result = run(options.commit, 5 if options.quick else 80, TURN)
    text = markdown(result)
    print(text)
    if not options.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "against.json").write_text(json.dumps(result, indent=2) + "\n")
        (RESULTS / "against.md").write_text(f"# Hits, before and now\n\n{text}\n")


if __name__ == "__main__":
    main()
