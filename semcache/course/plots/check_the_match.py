"""Charts of lesson 09; the one on what a wrong answer costs is in :mod:`.wrong_answer_costs`."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np

from semcache.course.plots import finish, use_style
from semcache.evaluate.scored import Scored

_FEWEST_SHOWN = 10  # of fewer pairs a rate jumps between 0 and 100 %
_PARTS = 5


def reliability(judged: Mapping[str, Scored]) -> None:
    """Draw how often pairs may share an answer over the probability that they were given.

    Args:
        judged: Pairs scored by a probability, by who judged what.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(6.4, 4.6))
    ax.plot([0, 1], [0, 1], color="#999999", linewidth=1, label="as often as was said")
    high = []
    for name, rows in judged.items():
        part = np.minimum((rows.score * _PARTS).astype(int), _PARTS - 1)
        bins = [part == k for k in range(_PARTS) if np.sum(part == k) >= _FEWEST_SHOWN]
        x, y = [rows.score[b].mean() for b in bins], [rows.same[b].mean() for b in bins]
        (line,) = ax.plot(x, y, label=name)
        ax.scatter(x, y, s=[3 * b.sum() ** 0.8 for b in bins], color=line.get_color(), zorder=3)
        said = "; ".join(f"{p:.0%} said, {q:.0%} so" for p, q in zip(x, y, strict=True))
        high.append(f"{name}: {said}")
    ax.set(xlim=(0, 1), ylim=(0, 1.02), title="Does a probability come true?")
    ax.set(xlabel="probability that they may share an answer", ylabel="pairs that may")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.legend(loc="upper left", labelcolor="linecolor", prop={"weight": "bold"})
    finish(fig, alt=f"Which pairs may share an answer, by probability. {'. '.join(high)}.")
