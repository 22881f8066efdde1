"""rows: the nearest of many vectors, sieved or not, while rows come and go."""

import random
import tracemalloc

import numpy as np
import pytest
from semantic_bench import embed_once, real_texts

from semcache.index import rows as module
from semcache.index.rows import Rows


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """Real embeddings, and mixtures of two to make them many: 6,000 rows of 384."""
    real = np.stack([embed_once(text) for text in real_texts()])
    rng = np.random.default_rng(3)
    one, two = real[rng.integers(len(real), size=(2, 6_000))]
    share = rng.uniform(0.2, 0.8, (6_000, 1)).astype(np.float32)
    mixed = share * one + (1 - share) * two
    return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


def filled(vectors: np.ndarray) -> Rows:
    rows = Rows(vectors.shape[1])
    for row, vector in enumerate(vectors):
        rows.put(row, vector)
    return rows


def exact(vectors: np.ndarray, query: np.ndarray) -> int:
    return int((vectors @ query).argmax())


def test_no_rows_have_no_nearest():
    assert Rows(4).nearest(np.ones(4, np.float32) / 2, 3) == []


@pytest.mark.parametrize("size", [1, 255, 256, 257, 2_999, 3_000, 6_000])
def test_the_row_itself_is_found_with_cosine_one_at_any_size(vectors, size):
    rows = filled(vectors[:size])
    for row in {0, size // 2, size - 1}:
        ((found, cosine),) = rows.nearest(vectors[row], 1)
        assert vectors[found] @ vectors[row] == pytest.approx(1, abs=1e-6)
        assert cosine == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("count", [1, 5, module.FEW, module.FEW + 1, 40])
def test_the_nearest_come_in_order_and_of_equal_ones_the_first(vectors, count):
    twice = np.concatenate([vectors[:50], vectors[:50]])
    cosines = np.vecdot(twice, vectors[3])
    order = np.argsort(-cosines, kind="stable")[:count]
    found = filled(twice).nearest(vectors[3], count)
    assert found == list(zip(order.tolist(), cosines[order].tolist(), strict=True))
    assert [row for row, _ in found[:2]] == [3, 53][:count]


def test_only_those_that_are_wanted_are_sorted(vectors, monkeypatch):
    """To sort all takes forty times as long as to find the hundred thousand's nearest fifty."""
    sizes, argsort = [], np.argsort

    def counted(values, **options):
        sizes.append(len(values))
        return argsort(values, **options)

    rows = filled(vectors)
    monkeypatch.setattr(np, "argsort", counted)
    assert len(rows.nearest(vectors[7], 50)) == 50
    assert sizes == [50]


def test_the_sieve_finds_what_a_full_scan_finds_for_ninety_nine_of_a_hundred(vectors):
    queries, stored = vectors[:500], vectors[500:]
    rows = filled(stored)
    assert rows.size >= module.SIEVE_FROM
    agreed = [rows.nearest(query, 1)[0][0] == exact(stored, query) for query in queries]
    assert np.mean(agreed) >= 0.99
    assert rows._sketch is not None, "or this compared a scan with a scan"


def test_the_similarity_that_comes_out_is_exact(vectors):
    rows = filled(vectors)
    for query in vectors[::600]:
        for row, cosine in rows.nearest(query, 5):
            assert cosine == pytest.approx(float(vectors[row] @ query), abs=1e-6)


@pytest.mark.parametrize("size", [2, 300, 6_000])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_as_many_as_are_asked_for_come_most_similar_first(vectors, size, count):
    rows = filled(vectors[:size])
    for query in vectors[:size:997]:
        found = rows.nearest(query, count)
        assert len(found) == len({row for row, _ in found}) == min(count, size)
        assert [cosine for _, cosine in found] == sorted((c for _, c in found), reverse=True)
        assert found[0] == rows.nearest(query, 1)[0]
        best = np.sort(vectors[:size] @ query)[::-1][:count]
        if size < module.SIEVE_FROM:
            assert [cosine for _, cosine in found] == pytest.approx(best.tolist(), abs=1e-6)


def test_many_rows_that_are_alike_are_compared_where_they_are(vectors):
    """The sieve tells none of them apart, and to copy what it leaves takes longer than to read."""
    rows = filled(np.repeat(vectors[:1], 4_000, axis=0))
    rows.nearest(vectors[0], 5)  # makes the sketch
    tracemalloc.start()
    found = rows.nearest(vectors[0], 5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len({row for row, _ in found}) == 5 and {round(c, 6) for _, c in found} == {1.0}
    assert peak < 4_000 * 384 * 4 / 10


def test_what_was_asked_before_leaves_nothing_in_the_sieve(vectors):
    """The sketch counts in a buffer that it keeps from one lookup to the next."""
    used = filled(vectors)
    for query in vectors[:40]:
        used.nearest(-query, 5)
        fresh = module._Sketch(used._block, used.size)
        kept = used._sketch.candidates(query, used.size)
        assert kept.tolist() == fresh.candidates(query, used.size).tolist()
        assert len(kept) < 2_000, "or nearly all are candidates, and nothing can be left out"


def test_the_sieve_after_rows_have_gone_counts_only_those_that_are_left(vectors):
    rows = filled(vectors)
    rows.nearest(vectors[0], 1)
    while rows.size > 4_000:
        rows.drop(rows.size - 1)
    for query in vectors[4_000:4_040]:
        (row, _), *_ = rows.nearest(query, 5)
        assert row < 4_000


def test_a_sketch_kept_through_changes_is_the_one_that_would_be_made_anew(vectors):
    rows, rng = filled(vectors[:5_000]), random.Random(5)
    rows.nearest(vectors[0], 1)
    kept = rows._sketch
    mirror = list(range(5_000))  # which vector each row holds
    for _ in range(2_000):
        row = rng.randrange(len(mirror))
        if rng.random() < 0.5 and len(mirror) > 4_000:
            rows.drop(row)
            mirror[row] = mirror[-1]
            mirror.pop()
        else:
            mirror[row] = rng.randrange(6_000)
            rows.put(row, vectors[mirror[row]])
    assert rows._sketch is kept and rows.size == len(mirror)
    expected = kept._bits_of(vectors[mirror])
    assert (expected == kept._bits[:, : rows.size].T).all()


def test_dims_that_fill_no_whole_word_are_sieved_too(vectors):
    short = vectors[:, :100] / np.linalg.norm(vectors[:, :100], axis=1, keepdims=True)
    rows = filled(short[200:])
    agreed = [rows.nearest(q, 1)[0][0] == exact(short[200:], q) for q in short[:200]]
    assert np.mean(agreed) >= 0.95


def test_rows_that_are_all_alike_are_all_candidates(vectors):
    rows = filled(np.repeat(vectors[:1], 4_000, axis=0))
    ((_, cosine),) = rows.nearest(vectors[0], 1)
    assert cosine == pytest.approx(1, abs=1e-6)


def test_many_neighbours_are_compared_without_the_sieve(vectors):
    rows = filled(vectors)
    found = rows.nearest(vectors[7], 200)
    order = np.argsort(-(vectors @ vectors[7]), kind="stable")[:200]
    assert {row for row, _ in found} == set(order.tolist())
