"""Charts of lesson 07."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from semcache.course.plots import finish, use_style

_SEGMENTS = (  # tier, whether right, what it is called, colour
    ("exact", True, "right, exact tier", "#0072B2"),
    ("similar", True, "right, by similarity", "#9CC7E3"),
    ("LLM", True, "asked the LLM", "#E6E6E6"),
    ("similar", False, "wrong, by similarity", "#F2B48C"),
    ("exact", False, "wrong, exact tier: promoted before", "#D55E00"),
)
_DARK = ("#0072B2", "#D55E00")
_TEXT_FITS = 0.045  # the share from which a number fits into its part of the bar

Row = tuple[Any, ...]


def designs(logs: Mapping[str, Sequence[Row]]) -> None:
    """Draw for each design who answered, and how much of it was wrong.

    Args:
        logs: By design, a row for each request: the tier that answered (``exact``, ``similar``,
            ``LLM``), the answer wanted, the answer given, and what else the row holds; drawn
            from top to bottom.
    """
    use_style()
    shares = {design: _shares(log) for design, log in logs.items()}
    fig, ax = plt.subplots(figsize=(8, 0.85 * len(shares) + 1.4))
    rows = range(len(shares))
    left = np.zeros(len(shares))
    for tier, right, label, colour in _SEGMENTS:
        widths = np.array([share[tier, right] for share in shares.values()])
        ax.barh(rows, widths, 0.62, left=left, color=colour, label=label)
        ink = "white" if colour in _DARK else "#222222"
        for row, width, start in zip(rows, widths, left, strict=True):
            if width >= _TEXT_FITS:
                words: dict[str, Any] = {"ha": "center", "va": "center", "fontweight": "bold"}
                ax.text(start + width / 2, row, f"{width:.0%}", color=ink, **words)
        left += widths
    ax.set_yticks(rows, list(shares))
    ax.set(xlim=(0, 1), ylim=(len(shares) - 0.5, -0.5), xlabel="share of the requests")
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.set_title("Who answered, and what was wrong", pad=44)
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=3,
        fontsize=10,
        handlelength=1,
        columnspacing=1.2,
        borderaxespad=0.2,
    )
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    finish(fig, alt=f"Of all requests, {'; '.join(map(_in_words, shares, shares.values()))}.")


def exchange(outcomes: Mapping[float, Sequence[tuple[float, float]]]) -> None:
    """Draw for each day the wrong answers served against the LLM calls spared.

    Args:
        outcomes: By threshold, one pair for each day: LLM calls that the semantic tier spares,
            and wrong answers served, of 1,000 requests.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(8, 4.6))
    clouds = {threshold: np.array(pairs) for threshold, pairs in outcomes.items()}
    right, top = np.max([points.max(axis=0) for points in clouds.values()], axis=0) * 1.1
    for slope in (1, 2, 3):
        end = min(right, top / slope)
        ax.plot([0, end], [0, slope * end], color="#BBBBBB", linewidth=1, zorder=0)
        name = "1 wrong answer for each call spared" if slope == 1 else f"{slope} for 1"
        ax.text(
            0.97 * end,
            0.97 * slope * end,
            name,
            ha="right",
            va="bottom",
            fontsize=9,
            color="#666666",
            rotation=np.degrees(np.arctan(slope)),
            rotation_mode="anchor",
            transform_rotates_text=True,
        )
    for threshold, points in clouds.items():
        ax.scatter(
            points[:, 0], points[:, 1], s=46, alpha=0.75, linewidth=0, label=f"{threshold:.2f}"
        )
    ax.legend(title="threshold", loc="upper left", borderaxespad=0.8)
    ax.set(
        xlim=(0, right),
        ylim=(0, top),
        xlabel="LLM calls that the semantic tier spares, of 1,000 requests",
        ylabel="wrong answers served, of 1,000",
        title="What similarity spares, and what it costs: one dot is one day",
    )
    ax.grid(visible=False)
    numbers = "; ".join(
        f"{threshold:.2f}: about {5 * round(points[:, 0].mean() / 5)} calls spared, more wrong "
        f"answers than that on {np.sum(points[:, 1] > points[:, 0])} of {len(points)} days"
        for threshold, points in clouds.items()
    )
    finish(fig, alt=f"Of 1,000 requests a day, by threshold: {numbers}.")


def _shares(log: Sequence[Row]) -> dict[tuple[str, bool], float]:
    """The share of all requests by tier, and by whether its answer was right."""
    counts = Counter((tier, wanted == given) for tier, wanted, given, *_ in log)
    return {(tier, right): counts[tier, right] / len(log) for tier, right, *_ in _SEGMENTS}


def _in_words(design: str, shares: Mapping[tuple[str, bool], float]) -> str:
    hits = sum(share for (tier, _), share in shares.items() if tier != "LLM")
    wrong = sum(share for (_, right), share in shares.items() if not right)
    of_these = f"about {_near(wrong / hits)} of these" if wrong else "none"
    return f"{design}: about {_near(hits)} from the cache, {of_these} wrong"


def _near(share: float) -> str:
    """To 5 %: what is finer than that varies with the CPU."""
    return f"{5 * round(20 * share)} %"
