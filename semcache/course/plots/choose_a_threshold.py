"""Charts of lesson 08."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from semcache.course.plots import finish, use_style
from semcache.evaluate.curve import Curve, risk_coverage
from semcache.evaluate.scored import Scored, shown

_FEWEST_SHOWN = 10  # of fewer pairs a rate jumps between 0 and 100 %
_LANGUAGES = {"en": "English", "zh": "Chinese", "mixed": "one of each"}
_LABEL_WIDTH = 0.055  # as a share of the axis


def curves(rows: Scored, thresholds: Sequence[float], title: str) -> None:
    """Draw wrong answers over the share served: a line for each language of the pairs.

    Args:
        rows: Pairs scored by similarity, with the column ``language``.
        thresholds: Marked on each line.
        title: Of the chart.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(8, 4.4))
    numbers = []
    for at, (language, part) in enumerate(rows.by("language").items()):
        curve, name = risk_coverage(part), _LANGUAGES.get(language, language)
        steady = curve.steady(_FEWEST_SHOWN)
        ax.plot(curve.coverage[steady], curve.risk[steady], color=f"C{at}", label=name)
        _points(ax, curve, thresholds, f"C{at}", below=bool(at))
        served, risk = curve.at(thresholds[0])
        numbers.append(f"{name} {served:.0%} served, {risk:.0%} of them wrong")
    ax.set(title=title, xlim=(0, 1.02), ylim=(-0.05, None))
    ax.set(xlabel="share of the pairs served", ylabel="wrong, of those served")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.legend(loc="upper left", labelcolor="linecolor", prop={"weight": "bold"})
    alt = f"From {shown(thresholds[0])}: {'; '.join(numbers)}"
    finish(fig, alt=f"Wrong answers over the share served, by language. {alt}.")


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
