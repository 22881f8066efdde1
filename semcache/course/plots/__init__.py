"""Charts of the lessons: one module a lesson, one function a chart, one style for all.

A chart's function looks like this::

    from semcache.course.plots import finish, use_style

    def saving(hit_rates, dollars):
        use_style()
        fig, ax = plt.subplots()
        ax.plot(hit_rates, dollars)
        ax.set(title="...", xlabel="hit rate", ylabel="saved, dollars a month")
        finish(fig, alt="Saving grows in a straight line with the hit rate: $0.06 at 20 %.")
"""

import re
from base64 import b64encode
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

_STYLE = Path(__file__).with_name("lesson.mplstyle")
_CSS_PIXELS_PER_INCH = 96


def use_style() -> None:
    """Switch matplotlib to the course's style."""
    plt.style.use(_STYLE)


def finish(fig: Figure, *, alt: str) -> None:
    """Show a figure with its alternative text, and close it.

    JupyterLab drops the alternative text of PNG outputs, so the same sentence stands below the
    figure, where every reader finds it. In the web edition it is the image's alt text. It is
    also the output's plain text, which nbval compares: write numbers that do not vary.

    Args:
        fig: The figure; closed afterwards, so that it is not shown a second time.
        alt: What the figure shows, with its main numbers, in one or two sentences.

    Raises:
        ValueError: The alternative text is empty.
    """
    if not alt.strip():
        raise ValueError("a figure needs alt: one sentence on what it shows")
    drawn, png = BytesIO(), BytesIO()
    fig.savefig(drawn, format="png")
    # 256 colours look the same and take a third of the bytes
    Image.open(drawn).convert("RGB").quantize(256).save(png, format="png", optimize=True)
    width = round(fig.get_figwidth() * _CSS_PIXELS_PER_INCH)  # the PNG itself is finer than that
    plt.close(fig)
    display(  # type: ignore[no-untyped-call]
        {"image/png": b64encode(png.getvalue()).decode(), "text/plain": alt},
        metadata={"image/png": {"alt": alt, "width": width}},
        raw=True,
    )
    caption = "*Figure: " + re.sub(r"([$*_<])", r"\\\1", alt) + "*"  # no formulas, no emphasis
    display(  # type: ignore[no-untyped-call]
        {"text/markdown": caption, "text/plain": f"Figure: {alt}"}, raw=True
    )
