"""The growth curve: median time of a lookup over the number of entries, each line named."""

import math
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from benchmarks.picture import COLOURS, ROLES, STYLE

__all__ = ["draw", "spread"]

RAW = "#009E73"
LINES = {"ours": 2.4, "floor": 1.0, "raw": 1.4, "source": 1.4, "peer": 1.4}
GAP = 0.042  # of the axis' height: a label's
Points = list[tuple[int, float]]


def draw(result: dict[str, Any], path: Path) -> None:
    """Write the picture of a result to ``path``."""
    plt.style.use(STYLE)
    dims = sorted({run["dims"] for run in result["runs"]})
    figure, axes = plt.subplots(1, len(dims), figsize=(7.2 * len(dims), 6), sharey=True)
    for one, panel in zip(dims, np.atleast_1d(axes), strict=True):
        _panel(panel, [run for run in result["runs"] if run["dims"] == one], one)
    handles = [
        Line2D([], [], color=_colour(role), lw=LINES[role], label=label)
        for role, label in {**ROLES, "floor": "floors", "raw": "bare commands"}.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    figure.savefig(path)
    plt.close(figure)


def _panel(axes: Axes, runs: list[dict[str, Any]], dims: int) -> None:
    lines = _lines(runs)
    sizes = [run["entries"] for run in runs]
    axes.set(xscale="log", yscale="log", xlabel="entries", title=f"{dims:,} dimensions")
    axes.set_xlim(min(sizes) / 1.25, max(sizes) * 20)  # room for the names
    axes.set_xticks(sizes)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.set_ylabel("one lookup, ms (median)")
    axes.tick_params(labelleft=True)
    for role, points in lines.values():
        style = {"color": _colour(role), "lw": LINES[role], "marker": "o", "ms": 4}
        axes.plot(*zip(*points, strict=True), ls="--" if role == "floor" else "-", **style)
    _name_lines(axes, lines, max(sizes))


def _lines(runs: list[dict[str, Any]]) -> dict[str, tuple[str, Points]]:
    """Return role and (entries, milliseconds) of each subject that was measured at all."""
    lines: dict[str, tuple[str, Points]] = {}
    for run in runs:
        for row in run["subjects"]:
            if "missing" not in row:
                point = run["entries"], row["one"]["median"] * 1e3
                lines.setdefault(row["name"], (row["role"], []))[1].append(point)
    return lines


def _name_lines(axes: Axes, lines: dict[str, tuple[str, Points]], largest: int) -> None:
    """Write each name at the right, as near to the end of its line as the others allow."""
    low, high = (math.log10(limit) for limit in axes.get_ylim())
    names = sorted(lines, key=lambda name: lines[name][1][-1][1])
    ends = [(math.log10(lines[name][1][-1][1]) - low) / (high - low) for name in names]
    for name, place in zip(names, spread(ends, GAP), strict=True):
        role, points = lines[name]
        entries, value = points[-1]
        height = 10 ** (low + place * (high - low))
        early = f" (to {entries:,})" if entries < largest else ""
        leader = {"color": _colour(role), "lw": 0.8, "ls": ":"}
        axes.plot([entries, largest * 1.35], [value, height], **leader)
        axes.text(
            largest * 1.45,
            height,
            name.removeprefix("floor: ") + early,
            va="center",
            fontsize=9,
            color=_colour(role),
            fontweight="bold" if role == "ours" else "normal",
        )


def spread(places: list[float], gap: float) -> list[float]:
    """Move ascending places apart to at least ``gap``, each crowd around its own middle.

    Example:
        >>> spread([0.0, 0.5, 0.5], 0.25)
        [0.0, 0.375, 0.625]
    """
    crowds: list[list[float]] = []
    for place in places:
        crowds.append([place])
        while len(crowds) > 1 and _lowest(crowds[-1], gap) < _next(crowds[-2], gap):
            last = crowds.pop()
            crowds[-1] += last
    return [_lowest(crowd, gap) + i * gap for crowd in crowds for i in range(len(crowd))]


def _lowest(crowd: list[float], gap: float) -> float:
    return sum(crowd) / len(crowd) - gap * (len(crowd) - 1) / 2


def _next(crowd: list[float], gap: float) -> float:
    return _lowest(crowd, gap) + gap * len(crowd)


def _colour(role: str) -> str:
    return {**COLOURS, "raw": RAW}[role]
