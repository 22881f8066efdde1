from base64 import b64decode

import matplotlib
import pytest

matplotlib.use("agg")

import matplotlib.pyplot as plt

from semcache.course import plots


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(plots, "display", lambda data, **more: outputs.append((data, more)))
    return outputs


def a_chart():
    plots.use_style()
    fig, ax = plt.subplots()
    for k in range(6):
        ax.plot([n / 50 for n in range(51)], [k * (n / 50) ** 2 for n in range(51)], label=f"k={k}")
    ax.set(title="Saving grows with the hit rate", xlabel="hit rate", ylabel="dollars a month")
    ax.legend()
    return fig


def test_finish_shows_a_small_png_with_its_alternative_text_and_closes_it(shown):
    fig = a_chart()
    assert plots.finish(fig, alt="Six parabolas.") is None
    (data, more), (caption, _) = shown
    png = b64decode(data["image/png"])
    assert png.startswith(b"\x89PNG")
    assert len(png) < 60_000
    assert data["text/plain"] == "Six parabolas."
    assert more["metadata"]["image/png"] == {"alt": "Six parabolas.", "width": 672}
    assert caption == {
        "text/markdown": "*Figure: Six parabolas.*",
        "text/plain": "Figure: Six parabolas.",
    }
    assert not plt.fignum_exists(fig.number)


def test_the_same_chart_has_the_same_bytes(shown):
    for _ in range(2):
        plots.finish(a_chart(), alt="Six parabolas.")
    assert shown[:2] == shown[2:]


def test_a_price_in_a_caption_is_no_formula(shown):
    plots.finish(a_chart(), alt="From $0.30 to $1.95 with memory_ttl.")
    assert shown[1][0]["text/markdown"] == r"*Figure: From \$0.30 to \$1.95 with memory\_ttl.*"


def test_a_figure_needs_its_alternative_text(shown):
    with pytest.raises(ValueError, match="alt"):
        plots.finish(a_chart(), alt=" ")
    plt.close("all")
