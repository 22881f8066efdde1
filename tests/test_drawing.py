"""The nearest earlier question of each, and which pairs are drawn to label."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcache.evaluate import nearest
from semcache.evaluate.drawing import draw
from semcache.evaluate.nearest import nearest_earlier


def one_by_one(vectors: np.ndarray, answers: np.ndarray) -> list[tuple[int, float, float]]:
    """The same by hand: each question with all before it."""
    found = [(-1, np.nan, np.nan)]
    for at in range(1, len(vectors)):
        cosines = vectors[:at] @ vectors[at]
        best = int(cosines.argmax())
        others = cosines[answers[:at] != answers[best]]
        margin = float(cosines[best] - others.max()) if len(others) else np.nan
        found.append((best, float(cosines[best]), margin))
    return found


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 9), st.integers(1, 9), st.integers())
def test_blocks_find_what_is_found_one_by_one(n, kinds, rows, columns, seed):
    rng = np.random.default_rng(abs(seed))
    vectors = rng.standard_normal((n, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    answers = rng.integers(0, kinds, n).astype(np.int32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest, "_ROWS", rows)
        patch.setattr(nearest, "_COLUMNS", columns)
        found = nearest_earlier(vectors, answers)
    at, similarity, margin = zip(*one_by_one(vectors, answers), strict=True)
    assert found.at.tolist() == list(at)
    np.testing.assert_allclose(found.similarity, similarity, atol=1e-5)
    np.testing.assert_allclose(found.margin, margin, atol=1e-5)


def test_who_waits_is_told_how_far_it_is():
    done = []
    nearest_earlier(np.eye(3, dtype=np.float32)[[0] * 2_500], np.arange(2_500), done.append)
    assert done == [1_024, 1_024, 452]


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=300), st.integers(4, 120), st.integers(0, 5))
def test_a_draw_keeps_its_size_and_weighs_what_the_log_has(cosines, most, seed):
    similarity = np.array(cosines)
    at, weight, bands = draw(similarity, most, [0.0, 0.5, 0.9], seed)
    assert len(at) == min(most, len(similarity)) == sum(band.drawn for band in bands)
    assert len(set(at.tolist())) == len(at) and (np.diff(at) > 0).all()
    assert weight.sum() == pytest.approx(len(similarity)) and (weight >= 1).all()
    for band in bands:
        inside = (similarity[at] >= band.low) & (similarity[at] < band.high)
        assert inside.sum() == band.drawn and (weight[inside] == band.weight).all()
        assert band.drawn >= min(1, band.pairs)
    again = draw(similarity, most, [0.0, 0.5, 0.9], seed)
    assert again[0].tolist() == at.tolist()


def test_a_larger_draw_contains_the_smaller_one():
    similarity = np.random.default_rng(1).uniform(-1, 1, 2_000)
    smaller: set[int] = set()
    for most in (10, 40, 160, 640, 2_000):
        at = set(draw(similarity, most, [0.0, 0.5, 0.9])[0].tolist())
        assert smaller <= at
        smaller = at


def test_every_pair_of_a_band_is_as_likely():
    similarity = np.array([0.95] * 10 + [0.5] * 90)
    times = np.zeros(100)
    for seed in range(2_000):
        times[draw(similarity, 20, [0.9], seed)[0]] += 1
    inside = times[:10], times[10:]
    for band in inside:
        assert abs(band / band.mean() - 1).max() < 0.25
    assert inside[0].mean() / inside[1].mean() == pytest.approx(4, rel=0.15)
