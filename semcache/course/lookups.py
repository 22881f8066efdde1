"""The record of the lookup's benchmark, and what else lesson 10 shows of lookups."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from semcache.index.matrix import COMFORTABLE
from semcache.lab.data import FOLDER
from semcache.lab.traffic import load_phrasings
from semcache.lab.vectors import StoredVectors

__all__ = ["Measured", "second_best", "show_memory"]


class Measured:
    """A record of ``benchmarks/semantic_lookup.py``.

    Attributes:
        about: When and where it was measured.
    """

    def __init__(self, path: Path = FOLDER / "semantic_lookup.json") -> None:
        record: Any = json.loads(path.read_text(encoding="utf-8"))
        made = record["environment"]
        self.about = f"{made['date']}; {made['processor']}; Redis {made['redis-server']}"
        self._runs: list[Any] = sorted(record["runs"], key=lambda run: run["entries"])

    def milliseconds(self, name: str, dims: int) -> dict[int, float]:
        """Return the median time of one lookup by the number of entries.

        Example:
            >>> list(Measured().milliseconds("MatrixIndex", dims=384))
            [1000, 10000, 100000]
        """
        found = {}
        for run in self._runs:
            for row in run["subjects"]:
                if row["name"] == name and run["dims"] == dims:
                    found[run["entries"]] = 1e3 * row["one"]["median"]
        return found

    def worst_recall(self, name: str) -> float:
        """Return the smallest recall@1 of all runs."""
        rows = (row for run in self._runs for row in run["subjects"])
        return min(float(row["recall"]) for row in rows if row["name"] == name)


def second_best(threshold: float) -> str:
    """Say how often the nearest stored text, and how often the second, answers wrongly.

    Every third question of the support desk is asked, the others are stored; those count that have
    two stored texts at the threshold or above.

    Example:
        >>> print(second_best(0.9))
        183 questions with two stored texts at 0.9: the nearest answers 88 wrongly, the second 116
    """
    phrasings = load_phrasings()
    vectors = StoredVectors().get_embeddings_batch([phrasing.text for phrasing in phrasings])
    answers = np.array([phrasing.answer for phrasing in phrasings])
    asked = np.arange(len(phrasings)) % 3 == 0
    similarities, right = vectors[asked] @ vectors[~asked].T, answers[asked]
    wrong = []
    for similarity, answer in zip(similarities, right, strict=True):
        nearest, second = np.argsort(-similarity, kind="stable")[:2]
        if similarity[second] >= threshold:
            wrong.append(answers[~asked][[nearest, second]] != answer)
    by_nearest, by_second = np.sum(wrong, axis=0) if wrong else (0, 0)
    return (
        f"{len(wrong)} questions with two stored texts at {threshold:g}: the nearest answers "
        f"{by_nearest} wrongly, the second {by_second}"
    )


def show_memory(rows: Iterable[tuple[int, int, int, float, float, float, float, str]]) -> None:
    """Print what the vectors take, in MB.

    Args:
        rows: Of each size the entries, dims and processes; the bytes in Redis with MatrixIndex and
            with VectorSetIndex; the bytes of the matrix in one process and in all; what best_index
            takes.

    Example:
        >>> show_memory([(3_000, 384, 4, 4e6, 8e6, 5e6, 18e6, "MatrixIndex")])
                                       MB in Redis, with            MB of a matrix
          entries   dims  processes  MatrixIndex  VectorSetIndex    each   in all  best_index
            3,000    384          4            4               8       5       18  MatrixIndex
        best_index takes MatrixIndex up to 100,000 entries
    """
    print(f"{'':31}MB in Redis, with            MB of a matrix")
    print("  entries   dims  processes  MatrixIndex  VectorSetIndex    each   in all  best_index")
    for entries, dims, processes, *sizes, index in rows:
        as_hash, as_set, each, in_all = (f"{size / 1e6:,.0f}" for size in sizes)
        print(
            f"{entries:9,}{dims:7,}{processes:11}{as_hash:>13}{as_set:>16}{each:>8}{in_all:>9}  "
            f"{index}"
        )
    print(f"best_index takes MatrixIndex up to {COMFORTABLE:,} entries")
