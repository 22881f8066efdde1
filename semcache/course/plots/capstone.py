"""Charts of lesson 14."""

from collections.abc import Sequence

import matplotlib.pyplot as plt

from semcache.course.day import CAUSES, Outcome
from semcache.course.plots import finish, use_style

_RIGHT, _LLM, _LIMIT = "#0072B2", "#CCCCCC", "#555555"
_WRONG = dict(zip(CAUSES, ("#D55E00", "#CC79A7", "#E69F00"), strict=True))


def who_answers(outcomes: Sequence[Outcome]) -> None:
    """Draw for each design who answers, and why what is wrong is wrong.

    Args:
        outcomes: Of the designs, the first on top.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(8, 0.55 * len(outcomes) + 1.7))
    names = [one.name for one in outcomes]
    parts = {"right, from the cache": [one.figures.hits - one.wrong.count for one in outcomes]}
    parts |= {f"wrong: {cause}": [one.causes[cause] for one in outcomes] for cause in CAUSES}
    parts["by the LLM"] = [one.figures.llm_calls for one in outcomes]
    left = [0] * len(outcomes)
    for (label, widths), color in zip(parts.items(), (_RIGHT, *_WRONG.values(), _LLM), strict=True):
        ax.barh(names, widths, left=left, color=color, label=label, height=0.62)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    ax.invert_yaxis()
    ax.set(title="Wrong answers have three causes", xlabel="requests of the day")
    ax.set(xlim=(0, max(left)))
    ax.xaxis.set_major_formatter(lambda count, _: f"{count:,.0f}")
    ax.grid(axis="y", visible=False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.22), ncols=3, frameon=False)
    said = "; ".join(
        f"{one.name} serves {one.figures.hits:,}, {one.wrong.count:,} of them wrong"
        for one in outcomes
    )
    finish(fig, alt=f"Of {outcomes[0].figures.requests:,} requests: {said}.")


def choices(none: Outcome, outcomes: Sequence[Outcome], promise: float) -> None:
    """Draw what each design costs, and how much of what it serves may be wrong.

    Args:
        none: The day without a cache.
        outcomes: The designs.
        promise: At most this share may be wrong.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(8, 4.2))
    least = min(promise, *(one.at_most for one in outcomes)) / 2
    ax.fill_between([0, none.dollars], least, promise, color="#E5F0F7", zorder=0)
    ax.axhline(promise, color=_LIMIT, linewidth=1, linestyle="--")
    ax.axvline(none.dollars, color=_LIMIT, linewidth=1, linestyle="--")
    kept = [one for one in outcomes if one.at_most <= promise and one.dollars < none.dollars]
    for number, one in enumerate(outcomes, 1):
        color = _RIGHT if one in kept else _WRONG[CAUSES[0]]
        ax.plot(one.dollars, one.at_most, "o", color=color, markersize=9)
        side = 1 if number % 2 or one.dollars >= none.dollars else -1
        ax.annotate(
            f"{number}",
            (one.dollars, one.at_most),
            (side * 8, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            color=color,
            fontweight="bold",
        )
        ax.plot([], [], " ", label=f"{number}  {one.name}")
    ax.text(0.01, promise * 1.08, "the promise", color=_LIMIT, transform=ax.get_yaxis_transform())
    right = max(none.dollars, *(one.dollars for one in outcomes)) * 1.08
    ax.text(none.dollars, 1.1, "no cache", color=_LIMIT, ha="center")
    ax.set(yscale="log", ylim=(least, 1), xlim=(0, right))
    ax.set(xlabel="dollars a day, with the node", ylabel="wrong at most, of what is served")
    ax.yaxis.set_major_formatter(lambda share, _: f"{share:.1%}")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, handlelength=0)
    said = "; ".join(
        f"{one.name} ${one.dollars:.2f}, at most {one.at_most:.1%} wrong" for one in outcomes
    )
    names = ", ".join(one.name for one in kept) or "none"
    finish(
        fig,
        alt=f"Dollars and the upper limit of wrong answers: {said}. Cheaper than no cache "
        f"(${none.dollars:.2f}) and within the promise of {promise:.1%}: {names}.",
    )
