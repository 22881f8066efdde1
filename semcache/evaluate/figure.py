"""The figure of ``python -m semcache evaluate``: wrong answers over the share served."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semcache.errors import ConfigError
from semcache.evaluate.choice import Choice, Trial
from semcache.evaluate.curve import Curve
from semcache.evaluate.scored import percent, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MissingMatplotlib", "draw", "save"]

_INSTALL = "matplotlib is not installed: python -m pip install matplotlib"
_BLUE, _RED, _GREEN, _GREY = "#0072B2", "#D55E00", "#009E73", "#555555"  # Okabe and Ito's
_LABEL_WIDTH = 0.055  # as a share of the axis

Place = tuple[float, float, float]  # threshold, share served, share wrong of those


class MissingMatplotlib(ConfigError):
    """There can be no figure; the message says how to install what is missing."""


def draw(
    calibration: Curve, held_out: Curve, choice: Choice, *, confidence: float = 0.95
) -> "tuple[Figure, str]":
    """Draw wrong answers over the share served, with a band; return figure and alt text.

    Args:
        calibration: The pairs that chose, drawn with the band.
        held_out: The pairs that check, drawn as a thin line.
        choice: What they chose; its thresholds are marked as far as there is room.
        confidence: Of the band, for the legend.

    Raises:
        MissingMatplotlib: It is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingMatplotlib(_INSTALL) from error
    figure = Figure(figsize=(8, 4.6), dpi=144, layout="constrained")
    axes = figure.subplots()
    limit = percent(choice.max_wrong)
    _curves(axes, calibration, held_out, choice.max_wrong, confidence)
    places = [_place(test, choice, calibration) for test in choice.tests if test.served]
    _marks(axes, places)
    verdict = f"No threshold is shown to keep wrong answers within {limit}"
    for threshold, served, risk in places:
        if threshold == choice.threshold:
            axes.plot(served, risk, "o", color=_RED, markersize=11, zorder=5)
            words: dict[str, Any] = {"color": _RED, "weight": "bold", "textcoords": "offset points"}
            axes.annotate(f"{shown(threshold)}, chosen", (served, risk), (9, -14), **words)
            verdict = (
                f"At {shown(threshold)}, {served:.0%} of the pairs are served, within {limit} wrong"
            )
    axes.legend(loc="best", frameon=False, labelcolor="linecolor", prop={"weight": "bold"})
    axes.set_title(verdict, pad=12, loc="left", weight="bold")
    return figure, f"{verdict}.{_numbers(places)}"


def _place(test: Trial, choice: Choice, calibration: Curve) -> Place:
    if test.weighted is not None:
        return test.threshold, calibration.at(test.threshold)[0], test.weighted.value
    return test.threshold, test.served / choice.pairs, test.wrong / test.served


def _curves(
    axes: "Axes", calibration: Curve, held_out: Curve, max_wrong: float, confidence: float
) -> None:
    steady = calibration.steady()
    x, low, high = (column[steady] for column in calibration[2:3] + calibration[4:])
    label = f"chosen on, with a {percent(confidence)} band a point"
    axes.plot(x, calibration.risk[steady], color=_BLUE, linewidth=2.2, label=label)
    axes.fill_between(x, low, high, color=_BLUE, alpha=0.18, lw=0)
    rest = held_out.steady()
    style: dict[str, Any] = {"color": _GREY, "linewidth": 1.3, "label": "checked on"}
    axes.plot(held_out.coverage[rest], held_out.risk[rest], **style)
    axes.axhspan(0, max_wrong, color=_GREEN, alpha=0.18, lw=0)
    axes.axhline(max_wrong, color=_GREEN, linewidth=1.4, label=f"the limit, {percent(max_wrong)}")
    axes.set(xlim=(0, 1), ylim=(0, min(1, max(0.2, float(np.max(high)) * 1.05))))
    axes.set(xlabel="share of the pairs served", ylabel="wrong, of those served")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda share, _: percent(share))
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)


def _marks(axes: "Axes", places: list[Place]) -> None:
    last = -_LABEL_WIDTH / 2  # no label across the axis
    for threshold, served, risk in places:
        if served - last < _LABEL_WIDTH:
            continue
        axes.plot(served, risk, "o", color="white", markeredgecolor=_BLUE, zorder=4)
        label = axes.annotate(
            shown(threshold), (served, risk), (0, 9), textcoords="offset points", ha="center"
        )
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1})
        last = served


def _numbers(places: list[Place]) -> str:
    """A few of the thresholds that serve something, in words."""
    said = "; ".join(
        f"from {shown(threshold)} upwards {served:.0%} are served, {risk:.0%} of them wrong"
        for threshold, served, risk in places[:: max(1, len(places) // 4)]
    )
    return f" Pairs to choose with: {said}." if said else " No pair reaches any threshold."


def save(figure: "Figure", path: Path) -> None:
    """Write a figure to a file.

    Raises:
        ConfigError: It cannot be written there.
    """
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"the figure cannot be written to {path}: {error}") from error
