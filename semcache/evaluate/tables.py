"""What each threshold would serve, and how much of that would be wrong. Lesson 08."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcache.errors import InvalidInput
from semcache.evaluate.binomial import interval
from semcache.evaluate.scored import SIMILARITIES, Rate, Scored, counts, shown

__all__ = ["Curve", "Group", "Line", "Table", "evaluate", "evaluate_by", "risk_coverage"]

Group = Literal["language", "kind", "scope"]


@dataclass(frozen=True)
class Line:
    """What one threshold does.

    Attributes:
        threshold: Pairs with this score or a higher one are served.
        hit_rate: Served, of all pairs; also called coverage.
        false_hit_rate: Wrong, of those served; also called selective risk.
        precision: Right, of those served.
        recall: Served, of the pairs with the same answer.
        saved: Dollars saved by 1,000 lookups like these pairs: calls not made, less the cost of
            wrong answers; ``None`` when no prices were given.
    """

    threshold: float
    hit_rate: Rate
    false_hit_rate: Rate
    precision: Rate
    recall: Rate
    saved: float | None = None


@dataclass(frozen=True)
class Table:
    """What each threshold does to some pairs; prints as a table.

    Attributes:
        pairs: How many there are.
        same: How many of them have the same answer.
        lines: One a threshold, strictest first.
    """

    pairs: int
    same: int
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        money = any(line.saved is not None for line in self.lines)
        head = ("threshold", "served, of pairs", "wrong, of served", "recall", "precision")
        rows = [(*head, *(["saved by 1,000"] if money else []))]
        for line in self.lines:
            cells = [
                shown(line.threshold),
                f"{line.hit_rate.count:5,}  {line.hit_rate}",
                f"{line.false_hit_rate.count:5,}  {line.false_hit_rate}",
                str(line.recall),
                f"{100 * line.precision.value:.1f} %" if line.precision.of else "-",
            ]
            rows.append((*cells, *([f"${line.saved:,.2f}"] if line.saved is not None else [])))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )


def evaluate(
    rows: Sequence[Scored],
    thresholds: Iterable[float] = SIMILARITIES,
    *,
    confidence: float = 0.95,
    call_price: float | None = None,
    wrong_price: float = 0.0,
) -> Table:
    """Return what each threshold would do to labelled pairs.

    The intervals are for one threshold each, chosen before the pairs were seen. To pick the best
    line is :func:`semcache.evaluate.threshold.choose_threshold`'s business.

    Args:
        rows: Labelled pairs with their scores.
        thresholds: In any order.
        confidence: Of the intervals.
        call_price: Dollars that one call of the LLM costs.
        wrong_price: Dollars that one wrong answer costs.

    Raises:
        ConfigError: There are no thresholds, or one is not a number.
        InvalidInput: A score is not a number.

    Example:
        >>> rows = [Scored(0.97, True), Scored(0.96, False), Scored(0.91, True), Scored(0.80, True)]
        >>> strict, loose = evaluate(rows, [0.95, 0.90]).lines
        >>> loose.hit_rate.value, loose.false_hit_rate.count, round(loose.recall.value, 2)
        (0.75, 1, 0.67)
    """
    same, lines = sum(row.same for row in rows), []
    for threshold, served, wrong in zip(*counts(rows, thresholds), strict=True):
        dollars = None if call_price is None else served * call_price - wrong * wrong_price
        lines.append(
            Line(
                threshold,
                hit_rate=Rate(served, len(rows), confidence),
                false_hit_rate=Rate(wrong, served, confidence),
                precision=Rate(served - wrong, served, confidence),
                recall=Rate(served - wrong, same, confidence),
                saved=None if dollars is None else 1_000 * dollars / max(len(rows), 1),
            )
        )
    return Table(len(rows), same, tuple(lines))


def evaluate_by(
    rows: Sequence[Scored],
    group: Group,
    thresholds: Iterable[float] = SIMILARITIES,
    *,
    confidence: float = 0.95,
) -> dict[str, Table]:
    """Return a table for each language, kind or scope, the largest group first.

    Raises:
        ConfigError: There are no thresholds, or one is not a number.
        InvalidInput: A score is not a number.

    Example:
        >>> rows = [Scored(0.97, False, kind="number"), Scored(0.80, True, kind="typo")]
        >>> {kind: table.lines[0].hit_rate.count
        ...  for kind, table in evaluate_by(rows, "kind", [0.9]).items()}
        {'number': 1, 'typo': 0}
    """
    members: dict[str, list[Scored]] = {}
    for row in rows:
        members.setdefault(getattr(row, group), []).append(row)
    thresholds = tuple(thresholds)
    return {
        name: evaluate(members[name], thresholds, confidence=confidence)
        for name in sorted(members, key=lambda name: -len(members[name]))
    }


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


def risk_coverage(rows: Sequence[Scored], *, confidence: float = 0.95) -> Curve:
    """Return the risk-coverage curve: one point for each distinct score.

    The band holds for each point by itself, not for the whole curve at once.

    Raises:
        InvalidInput: There is no row, or a score is not a number.

    Example:
        >>> curve = risk_coverage([Scored(0.97, True), Scored(0.95, False), Scored(0.8, True)])
        >>> curve.coverage.round(2).tolist(), curve.risk.round(2).tolist()
        ([0.33, 0.67, 1.0], [0.0, 0.5, 0.33])
    """
    if not rows:
        raise InvalidInput("there are no pairs to draw a curve from")
    grid, served, wrong = counts(rows, [row.score for row in rows])
    limits = [interval(w, s, confidence) for w, s in zip(wrong, served, strict=True)]
    low, high = np.array(limits).T
    n = np.array(served, np.float64)
    return Curve(np.array(grid), n, n / len(rows), np.array(wrong) / n, low, high)
