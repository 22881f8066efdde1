"""Charts of lesson 01, and its sliders."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes

from semcache.course.plots import finish, use_style
from semcache.lab.costs import Scenario
from semcache.lab.prices import dollars, exact

_LOSS, _GAINS = "#F6D5BD", ("#EDF4FA", "#D3E5F2", "#B2D1E8", "#88B9DB", "#5A9BCB")
_STEPS = (0, 10, 100, 1_000, 10_000)  # dollars a month, where each of the gains begins
_REQUESTS = (100.0, 10_000_000.0)
_WIDGET = "application/vnd.jupyter.widget-view+json"


def bills(monthly: Mapping[str, Decimal], *, cheap: int) -> None:
    """Draw each model's monthly bill on one scale of powers of ten.

    Args:
        monthly: Dollars a month by model; drawn from top to bottom.
        cheap: How many of them, from the first, are embedding models.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(7.5, 0.5 * len(monthly) + 1.1))
    amounts = [float(amount) for amount in monthly.values()]
    colors = ["C0" if at < cheap else "C1" for at in range(len(amounts))]
    bars = ax.barh(list(monthly), amounts, color=colors, height=0.62)
    ax.bar_label(bars, [dollars(amount) for amount in monthly.values()], padding=5)
    ax.set(xscale="log", xlabel="dollars a month, each grid line ten times the one before")
    ax.set(title="The same requests: embedded (blue), answered (orange)")
    ax.set_xlim(min(amounts) / 10, max(amounts) * 10)
    ax.xaxis.set_major_formatter(lambda x, _: f"${x:,.0f}" if x >= 1 else f"${x:.2f}")
    ax.grid(axis="x")
    ax.grid(visible=False, axis="y")
    ax.invert_yaxis()
    numbers = ", ".join(f"{model} {dollars(amount)}" for model, amount in monthly.items())
    finish(fig, alt=f"Monthly bill of the same requests: {numbers}.")


def saving_map(embeddings: Scenario, answers: Scenario) -> None:
    """Draw the monthly saving over hit rate and daily requests, one panel for each scenario."""
    use_style()
    fig, axes = plt.subplots(1, 2, figsize=(9.5, 4.6), sharey=True)
    _draw_saving(axes[0], embeddings)
    _draw_saving(axes[1], answers)
    axes[0].set(title="Embeddings: dollars saved a month", ylabel="requests a day")
    axes[1].set(title="Answers: dollars saved a month")
    finish(
        fig,
        alt=f"Monthly saving over hit rate and requests a day, with Redis at "
        f"{dollars(embeddings.redis_per_month)} a month. {_where_even(embeddings, answers)}",
    )


def _where_even(embeddings: Scenario, answers: Scenario) -> str:
    if not embeddings.redis_per_month:
        return "There is no loss anywhere: every hit is a saving, however few the requests."
    return (
        f"At a hit rate of 50 % nothing is gained or lost at {_count(embeddings)} requests a day "
        f"for embeddings and {_count(answers)} for answers."
    )


def _count(scenario: Scenario) -> str:
    requests = _requests_for(0, scenario, 0.5)
    return f"{requests:,.0f}" if np.isfinite(requests) else "infinitely many"


def _draw_saving(ax: Axes, scenario: Scenario) -> None:
    rates = np.geomspace(1e-5, 1, 500)
    ax.set_facecolor(_LOSS)
    for step, color in zip(_STEPS, _GAINS, strict=True):
        line = np.array([_requests_for(step, scenario, rate) for rate in rates])
        ax.fill_between(rates, line, 100 * _REQUESTS[1], color=color, linewidth=0)
        ax.plot(rates, line, color="#222222", linewidth=0.7 if step else 2.4)
        if _REQUESTS[0] < line[-1] < _REQUESTS[1]:
            ax.annotate(f"${step:,}", (1, line[-1]), (5, 0), va="center", **_BESIDE)
    if scenario.redis_per_month:
        ax.annotate("Redis costs more\nthan it saves", (0.05, 180), (0, 0), **_BESIDE)
    ax.plot(float(scenario.hit_rate), float(scenario.daily_requests), "k*", markersize=13)
    ax.set(yscale="log", ylim=_REQUESTS, xlim=(0, 1), xlabel="hit rate")
    ax.grid(visible=False)
    ax.xaxis.set_major_formatter(lambda rate, _: f"{rate:.0%}")
    ax.yaxis.set_major_formatter(lambda n, _: f"{n:,.0f}")


def _requests_for(saving: float, scenario: Scenario, rate: float) -> float:
    """How many requests a day save that much in a month.

    They are those that would break even if Redis were dearer by the saving.
    """
    dearer = exact(scenario.redis_per_month) + exact(saving)
    return float(replace(scenario, hit_rate=rate, redis_per_month=dearer).break_even_requests)


def waits(api_seconds: float, cache_seconds: float) -> None:
    """Draw the mean wait and the wait of the slowest 5 % over the hit rate."""
    use_style()
    rates = np.linspace(0, 1, 201)
    mean = cache_seconds + (1 - rates) * api_seconds
    slow = cache_seconds + np.where(rates < 0.95, api_seconds, 0)
    fig, ax = plt.subplots(figsize=(7.5, 3.6))
    ax.plot(rates, slow, color="C1", drawstyle="steps-post")
    ax.plot(rates, mean, color="C0")
    percentile = "19 of 20 requests wait at most this long"
    ax.annotate(percentile, (0.02, slow[0]), (0, 6), color="C1", **_BESIDE)
    ax.annotate("mean wait", (0.5, float(mean[100])), (8, 4), color="C0", **_BESIDE)
    ax.set(xlabel="hit rate", ylabel="seconds", xlim=(0, 1), ylim=(0, 1.2 * slow[0]))
    ax.set(title="The mean falls with every hit, the slow end only at 95 %")
    ax.xaxis.set_major_formatter(lambda rate, _: f"{rate:.0%}")
    finish(
        fig,
        alt=f"Mean wait falls in a straight line from {mean[0]:.3f} s without hits to "
        f"{mean[-1]:.3f} s when all are hits; the wait of the slowest 5 % stays at "
        f"{slow[0]:.3f} s until the hit rate is 95 %.",
    )


_BESIDE: dict[str, Any] = {"textcoords": "offset points", "fontsize": 10}


def explore(embeddings: Scenario, answers: Scenario) -> None:
    """Show sliders for traffic, hit rate and the price of Redis, with the bill below them.

    Built without ``interact`` and ``Output``, whose stored outputs differ from run to run. Where
    widgets are not shown, as on the web, a sentence and the first bill stand in their place.
    """
    kinds = {"embeddings": embeddings, "answers": answers}
    kind = widgets.ToggleButtons(options=list(kinds), description="caching")
    traffic = widgets.FloatLogSlider(
        value=float(embeddings.daily_requests), min=2, max=7, step=0.1, readout_format=",.0f"
    )
    rate = widgets.FloatSlider(
        value=float(embeddings.hit_rate), min=0, max=1, step=0.01, readout_format=".0%"
    )
    redis = widgets.FloatSlider(value=float(embeddings.redis_per_month), min=0, max=200, step=1)
    controls = {"requests a day": traffic, "hit rate": rate, "Redis, $ a month": redis}
    bill = widgets.HTML()

    def update(_: object = None) -> None:
        changed = replace(
            kinds[kind.value],
            daily_requests=round(traffic.value),
            hit_rate=rate.value,
            redis_per_month=redis.value,
        )
        bill.value = f"<pre>{changed.summary()}</pre>"

    for control in (kind, *controls.values()):
        control.observe(update, names="value")
    update()
    rows = [widgets.HBox([widgets.Label(text), slider]) for text, slider in controls.items()]
    box = widgets.VBox([kind, *rows, bill])
    text = f"Sliders, once you run this cell in JupyterLab. They start at:\n{embeddings.summary()}"
    view = box._repr_mimebundle_()[_WIDGET]
    display({_WIDGET: view, "text/plain": text}, raw=True)  # type: ignore[no-untyped-call]
