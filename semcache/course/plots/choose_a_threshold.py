"""Charts of lesson 08."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from semcache.course.plots import finish, use_style
from semcache.evaluate.curve import Curve, risk_coverage
from semcache.evaluate.scored import Scored, shown

_FEWEST_SHOWN = 10  # of fewer pairs a rate jumps between 0 and 100 %
_LANGUAGES = {"en": "English", "zh": "Chinese"}
_LABEL_WIDTH = 0.055  # as a share of the axis


def curves(materials: Mapping[str, Scored], thresholds: Sequence[float]) -> None:
    """Draw wrong answers over the share served: a panel for each material, a line a language.

    Args:
        materials: Pairs scored by similarity, by what they are.
        thresholds: Marked on each line.
    """
    use_style()
    fig, axes = plt.subplots(1, len(materials), figsize=(9.5, 4.4), sharey=True, squeeze=False)
    numbers = []
    for ax, (material, rows) in zip(axes[0], materials.items(), strict=True):
        for at, (language, name) in enumerate(_LANGUAGES.items()):
            curve = risk_coverage(rows.by("language")[language])
            steady = curve.steady(_FEWEST_SHOWN)
            ax.plot(curve.coverage[steady], curve.risk[steady], color=f"C{at}", label=name)
            _points(ax, curve, thresholds, f"C{at}", below=bool(at))
        ax.set(
            title=material, xlim=(0, 1.02), ylim=(-0.07, 0.85), xlabel="share of the pairs served"
        )
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(lambda share, _: f"{share:.0%}")
        served, risk = risk_coverage(rows).at(thresholds[len(thresholds) // 2])
        numbers.append(f"{material}: {roughly(served)} served, {roughly(risk)} of them wrong")
    axes[0][0].set(ylabel="wrong, of those served")
    axes[0][0].legend(loc="lower left", labelcolor="linecolor", prop={"weight": "bold"})
    middle = shown(thresholds[len(thresholds) // 2])
    finish(fig, alt=f"Wrong answers over the share served. From {middle}: {'; '.join(numbers)}.")


def _points(
    ax: Axes, curve: Curve, thresholds: Sequence[float], color: str, *, below: bool
) -> None:
    """Mark thresholds on a line, as far as enough pairs reach them and there is room."""
    last = 0.0
    for threshold in thresholds:
        served, risk = curve.at(threshold)
        if served * curve.served[-1] >= _FEWEST_SHOWN and served - last > 1.6 * _LABEL_WIDTH:
            last = served
            ax.plot(served, risk, "o", color="white", markeredgecolor=color, zorder=4)
            words: dict[str, Any] = {"color": color, "ha": "center", "textcoords": "offset points"}
            ax.annotate(shown(threshold), (served, risk), (0, -17 if below else 9), **words)


def reliability(judged: Mapping[str, Scored]) -> None:
    """Draw how often pairs may share an answer over the probability that they were given.

    Args:
        judged: Pairs scored by a probability, by who judged what.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(6.4, 4.8))
    ax.plot([0, 1], [0, 1], color="#999999", linewidth=1, label="as often as was said")
    high = []
    for name, rows in judged.items():
        said, same = rows.score, rows.same
        part = np.minimum((said * 5).astype(int), 4)
        bins = [part == k for k in range(5) if np.sum(part == k) >= _FEWEST_SHOWN]
        x, y = [said[b].mean() for b in bins], [same[b].mean() for b in bins]
        (line,) = ax.plot(x, y, label=name)
        ax.scatter(x, y, s=[3 * b.sum() ** 0.8 for b in bins], color=line.get_color(), zorder=3)
        high.append(f"{name}: {roughly(float(same[said >= 0.5].mean()))} of those from 0.5")
    ax.set(xlim=(0, 1), ylim=(0, 1.02), title="What a probability is worth: does it come true?")
    ax.set(xlabel="probability that they may share an answer", ylabel="pairs that may")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.legend(loc="upper left", labelcolor="linecolor", prop={"weight": "bold"})
    finish(fig, alt=f"Which pairs may share an answer, by probability. {'; '.join(high)}.")


def roughly(share: float) -> str:
    """Say a share in words: its digits vary with the make of the CPU.

    Example:
        >>> [roughly(share) for share in (0.01, 0.05, 0.33, 0.5, 0.8, 0.93)]
        ['hardly any', 'under an eighth', 'a quarter', 'half', 'three quarters', 'nearly all']
    """
    steps = {0.02: "hardly any", 0.125: "under an eighth", 0.375: "a quarter", 0.625: "half"}
    return next((word for end, word in steps.items() if share < end), "") or (
        "three quarters" if share < 0.875 else "nearly all"
    )
