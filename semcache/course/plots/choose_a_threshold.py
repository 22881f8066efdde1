"""Charts of lesson 08, and of ``python -m semcache evaluate``."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from semcache.course.plots import finish, use_style
from semcache.evaluate.scored import Scored, shown
from semcache.evaluate.tables import Curve
from semcache.evaluate.tables import risk_coverage as curve_of

_FEWEST_SHOWN = 10  # of fewer pairs a rate jumps between 0 and 100 %
_LANGUAGES = {"en": "English", "zh": "Chinese"}
_LABEL_WIDTH = 0.055  # as a share of the axis


def risk_coverage(
    calibration: Curve,
    held_out: Curve,
    *,
    max_wrong: float,
    thresholds: Sequence[float],
    chosen: float | None,
) -> tuple[Figure, str]:
    """Draw wrong answers over the share served, with a 95 % band; return figure and alt text.

    Args:
        calibration: The pairs that chose, drawn with the band.
        held_out: The pairs that check, drawn as a thin line.
        max_wrong: The limit.
        thresholds: Marked on the calibration curve, as far as there is room.
        chosen: The threshold that was chosen, if any.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(8, 4.6))
    for curve, style in (
        (calibration, {"color": "C0", "label": "calibration, with its 95 % band"}),
        (held_out, {"color": "#555555", "linewidth": 1.3, "label": "held out"}),
    ):
        ax.plot(*_visible(curve, curve.risk), **style)
    x, low = _visible(calibration, calibration.low)
    _, high = _visible(calibration, calibration.high)
    ax.fill_between(x, low, high, color="C0", alpha=0.18, lw=0)
    ax.axhspan(0, max_wrong, color="C2", alpha=0.18, lw=0)
    ax.axhline(max_wrong, color="C2", linewidth=1.4, label=f"the limit, {max_wrong:.0%}")
    _marks(ax, calibration, thresholds)
    top = max(0.2, float(np.max(high)) * 1.05)
    ax.set(xlim=(0, 1), ylim=(0, min(1, top)))
    ax.set(xlabel="share of the pairs served", ylabel="wrong, of those served")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.legend(loc="best", labelcolor="linecolor", prop={"weight": "bold"})
    if chosen is None:
        verdict = f"No threshold is shown to keep wrong answers within {max_wrong:.0%}"
    else:
        served, risk = _at(calibration, chosen)
        ax.plot(served, risk, "o", color="C1", markersize=11, zorder=5)
        words: dict[str, Any] = {"color": "C1", "weight": "bold", "textcoords": "offset points"}
        ax.annotate(f"{shown(chosen)}, chosen", (served, risk), (9, -14), **words)
        verdict = f"At {shown(chosen)}, {served:.0%} are served, within {max_wrong:.0%} wrong"
    ax.set_title(verdict, pad=12)
    numbers = "; ".join(
        f"from {shown(threshold)} upwards {served:.0%} are served, {risk:.0%} of them wrong"
        for threshold, (served, risk) in ((t, _at(calibration, t)) for t in thresholds[::3])
        if served
    )
    return fig, f"{verdict}. Calibration pairs: {numbers}."


def _visible(curve: Curve, values: Any) -> tuple[Any, Any]:
    """The part of the curve that has enough pairs to show."""
    shown = curve.served >= min(_FEWEST_SHOWN, curve.served[-1])
    return curve.coverage[shown], values[shown]


def _at(curve: Curve, threshold: float) -> tuple[float, float]:
    """Coverage and risk of a threshold; nothing served is no risk."""
    served = int((curve.threshold >= threshold).sum())
    return (float(curve.coverage[served - 1]), float(curve.risk[served - 1])) if served else (0, 0)


def _marks(ax: Axes, curve: Curve, thresholds: Sequence[float]) -> None:
    last = -_LABEL_WIDTH / 2  # no label across the axis
    for threshold in thresholds:
        served, risk = _at(curve, threshold)
        if served - last < _LABEL_WIDTH:
            continue
        ax.plot(served, risk, "o", color="white", markeredgecolor="C0", zorder=4)
        label = ax.annotate(
            shown(threshold), (served, risk), (0, 9), textcoords="offset points", ha="center"
        )
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1})
        last = served


def curves(materials: Mapping[str, Sequence[Scored]], thresholds: Sequence[float]) -> None:
    """Draw wrong answers over the share served: a panel for each material, a line a language.

    Args:
        materials: Pairs scored by similarity, by what they are.
        thresholds: Marked on each line.
    """
    use_style()
    fig, axes = plt.subplots(1, len(materials), figsize=(9.5, 4.4), sharey=True, squeeze=False)
    numbers = []
    for ax, (material, rows) in zip(axes[0], materials.items(), strict=True):
        for at, (language, name) in enumerate(_LANGUAGES.items()):
            curve = curve_of([row for row in rows if row.language == language])
            ax.plot(*_visible(curve, curve.risk), color=f"C{at}", label=name)
            _points(ax, curve, thresholds, f"C{at}", below=bool(at))
        ax.set(
            title=material, xlim=(0, 1.02), ylim=(-0.07, 0.85), xlabel="share of the pairs served"
        )
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(lambda share, _: f"{share:.0%}")
        served, risk = _at(curve_of(rows), thresholds[len(thresholds) // 2])
        numbers.append(f"{material}: {roughly(served)} served, {roughly(risk)} of them wrong")
    axes[0][0].set(ylabel="wrong, of those served")
    axes[0][0].legend(loc="lower left", labelcolor="linecolor", prop={"weight": "bold"})
    middle = shown(thresholds[len(thresholds) // 2])
    finish(fig, alt=f"Wrong answers over the share served. From {middle}: {'; '.join(numbers)}.")


def _points(
    ax: Axes, curve: Curve, thresholds: Sequence[float], color: str, *, below: bool
) -> None:
    """Mark thresholds on a line, as far as enough pairs reach them and there is room."""
    last = 0.0
    for threshold in thresholds:
        served, risk = _at(curve, threshold)
        if served * curve.served[-1] >= _FEWEST_SHOWN and served - last > 1.6 * _LABEL_WIDTH:
            last = served
            ax.plot(served, risk, "o", color="white", markeredgecolor=color, zorder=4)
            words: dict[str, Any] = {"color": color, "ha": "center", "textcoords": "offset points"}
            ax.annotate(shown(threshold), (served, risk), (0, -17 if below else 9), **words)


def reliability(judged: Mapping[str, Sequence[Scored]]) -> None:
    """Draw how often pairs may share an answer over the probability that they were given.

    Args:
        judged: Pairs scored by a probability, by who judged what.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(6.4, 4.8))
    ax.plot([0, 1], [0, 1], color="#999999", linewidth=1, label="as often as was said")
    high = []
    for name, rows in judged.items():
        said, same = np.array([row.score for row in rows]), np.array([row.same for row in rows])
        part = np.minimum((said * 5).astype(int), 4)
        bins = [part == k for k in range(5) if np.sum(part == k) >= _FEWEST_SHOWN]
        x, y = [said[b].mean() for b in bins], [same[b].mean() for b in bins]
        (line,) = ax.plot(x, y, label=name)
        ax.scatter(x, y, s=[3 * b.sum() ** 0.8 for b in bins], color=line.get_color(), zorder=3)
        high.append(f"{name}: {roughly(float(same[said >= 0.5].mean()))} of those from 0.5")
    ax.set(xlim=(0, 1), ylim=(0, 1.02), title="What a probability is worth: does it come true?")
    ax.set(xlabel="probability that they may share an answer", ylabel="pairs that may")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.legend(loc="upper left", labelcolor="linecolor", prop={"weight": "bold"})
    finish(fig, alt=f"Which pairs may share an answer, by probability. {'; '.join(high)}.")


def roughly(share: float) -> str:
    """Say a share in words: its digits vary with the make of the CPU.

    Example:
        >>> [roughly(share) for share in (0.01, 0.05, 0.33, 0.5, 0.8, 0.93)]
        ['hardly any', 'under an eighth', 'a quarter', 'half', 'three quarters', 'nearly all']
    """
    steps = {0.02: "hardly any", 0.125: "under an eighth", 0.375: "a quarter", 0.625: "half"}
    return next((word for end, word in steps.items() if share < end), "") or (
        "three quarters" if share < 0.875 else "nearly all"
    )
