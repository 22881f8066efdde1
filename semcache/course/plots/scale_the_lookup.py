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

Line = tuple[Sequence[float], Sequence[float]]


def sieves(sizes: Sequence[int], recalls: Mapping[str, Sequence[float]]) -> None:
    """Draw which share of the nearest neighbours a sieve keeps, over how many rows it lets pass.

    Args:
        sizes: How many rows are compared exactly.
        recalls: By the name of the bits, the share for each of the sizes.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(8, 4.2))
    for (name, shares), colour in zip(recalls.items(), (_ORANGE, _BLUE), strict=True):
        ax.plot(sizes, shares, "o-", color=colour, clip_on=False)
        middle = len(sizes) // 2
        at = sizes[middle], shares[middle]
        words: dict[str, Any] = {"color": colour, "fontweight": "bold"}
        ax.annotate(name, at, (10, -14), textcoords="offset points", **words)
    ax.set(xscale="log", ylim=(0, 1.0), xlabel="rows that the sieve lets pass (log scale)")
    ax.set(ylabel="recall@1", title="The mean makes the bits worth keeping")
    _plain_numbers(ax, sizes)
    ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    numbers = "; ".join(
        f"{name}: about {_fifths(shares[0])} of 5 with {sizes[0]} rows, {_fifths(shares[-1])} of 5 "
        f"with {sizes[-1]}"
        for name, shares in recalls.items()
    )
    finish(fig, alt=f"Nearest neighbours found, by the rows that pass the sieve. {numbers}.")


def work(lines: Mapping[str, Line]) -> None:
    """Draw the bytes that one lookup reads over the number of entries, on log scales.

    Args:
        lines: By name, the numbers of entries and the bytes for each.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(8.5, 4.6))
    most = max(entries[-1] for entries, _ in lines.values())
    for (name, line), colour in zip(lines.items(), _COLOURS, strict=True):
        ax.plot(*line, color=colour)
        end, aside = (line[0][-1], line[1][-1]), line[0][-1] == most
        words: dict[str, Any] = {"color": colour, "fontweight": "bold", "va": "center"}
        place: Any = (6, 0) if aside else (0, 14)
        words |= {"ha": "left" if aside else "center", "textcoords": "offset points"}
        ax.annotate(name, end, place, **words)
    ax.set(xscale="log", yscale="log", xlabel="entries", ylabel="bytes read for one lookup")
    ax.set_title("What one lookup reads at 384 dims")
    ax.set_xlim(right=most * 8)
    marks = [10**power for power in range(2, 7) if 10**power <= most]
    _plain_numbers(ax, marks)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda size, _: _bytes(size)))
    numbers = "; ".join(
        f"{name}: about {_bytes(float(f'{sizes[-1]:.1e}'))} at {entries[-1]:,.0f} entries"
        for name, (entries, sizes) in lines.items()
    )
    finish(fig, alt=f"Bytes read for one lookup, on log scales. {numbers}.")


def times(sizes: Mapping[int, Mapping[str, Any]], shown: Sequence[str]) -> None:
    """Draw the measured time of a lookup over the number of entries, each line named.

    Args:
        sizes: By the number of entries, and by the name of what was measured, its row in the
            benchmark's results.
        shown: Which of them to draw; those that are called a floor thinly, behind the others.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(9, 5.6))
    lines = _lines(sizes, shown)
    measured = [name for name in shown if not name.startswith("floor")]
    colours = dict(zip(measured, (_ORANGE, _BLUE, _GREEN, _PINK), strict=False))
    for name, line in lines.items():
        front = {"color": colours.get(name), "zorder": 2}
        ax.plot(*line, "o-", **(front if name in colours else {"markersize": 3, **_BEHIND}))
    marks = sorted(sizes)
    ax.set(xscale="log", yscale="log", xlabel="entries")
    ax.set_xlim(marks[0] / 1.3, marks[-1] * (marks[-1] / marks[0]) ** 0.5)  # room for names
    ax.set(ylabel="one lookup, ms (median)", title="The same growth in time, as benchmarked")
    _plain_numbers(ax, marks)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda ms, _: f"{ms:,g}"))
    _name_ends(ax, lines, colours, marks[-1])
    numbers = "; ".join(
        f"{name}: {_ms(ms[0])} ms at {entries[0]:,}, {_ms(ms[-1])} ms at {entries[-1]:,}"
        for name, (entries, ms) in lines.items()
        if name in colours
    )
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


def _lines(sizes: Mapping[int, Mapping[str, Any]], names: Sequence[str]) -> dict[str, Line]:
    """Entries and milliseconds by name, of those that were measured."""
    lines: dict[str, Line] = {}
    for name in names:
        at = [size for size, rows in sizes.items() if name in rows]
        if at:
            lines[name] = at, [1e3 * sizes[size][name]["one"]["median"] for size in at]
    return lines


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
    ax: Axes, lines: Mapping[str, Line], colours: Mapping[str, str], largest: float
) -> None:
    """Write each name to the right of its line's end, apart from the others."""
    low, high = np.log10(ax.get_ylim())
    gap, least = 0.046 * (high - low), -np.inf
    for name in sorted(lines, key=lambda name: lines[name][1][-1]):
        entries, values = lines[name]
        least = max(float(np.log10(values[-1])), least + gap)
        colour = colours.get(name, _GREY)
        end = [entries[-1], largest * 1.3], [values[-1], 10**least]
        ax.plot(*end, color=colour, linewidth=0.7, alpha=0.6)
        weight = "bold" if name in colours else "normal"
        words: dict[str, Any] = {"va": "center", "color": colour, "fontweight": weight}
        said = name.replace("floor: ", "floor of a full scan:\n")
        ax.text(largest * 1.4, 10**least, said, fontsize=10, **words)


def _plain_numbers(ax: Axes, marks: Sequence[float]) -> None:
    ax.set_xticks(marks)
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _fifths(share: float) -> int:
    """What is finer than that varies with the CPU."""
    return round(5 * share)


def _bytes(size: float) -> str:
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:g} {name}"
    return f"{size:g} bytes"
