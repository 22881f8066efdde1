"""What each threshold would serve, and how much of that would be wrong. Lesson 08."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from semcache.evaluate.rate import Rate
from semcache.evaluate.scored import SIMILARITIES, Scored, counts, percent, shown

__all__ = ["Line", "Table", "columns", "evaluate", "evaluate_by"]


@dataclass(frozen=True)
class Line:
    """What one threshold does.

    Attributes:
        threshold: Pairs with this score or a higher one are served.
        hit_rate: Served, of all pairs; also called coverage.
        false_hit_rate: Wrong, of those served; also called selective risk. The promise is on it.
        wrong_of_all: Wrong and served, of all pairs: never more than the one before.
        recall: Served, of the pairs with the same answer.
        saved: Dollars saved by 1,000 lookups like these pairs: calls not made, less the cost of
            wrong answers; ``None`` when no prices were given.
    """

    threshold: float
    hit_rate: Rate
    false_hit_rate: Rate
    wrong_of_all: Rate
    recall: Rate
    saved: float | None = None


@dataclass(frozen=True)
class Table:
    """What each threshold does to some pairs; prints as a table.

    Attributes:
        pairs: How many there are.
        same: How many of them have the same answer.
        lines: One a threshold, strictest first.
        same_rate: What share has the same answer: of the log, if the pairs have weights.
    """

    pairs: int
    same: int
    lines: tuple[Line, ...]
    same_rate: Rate

    def __str__(self) -> str:
        head = ["threshold", "served", "", "wrong", "of served", "of all", "recall"]
        rows = [[*head, "saved"] if self._money else head]
        for line in self.lines:
            cells = [
                shown(line.threshold),
                f"{line.hit_rate.count:,}",
                str(line.hit_rate),
                f"{line.false_hit_rate.count:,}",
                str(line.false_hit_rate),
                f"{100 * line.wrong_of_all.value:.1f} %" if self.pairs else "-",
                str(line.recall),
            ]
            rows.append(cells if line.saved is None else [*cells, _dollars(line.saved)])
        return columns(rows)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))  # what a notebook shows

    @property
    def legend(self) -> str:
        """What the columns mean, a line each."""
        sure = percent(self.lines[0].hit_rate.confidence)
        lines = [
            "threshold   pairs that score at least this are served",
            "served      so many of the pairs, and what share of all: at most the hit rate of such",
            "            a cache, which a TTL and rules of admission lower",
            "wrong       so many of the served have another answer",
            "of served   their share of what is served: the promise is about this one",
            "of all      their share of all pairs: smaller, since most are not served",
            "recall      of the pairs with the same answer, the share that is served",
            f"(1.0-13.9)  from 1.0 to 13.9 %: where the true share lies, with {sure} confidence",
            "            for this line by itself; the fewer the pairs, the wider",
        ]
        if self.same_rate.weighted:
            lines.append("shares are of the log, by weight; numbers of pairs are as labelled")
        money = (
            "saved       dollars a thousand lookups: calls not made, less what wrong answers cost"
        )
        return "\n".join([*lines, money] if self._money else lines)

    @property
    def _money(self) -> bool:
        return any(line.saved is not None for line in self.lines)


def _dollars(amount: float) -> str:
    return f"{'-' * (amount < 0)}${abs(amount):,.2f}"


def columns(rows: Iterable[list[str]]) -> str:
    """Return rows of cells as lines, in columns of one width each.

    Example:
        >>> print(columns([["a", "served"], ["long", "5"]]))
        a      served
        long   5
    """
    cells = list(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def evaluate(
    rows: Scored,
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

    Example:
        >>> rows = Scored([0.97, 0.96, 0.91, 0.80], [True, False, True, True])
        >>> strict, loose = evaluate(rows, [0.95, 0.90]).lines
        >>> loose.hit_rate.value, loose.false_hit_rate.count, round(loose.recall.value, 2)
        (0.75, 1, 0.67)
        >>> print(evaluate(rows, [0.90]))  # doctest: +NORMALIZE_WHITESPACE
        threshold   served                        wrong   of served           of all   recall
        0.90        3        75.0 % (19.4-99.4)   1       33.3 % (0.8-90.6)   25.0 %   66.7 %
        (9.4-99.2)
    """
    lines = []
    for threshold in counts(rows, thresholds)[0]:
        served = rows.score >= threshold
        hit_rate = rows.rate(served, None, confidence)
        wrong = rows.rate(served & ~rows.same, None, confidence)
        saved = None
        if call_price is not None:
            each = hit_rate.value * call_price - wrong.value * wrong_price if len(rows) else 0.0
            saved = 1_000 * each
        lines.append(
            Line(
                threshold,
                hit_rate=hit_rate,
                false_hit_rate=rows.rate(~rows.same, served, confidence, threshold=threshold),
                wrong_of_all=wrong,
                recall=rows.rate(served, rows.same, confidence),
                saved=saved,
            )
        )
    same = rows.rate(rows.same, None, confidence)
    return Table(len(rows), same.count, tuple(lines), same)


def evaluate_by(
    rows: Scored,
    group: str,
    thresholds: Iterable[float] = SIMILARITIES,
    *,
    confidence: float = 0.95,
) -> dict[str, Table]:
    """Return a table for each value of a column, the largest group first.

    Raises:
        ConfigError: There are no thresholds, one is not a number, or there is no such column.

    Example:
        >>> rows = Scored([0.97, 0.80], [False, True], kind=["number", "typo"])
        >>> {kind: table.lines[0].hit_rate.count
        ...  for kind, table in evaluate_by(rows, "kind", [0.9]).items()}
        {'number': 1, 'typo': 0}
    """
    thresholds = tuple(thresholds)
    return {
        name: evaluate(part, thresholds, confidence=confidence)
        for name, part in rows.by(group).items()
    }
