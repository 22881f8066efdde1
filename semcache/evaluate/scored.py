"""Labelled pairs with their scores, and how they are counted. Lesson 08.

A labelled pair is a question in the cache, a question that is asked, and whether the cached answer
is right for it. A threshold serves a pair when its score reaches the threshold.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.rate import Rate, WeightedRate

__all__ = ["PROBABILITIES", "SIMILARITIES", "Scored", "counts", "percent", "shown"]

# Fixed before any pair was scored, strictest first. Similarities of multilingual-e5-small lie
# between 0.7 and 1; another model needs another grid.
SIMILARITIES = (0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.92, 0.90, 0.88, 0.85, 0.80, 0.70)
PROBABILITIES = (0.95, 0.90, 0.85, 0.80, 0.75, 0.70, 0.65, 0.60, 0.55, 0.50, 0.40, 0.30)


class Scored:
    """Labelled pairs and their scores, as columns of equal length.

    Attributes:
        score: float64, shape (n,): the higher, the surer; a similarity in [-1, 1], or what a
            verifier says.
        same: bool, shape (n,): whether the two questions have the same right answer.
        weight: float64, shape (n,): for how many pairs of the log each stands; ``None`` if they
            were drawn as the traffic is.
        groups: Columns of text to group by, such as language or tenant, each of shape (n,).

    Example:
        >>> rows = Scored([0.97, 0.91, 0.80], [True, False, True], language=["en", "zh", "en"])
        >>> rows
        <Scored: 3 pairs, 2 with the same answer>
        >>> len(rows[rows.score >= 0.9]), list(rows.by("language"))
        (2, ['en', 'zh'])
    """

    def __init__(
        self,
        score: ArrayLike,
        same: ArrayLike,
        *,
        weight: ArrayLike | None = None,
        **groups: ArrayLike,
    ) -> None:
        """Keep the columns as arrays.

        Args:
            score: n numbers.
            same: n labels: bool, or 0 and 1.
            weight: n numbers above 0. Pairs were drawn by bands of this score: so at each threshold
                the heaviest that reaches it weighs the most that any can.
            groups: n texts each.

        Raises:
            InvalidInput: A score is not a finite number, a label is neither true nor false, a
                weight is not above 0, or the columns are not equally long.
        """
        self.score: NDArray[np.float64] = np.asarray(score, np.float64).reshape(-1)
        labels = np.asarray(same).reshape(-1)
        if not np.isfinite(self.score).all():
            raise InvalidInput(
                f"pair {int(np.isfinite(self.score).argmin())} has a score that is no finite number"
            )
        if len(labels) and not np.isin(labels, (0, 1)).all():
            raise InvalidInput("same holds true and false, or 1 and 0, and nothing else")
        self.same: NDArray[np.bool_] = labels.astype(bool)
        self.groups: dict[str, NDArray[Any]] = {
            name: np.asarray(column, object).reshape(-1) for name, column in groups.items()
        }
        self.weight = None if weight is None else np.asarray(weight, np.float64).reshape(-1)
        if self.weight is not None and not ((self.weight > 0) & np.isfinite(self.weight)).all():
            raise InvalidInput("a weight is a finite number above 0")
        weights = [] if self.weight is None else [("weight", self.weight)]
        for name, column in (("same", self.same), *weights, *self.groups.items()):
            if len(column) != len(self.score):
                raise InvalidInput(f"{len(self.score)} scores, but {name} has {len(column)} rows")
        self._heaviest = None if self.weight is None else _heaviest(self.score, self.weight)

    def __len__(self) -> int:
        return len(self.score)

    def __getitem__(self, rows: slice | NDArray[Any]) -> "Scored":
        """Return some of the pairs: those of a slice, a mask or an array of positions."""
        groups = {name: column[rows] for name, column in self.groups.items()}
        weight = None if self.weight is None else self.weight[rows]
        part = Scored(self.score[rows], self.same[rows], weight=weight, **groups)
        part._heaviest = self._heaviest  # of all, since another draw would have had others
        return part

    def __repr__(self) -> str:
        return f"<Scored: {len(self):,} pairs, {self.same.sum():,} with the same answer>"

    def rate(
        self,
        hit: NDArray[np.bool_],
        of: NDArray[np.bool_] | None = None,
        confidence: float = 0.95,
        *,
        threshold: float = -math.inf,
    ) -> Rate:
        """Return the share of pairs that are ``hit``, of those that are ``of``.

        With weights it is the share of the log, not of the pairs that were labelled.

        Args:
            hit: bool, shape (n,).
            of: bool, shape (n,); ``None``: all.
            confidence: Of its interval.
            threshold: All of ``of`` score this or more.

        Example:
            >>> rows = Scored([0.97, 0.91], [True, False], weight=[1, 3])
            >>> rate = rows.rate(~rows.same)
            >>> rate.count, rate.of, rate.value
            (1, 2, 0.75)
        """
        of = np.ones(len(self), bool) if of is None else of
        hit = hit & of
        count, total = int(hit.sum()), int(of.sum())
        if self.weight is None or self._heaviest is None:
            return Rate(count, total, confidence)
        weights, which = np.unique(self.weight[of], return_inverse=True)
        hits = np.bincount(which, hit[of], len(weights)).astype(int)
        every = np.bincount(which, minlength=len(weights))
        strata = zip(weights.tolist(), hits.tolist(), (every - hits).tolist(), strict=True)
        heaviest = max(self._heaviest(threshold), *weights.tolist(), 0.0)
        return WeightedRate(count, total, confidence, tuple(strata), heaviest)

    def by(self, group: str) -> dict[str, "Scored"]:
        """Return the pairs of each value of a column, the most frequent value first.

        Raises:
            ConfigError: There is no such column.
        """
        if group not in self.groups:
            known = ", ".join(self.groups) or "none"
            raise ConfigError(f"there is no column {group!r} to group by; there are: {known}")
        numbers: dict[str, int] = {}
        column = self.groups[group].tolist()
        codes = np.array([numbers.setdefault(value, len(numbers)) for value in column], np.int32)
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(numbers)))
        parts = np.split(order, ends[:-1]) if numbers else []
        named = sorted(zip(numbers, parts, strict=True), key=lambda item: -len(item[1]))
        return {name: self[part] for name, part in named}


def _heaviest(score: NDArray[np.float64], weight: NDArray[np.float64]) -> Callable[[float], float]:
    order = np.argsort(score, kind="stable")
    scores, most = score[order], np.maximum.accumulate(weight[order][::-1])[::-1]

    def heaviest(threshold: float) -> float:
        if not len(most):
            return 0.0
        return float(most[min(int(np.searchsorted(scores, threshold)), len(most) - 1)])

    return heaviest


def shown(threshold: float) -> str:
    """Return a threshold as it is printed: two decimals, or as many as it has.

    Example:
        >>> shown(0.9), shown(0.995)
        ('0.90', '0.995')
    """
    return f"{threshold:.2f}" if round(threshold, 2) == threshold else f"{threshold:g}"


def percent(share: float) -> str:
    """Return a share as it is printed: in percent, with up to three digits.

    Example:
        >>> percent(0.05), percent(1 - 0.05 / 12)
        ('5 %', '99.6 %')
    """
    return f"{100 * share:.3g} %"


def counts(
    rows: Scored, thresholds: Iterable[float]
) -> tuple[tuple[float, ...], list[int], list[int]]:
    """Return the thresholds from the strictest down, how many each serves, how many are wrong.

    Raises:
        ConfigError: There is no threshold, or one is not a number.

    Example:
        >>> counts(Scored([0.97, 0.91, 0.80], [True, False, True]), [0.85, 0.95])
        ((0.95, 0.85), [1, 2], [0, 1])
    """
    grid = tuple(sorted({float(threshold) for threshold in thresholds}, reverse=True))
    if not grid or not all(math.isfinite(threshold) for threshold in grid):
        raise ConfigError(f"thresholds are one or more finite numbers, not {grid}")
    wrong = np.sort(rows.score[~rows.same])
    edges = np.array(grid)
    served = len(rows) - np.searchsorted(np.sort(rows.score), edges)
    return grid, served.tolist(), (len(wrong) - np.searchsorted(wrong, edges)).tolist()
