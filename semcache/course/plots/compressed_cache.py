"""Charts of lesson 04."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt

from semcache.course.plots import finish, use_style

Matrix = npt.NDArray[np.float64]  # one row for each question asked, one column for each stored

_COLORS = {"float16": "C0", "int8": "C2", "int8, x127": "C1", "binary": "C3"}
_LABELS = {"binary, centred": (10, -3), "float32": (-48, -20), "JSON": (-20, -20)}
_PLAIN = {"facecolor": "white", "edgecolor": "none", "pad": 1}
_BEST = ("binary, centred", "int8", "float16", "float32", "JSON")
_ZERO = 0.1  # where zero is drawn on an axis of powers of ten


def errors(size_of: Mapping[str, Matrix]) -> None:
    """Draw how the errors of similarities are distributed, one hill for each codec.

    Args:
        size_of: Absolute errors by codec.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(8, 3.8))
    most = {name: float(np.quantile(size, 0.9)) for name, size in size_of.items()}
    names = sorted(most, key=lambda name: most[name])
    edges = np.linspace(-7, 0, 141)
    for row, name in enumerate(reversed(names)):
        count, _ = np.histogram(np.log10(np.maximum(size_of[name], 1e-12)), edges)
        height = np.convolve(count, np.ones(5) / 5, mode="same")
        at = 10 ** ((edges[1:] + edges[:-1]) / 2)
        ax.fill_between(
            at, row, row + 0.85 * height / height.max(), color=_COLORS[name], alpha=0.8, lw=0
        )
        ax.plot([most[name]] * 2, [row, row + 0.3], color="black")
        ax.text(1.3e-7, row + 0.12, name, fontweight="bold")
        ax.text(0.8, row + 0.45, f"about {_decimal(most[name])}", ha="right")
    ax.set(xscale="log", xlim=(1e-7, 1), ylim=(0, len(names)), yticks=[])
    ax.set(xlabel="error of a similarity, each grid line ten times the one before")
    ax.set(title="How far similarities move: nine of ten errors lie left of the mark")
    ax.minorticks_off()
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    ax.grid(visible=False, axis="y")
    numbers = ", ".join(f"{name} {_decimal(most[name])}" for name in names)
    finish(fig, alt=f"Nine of ten errors of a similarity lie below about: {numbers}.")


def quadrants(exact: Matrix, similar: Mapping[str, Matrix], threshold: float) -> None:
    """Draw each lookup's best similarity, exact and compressed, and which decisions changed."""
    use_style()
    fig, axes = plt.subplots(1, len(similar), figsize=(10.5, 4.9), sharex=True, sharey=True)
    before = exact.max(axis=1)
    low, high, ticks = 0.79, 1.0, [0.80, 0.85, 0.90, 0.95]
    for ax, (name, matrix) in zip(axes, similar.items(), strict=True):
        after = matrix.max(axis=1)
        crossed = (before >= threshold) != (after >= threshold)
        other = matrix.argmax(axis=1) != exact.argmax(axis=1)
        swapped = ~crossed & other & (before >= threshold)
        ax.fill_between([low, threshold], threshold, high, color="#EEEEEE")
        ax.fill_between([threshold, high], low, threshold, color="#EEEEEE")
        ax.plot([low, high], [low, high], color="#999999", linewidth=1)
        for dots, color, label in (
            (~crossed & ~swapped, "C0", "same decision"),
            (crossed, "black", "crosses between hit and miss"),
            (swapped, "C1", "hit, but with another question's answer"),
        ):
            ax.scatter(before[dots], after[dots], s=11, color=color, linewidths=0, label=label)
        ax.text(low + 0.007, high - 0.015, "now a hit", color="#555555", fontsize=10)
        ax.text(high - 0.007, low + 0.007, "now a miss", color="#555555", fontsize=10, ha="right")
        parts = f"{_one_digit(crossed)} % cross, {_one_digit(swapped)} % other answer"
        ax.set_title(f"{name} at {threshold:.2f}:\n{parts}", fontsize=12)
        ax.set(xlabel="exact")
        ax.set(xlim=(low, high), ylim=(low, high), xticks=ticks, yticks=ticks, aspect="equal")
        ax.grid(visible=False)
    axes[0].set_ylabel("after compression")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=3, markerscale=2)
    finish(
        fig,
        alt="Best similarity of each lookup, exact and after compression. With int8 the dots lie "
        "on the diagonal. With binary they scatter, most of them below it. Centred they lie "
        f"nearer to it, and many cross the threshold {threshold:.2f} upwards.",
    )


def trade(size: Mapping[str, int], changed: Mapping[str, int], json_bytes: float) -> None:
    """Draw bytes for each vector against the lookups that change, one dot a codec.

    Args:
        size: Bytes of a vector by codec.
        changed: Of 1,000 lookups, how many change between hit and miss, the mean over
            thresholds, by codec.
        json_bytes: Bytes of a vector as JSON, which changes nothing.
    """
    use_style()
    fig, ax = plt.subplots(figsize=(8.5, 4.6))
    at = {name: (size[name], max(changed[name], _ZERO)) for name in changed}
    at["JSON"] = (round(json_bytes), _ZERO)
    for name, (x, y) in at.items():
        ax.plot(x, y, "o", color="C0" if name in _BEST else "#999999", markersize=11)
        offset = _LABELS.get(name, (6, 9))
        text = f"{name}: {changed.get(name, 0)}"
        ax.annotate(text, (x, y), offset, textcoords="offset points", fontsize=10, bbox=_PLAIN)
    ax.set(xscale="log", yscale="log", xlim=(50, 20_000), ylim=(0.4 * _ZERO, 1_000))
    ax.set_xticks([64, 128, 256, 512, 1024, 2048, 4096, 8192])
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_yticks([_ZERO, 1, 10, 100, 1_000], ["none", "1", "10", "100", "1,000"])
    ax.minorticks_off()
    ax.set(xlabel="bytes for each vector", ylabel="changed, of 1,000 lookups (mean)")
    ax.set(title="What a byte buys")
    for color, label in (("C0", "fewest changes for its size"), ("#999999", "not so")):
        ax.plot([], [], "o", color=color, markersize=9, label=label)
    ax.legend(loc="upper right")
    numbers = ", ".join(f"{name} {size[name]:,} and {changed[name]}" for name in changed)
    finish(
        fig,
        alt=f"Bytes for each vector, and lookups of 1,000 that change on average: "
        f"JSON about {round(json_bytes, -2):,.0f} and 0, {numbers}.",
    )


def _one_digit(which: npt.NDArray[np.bool_]) -> int:
    """Percent that are true, to one digit, as everywhere in the lesson."""
    return round(float(f"{100 * np.mean(which):.0e}"))


def _decimal(value: float) -> str:
    return np.format_float_positional(value, precision=1, fractional=False)
