"""Charts of lesson 04, and its table."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt

from semcache.course.plots import finish, use_style

Matrix = npt.NDArray[np.float64]  # one row for each question asked, one column for each stored


def one_digit(value: float) -> int:
    """Round to one digit that is not 0, where the others depend on the CPU.

    >>> one_digit(31.7), one_digit(504.6), one_digit(0.2)
    (30, 500, 0)
    """
    return round(float(f"{value:.0e}"))


def table(size: Mapping[str, float], changed: Mapping[str, int | None]) -> str:
    """Return what each codec takes and changes, the largest first, as aligned text.

    Args:
        size: Bytes of a vector by codec; ``"JSON"`` is among them.
        changed: Of 1,000 lookups, how many change between hit and miss; None for a codec that
            keeps every number.

    >>> print(table({"JSON": 8396.5, "int8": 404}, {"JSON": None, "int8": 2}))
               bytes  smaller than JSON  changed, of 1,000
    JSON       8,400            1 times               none
    int8         404           21 times            under 5
    """
    lines = [f"{'':9}  {'bytes':>5}  smaller than JSON  changed, of 1,000"]
    for name in sorted(size, key=lambda name: -size[name]):
        bytes_each = round(size[name], -2) if name == "JSON" else size[name]  # digits vary
        ratio, count = f"{size['JSON'] / size[name]:.0f} times", changed[name]
        found = "none" if count is None else "under 5" if count < 5 else f"about {count}"
        lines.append(f"{name:9}  {bytes_each:5,.0f}  {ratio:>17}  {found:>17}")
    return "\n".join(lines)


def quadrants(exact: Matrix, similar: Mapping[str, Matrix], threshold: float) -> None:
    """Draw each lookup's best similarity, exact and compressed, and which decisions changed."""
    use_style()
    fig, axes = plt.subplots(1, len(similar), figsize=(10.5, 4.5), sharex=True, sharey=True)
    before = exact.max(axis=1)
    low, high, ticks = 0.79, 1.0, [0.80, 0.85, 0.90, 0.95]
    orange = []
    for ax, (name, matrix) in zip(axes, similar.items(), strict=True):
        after = matrix.max(axis=1)
        crossed = (before >= threshold) != (after >= threshold)
        other = matrix.argmax(axis=1) != exact.argmax(axis=1)
        swapped = ~crossed & other & (before >= threshold)
        orange.append(int(np.count_nonzero(swapped)))
        ax.fill_between([low, threshold], threshold, high, color="#EEEEEE")
        ax.fill_between([threshold, high], low, threshold, color="#EEEEEE")
        ax.plot([low, high], [low, high], color="#999999", linewidth=1)
        for dots, color, size, label in (
            (~crossed & ~swapped, "C0", 11, "same decision"),
            (crossed, "black", 20, "crosses between hit and miss"),
            (swapped, "C1", 20, "hit, but on another stored question"),
        ):
            ax.scatter(before[dots], after[dots], size, color=color, linewidths=0, label=label)
        ax.text(low + 0.007, high - 0.015, "now a hit", color="#555555", fontsize=10)
        ax.text(high - 0.007, low + 0.007, "now a miss", color="#555555", fontsize=10, ha="right")
        ax.set_title(name)
        ax.set(xlabel="exact")
        ax.set(xlim=(low, high), ylim=(low, high), xticks=ticks, yticks=ticks, aspect="equal")
        ax.grid(visible=False)
    axes[0].set_ylabel("after compression")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=3, markerscale=1.6)
    few = "fewer than 10" if max(orange) < 10 else f"up to {max(orange)}"
    finish(
        fig,
        alt="Best similarity of each lookup, exact and after compression. With int8 the dots lie "
        "on the diagonal, with numbers times 127 close to it. With binary they scatter, most of "
        f"them below it, and many cross the threshold {threshold:.2f}. Orange, hits with another "
        f"question's answer: {few} in each.",
    )
