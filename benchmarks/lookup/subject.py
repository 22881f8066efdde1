"""What every subject is given and gives back, and the time that it may take to fill."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import redis

from benchmarks.lookup.corpus import Corpus, Query

__all__ = ["Ask", "Make", "OverBudget", "Recipe", "Store"]

PATIENCE = 5  # seconds before a projection counts

Ask = Callable[[Query], str | None]  # one lookup: the answer's text, None for a miss


class OverBudget(Exception):
    """Filling a subject takes, or would take, longer than it may."""


@dataclass(frozen=True)
class Store:
    """What one subject is built on.

    Attributes:
        corpus: What it is to hold, and what it will be asked.
        url: A server of its own, empty at first.
        folder: A folder of its own, for what does not go to Redis.
        seconds: How long it may take to fill.
    """

    corpus: Corpus
    url: str
    folder: Path
    seconds: float

    def client(self, **options: Any) -> Any:
        # The tutorial's lookup makes the server think for longer than redis-py would wait.
        return redis.Redis.from_url(self.url, socket_timeout=300, **options)

    def batches(self, size: int = 500) -> Iterator[range]:
        """Yield the numbers of all entries, some at a time.

        Raises:
            OverBudget: By the rate so far, the rest would not be done in time. Graphs grow slower
                as they grow larger, so that this gives up later than it might, never too early.
        """
        entries, start = len(self.corpus.questions), time.perf_counter()
        for first in range(0, entries, size):
            spent = time.perf_counter() - start
            if first and spent > PATIENCE and spent * entries / first > self.seconds:
                raise OverBudget(
                    f"not built within {self.seconds:.0f} s: {first:,} entries took {spent:.0f} s"
                )
            yield range(first, min(first + size, entries))


# Fills a store; what it returns opens a reader that has seen none of the writing.
Make = Callable[[Store], Callable[[], Ask]]


class Recipe(NamedTuple):
    """A subject to be built.

    Attributes:
        name: What the tables call it.
        role: ``"floor"``, ``"raw"``, ``"ours"``, ``"source"`` or ``"peer"``.
        make: Fills a store and returns what opens it.
        of: The name of another subject, whose store is asked in this other way: ``make`` finds it
            filled.
        exact: Whether it compares with every entry, so that it cannot miss the nearest.
        search: Whether its server needs the search module.
        most: The most numbers, entries times dims, that it is worth waiting for.
    """

    name: str
    role: str
    make: Make
    of: str = ""
    exact: bool = False
    search: bool = False
    most: int = 1_000_000_000
