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
    from matplotlib.text import Annotation

__all__ = ["MissingMatplotlib", "draw", "save"]

_INSTALL = "matplotlib is not installed: python -m pip install matplotlib"
_BLUE, _RED, _GREEN, _GREY = "#0072B2", "#D55E00", "#009E73", "#555555"  # Okabe and Ito's
_RIGHT, _LOW = 0.8, 0.08  # of the axes: where the label of what was chosen changes its side
_GAP = 1.1  # of a label's own width and height, that it keeps free

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
    labels: list[Annotation] = []
    verdict = f"No threshold is shown to keep wrong answers within {limit}"
    for threshold, served, risk in places:
        if threshold == choice.threshold:
            axes.plot(served, risk, "o", color=_RED, markersize=11, zorder=5)
            words: dict[str, Any] = {"color": _RED, "weight": "bold", "textcoords": "offset points"}
            is_right = served > _RIGHT  # where there is no room beside it
            words["ha"] = "right" if is_right else "left"
            low = risk < _LOW * axes.get_ylim()[1]  # where there is none below it
            words["xytext"] = (-9 if is_right else 9, 7 if low else -16)
            labels.append(axes.annotate(f"{shown(threshold)}, chosen", (served, risk), **words))
            verdict = (
                f"At {shown(threshold)}, {served:.0%} of the pairs are served, within {limit} wrong"
            )
    axes.legend(loc="best", frameon=False, labelcolor="linecolor", prop={"weight": "bold"})
    axes.set_title(verdict, pad=12, loc="left", weight="bold")
    _marks(axes, [place for place in places if place[0] != choice.threshold], labels)
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


def _marks(axes: "Axes", places: list[Place], taken: "list[Annotation]") -> None:
    """Mark thresholds, strictest first, where their labels meet no other and not the axis."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # lays out, so that it is known where a label comes
    room = axes.get_window_extent()
    boxes = [label.get_window_extent().expanded(_GAP, _GAP) for label in taken]
    for threshold, served, risk in places:
        words: dict[str, Any] = {"textcoords": "offset points", "ha": "center"}
        label = axes.annotate(shown(threshold), (served, risk), (0, 9), **words)
        box = label.get_window_extent().expanded(_GAP, _GAP)
        inside = room.x0 <= box.x0 and box.x1 <= room.x1 and box.y1 <= room.y1
        if not inside or any(box.overlaps(other) for other in boxes):
            label.remove()
            continue
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1})
        axes.plot(served, risk, "o", color="white", markeredgecolor=_BLUE, zorder=4)
        boxes.append(box)


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
