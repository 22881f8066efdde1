"""The growth curve: median time of a lookup over the number of entries, each line named."""

import math
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from benchmarks.picture import COLOURS, ROLES, STYLE

__all__ = ["draw"]

RAW = "#009E73"
LINES = {"ours": 2.4, "floor": 1.0, "raw": 1.4, "source": 1.4, "peer": 1.4}
GAP = 0.042  # of the axis' height: a label's
Points = list[tuple[int, float]]


def draw(result: dict[str, Any], path: Path) -> None:
    """Write the picture of a result to ``path``."""
    plt.style.use(STYLE)
    dims = sorted({run["dims"] for run in result["runs"]})
    figure, axes = plt.subplots(1, len(dims), figsize=(7.2 * len(dims), 6), sharey=True)
    times = [run for run in result["runs"]]
    for one, panel in zip(dims, [axes] if len(dims) == 1 else axes, strict=True):
        _panel(panel, [run for run in times if run["dims"] == one], one)
    handles = [
        plt.Line2D([], [], color=_colour(role), lw=LINES[role], label=label)
        for role, label in {**ROLES, "floor": "floors", "raw": "bare commands"}.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    figure.savefig(path)
    plt.close(figure)


def _panel(axes: Axes, runs: list[dict[str, Any]], dims: int) -> None:
    lines = _lines(runs)
    sizes = [run["entries"] for run in runs]
    axes.set(xscale="log", yscale="log", xlabel="entries", title=f"{dims:,} dimensions")
    axes.set_xlim(min(sizes) / 1.25, max(sizes) * 12)  # room for the names
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
    """Write each name beside the end of its line, pushed up where it would cover another."""
    low, high = (math.log10(limit) for limit in axes.get_ylim())
    ends = sorted((points[-1][1], name) for name, (_, points) in lines.items())
    below = -math.inf
    for value, name in ends:
        role, points = lines[name]
        place = max((math.log10(value) - low) / (high - low), below + GAP)
        below = place
        entries = points[-1][0]
        early = f" (to {entries:,})" if entries < largest else ""
        axes.annotate(
            name.removeprefix("floor: ") + early,
            (entries, value),
            (largest * 1.5, 10 ** (low + place * (high - low))),
            va="center",
            fontsize=9,
            color=_colour(role),
            fontweight="bold" if role == "ours" else "normal",
            arrowprops={"arrowstyle": "-", "color": _colour(role), "lw": 0.5, "alpha": 0.5},
        )


def _colour(role: str) -> str:
    return {**COLOURS, "raw": RAW}[role]
