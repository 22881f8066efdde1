"""Charts of lesson 02."""

import matplotlib.pyplot as plt

from semcache.course.plots import finish, use_style


def batch(naive: dict[str, int], ours: dict[str, int]) -> None:
    """Draw what one batch costs, naive and ours, one panel per count."""
    use_style()
    fig, axes = plt.subplots(1, len(naive), figsize=(8.5, 2.4))
    for ax, what in zip(axes, naive, strict=True):
        counts = [ours[what], naive[what]]
        bars = ax.barh(["semcache", "naive"], counts, color=["C0", "C1"], height=0.6)
        ax.bar_label(bars, [f"{count:,}" for count in counts], padding=4)
        ax.set(title=what, xlim=(0, 1.35 * max(counts)), xticks=[])
        ax.spines["bottom"].set_visible(False)
        ax.grid(visible=False)
    numbers = "; ".join(f"{what} {naive[what]:,} against {ours[what]:,}" for what in naive)
    finish(fig, alt=f"One batch, naive against semcache: {numbers}.")
