"""What stands beside the idea of lesson 13: desks, their log and weeks, and a server's memory."""

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import TypeVar

from semcache.lab.data import FOLDER, read_rows
from semcache.lab.traffic import load_phrasings, zipf_stream

__all__ = ["DESKS", "memory_of", "week_of", "write_log"]

DESKS = tuple(f"desk-{number:02}" for number in range(1, 11))
_EACH = 60  # questions of a desk in a week
_BEGIN = datetime(2026, 10, 1, tzinfo=UTC)

T = TypeVar("T")


def write_log(path: Path) -> None:
    """Write the log of the ten desks as CSV: each text once, an hour after the one before.

    Its columns are time, tenant (the desk), language, question and answer.
    """
    answers = {row["id"]: row["answer"] for row in read_rows(FOLDER / "answers.jsonl")}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "tenant", "language", "question", "answer"])
        for hour, p in enumerate(_shuffled(load_phrasings(), seed=13)):
            time = (_BEGIN + timedelta(hours=hour)).isoformat()
            answer = answers[f"{p.answer}.{p.language}"]
            writer.writerow([time, _desk_of()[p.intent], p.language, p.text, answer])


def week_of(week: int) -> list[tuple[str, str]]:
    """Return what is asked in a week, in its order: 60 times a desk and a text of its topics.

    Example:
        >>> len(week_of(1)), week_of(1) == week_of(1), week_of(1) == week_of(2)
        (600, True, False)
    """
    requests = []
    for desk in DESKS:
        own = [p.text for p in load_phrasings() if _desk_of()[p.intent] == desk]
        texts = _shuffled(own, seed=f"{week} {desk}")  # the most popular first
        requests += [(desk, text) for text in zipf_stream(texts, _EACH, exponent=0.8, seed=week)]
    return _shuffled(requests, seed=week)


def memory_of(server: Mapping[str, str]) -> tuple[str, bool]:
    """Return a line about a server's memory, and whether it may fill up without harm.

    Args:
        server: What ``CONFIG GET`` says of its memory.

    Example:
        >>> memory_of({"maxmemory": "0", "maxmemory-policy": "noeviction"})
        ('memory: noeviction, limit 0', False)
    """
    limit, policy = int(server["maxmemory"]), server["maxmemory-policy"]
    return f"memory: {policy}, limit {limit}", limit > 0 and policy == "allkeys-lru"


@cache
def _desk_of() -> dict[str, str]:
    topics = dict.fromkeys(p.intent for p in load_phrasings())
    return {topic: DESKS[at % len(DESKS)] for at, topic in enumerate(topics)}


def _shuffled(items: Iterable[T], seed: int | str) -> list[T]:
    """Return items in random order, the same each time."""
    draw = Random(seed).random
    return sorted(items, key=lambda _: draw())
