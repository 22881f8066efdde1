"""Charts of lesson 08, and of ``python -m semcache evaluate``."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from semcache.course.plots import use_style
from semcache.semantic.evaluate import Curve
from semcache.semantic.scored import shown

_FEWEST_SHOWN = 10  # of fewer pairs a rate jumps between 0 and 100 %
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
