"""The tables of whole requests."""

from typing import Any

from benchmarks.report import table

__all__ = ["NAMES", "embedding_cache_saves", "markdown"]

NAMES = {
    "model": "embedding model",
    "redis": "Redis round trips",
    "redis-py": "redis-py",
    "api": "API client and stand-in",
    "ours": "semcache",
}
PATHS = """\
An exact hit asks a question that the cache holds. A semantic hit asks it after a greeting, with a
text that the exact tier does not hold; its embedding is in the embedding cache, or is computed. A
miss asks the same way but at threshold 1, which only the very same text reaches; its answer is
kept, so the cache grows by the misses. No verifier is set."""
NOTES = """\
Medians of requests by one caller; the paths take turns. "Redis round trips" is what the client
waits at the socket, and "redis-py" what that library computes around it. "API client and
stand-in" is openai's own client and the offline API inside this process: its time is not that of
an LLM, which takes hundreds of milliseconds or more; only the embedding model is real, and it is
counted apart. "semcache" is everything else: ours. "Whole" is a request with these clocks,
"without clocks" one of a second cache that has none."""
LOADS = """\
Every caller asks its next question as soon as the last is answered. The threads are Python
threads of one process, and the offline API and the model run in it too: 32 callers get no more than
the cores and the interpreter lock give them, and wait the longer. The async callers are tasks of
one event loop over AsyncHybridLLMCache: one thread, so no faster than threads; the model of the
offline API computes in threads of its own."""


def embedding_cache_saves(result: dict[str, Any]) -> dict[str, float]:
    """Return the seconds of a semantic hit without and with the embedding at hand."""
    whole = {row["path"]: row["unmetered"]["median"] for row in result["parts"]}
    new, cached = whole["semantic hit, new text"], whole["semantic hit, embedding cached"]
    return {"new": new, "cached": cached, "saves": new - cached, "share": 1 - cached / new}


def markdown(result: dict[str, Any]) -> str:
    """Return the tables of one run; also what the terminal shows."""
    head = ["microseconds", *NAMES.values(), "whole", "without clocks", "p95"]
    lines = ["## Where the time goes", "", *table(head, [_parts(r) for r in result["parts"]]), ""]
    lines += [PATHS, "", NOTES, "", _saved(result), "", _overhead(result), ""]
    head = ["", "callers", "threads: median, ms", "p95", "a second", "async: median, ms", "p95"]
    lines += ["## Many callers", "", *table([*head, "a second"], _loads(result["loads"])), ""]
    lines += [LOADS, "", _scaling(result["model"]), "", _strays(result)]
    for part in ("settings", "environment"):
        lines += ["", "; ".join(f"{name} {value}" for name, value in result[part].items())]
    return "\n".join(lines)


def _parts(row: dict[str, Any]) -> list[str]:
    seconds = [*(row["parts"][part] for part in NAMES), row["parts"]["whole"]]
    seconds += [row["unmetered"]["median"], row["unmetered"]["p95"]]
    return [row["path"], *(f"{second * 1e6:,.0f}" for second in seconds)]


def _saved(result: dict[str, Any]) -> str:
    saved = embedding_cache_saves(result)
    return (
        f"With its embedding in the embedding cache, a semantic hit takes "
        f"{saved['cached'] * 1e3:.2f} ms instead of {saved['new'] * 1e3:.2f} ms: the embedding "
        f"cache takes off {saved['share']:.0%}."
    )


def _overhead(result: dict[str, Any]) -> str:
    ours = [f"{row['path']} {row['parts']['ours'] * 1e6:.0f}" for row in result["parts"]]
    return f"Our own overhead without Redis, redis-py, API and model, in us: {'; '.join(ours)}."


def _loads(rows: list[dict[str, Any]]) -> list[list[str]]:
    cells: dict[tuple[str, int], list[str]] = {}
    for row in rows:  # threads come before async
        cells.setdefault((row["path"], row["callers"]), []).extend(
            [f"{row['median'] * 1e3:.2f}", f"{row['p95'] * 1e3:.2f}", f"{row['per_second']:,.0f}"]
        )
    return [[path, str(callers), *found] for (path, callers), found in cells.items()]


def _scaling(rows: list[dict[str, float]]) -> str:
    speeds = [f"{row['per_second']:.0f} with {row['threads']}" for row in rows]
    return (
        "The embedding model computes on one core a call and releases the interpreter lock. Alone, "
        f"in texts a second by threads that ask: {', '.join(speeds)}."
    )


def _strays(result: dict[str, Any]) -> str:
    found = [row for row in (*result["parts"], *result["loads"]) if row["other tier"]]
    count = sum(row["other tier"] for row in found)
    return f"Requests answered by another tier than their path's: {count}."
