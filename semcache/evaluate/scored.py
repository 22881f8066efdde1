"""Labelled pairs with their scores, and how they are counted. Lesson 08.

A labelled pair is a question in the cache, a question that is asked, and whether the cached answer
is right for it. A threshold serves a pair when its score reaches the threshold.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.binomial import interval

__all__ = ["PROBABILITIES", "SIMILARITIES", "Rate", "Scored", "counts", "shown"]

# Fixed before any pair was scored, strictest first. Similarities of multilingual-e5-small lie
# between 0.7 and 1; another model needs another grid.
SIMILARITIES = (0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.92, 0.90, 0.88, 0.85, 0.80, 0.70)
PROBABILITIES = (0.95, 0.90, 0.85, 0.80, 0.75, 0.70, 0.65, 0.60, 0.55, 0.50, 0.40, 0.30)


class Scored(NamedTuple):
    """A labelled pair and its score.

    Attributes:
        score: The higher, the surer: a similarity in [-1, 1], or a verifier's probability.
        same: Whether the two questions have the same right answer.
        language: Free text, such as ``en``; used to group.
        kind: Free text, such as ``number``; used to group.
        scope: Whose cache the pair comes from; used to group.
    """

    score: float
    same: bool
    language: str = ""
    kind: str = ""
    scope: str = ""


@dataclass(frozen=True)
class Rate:
    """A share, and how sure it is.

    Example:
        >>> rate = Rate(3, 60)
        >>> rate.value, [round(limit, 3) for limit in rate.interval]
        (0.05, [0.01, 0.139])
        >>> print(rate)
        5.0 % (1.0-13.9)
    """

    count: int
    of: int
    confidence: float = 0.95

    @property
    def value(self) -> float:
        """The observed share; nan of nothing."""
        return self.count / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The exact two-sided limits of the true share; (0, 1) of nothing."""
        return interval(self.count, self.of, self.confidence)

    def __str__(self) -> str:
        if not self.of:
            return "-"
        low, high = self.interval
        return f"{100 * self.value:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


def shown(threshold: float) -> str:
    """Return a threshold as it is printed: two decimals, or as many as it has.

    Example:
        >>> shown(0.9), shown(0.995)
        ('0.90', '0.995')
    """
    return f"{threshold:.2f}" if round(threshold, 2) == threshold else f"{threshold:g}"


def counts(
    rows: Sequence[Scored], thresholds: Iterable[float]
) -> tuple[tuple[float, ...], list[int], list[int]]:
    """Return the thresholds from the strictest down, how many each serves, how many are wrong.

    Raises:
        ConfigError: There is no threshold, or one is not a number.
        InvalidInput: A score is not a number.
    """
    scores = np.array([row[0] for row in rows], np.float64)
    if not np.isfinite(scores).all():
        raise InvalidInput(f"pair {int(np.isfinite(scores).argmin())} has a score that is none")
    grid = tuple(sorted(set(thresholds), reverse=True))
    if not grid or not all(math.isfinite(threshold) for threshold in grid):
        raise ConfigError(f"thresholds are one or more finite numbers, not {grid}")
    wrong = np.sort(scores[~np.array([row[1] for row in rows], bool)])
    edges = np.array(grid)
    served = len(rows) - np.searchsorted(np.sort(scores), edges)
    return grid, served.tolist(), (len(wrong) - np.searchsorted(wrong, edges)).tolist()
