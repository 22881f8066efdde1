"""Which pairs of a log to label: a few of every band of similarity, each with its weight.

Most pairs of a log lie where no threshold would serve them, and few where one might. So each band
of similarity gives about the root of its size, as far as there is room: that lies between as many
from each, which makes weights as unequal as the bands, and a plain sample, which labels hardly
anything that would be served. M. D. Bankier, "Power allocations: determining sample sizes for
subnational areas", The American Statistician 42 (1988).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["BANDS", "Band", "draw"]

# Edges are thresholds that evaluate tests: below one of them a cache serves all of a band or none.
BANDS = (0.80, 0.85, 0.88, 0.90, 0.92, 0.94, 0.96, 0.98)
_FEWEST = 5


class Band(NamedTuple):
    """Pairs of like similarity.

    Attributes:
        low: From here upwards; -1 for the lowest band.
        high: Below this; the highest band has infinity.
        pairs: So many in the log.
        drawn: So many of them to label.
    """

    low: float
    high: float
    pairs: int
    drawn: int

    @property
    def weight(self) -> float:
        """For how many pairs of the log each that was drawn stands."""
        return self.pairs / self.drawn if self.drawn else 0.0


def draw(
    similarity: NDArray[np.floating], most: int, edges: Sequence[float] = BANDS, seed: int = 0
) -> tuple[NDArray[np.intp], NDArray[np.float64], tuple[Band, ...]]:
    """Return which pairs to label, in order, their weights, and the bands.

    Args:
        similarity: Of all pairs of the log, shape (n,).
        most: Label so many at most; of every band that has pairs at least one is drawn, so it may
            not be fewer than those.
        edges: Between the bands, ascending.
        seed: The same seed draws the same pairs.

    Example:
        >>> at, weight, bands = draw(np.array([0.5] * 900 + [0.95] * 100), 40, [0.9])
        >>> [(band.low, band.pairs, band.drawn, band.weight) for band in bands]
        [(-1.0, 900, 30, 30.0), (0.9, 100, 10, 10.0)]
        >>> len(at), float(weight.sum())
        (40, 1000.0)
    """
    band_of = np.searchsorted(np.asarray(edges), similarity, side="right")
    sizes = np.bincount(band_of, minlength=len(edges) + 1)
    numbers = _allocation(sizes, most)
    rng = np.random.default_rng(seed)
    chosen = [
        rng.choice(np.flatnonzero(band_of == k), number, replace=False)
        for k, number in enumerate(numbers)
    ]
    at = np.sort(np.concatenate(chosen))
    weight = (sizes / np.maximum(numbers, 1))[band_of[at]]
    ends = [-1.0, *map(float, edges), np.inf]
    bands = (
        Band(low, high, int(size), int(number))
        for low, high, size, number in zip(ends, ends[1:], sizes, numbers, strict=False)
    )
    return at, weight, tuple(bands)


def _allocation(sizes: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """How many of each band: by the root of its size, no more than it has, at least a few."""
    if sizes.sum() <= most:
        return sizes
    fewest = np.minimum(sizes, max(1, min(_FEWEST, most // int((sizes > 0).sum()))))
    low, high = 0.0, float(most)
    for _ in range(60):  # of one factor for all roots
        factor = (low + high) / 2
        wanted = np.clip(factor * np.sqrt(sizes), fewest, sizes)
        low, high = (factor, high) if wanted.sum() < most else (low, factor)
    numbers = np.floor(wanted).astype(sizes.dtype)
    rest = wanted - numbers + (numbers < sizes)
    for band in np.argsort(-rest, kind="stable")[: max(0, most - int(numbers.sum()))]:
        numbers[band] += numbers[band] < sizes[band]
    return numbers
