"""The result as a picture: time of a hit, time of a batch, bytes of an entry."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

__all__ = ["draw"]

STYLE = Path(__file__).parents[1] / "semcache/course/plots/lesson.mplstyle"
COLOURS = {"floor": "#000000", "ours": "#0072B2", "source": "#D55E00", "peer": "#E69F00"}
ROLES = {
    "floor": "floor: redis-py into an array",
    "ours": "semcache",
    "source": "tutorial code",
    "peer": "other libraries",
}


def draw(result: dict[str, Any], path: Path) -> None:
    """Write the picture of a result to ``path``."""
    rows = [row for row in reversed(result["subjects"]) if "missing" not in row]
    entries = result["settings"]["entries"]
    plt.style.use(STYLE)
    figure, axes = plt.subplots(1, 3, figsize=(13, 4.8), sharey=True)
    _times(axes[0], rows, "one", 1e6, "One hit", "microseconds")
    _times(axes[1], rows, "many", 1e3, f"A batch of {entries:,} hits", "milliseconds")
    _dots(axes[2], rows, [row["memory"] for row in rows], "One entry in Redis", "bytes")
    legend = [
        Line2D([], [], marker="o", linestyle="", color=COLOURS[role], label=label)
        for role, label in ROLES.items()
    ]
    legend.append(Line2D([], [], color="#999999", label="median to 95th percentile"))
    figure.legend(handles=legend, loc="outside lower center", ncols=5)
    figure.savefig(path)
    plt.close(figure)


def _times(
    axes: Axes, rows: list[dict[str, Any]], measure: str, scale: float, title: str, unit: str
) -> None:
    medians = [row[measure]["median"] * scale for row in rows]
    slow = [row[measure]["p95"] * scale for row in rows]
    axes.hlines(range(len(rows)), medians, slow, color="#999999", zorder=1)
    _dots(axes, rows, medians, title, unit)


def _dots(
    axes: Axes, rows: list[dict[str, Any]], values: list[float], title: str, unit: str
) -> None:
    colours = [COLOURS[row["role"]] for row in rows]
    axes.scatter(values, range(len(rows)), c=colours, s=60, zorder=2)
    for place, value in enumerate(values):
        axes.annotate(_number(value), (value, place), (0, 7), textcoords="offset points",
                      ha="center", fontsize=9)  # fmt: skip
    axes.set(title=title, xlabel=f"{unit} (log scale)", xscale="log")
    axes.set_xlim(min(values) / 2, max(values) * 4)
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
    axes.set_ylim(-0.6, len(rows) - 0.3)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)


def _number(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"
