"""Charts of lesson 10."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from semcache.course.plots import finish, use_style

_BLUE, _ORANGE, _GREEN, _PINK, _GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#888888"
_COLOURS = (_ORANGE, _BLUE, _GREEN, _PINK)
_BEHIND: dict[str, Any] = {"color": "#BBBBBB", "linewidth": 1.2, "zorder": 1}
_SLOTS = 16_384


def times(lines: Mapping[str, Mapping[int, float]], floor: str) -> None:
    """Draw the measured time of a lookup over the number of entries, each line named.

    Args:
        lines: By name, and by the number of entries, the milliseconds.
        floor: Which of them is none of the designs; it is drawn thinly, behind the others.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(9, 5.2))
    designs = [name for name in lines if name != floor]
    colours = dict(zip(designs, _COLOURS, strict=False))
    for name, line in lines.items():
        front = {"color": colours.get(name), "zorder": 2}
        style = front if name in colours else {"markersize": 3, **_BEHIND}
        ax.plot(list(line), list(line.values()), "o-", **style)
    marks = sorted({entries for line in lines.values() for entries in line})
    ax.set(xscale="log", yscale="log", xlabel="entries")
    ax.set_xlim(marks[0] / 1.3, marks[-1] * (marks[-1] / marks[0]) ** 0.5)  # room for names
    ax.set(ylabel="one lookup, ms (median)", title="One lookup at 384 dims, as benchmarked")
    _plain_numbers(ax, marks)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda ms, _: f"{ms:,g}"))
    _name_ends(ax, lines, colours, marks[-1])
    numbers = "; ".join(_first_and_last(name, line) for name, line in lines.items())
    finish(fig, alt=f"Median time of one lookup at 384 dims, on log scales. {numbers}.")


def cluster(slots: Mapping[str, Sequence[int]], nodes: int, dead: int) -> None:
    """Draw keys on the ring of slots, row by row, above the nodes that serve them.

    Args:
        slots: By the name of a row, the slots of its keys.
        nodes: Into how many equal parts the slots are divided.
        dead: The node that no longer answers, from 0.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(9, 0.85 * len(slots) + 1.9))
    for node in range(nodes):
        left, right = node * _SLOTS / nodes, (node + 1) * _SLOTS / nodes
        colour = "#F7D9C4" if node == dead else "#E4EEF5"
        ax.axvspan(left + 40, right - 40, color=colour, linewidth=0, zorder=0)
        state = "dead" if node == dead else "alive"
        words: dict[str, Any] = {"ha": "center", "fontweight": "bold"}
        ax.text((left + right) / 2, -0.75, f"node {node}, {state}", **words)
    for row, at in enumerate(slots.values()):
        lost = np.array(at) * nodes // _SLOTS == dead
        for keys, colour in ((np.array(at)[~lost], _BLUE), (np.array(at)[lost], _ORANGE)):
            ax.plot(keys, [row] * len(keys), "|", color=colour, markersize=22, markeredgewidth=1.4)
    ax.set(xlim=(0, _SLOTS), ylim=(len(slots) - 0.4, -1.0), xlabel="hash slot")
    ax.set_yticks(range(len(slots)), [_counted(name, at) for name, at in slots.items()])
    ax.set_xticks([0, 4_096, 8_192, 12_288, _SLOTS])
    ax.xaxis.set_major_formatter(FuncFormatter(lambda slot, _: f"{slot:,.0f}"))
    ax.set_title("A scope's keys share one slot, and scopes spread")
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    numbers = "; ".join(_in_words(name, at, nodes) for name, at in slots.items())
    finish(fig, alt=f"The {_SLOTS:,} slots of {nodes} nodes, node {dead} dead. {numbers}.")


def _first_and_last(name: str, line: Mapping[int, float]) -> str:
    ends = (min(line), max(line))
    return f"{name}: " + ", ".join(f"{_ms(line[end])} ms at {end:,}" for end in ends)


def _ms(time: float) -> str:
    return f"{time:,.0f}" if time >= 100 else f"{time:.2g}"


def _in_words(name: str, slots: Sequence[int], nodes: int) -> str:
    on = np.bincount(np.array(slots) * nodes // _SLOTS, minlength=nodes)
    share = " + ".join(f"{count:,}" for count in on)
    return f"{_counted(name, slots)}, keys on the nodes {share}".replace("\n", " ")


def _counted(name: str, slots: Sequence[int]) -> str:
    different = len(set(slots))
    return f"{name}:\n{len(slots):,} keys,\n{different:,} slot{'s' * (different > 1)}"


def _name_ends(
    ax: Axes, lines: Mapping[str, Mapping[int, float]], colours: Mapping[str, str], largest: float
) -> None:
    """Write each name to the right of its line's end, apart from the others."""
    low, high = np.log10(ax.get_ylim())
    gap, least = 0.046 * (high - low), -np.inf
    for name in sorted(lines, key=lambda name: lines[name][max(lines[name])]):
        last = max(lines[name])
        value = lines[name][last]
        least = max(float(np.log10(value)), least + gap)
        colour = colours.get(name, _GREY)
        ax.plot([last, largest * 1.3], [value, 10**least], color=colour, linewidth=0.7, alpha=0.6)
        weight = "bold" if name in colours else "normal"
        words: dict[str, Any] = {"va": "center", "color": colour, "fontweight": weight}
        ax.text(largest * 1.4, 10**least, name, fontsize=10, **words)


def _plain_numbers(ax: Axes, marks: Sequence[float]) -> None:
    ax.set_xticks(marks)
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
