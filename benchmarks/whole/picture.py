"""Where the time of a request goes: a stacked bar for each path, whole and without the model."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from benchmarks.picture import STYLE
from benchmarks.whole.report import NAMES

__all__ = ["draw"]

COLOURS = {"model": "#D55E00", "redis": "#009E73", "redis-py": "#56B4E9", "api": "#BBBBBB",
           "ours": "#0072B2"}  # fmt: skip


def draw(result: dict[str, Any], path: Path) -> None:
    """Write the picture of a result to ``path``."""
    rows = list(reversed(result["parts"]))
    plt.style.use(STYLE)
    figure, (whole, near) = plt.subplots(1, 2, figsize=(12, 3.8), sharey=True)
    _bars(whole, rows, tuple(NAMES), 1e3)
    whole.set(title="The whole request", xlabel="milliseconds")
    _bars(near, rows, ("redis", "redis-py", "ours"), 1e6)
    near.set(title="Without model and API", xlabel="microseconds")
    whole.set_yticks(range(len(rows)), [row["path"] for row in rows])
    handles, labels = whole.get_legend_handles_labels()
    labels = [_long(label) for label in labels]
    figure.legend(handles, labels, loc="outside lower center", ncols=len(NAMES))
    figure.savefig(path)
    plt.close(figure)


def _long(label: str) -> str:
    return f"{label} (no LLM)" if label == NAMES["api"] else label


def _bars(axes: Axes, rows: list[dict[str, Any]], parts: tuple[str, ...], scale: float) -> None:
    ends = [0.0] * len(rows)
    for part in parts:
        widths = [row["parts"][part] * scale for row in rows]
        axes.barh(range(len(rows)), widths, 0.6, ends, color=COLOURS[part], label=NAMES[part])
        ends = [end + width for end, width in zip(ends, widths, strict=True)]
    for place, end in enumerate(ends):
        text = f"{end:,.0f}" if end >= 10 else f"{end:.2f}"
        axes.annotate(text, (end, place), (4, 0), textcoords="offset points", va="center")
    axes.margins(x=0.12)
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
