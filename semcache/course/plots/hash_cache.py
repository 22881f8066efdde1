"""Charts of lesson 03."""

from collections.abc import Sequence

import matplotlib.pyplot as plt

from semcache.course.memory import Eviction, Measurement
from semcache.course.plots import finish, use_style


def saving(measured: Measurement) -> None:
    """Draw the part of the memory that a hash saves, over the size of a value."""
    use_style()
    fig, ax = plt.subplots(figsize=(8, 4.2))
    vectors = sorted((r for r in measured.rows if r.dims), key=lambda r: r.payload)
    large = [*measured.tiny(measured.entries), *vectors]
    small = measured.tiny(100)
    for rows, color in ((small, "C1"), (large, "C0")):
        sizes = [r.payload for r in rows]
        ax.plot(sizes, [100 * r.saved for r in rows], color, marker="o")
        ax.plot(sizes, [100 * (1 - r.field / r.key) for r in rows], color, linestyle=":")
    ax.text(72, 38, "10 hashes of 100 fields", color="C1")
    ax.text(8, 16, "1 hash of 1,000 fields", color="C0", fontsize=10)
    ax.text(72, 46, "solid: all with TTLs, dotted: all without", fontsize=10)
    for row, bytes_each, height in (
        (measured.row("int8", 384), "1 byte", 27),
        (measured.row("float32", 384), "4 bytes", 19),
        (measured.row("float32", 1536), "4 bytes", 11),
    ):
        x, y = row.payload, 100 * row.saved
        ax.plot([x, x], [y, height], color="0.6", linewidth=0.8)
        words = f"vector, {row.dims:,} × {bytes_each}: {row.saved:.1%}"
        ax.text(x, height, words, fontsize=10, va="bottom")
    ax.axhline(0, color="0.6", linewidth=0.8)
    ax.set(xscale="log", xlim=(7, 120_000), ylim=(-5, 57))
    ax.set(xlabel="bytes in a value", ylabel="memory saved, %")
    ax.set(title="A hash saves much of a tiny value and little of a vector")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    at_64, after = small[[r.payload for r in small].index(64) :][:2]
    finish(
        fig,
        alt="Memory that a hash saves against a key for each value, every entry with a TTL. Ten "
        f"hashes of 100 fields: {at_64.saved:.0%} at {at_64.payload:.0f} bytes and "
        f"{after.saved:.0%} at {after.payload:.0f}. One hash of 1,000 fields: "
        f"{large[0].saved:.0%} at {large[0].payload:.0f} bytes, "
        f"{measured.row('int8', 384).saved:.1%} for a vector of 384 numbers in a byte each, "
        f"{measured.row('float32', 1536).saved:.1%} for one of 1,536 in four bytes each. Without "
        f"TTLs it saves less: {1 - after.field / after.key:.0%} at {after.payload:.0f} bytes in "
        "the ten hashes.",
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
