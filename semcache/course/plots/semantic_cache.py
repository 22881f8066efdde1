"""Charts of lesson 06."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from semcache.course.plots import finish, use_style

_SAME, _OTHER, _ADVICE = "#0072B2", "#D55E00", "#EEEEEE"
_FROM, _TO = 0.68, 1.0

Similarities = NDArray[np.floating[Any]]


def hills(
    same: Similarities, other: Similarities, alike: Sequence[float], differing: float
) -> None:
    """Draw where the similarities of pairs lie that need one answer, and of those that need two.

    Args:
        same: Similarities of the pairs that one answer settles.
        other: Similarities of the pairs that need two.
        alike: Similarities to one question of questions that its answer settles; drawn as dots.
        differing: The similarity to it of one that it does not settle.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(8.5, 4.3))
    ax.axvspan(0.85, 0.95, color=_ADVICE, linewidth=0)
    top = max(
        _hill(ax, other, _OTHER, "pairs that need\ntwo answers", (0.752, 0.62), "right"),
        _hill(ax, same, _SAME, "pairs that\none answer settles", (0.905, 0.33), "left"),
    )
    words: dict[str, Any] = {"fontsize": 10, "va": "center"}
    ax.text(0.90, 1.36 * top, "advised: 0.85 to 0.95", ha="center", color="#555555", **words)
    dot: dict[str, Any] = {"markersize": 9, "markeredgecolor": "white", "clip_on": False}
    ax.plot(alike, [1.16 * top] * len(alike), "o", color=_SAME, **dot)
    ax.plot(differing, 1.16 * top, "o", color=_OTHER, **dot)
    ax.text(differing - 0.006, 1.16 * top, "What is JavaScript?", ha="right", **words)
    ax.text(max(alike) + 0.006, 1.16 * top, "What is Python?\nin other words", ha="left", **words)
    ax.set(xlim=(_FROM, _TO), ylim=(0, 1.45 * top), yticks=[])
    ax.set(xlabel="similarity (cosine)", ylabel="share of the pairs")
    ax.set_title("No line parts the two hills")
    ax.spines["left"].set_visible(False)
    ax.grid(visible=False)
    finish(
        fig,
        alt="Similarities of pairs of support questions, as two hills that overlap. Nine of ten "
        f"pairs that need two answers lie from {_low(other)} to {_high(other)}, of those that one "
        f"answer settles from {_low(same)} to {_high(same)}.",
    )


def rulers(cosines: Mapping[str, float], other: Similarities) -> None:
    """Draw on one axis from which cosine on several thresholds serve an answer.

    Args:
        cosines: The least cosine that is served, by the name of the setting.
        other: Similarities of pairs that need two answers; drawn as a hill above.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(8.5, 0.45 * len(cosines) + 2.2))
    low, high = np.quantile(other, [0.05, 0.95])
    ax.axvspan(low, high, color=_OTHER, alpha=0.12, linewidth=0)
    share, middles = _smooth(other)
    ax.fill_between(middles, -0.8, -0.8 - 1.3 * share / share.max(), color=_OTHER, lw=0, alpha=0.6)
    ax.text(low - 0.01, -1.15, "pairs that need\ntwo answers", ha="right", color=_OTHER)
    for row, least in enumerate(cosines.values()):
        ax.plot([least, 1], [row, row], color=_SAME, linewidth=6, solid_capstyle="butt")
        ax.plot(least, row, "o", color=_SAME, markersize=11)
        ax.text(least - 0.012, row, f"{least:.2f}", ha="right", va="center", fontweight="bold")
    ax.set(xlim=(0.5, 1.0), ylim=(len(cosines) - 0.5, -2.2), xlabel="cosine")
    ax.set_yticks(range(len(cosines)), list(cosines))
    ax.set_title("From which cosine on each setting serves an answer")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False)
    numbers = "; ".join(f"{name}: {least:.2f}" for name, least in cosines.items())
    finish(
        fig,
        alt=f"The least cosine that each setting serves: {numbers}. Nine of ten pairs of support "
        f"questions that need two answers lie from {_low(other)} to {_high(other)}.",
    )


def _hill(
    ax: Axes,
    similarities: Similarities,
    color: str,
    label: str,
    at: tuple[float, float],
    side: str,
) -> float:
    """Draw one smoothed histogram; return its height."""
    height, middles = _smooth(similarities)
    ax.fill_between(middles, height, color=color, alpha=0.35, linewidth=0)
    ax.plot(middles, height, color=color)
    top = float(height.max())
    ax.text(at[0], at[1] * top, label, color=color, ha=side, fontweight="bold")
    return top


def _smooth(similarities: Similarities) -> tuple[Similarities, Similarities]:
    """A histogram in steps of 0.004, and the middles of its bins."""
    share, edges = np.histogram(similarities, bins=80, range=(_FROM, _TO))
    window = np.hanning(9)[1:-1]
    height = np.convolve(share / share.sum(), window / window.sum(), mode="same")
    return height, (edges[1:] + edges[:-1]) / 2


def _low(similarities: Similarities) -> str:
    return f"{np.floor(100 * np.quantile(similarities, 0.05)) / 100:.2f}"


def _high(similarities: Similarities) -> str:
    return f"{np.ceil(100 * np.quantile(similarities, 0.95)) / 100:.2f}"
