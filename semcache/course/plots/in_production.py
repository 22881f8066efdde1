"""Charts of lesson 13."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from prometheus_client.parser import text_string_to_metric_families

from semcache.course.plots import finish, use_style

_TIERS = {"exact": "#0072B2", "semantic": "#9CC7E3", "llm": "#E6E6E6"}
_NEAR, _SAVED, _ALARM = "#D55E00", "#009E73", "#D55E00"

Counts = dict[tuple[str, str], float]


def dashboard(scrapes: Mapping[str, str]) -> None:
    """Draw what Prometheus has scraped: who answered, how similar it was, what it saved.

    Args:
        scrapes: What ``/metrics`` said, in the order of time; the first is where counting begins,
            the name of each other stands below what happened since the one before.
    """
    use_style()
    read = [_read(text) for text in scrapes.values()]
    spans = [_since(before, after) for before, after in pairwise(read)]
    names = list(scrapes)[1:]
    fig, (who, near, saved) = plt.subplots(1, 3, figsize=(10.5, 3.4))
    shares = _tiers(who, spans, names)
    medians = _similarity(near, spans, names)
    known, estimated = (
        [counts["semcache_cost_saved_dollars_total", basis] for counts in read[1:]]
        for basis in ("known", "estimated")
    )
    saved.bar(names, known, color=_SAVED, label="known")
    saved.bar(names, estimated, bottom=known, color=_SAVED, alpha=0.4, label="estimated")
    top = max(map(sum, zip(known, estimated, strict=True)))
    saved.set(title="Dollars saved so far", ylim=(0, 1.35 * top or 1))  # room for the legend
    saved.legend()
    finish(
        fig,
        alt=f"From {names[0]} to {names[-1]}: hits were {shares[0]:.0%} and then {shares[-1]:.0%} "
        f"of the requests; the median similarity of what was served {medians[0]:.2f} and then "
        f"{medians[-1]:.2f}; saved in all ${known[-1] + estimated[-1]:.4f}.",
    )


def promise(
    evidence: Sequence[float], confidence: float, alarm: int | None, broke: int | None = None
) -> None:
    """Draw the evidence of a :class:`~semcache.evaluate.drift.Drift` over the answers looked at.

    Args:
        evidence: After each look.
        confidence: Of the promise.
        alarm: The look at which the alarm was raised.
        broke: The last look before the cache broke, if one knows.
    """
    use_style()
    limit = 1 / (1 - confidence)
    fig, ax = plt.subplots(figsize=(8, 3.6))
    ax.plot(range(1, len(evidence) + 1), evidence)
    ax.axhline(limit, color=_ALARM, linewidth=1.2)
    ax.annotate(f"alarm at {limit:g}", (1, limit), (0, 4), textcoords="offset points", color=_ALARM)
    if broke is not None:
        ax.axvline(broke, color="#555555", linestyle="--", linewidth=1.2)
        words: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "color": "#555555"}
        ax.annotate("release", (broke, 1), (-4, 4), **words)
    if alarm is not None:
        ax.plot(alarm, evidence[alarm - 1], "o", color=_ALARM)
    ax.set(title="Is the promise kept?", xlabel="answers looked at")
    ax.set(yscale="log", ylabel="evidence (logarithmic)")
    told = "no alarm was raised" if alarm is None else f"the alarm was raised at look {alarm:,}"
    there = "" if alarm is None else f", at {evidence[alarm - 1]:.3g}"
    since = "" if broke is None or alarm is None else f", {alarm - broke:,} after the release"
    finish(
        fig,
        alt=f"Evidence against the promise over {len(evidence):,} answers looked at, with the "
        f"alarm at {limit:g}; {told}{since}{there}.",
    )


def _read(text: str) -> Counts:
    """Return the sums that the picture needs: by name, and by tier, basis or bucket."""
    counts: Counts = defaultdict(float)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = sample.labels
            part = labels.get("le") or labels.get("basis") or labels.get("tier") or ""
            if labels.get("operation") != "embeddings" or "cost" in sample.name:
                counts[sample.name, part] += sample.value
    return counts


def _since(before: Counts, after: Counts) -> Counts:
    return defaultdict(float, {key: value - before[key] for key, value in after.items()})


def _tiers(ax: Axes, spans: Sequence[Counts], names: Sequence[str]) -> list[float]:
    """Draw who answered; return the share of hits in each span."""
    below = [0.0] * len(names)
    for tier, color in _TIERS.items():
        counts = [span["semcache_requests_total", tier] for span in spans]
        ax.bar(names, counts, bottom=below, color=color, label=tier)
        below = [low + count for low, count in zip(below, counts, strict=True)]
    ax.set(title="Requests by tier", ylim=(0, 1.35 * max(below)))
    ax.legend(ncols=3, loc="upper left", columnspacing=1, handlelength=1)
    llm = [span["semcache_requests_total", "llm"] for span in spans]
    return [1 - one / all_ if all_ else 0.0 for one, all_ in zip(llm, below, strict=True)]


def _similarity(ax: Axes, spans: Sequence[Counts], names: Sequence[str]) -> list[float]:
    """Draw quantiles of the similarity of what was served; return the medians."""
    lines = {q: [_quantile(span, q) for span in spans] for q in (0.5, 0.05)}
    ax.plot(names, lines[0.5], "o-", label="median")
    ax.plot(names, lines[0.05], "o-", color=_NEAR, label="lowest 5 %")
    ax.set(title="Similarity of what is served")
    ax.legend()
    return lines[0.5]


def _quantile(counts: Counts, share: float) -> float:
    """Return a quantile as Prometheus does: linear between the bounds of its bucket."""
    name = "semcache_similarity_bucket"
    buckets = sorted((float(le), n) for (one, le), n in counts.items() if one == name)
    if not buckets or not buckets[-1][1]:
        return math.nan
    wanted, low, below = share * buckets[-1][1], 0.0, 0.0
    for bound, count in buckets:
        if count >= wanted:
            if math.isinf(bound) or count == below:
                return low
            return low + (bound - low) * (wanted - below) / (count - below)
        low, below = bound, count
    return low
