"""The chart and the slider of lesson 09 on what a wrong answer costs."""

from collections.abc import Mapping, Sequence

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

from semcache.course.plots import finish, use_style
from semcache.evaluate.curve import risk_coverage
from semcache.evaluate.scored import Scored

_ALIKE = 1.0  # of 1,000 calls saved: places that differ by less are equally good
_WIDGET = "application/vnd.jupyter.widget-view+json"


def prices(scorers: Mapping[str, Scored], costs: Sequence[float]) -> None:
    """Draw what is saved over the share served, a line for each cost of a wrong answer.

    Args:
        scorers: The same pairs, by what scored them.
        costs: Of one wrong answer, in calls of the LLM.
    """
    use_style()
    fig, axes = plt.subplots(1, len(scorers), figsize=(9.5, 4.2), sharey=True, squeeze=False)
    best = []
    for ax, (scorer, rows) in zip(axes[0], scorers.items(), strict=True):
        curve = risk_coverage(rows)
        for at, cost in enumerate(costs):
            x = np.concatenate([[0.0], curve.coverage])
            y = np.concatenate([[0.0], 1_000 * curve.coverage * (1 - cost * curve.risk)])
            ax.plot(x, y, color=f"C{at}", label=f"{cost:g}")
            best_at, size = (x[y.argmax()], y.max()), 15 - 2.5 * at  # of equal ones, both are seen
            dot = {"markersize": size, "markeredgecolor": "white", "clip_on": False}
            ax.plot(*best_at, "o", color=f"C{at}", zorder=4 + at, **dot)
            best.append(f"at {cost:g}, by {scorer}: {_about(x[y > y.max() - _ALIKE].min())}")
        ax.set(title=f"By {scorer}", xlim=(0, 1), ylim=(-300, 1_000))
        ax.set(xlabel="share of the questions served")
        ax.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes[0][0].set(ylabel="LLM calls saved, of 1,000 questions")
    axes[0][0].legend(title="a wrong answer costs, in calls", loc="upper left", ncols=len(costs))
    finish(
        fig,
        alt="Saved calls over the share served; the best place, a dot, moves left as a wrong "
        "answer gets dearer. Being the best on these pairs, it is optimistic. What it is best to "
        f"serve, to the nearest 5 %, by the cost in calls: {'; '.join(best)}.",
    )


def explore(scorers: Mapping[str, Scored], *, cost: float) -> None:
    """Show a slider for the cost of a wrong answer, with the best place of each scorer below it.

    Where widgets are not shown, as on the web, a sentence stands in their place.

    Args:
        scorers: The same pairs, by what scored them.
        cost: Where the slider starts: calls of the LLM for one wrong answer.
    """
    slider = widgets.FloatLogSlider(value=cost, min=0, max=3, step=0.05, readout_format=",.0f")
    places = widgets.HTML()

    def update(_: object = None) -> None:
        places.value = f"<pre>{_best(scorers, slider.value)}</pre>"

    slider.observe(update, names="value")
    update()
    label = widgets.Label("one wrong answer costs, in calls of the LLM")
    box = widgets.VBox([widgets.HBox([label, slider]), places])
    text = "A slider over the cost of a wrong answer, once you run this cell in JupyterLab."
    view = box._repr_mimebundle_()[_WIDGET]
    display({_WIDGET: view, "text/plain": text}, raw=True)  # type: ignore[no-untyped-call]


def _best(scorers: Mapping[str, Scored], cost: float) -> str:
    lines = []
    for scorer, rows in scorers.items():
        curve = risk_coverage(rows)
        saved = 1_000 * curve.coverage * (1 - cost * curve.risk)
        at = int(saved.argmax())
        place = "serve nothing"
        if saved[at] > 0:
            place = (
                f"serve from {curve.threshold[at]:.3f}, {curve.coverage[at]:.0%} of the questions; "
                f"of 1,000 calls that saved {saved[at]:,.0f} on these pairs"
            )
        lines.append(f"by {scorer + ':':20} {place}")
    return "\n".join(lines)


def _about(share: float) -> str:
    return f"{round(20 * share) / 20:.0%}"
