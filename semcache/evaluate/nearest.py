"""For each question of a log the nearest earlier one, as a cache would meet them.

A cache that keeps every question compares each with all before it: half of n * n products. They
are taken in blocks, so that 100,000 questions of 384 numbers need 150 MB for the vectors and some
70 MB beside them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Nearest", "nearest_earlier"]

_ROWS, _COLUMNS = 1_024, 4_096
_NONE = -2.0  # below every cosine

Floats = NDArray[np.float32]


class Nearest(NamedTuple):
    """Of each question the nearest earlier one; arrays of shape (n,).

    Attributes:
        at: int32: where it is; -1 of the first, which has none.
        similarity: float32: its cosine; nan where there is none.
        margin: float32: that less the cosine of the nearest earlier one with another answer;
            nan where there is none.
    """

    at: NDArray[np.int32]
    similarity: Floats
    margin: Floats


def nearest_earlier(
    vectors: Floats, answers: NDArray[np.int32], advance: Callable[[int], object] = int
) -> Nearest:
    """Return the nearest earlier question of each, and by how much the next answer is farther.

    Args:
        vectors: float32, shape (n, dims), each of length 1, in order of time.
        answers: int32, shape (n,): equal where the answer is the same.
        advance: Told how many questions are done, block by block.

    Example:
        >>> vectors = np.array([[1, 0], [0, 1], [0.8, 0.6]], np.float32)
        >>> found = nearest_earlier(vectors, np.arange(3, dtype=np.int32))
        >>> found.at.tolist(), [round(float(cosine), 2) for cosine in found.similarity]
        ([-1, 0, 0], [nan, 0.0, 0.8])
        >>> round(float(found.margin[2]), 2)
        0.2
    """
    n = len(vectors)
    at, best = np.full(n, -1, np.int32), np.full(n, _NONE, np.float32)
    other = np.full(n, _NONE, np.float32)
    for start in range(0, n, _ROWS):
        rows = slice(start, min(start + _ROWS, n))
        for first in range(0, rows.stop, _COLUMNS):
            columns = slice(first, min(first + _COLUMNS, rows.stop))
            cosines = vectors[rows] @ vectors[columns].T
            if columns.stop > start:  # what is not earlier
                late = np.arange(first, columns.stop) >= np.arange(start, rows.stop)[:, None]
                cosines[late] = _NONE
            _merge(at[rows], best[rows], other[rows], cosines, first, answers)
        advance(rows.stop - rows.start)
    return Nearest(
        at,
        np.where(at < 0, np.nan, np.minimum(best, 1)).astype(np.float32),
        np.where(other == _NONE, np.nan, best - other).astype(np.float32),
    )


def _merge(
    at: NDArray[np.int32],
    best: Floats,
    other: Floats,
    cosines: Floats,
    first: int,
    answers: NDArray[np.int32],
) -> None:
    """Let a block of cosines, which is spoilt, take part in the best so far."""
    local = cosines.argmax(axis=1)
    row = np.arange(len(local))
    local_best = cosines[row, local]
    codes = answers[first : first + cosines.shape[1]]
    cosines[codes == codes[local][:, None]] = _NONE
    local_other = cosines.max(axis=1)
    alike = (at >= 0) & (answers[at] == codes[local])
    better = local_best > best
    # Of two different answers the one that loses is the next of the one that wins.
    loser = np.where(alike, _NONE, np.where(better, best, local_best))
    same_side = np.where(better, local_other, other)
    both = np.maximum(other, local_other)
    other[:] = np.where(alike, both, np.maximum(same_side, loser))
    at[better] = first + local[better]
    best[better] = local_best[better]
