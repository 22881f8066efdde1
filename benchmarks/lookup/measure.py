"""Ask every subject the same held-out questions: are its answers right, and how soon are they?"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.lookup.build import Built, Filled, open_one
from benchmarks.lookup.corpus import Corpus, Query
from benchmarks.measure import Timing, time_in_turns

__all__ = ["Check", "check", "measure", "open_and_check"]

SECONDS = 1.5  # for a subject's turns
ROUNDS, MOST_CALLS = 40, 12
SLOW = 0.3  # seconds; a lookup that takes longer is timed while it is checked, and not again
TIE = 1e-4  # of similarity: a difference that the order of a sum can make, with room


@dataclass(frozen=True)
class Check:
    """What a subject answered.

    Attributes:
        asked: How many questions it was asked.
        right: For how many it gave the answer of the exact scan.
        timing: How long each took.
    """

    asked: int
    right: int
    timing: Timing

    @property
    def recall(self) -> float:
        return self.right / self.asked


def check(built: Built, corpus: Corpus, queries: list[Query], seconds: float = 3) -> Check:
    """Ask until all questions are asked or the time is up.

    Raises:
        AssertionError: An answer belongs to no entry, or a subject that compares with every
            entry gave one that is clearly not the nearest.
    """
    row_of = {answer: row for row, answer in enumerate(corpus.answers)}
    right, timing, start = 0, Timing(), time.perf_counter()
    for query in queries:
        before = time.perf_counter()
        answer = built.ask(query)
        after = time.perf_counter()
        timing.seconds.append(after - before)
        if built.recipe.role != "floor":
            _must_fit(built, query, answer, corpus, row_of)
        right += answer == query.answer
        if after - start > seconds:
            break
    return Check(len(timing.seconds), right, timing)


def _must_fit(
    built: Built, query: Query, answer: str | None, corpus: Corpus, row_of: dict[str, int]
) -> None:
    name = built.recipe.name
    assert answer is None or answer in row_of, f"{name} made up an answer: {answer!r}"
    if built.recipe.exact and answer != query.answer:
        assert answer is not None, f"{name} missed {query.text!r}"
        rows = [row_of[answer], row_of[query.answer]]
        got, best = corpus.vectors[rows] @ query.vector
        assert best - got < TIE, f"{name} answered {query.text!r} from {got}, not {best}"


def open_and_check(filled: Filled, corpus: Corpus, queries: list[Query]) -> tuple[Built, Check]:
    """Open a subject and ask it everything once, before it is timed among the others."""
    built = open_one(filled, queries[0], len(corpus.questions))
    return built, check(built, corpus, queries)


def measure(subjects: list[tuple[Built, Check]], queries: list[Query]) -> dict[str, dict[str, Any]]:
    """Return time, recall and sizes of every subject, by name."""
    quick = {b.recipe.name: (b.ask, c.timing.median) for b, c in subjects}
    quick = {name: both for name, both in quick.items() if both[1] < SLOW}
    calls = {
        name: float(np.clip(SECONDS / ROUNDS / seconds, 5 / ROUNDS, MOST_CALLS))
        for name, (_, seconds) in quick.items()
    }
    asks = {name: ask for name, (ask, _) in quick.items()}
    timings = time_in_turns(asks, queries, ROUNDS, calls)
    return {b.recipe.name: _row(b, c, timings) for b, c in subjects}


def _row(built: Built, check: Check, timings: dict[str, Timing]) -> dict[str, Any]:
    filled, stores = built.filled, built.filled.where
    return {
        "one": timings.get(built.recipe.name, check.timing).summary(),
        "recall": check.recall if stores else None,
        "asked": check.asked,
        "stored": filled.stored if stores else None,
        "where": stores,
        "process": built.process if stores and built.process == built.process else None,
        "built": filled.seconds if stores else None,
        "first": built.first if stores else None,
    }
