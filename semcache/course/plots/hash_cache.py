"""Charts of lesson 03."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from semcache.course.memory import Eviction, Measurement, Row
from semcache.course.plots import finish, use_style


def saving(measured: Measurement) -> None:
    """Draw the part of the memory that a hash saves, over the size of a value."""
    use_style()
    fig, ax = plt.subplots(figsize=(8.5, 4.2))
    vectors = sorted((r for r in measured.rows if r.dims), key=lambda r: r.payload)
    large = [*measured.tiny(measured.entries), *vectors]
    small = measured.tiny(100)
    for rows, color in ((small, "C1"), (large, "C0")):
        ax.plot([r.payload for r in rows], [100 * r.saved for r in rows], color, marker="o")
    ax.axvline(64, color="0.6", linewidth=1, linestyle="--")
    ax.text(60, 61, "64 bytes", ha="right", color="0.4", fontsize=10)
    ax.text(72, 44, "10 hashes of 100 fields", color="C1")
    ax.text(8, 16, "1 hash of 1,000 fields", color="C0")
    _name_vectors(ax, vectors)
    ax.set(xscale="log", xlim=(7, 70_000), ylim=(0, 65))
    ax.set(xlabel="bytes in a value", ylabel="memory saved, % (no TTLs on fields)")
    ax.set(title="A hash saves much of a tiny value and little of a vector")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    at_64, after = small[[r.payload for r in small].index(64) :][:2]
    finish(
        fig,
        alt="Memory that a hash without TTLs saves against a key for each value: "
        f"{large[0].saved:.0%} at {large[0].payload:.0f} bytes, "
        f"{vectors[0].saved:.0%} for a vector of 404 bytes, "
        f"{vectors[-1].saved:.1%} for one of 34,000. Ten hashes of 100 fields save "
        f"{at_64.saved:.0%} at 64 bytes and {after.saved:.0%} at 65.",
    )


def _name_vectors(ax: Axes, vectors: Sequence[Row]) -> None:
    """Write codec and dims above each point; neighbours turn away from each other."""
    places = (("center", 20), ("right", 20), ("left", 20), ("right", 50), ("left", 50))
    for at, row in enumerate(vectors):
        side, height = places[at % len(places)]
        ax.annotate(
            f"{row.value} × {row.dims:,}",
            (row.payload, 100 * row.saved),
            ({"left": 4, "right": -4}.get(side, 0), height),
            textcoords="offset points",
            ha=side,
            fontsize=10,
        )
        ax.annotate(
            "",
            (row.payload, 100 * row.saved),
            (0, height),
            textcoords="offset points",
            arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.8},
        )


def week(whole: Sequence[int], single: Sequence[int]) -> None:
    """Draw how many entries a hash holds hour by hour, under one TTL and under many."""
    use_style()
    fig, ax = plt.subplots(figsize=(8.5, 3.6))
    days = [hour / 24 for hour in range(len(whole))]
    for sizes, color, label in (
        (whole, "C1", "one TTL for the hash"),
        (single, "C0", "a TTL for each field"),
    ):
        ax.plot(days, sizes, color)
        ax.text(days[-1], sizes[-1] + 5, f"{label}: {sizes[-1]:,}", ha="right", color=color)
    ax.set(xlabel="days", ylabel="entries in the hash", xlim=(0, days[-1] * 1.02))
    step = 24 * max(1, round(days[-1] / 7))
    ax.set(ylim=(0, 1.15 * max(whole)), yticks=range(0, max(whole) + 1, step))
    ax.set(title="Under one TTL nothing leaves while anybody writes")
    finish(
        fig,
        alt=f"Entries after each hour with one new text an hour: under one TTL they grow in a "
        f"straight line to {whole[-1]:,}; with a TTL for each field they stay at {single[-1]:,}.",
    )


def eviction(limited: Eviction) -> None:
    """Draw how many entries are left while a full server makes room for new ones."""
    use_style()
    fig, ax = plt.subplots(figsize=(8.5, 3.6))
    writes = [limited.every * at for at in range(len(limited.string))]
    ax.plot(writes, limited.hash, "C1")
    ax.plot(writes, limited.string, "C0")
    ax.text(writes[-1], limited.string[-1] + 15, "a key each", ha="right", color="C0")
    drop = limited.hash.index(max(limited.hash)) + 1
    ax.text(writes[drop] + 120, 60, "all in one hash", color="C1")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set(xlabel="vectors written", ylabel="vectors left in Redis", xlim=(0, writes[-1] * 1.02))
    ax.set(ylim=(0, 1.2 * max(limited.hash)), title="A full Redis evicts a hash as one")
    finish(
        fig,
        alt=f"A server with room for about {max(limited.hash)} vectors: with a key each it stays "
        f"full at {limited.string[-1]}; one hash falls from {max(limited.hash)} to "
        f"{limited.hash[drop]}, and {limited.hash[-1]} are left after {writes[-1]:,} writes.",
    )
