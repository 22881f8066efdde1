"""Where the time of a request goes: a stacked bar for each path, in milliseconds and per cent."""

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
    rows = [row["parts"] for row in reversed(result["parts"])]
    plt.style.use(STYLE)
    figure, (times, shares) = plt.subplots(1, 2, figsize=(12, 3.8), sharey=True)
    ends = _bars(times, [{part: 1e3 * row[part] for part in NAMES} for row in rows])
    for place, end in enumerate(ends):
        text = f"{end:.1f}" if end >= 1 else f"{end:.2f}"
        times.annotate(text, (end, place), (4, 0), textcoords="offset points", va="center")
    times.set(title="One request", xlabel="milliseconds")
    times.margins(x=0.1)
    whole = [sum(row[part] for part in NAMES) for row in rows]
    _bars(shares, [{part: 100 * row[part] / total for part in NAMES}
                   for row, total in zip(rows, whole, strict=True)])  # fmt: skip
    shares.set(title="Its parts", xlabel="per cent of the request", xlim=(0, 100))
    times.set_yticks(range(len(rows)), [row["path"] for row in reversed(result["parts"])])
    handles, labels = times.get_legend_handles_labels()
    labels = [f"{label} (no LLM)" if label == NAMES["api"] else label for label in labels]
    figure.legend(handles, labels, loc="outside lower center", ncols=len(NAMES))
    figure.savefig(path)
    plt.close(figure)


def _bars(axes: Axes, rows: list[dict[str, float]]) -> list[float]:
    """Stack the parts of each row; return where each bar ends."""
    ends = [0.0] * len(rows)
    for part, name in NAMES.items():
        widths = [row[part] for row in rows]
        axes.barh(range(len(rows)), widths, 0.6, ends, color=COLOURS[part], label=name)
        ends = [end + width for end, width in zip(ends, widths, strict=True)]
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    return ends
