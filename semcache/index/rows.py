"""Unit vectors as the rows of one matrix, and the nearest of them. MatrixIndex keeps one.

**Few rows** are compared one and all: one product of the whole block. The time is that of
reading the block from memory once, 1.5 kB a row at 384 dims.

**Many rows** are sieved first. A sketch keeps one bit for each dim: whether it lies above the mean
of all rows (without the mean, most bits of most embeddings are the same: they share a direction).
The rows whose bits differ least from the query's are compared exactly. The sketch is 32 times
smaller than the block, so it stays in the processor's cache. The similarity that comes out is
exact; what the sieve can lose is a nearest row whose bits happen to differ much, see
``benchmarks/semantic_lookup.py`` for how rarely it does.
"""

import numpy as np
import numpy.typing as npt

from semcache.codecs import Vector

__all__ = ["SIEVE_FROM", "Rows"]

FIRST_ROWS = 256
SIEVE_FROM = 3_000  # rows; below, one product is as fast
CANDIDATES = 128  # rows that the sieve leaves, and one more for every EACH rows that there are
EACH = 256  # among many rows, more are near
COPIED = 16  # to read so many rows takes as long as to copy one
FEW = 16  # up to so many, one argmax after the other is faster than a partition
SAMPLE = 8  # one distance of so many is looked at to find where to cut

Bits = npt.NDArray[np.uint64]


class Rows:
    """Vectors of one length in one block that grows by doubling, numbered from 0 without gaps.

    Not safe for two threads at once.
    """

    def __init__(self, dims: int) -> None:
        self.size = 0
        self._block: Vector = np.empty((FIRST_ROWS, dims), np.float32)
        self._sketch: _Sketch | None = None
        self._changed = 0  # rows put since the sketch was made

    def put(self, row: int, vector: Vector) -> None:
        """Set a row, or add one when ``row`` equals ``size``."""
        if row == len(self._block):
            self._block = np.concatenate([self._block, np.empty_like(self._block)])
            self._sketch = None  # made anew, with the mean of what is there by then
        self._block[row] = vector
        self.size = max(self.size, row + 1)
        self._changed += 1
        if self._changed > self.size:  # as good as all are others: so is their mean
            self._sketch = None
        if self._sketch is not None:
            self._sketch.put(row, vector)

    def drop(self, row: int) -> None:
        """Remove a row; the last one takes its place."""
        self.size -= 1
        if row != self.size:
            self.put(row, self._block[self.size])

    def nearest(self, vector: Vector, count: int) -> list[tuple[int, float]]:
        """Return up to ``count`` rows with their cosines, most similar first."""
        rows = self._candidates(vector, count)
        if rows is None:
            cosines = np.vecdot(self._block[: self.size], vector)
        else:
            cosines = np.vecdot(self._block.take(rows, axis=0), vector)
        found = _greatest(cosines, min(count, len(cosines)))
        return found if rows is None else [(int(rows[at]), cosine) for at, cosine in found]

    def _candidates(self, vector: Vector, count: int) -> npt.NDArray[np.intp] | None:
        """Return the rows that the sieve leaves; ``None`` to compare all, which is then faster."""
        if self.size < SIEVE_FROM or count * 8 > CANDIDATES:
            return None
        if self._sketch is None:
            self._sketch, self._changed = _Sketch(self._block, self.size), 0
        rows = self._sketch.candidates(vector, self.size)
        # Where most rows are alike, the sieve leaves so many that to copy them takes longer.
        return rows if len(rows) * COPIED < self.size else None


class _Sketch:
    """One bit for each dim of each row, word by word."""

    def __init__(self, block: Vector, size: int) -> None:
        self._mean = block[:size].mean(axis=0)
        words = -(-block.shape[1] // 64)
        self._bits: Bits = np.zeros((words, len(block)), np.uint64)
        for start in range(0, size, 4_096):  # in pieces, or the signs would take another block
            part = block[start : min(start + 4_096, size)]
            self._bits[:, start : start + len(part)] = self._bits_of(part).T
        self._differs = np.empty_like(self._bits)  # for each lookup, kept from the last
        self._counts = np.empty(self._bits.shape, np.uint8)
        self._distances = np.empty(len(block), np.uint16)

    def put(self, row: int, vector: Vector) -> None:
        self._bits[:, row] = self._bits_of(vector)

    def candidates(self, vector: Vector, size: int) -> npt.NDArray[np.intp]:
        """Return the rows whose bits differ least, about :data:`CANDIDATES` of them."""
        query = self._bits_of(vector)[:, None]
        differs, counts = self._differs[:, :size], self._counts[:, :size]
        distances = self._distances[:size]
        # All words in three calls: around each, other threads take the interpreter's lock.
        np.bitwise_xor(self._bits[:, :size], query, differs)
        np.bitwise_count(differs, counts)
        np.add.reduce(counts, axis=0, dtype=np.uint16, out=distances)
        return np.flatnonzero(distances <= _cut(distances))

    def _bits_of(self, rows: Vector) -> Bits:
        """Return the words of rows, (..., dims) to (..., words)."""
        signs = np.packbits(rows > self._mean, axis=-1)
        missing = 8 * len(self._bits) - signs.shape[-1]
        if missing:
            signs = np.concatenate([signs, np.zeros((*signs.shape[:-1], missing), np.uint8)], -1)
        return signs.view(np.uint64)


def _greatest(values: Vector, count: int) -> list[tuple[int, float]]:
    """Return the places of the ``count`` greatest values, with these; the greatest first.

    Of equal values the first. What is found is overwritten.
    """
    if count > FEW:
        least = np.partition(values, len(values) - count)[len(values) - count]
        places = np.flatnonzero(values >= least)  # of those that equal the least, some too many
        places = places[np.argsort(-values[places], kind="stable")[:count]]
        return list(zip(places.tolist(), values[places].tolist(), strict=True))
    found = []
    for _ in range(count):
        place = int(values.argmax())
        found.append((place, values.item(place)))
        values[place] = -np.inf
    return found


def _cut(distances: npt.NDArray[np.uint16]) -> int:
    """Return a distance that about CANDIDATES lie below, but some always do."""
    sample = distances[::SAMPLE]
    wanted = (CANDIDATES + len(distances) // EACH) // SAMPLE
    return int(np.partition(sample, wanted)[wanted])
