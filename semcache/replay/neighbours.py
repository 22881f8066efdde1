"""Which of the texts that are cached lie near a text: for a block of requests, in one product.

What a design holds at that moment is another question, and each design answers it for itself: the
similarities are worked out once, among all texts that any design may still hold.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcache.answers.room import CANDIDATES
from semcache.codecs import Vector
from semcache.index.base import as_similarity
from semcache.index.packed import unit_rows

__all__ = ["Candidates", "Near", "Neighbours", "as_stored"]

Ints = NDArray[np.int32]
Candidates = list[tuple[int, float]]

FIRST_ROWS = 1_024
NUMBERS = 8_000_000  # similarities at a time: 32 MB
MOST = 64  # texts above the threshold that are sorted; there are hardly ever more
ROUNDING = 1e-6  # of a similarity, which is rounded to as much


def as_stored(directions: Vector) -> Vector:
    """Return directions, shape (n, dims), as an index gives them back: it keeps half precision."""
    return unit_rows(directions.astype(np.float16).astype(np.float32))


class Near(NamedTuple):
    """The texts near one text.

    Attributes:
        texts: The most similar first, those from the lowest threshold up.
        similarities: As float32, unrounded.
        whole: Whether these are all from the lowest threshold up.
        all_texts: Every text that there is.
        all_similarities: Of each of them.
    """

    texts: Ints
    similarities: Vector
    whole: bool
    all_texts: Ints
    all_similarities: Vector

    def alive(self, until: NDArray[np.float64], now: float, *, below: bool) -> Candidates:
        """Return the few nearest texts that have not expired, with their similarities.

        Args:
            until: When each text's answer expires.
            now: The time.
            below: Whether those below every threshold are wanted, too.
        """
        texts, similarities = self.texts, self.similarities
        at = np.flatnonzero(until[texts] > now)[:CANDIDATES]
        if len(at) < CANDIDATES and (below or not self.whole):
            texts, similarities = self.all_texts, self.all_similarities
            at = _largest(similarities, np.flatnonzero(until[texts] > now), CANDIDATES)
        return [(int(texts[i]), as_similarity(similarities[i])) for i in at.tolist()]


class Neighbours:
    """The texts of one scope that some design may hold, each a row of one block.

    Args:
        dims: Of a vector.
        least: The lowest threshold of all designs.
    """

    def __init__(self, dims: int, least: float) -> None:
        self._least = least - ROUNDING
        self._rows = np.empty((0, dims), np.float32)
        self._texts = np.empty(0, np.int32)
        self._size = 0

    def drop(self, is_held: Callable[[Ints], NDArray[np.bool_]]) -> None:
        """Forget texts that no design holds, once they are a quarter of all."""
        if self._size < FIRST_ROWS:
            return
        held = is_held(self._texts[: self._size])
        left = int(held.sum())
        if left < 0.75 * self._size:
            self._rows[:left] = self._rows[: self._size][held]
            self._texts[:left] = self._texts[: self._size][held]
            self._size = left

    def near(self, texts: Ints, directions: Vector) -> dict[int, Near]:
        """Add texts, of unit length and shape (m, dims); return what is near each of them."""
        new = ~np.isin(texts, self._texts[: self._size])
        self._add(texts[new], as_stored(directions[new]))
        found: dict[int, Near] = {}
        step = max(1, NUMBERS // self._size)
        for start in range(0, len(texts), step):
            products = directions[start : start + step] @ self._rows[: self._size].T
            for text, row in zip(texts[start : start + step].tolist(), products, strict=True):
                found[text] = self._near(row)
        return found

    def _near(self, row: Vector) -> Near:
        texts = self._texts[: self._size]
        at = np.flatnonzero(row >= self._least)
        whole = len(at) <= MOST
        at = _largest(row, at, MOST)
        return Near(texts[at], row[at], whole, texts, row)

    def _add(self, texts: Ints, rows: Vector) -> None:
        size = self._size + len(texts)
        if size > len(self._texts):
            room = max(FIRST_ROWS, size, len(self._texts) * 3 // 2)
            grown = np.empty((room, self._rows.shape[1]), np.float32)
            grown[: self._size] = self._rows[: self._size]
            self._rows = grown
            self._texts = np.concatenate([self._texts, np.empty(room, np.int32)])[:room]
        self._rows[self._size : size] = rows
        self._texts[self._size : size] = texts
        self._size = size


def _largest(values: Vector, at: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return up to ``count`` of the positions, those of the largest values, in falling order."""
    if len(at) > count:
        at = at[np.argpartition(values[at], len(at) - count)[-count:]]
    return at[np.argsort(-values[at], kind="stable")]
