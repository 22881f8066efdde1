"""The figure of ``python -m semcache replay``: who answered, and the hit rate day by day."""

from typing import TYPE_CHECKING, Any

from semcache.evaluate.figure import MissingMatplotlib
from semcache.replay.figures import Figures
from semcache.replay.replayed import Replayed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

_BLUE, _SKY, _RED, _GREY = "#0072B2", "#56B4E9", "#D55E00", "#BBBBBB"  # Okabe and Ito's
_LINES = ("#555555", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")


def draw(done: Replayed) -> "tuple[Figure, str]":
    """Draw the share that each tier answers, and the hit rate by day; return figure and alt text.

    Raises:
        MissingMatplotlib: It is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingMatplotlib(
            "matplotlib is not installed: python -m pip install matplotlib"
        ) from error
    by_day = len(done.days) > 1
    size = (11 if by_day else 7, 0.5 * len(done.designs) + 2.2)
    figure = Figure(figsize=size, dpi=144, layout="constrained")
    panels: Any = figure.subplots(1, 2 if by_day else 1, squeeze=False)[0]
    _shares(panels[0], done)
    if by_day:
        _days(panels[1], done)
    for axes, place in zip(panels, ("left", "right"), strict=False):
        given: dict[str, Any] = {"loc": f"outside lower {place}", "ncols": 4}
        given |= {"frameon": False, "fontsize": 8}
        figure.legend(*axes.get_legend_handles_labels(), **given)
    said = "; ".join(
        f"{design.name} serves {total.hit_rate:.0%}{_in_words(total)}"
        for design, total in zip(done.designs, done.totals, strict=True)
    )
    return figure, f"Of {done.totals[0].requests:,} requests: {said}."


def _in_words(total: Figures) -> str:
    return f", {total.wrong.value:.1%} of that wrong" if total.wrong.of else ""


def _shares(axes: "Axes", done: Replayed) -> None:
    names = [design.name for design in done.designs]
    parts: list[tuple[str, str, list[float]]] = [
        ("exact hits", _BLUE, [_share(one, one.exact_hits) for one in done.totals]),
        ("similar hits", _SKY, [_share(one, one.semantic_hits) for one in done.totals]),
        ("LLM", _GREY, [_share(one, one.llm_calls) for one in done.totals]),
    ]
    left = [0.0] * len(names)
    for label, color, widths in parts:
        axes.barh(names, widths, left=left, color=color, label=label, height=0.6)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    wrong = [_share(one, one.wrong.count) for one in done.totals]
    if done.known:
        axes.barh(names, wrong, color=_RED, label="wrong, of the hits", height=0.2)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="share of the requests")
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set_title("Who answers", loc="left", weight="bold")
    axes.spines[["top", "right"]].set_visible(False)


def _share(one: Figures, count: int) -> float:
    return count / one.requests if one.requests else 0.0


def _days(axes: "Axes", done: Replayed) -> None:
    days = list(range(1, len(done.days) + 1))
    for at, design in enumerate(done.designs):
        if design.kind == "none":
            continue
        rates = [found[at].hit_rate for _, found in done.days]
        style: dict[str, Any] = {"color": _LINES[at % len(_LINES)], "linewidth": 1.8}
        axes.plot(days, rates, label=design.name, linestyle=("-", "--")[at % 2], **style)
    axes.set(ylim=(0, 1), xlabel=f"day, from {done.days[0][0]}", ylabel="hit rate")
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set_title("Day by day", loc="left", weight="bold")
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
