"""Which pairs of a log to label: more of the bands that a cache might serve, each with its weight.

A plain sample of a log labels mostly what no threshold would serve. So each band of similarity is
drawn from four times as densely as the band below it. Within a band every pair is as likely as any
other; so for a threshold in the highest band those served are a plain sample of all that the log
would serve there, and the binomial bound holds for them. Few and wide bands are best: across
several the weights differ, and the bound that allows for that (:mod:`semcache.evaluate.rate`)
takes more labels.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["BANDS", "Band", "draw"]

BANDS = (0.80, 0.90)  # of multilingual-e5-small; another model needs others
_FEWEST = 5
_DENSER = 4.0


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

    More of the same similarities with the same seed are the same ones and others: who has labelled
    too few goes on with a larger draw.

    Args:
        similarity: Of all pairs of the log, shape (n,).
        most: Label so many at most; of every band that has pairs at least one is drawn, so it may
            not be fewer than those.
        edges: Between the bands, ascending.
        seed: The same seed draws the same pairs.

    Example:
        >>> at, weight, bands = draw(np.array([0.5] * 900 + [0.95] * 100), 40, [0.9])
        >>> [(band.low, band.pairs, band.drawn, round(band.weight, 1)) for band in bands]
        [(-1.0, 900, 28, 32.1), (0.9, 100, 12, 8.3)]
        >>> len(at), round(weight.sum())
        (40, 1000)
    """
    band_of = np.searchsorted(np.asarray(edges), similarity, side="right")
    sizes = np.bincount(band_of, minlength=len(edges) + 1)
    numbers = _allocation(sizes, most)
    chosen = [
        np.random.default_rng([seed, k]).permutation(np.flatnonzero(band_of == k))[:number]
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
    """How many of each band: each more densely than the one below, at least a few."""
    if sizes.sum() <= most:
        return sizes
    fewest = np.minimum(sizes, max(1, min(_FEWEST, most // int((sizes > 0).sum()))))
    shares = sizes * _DENSER ** np.arange(len(sizes))
    low, high = 0.0, 1.0
    for _ in range(60):  # the lowest band's density, at which all are drawn that are wanted
        factor = (low + high) / 2
        wanted = np.clip(factor * shares, fewest, sizes)
        low, high = (factor, high) if wanted.sum() < most else (low, factor)
    numbers = np.floor(wanted).astype(sizes.dtype)
    rest = wanted - numbers + (numbers < sizes)
    for band in np.argsort(-rest, kind="stable")[: max(0, most - int(numbers.sum()))]:
        numbers[band] += numbers[band] < sizes[band]
    return numbers
