"""Charts of lesson 05."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from semcache.course.plots import finish, use_style

_MEMORY, _REDIS, _API = "#0072B2", "#9CC7E3", "#E6E6E6"
_STALE, _FRESH = "#D55E00", "#9CC7E3"
_MARKS = (3, 10, 30, 100, 300, 1_000, 3_000, 10_000)

Counts = NDArray[np.integer]


def tiers(distances: Counts, requests: int) -> None:
    """Draw which tier answers, over the size of the memory.

    Args:
        distances: The reuse distance of each repetition.
        requests: How many requests there were, first ones included.
    """
    use_style()
    sizes = np.arange(1, distances.max() + 1)
    memory, repeated = _shares(distances, sizes, requests), len(distances) / requests
    fig, ax = plt.subplots(figsize=(8, 4.4))
    ax.fill_between(sizes, 0, memory, color=_MEMORY, linewidth=0)
    ax.fill_between(sizes, memory, repeated, color=_REDIS, linewidth=0)
    ax.fill_between(sizes, repeated, 1, color=_API, linewidth=0)
    marks = [mark for mark in _MARKS if mark < sizes[-1] / 1.25]
    for mark in marks:
        share = memory[mark - 1]
        ax.plot(mark, share, "o", color="white", markeredgecolor=_MEMORY, zorder=3)
        ax.annotate(f"{share:.0%}", (mark, share), (0, 8), textcoords="offset points", ha="center")
    end = (sizes[-1], float(repeated))
    ax.annotate(f"{repeated:.0%}", end, (-3, 5), textcoords="offset points", ha="right")
    words: dict[str, Any] = {"ha": "left", "fontsize": 12, "fontweight": "bold"}
    ax.text(1.2, (1 + repeated) / 2, "API: asked once for each text", va="center", **words)
    ax.text(1.2, repeated * 0.75, "Redis: one round trip each", va="center", **words)
    middle = np.sqrt(sizes[-1]) * 2
    ax.text(middle, 0.18, "memory: no round trip", va="center", color="white", **words)
    _size_axis(ax, sizes[-1])
    ax.set(
        ylim=(0, 1), ylabel="share of the requests", title="Who answers, by the size of the memory"
    )
    numbers = ", ".join(f"{memory[mark - 1]:.0%} with {mark:,}" for mark in marks)
    finish(
        fig,
        alt=f"Share of {requests:,} requests answered from memory: {numbers}, and "
        f"{repeated:.0%} with {sizes[-1]:,} vectors. The API answers {1 - repeated:.0%} at every "
        "size, Redis the rest.",
    )


def against(distances: Counts, fixed: Counts, uniform: Counts, requests: int) -> None:
    """Draw the memory's hit rate over its size beside two others.

    Args:
        distances: The reuse distance of each repetition.
        fixed: Hits of the best fixed choice of 1, 2, 3 … texts.
        uniform: The reuse distances when all texts are equally popular.
        requests: How many requests there were, in either stream.
    """
    use_style()
    most = max(distances.max(), uniform.max())
    sizes = np.arange(1, most + 1)
    best = np.asarray(fixed)[np.minimum(sizes, len(fixed)) - 1] / requests
    lru, flat = _shares(distances, sizes, requests), _shares(uniform, sizes, requests)
    fig, ax = plt.subplots(figsize=(8, 4.2))
    ax.fill_between(sizes, lru, best, color="C0", alpha=0.12, linewidth=0)
    ax.plot(
        sizes, best, color="#222222", linestyle="--", label="best fixed choice, made afterwards"
    )
    ax.plot(sizes, lru, color="C0", label="LRU")
    ax.plot(sizes, flat, color="C1", label="LRU, all texts equally popular")
    ax.legend(loc="upper left", labelcolor="linecolor", prop={"weight": "bold"})
    _size_axis(ax, most)
    ax.set(ylim=(0, 1), ylabel="share of the requests", title="Answered from memory, by its size")
    marks = [mark for mark in (10, 30, 100, 300) if mark <= most]
    numbers = "; ".join(
        f"with {k} vectors {lru[k - 1]:.0%}, best fixed choice {best[k - 1]:.0%}, "
        f"equally popular {flat[k - 1]:.0%}"
        for k in marks
    )
    finish(fig, alt=f"Share of requests that an LRU answers from memory: {numbers}.")


def timeline(
    stale: Mapping[str, int], *, fetched: int, deleted: int, expires: int, watched: int
) -> None:
    """Draw for each reader how long it serves an entry after its delete.

    Args:
        stale: Seconds after the delete, by reader; drawn from top to bottom.
        fetched: The second at which the readers fetch the entry.
        deleted: The second of the delete.
        expires: The second at which the entry would have expired.
        watched: The second at which nobody looks any longer.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(8, 0.62 * len(stale) + 1.5))
    for row, seconds in enumerate(stale.values()):
        end = deleted + seconds
        bar: dict[str, Any] = {"y": row, "height": 0.62}
        ax.barh(width=deleted - fetched, left=fetched, color=_MEMORY, **bar)
        ax.barh(width=seconds, left=deleted, color=_STALE, **bar)
        if end < watched:
            ax.barh(width=watched - end, left=end, color=_FRESH, **bar)
            ax.text(end + 4, row, "asked the API again", va="center")
        if seconds > 0:
            label = f"{seconds} s" if end < watched else f"{seconds} s, and on"
            words: dict[str, Any] = {
                "color": "white",
                "ha": "center",
                "va": "center",
                "fontweight": "bold",
            }
            ax.text(deleted + seconds / 2, row, label, **words)
    for second, what, side in (
        (fetched, "fetched", "right"),
        (deleted, "deleted", "left"),
        (expires, "would have expired", "left"),
    ):
        ax.axvline(second, color="#222222", linewidth=1, linestyle=":", zorder=0)
        ax.text(second, -0.62, f" {what} ", ha=side, fontsize=10)
    ax.set(xlim=(0, watched), ylim=(len(stale) - 0.5, -0.85), xlabel="seconds")
    ax.set_yticks(range(len(stale)), list(stale))
    ax.set_title("Dark blue: served before the delete. Orange: still served after it", pad=14)
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    numbers = ", ".join(
        f"{name} {seconds} s" if deleted + seconds < watched else f"{name} {seconds} s and longer"
        for name, seconds in stale.items()
    )
    finish(fig, alt=f"How long an entry is served after its delete: {numbers}.")


def _shares(distances: Counts, sizes: Counts, requests: int) -> NDArray[np.float64]:
    """The share of all requests that a memory of each size answers."""
    hits = np.searchsorted(np.sort(distances), sizes, side="right")
    shares: NDArray[np.float64] = hits / requests
    return shares


def _size_axis(ax: Axes, most: int) -> None:
    ax.set(xscale="log", xlim=(1, most), xlabel="vectors in memory (logarithmic)")
    ticks = [1, *(mark for mark in _MARKS if mark < most / 1.25), most]
    ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.grid(visible=False)
