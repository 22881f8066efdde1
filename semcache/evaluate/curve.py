"""Wrong answers over the share served: the risk-coverage curve. Lesson 08."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcache.errors import InvalidInput
from semcache.evaluate.scored import Scored

__all__ = ["Curve", "risk_coverage"]

_POINTS = 1_000  # more than a picture has pixels to spare for


class Curve(NamedTuple):
    """Wrong answers over the share served; float64 arrays of shape (n,), strictest first.

    Attributes:
        threshold: The lowest score served; each distinct score comes once.
        served: How many pairs are served.
        coverage: Share of the pairs served.
        risk: Wrong, of those served.
        low: Exact lower limits of the risk, each for its own point.
        high: Exact upper limits, likewise.
    """

    threshold: NDArray[np.float64]
    served: NDArray[np.float64]
    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def at(self, threshold: float) -> tuple[float, float]:
        """Return coverage and risk of a threshold; nothing served is no risk."""
        served = int((self.threshold >= threshold).sum())
        return (
            (float(self.coverage[served - 1]), float(self.risk[served - 1])) if served else (0, 0)
        )

    def steady(self, fewest: int = 10) -> NDArray[np.bool_]:
        """Return where at least so many are served: of fewer a rate jumps between 0 and 1."""
        steady: NDArray[np.bool_] = self.served >= min(fewest, self.served[-1])
        return steady


def risk_coverage(rows: Scored, *, confidence: float = 0.95, points: int = _POINTS) -> Curve:
    """Return the risk-coverage curve: one point for each distinct score.

    The band holds for each point by itself, not for the whole curve at once.

    Args:
        rows: Labelled pairs with their scores.
        confidence: Of the band.
        points: If there are more distinct scores than this, about so many of them are kept, at
            even steps of the share served.

    Raises:
        InvalidInput: There is no row.

    Example:
        >>> curve = risk_coverage(Scored([0.97, 0.95, 0.80], [True, False, True]))
        >>> curve.coverage.round(2).tolist(), curve.risk.round(2).tolist()
        ([0.33, 0.67, 1.0], [0.0, 0.5, 0.33])
    """
    if not len(rows):
        raise InvalidInput("there are no pairs to draw a curve from")
    order = np.argsort(-rows.score, kind="stable")
    score = rows.score[order]
    ends = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)  # the last pair of each score
    if len(ends) > points:
        steps = np.linspace(ends[0], ends[-1], points)
        ends = np.unique(ends[np.searchsorted(ends, steps)])
    weight = np.ones(len(rows)) if rows.weight is None else rows.weight[order]
    mass = np.cumsum(weight)
    risk = np.cumsum(weight * ~rows.same[order])[ends] / mass[ends]
    ordered = rows[order]
    wrong, which = ~ordered.same, np.arange(len(rows))
    low, high = np.array(
        [
            ordered.rate(wrong, which <= end, confidence, threshold=float(score[end])).interval
            for end in ends
        ]
    ).T
    n = (ends + 1).astype(np.float64)
    return Curve(score[ends], n, mass[ends] / mass[-1], risk, low, high)
