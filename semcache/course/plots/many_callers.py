"""Charts of lesson 11."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt

from semcache.course.plots import finish, use_style

_TOGETHER, _SPREAD = "#D55E00", "#0072B2"


def expiry(sent: Mapping[float, Sequence[int]]) -> None:
    """Draw how many texts are sent to the API in each minute.

    Args:
        sent: Texts sent, by minute; for each jitter.
    """
    use_style()
    fig, axes = plt.subplots(len(sent), 1, figsize=(8, 4.4), sharex=True, sharey=True)
    most = {jitter: max(counts[1:]) for jitter, counts in sent.items()}
    worst = max(most.values())
    for ax, (jitter, counts) in zip(axes, sent.items(), strict=True):
        color = _TOGETHER if most[jitter] == worst else _SPREAD
        ax.bar(range(len(counts)), counts, width=1.0, color=color)
        peak = counts.index(most[jitter], 1)
        ax.annotate(
            f"{most[jitter]:,} in minute {peak}",
            (peak, most[jitter]),
            (-3, 5),
            textcoords="offset points",
            va="bottom",
            color=color,
            fontweight="bold",
        )
        ax.set_title(f"jitter={jitter:g}")
        ax.set(xlim=(-1, len(counts)), ylim=(0, worst * 1.3), ylabel="texts sent")
    axes[-1].set_xlabel("minute")
    numbers = "; ".join(
        f"with jitter={jitter:g} at most {most[jitter]:,} in one minute, "
        f"in {sum(count > 0 for count in counts[1:])} minutes of {len(counts) - 1}"
        for jitter, counts in sent.items()
    )
    finish(fig, alt=f"Texts sent to the API in each minute after the first: {numbers}.")


def outage(asked: Sequence[float], recovered: float, *, began: float, until: float) -> None:
    """Draw when Redis was asked in an outage.

    Args:
        asked: The seconds at which a request waited for Redis in vain.
        recovered: The second at which a request found that it works again.
        began: The second at which the outage began.
        until: The second at which it ended.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(8, 2.3))
    ax.axvspan(began, until, color="#EEEEEE", zorder=0)
    ax.text((began + until) / 2, 1.35, "Redis hangs", ha="center", color="#555555")
    ax.vlines(asked, 0, 1, color=_TOGETHER, linewidth=3)
    ax.vlines([recovered], 0, 1, color=_SPREAD, linewidth=3)
    words: dict[str, Any] = {"va": "bottom", "fontweight": "bold"}
    ax.text(began, 1.04, f"{len(asked)} asked in vain", color=_TOGETHER, **words)
    ax.text(recovered, 1.04, "works again", color=_SPREAD, ha="right", **words)
    ax.set(xlim=(began - 2, recovered + 4), ylim=(0, 1.6), yticks=[], xlabel="seconds")
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    longest = max(after - before for before, after in pairwise(asked))
    finish(
        fig,
        alt=f"In an outage of {until - began:g} s Redis was asked {len(asked)} times in vain, "
        f"with pauses of up to {longest:.1f} seconds; the request at second {recovered:.1f} found "
        "that it works again.",
    )
