"""The lookup benchmark: every subject finds what the exact scan finds; no times are asserted."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.lookup.build import Filled, build, open_one
from benchmarks.lookup.corpus import NEAR, Corpus, _mixtures
from benchmarks.lookup.measure import check
from benchmarks.lookup.report import best, find, markdown, targets
from benchmarks.lookup.subject import OverBudget, Store
from benchmarks.semantic_lookup import SUBJECTS, run_one
from benchmarks.subjects import Missing
from semcache.codecs import Vector
from semcache.lab.data import FOLDER, read_rows
from semcache.lab.offline.model import embed
from semcache.lab.redis_server import MISSING

needs_redis8 = pytest.mark.skipif(bool(MISSING), reason=MISSING or "")


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Sixty questions, and paraphrases of some that are near enough to hit."""
    pairs = [row for row in read_rows(FOLDER / "pairs.jsonl") if row["same"]][:60]
    stored, asked = ([row[side] for row in pairs] for side in "ab")
    vectors, others = (np.stack([embed(text) for text in texts]) for texts in (stored, asked))
    near = np.flatnonzero((others @ vectors.T).max(axis=1) >= NEAR)
    answers = [f"answer {i}" for i in range(len(stored))]
    return Corpus(stored, answers, vectors, [asked[i] for i in near], others[near])


@pytest.fixture(scope="module")
def rows(corpus):
    if MISSING:
        pytest.skip(MISSING)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.lookup.measure.ROUNDS", 2)  # no time is asserted here
        patch.setattr("benchmarks.lookup.measure.MOST_CALLS", 2)
        return {row["name"]: row for row in run_one(SUBJECTS, corpus, seconds=60)}


@pytest.mark.parametrize("recipe", SUBJECTS, ids=lambda recipe: recipe.name)
def test_every_subject_gives_the_answer_of_the_exact_scan(rows, recipe):
    row = rows[recipe.name]
    if "missing" in row:
        assert recipe.role == "peer" or recipe.search, "only another library may be missing"
        assert row["missing"].startswith(("not installed", "no search module")), row["missing"]
        pytest.skip(f"{recipe.name}: {row['missing']}")
    if recipe.role == "floor":
        assert row["recall"] is None
    else:
        assert row["asked"] > 20
        assert row["recall"] >= (1.0 if recipe.exact else 0.9)
        assert row["stored"] > 0


def test_longer_vectors_have_the_same_neighbours(corpus):
    lifted = corpus.lifted()
    assert lifted.vectors.shape == (60, 1_536)
    np.testing.assert_allclose(np.linalg.norm(lifted.vectors, axis=1), 1, atol=1e-6)
    assert [q.answer for q in lifted.queries()] == [q.answer for q in corpus.queries()]


def test_mixtures_are_as_far_apart_as_real_questions(corpus):
    mixed = _mixed(corpus, 600)
    np.testing.assert_allclose(np.linalg.norm(mixed, axis=1), 1, atol=1e-6)
    assert abs(_median_similarity(mixed) - _median_similarity(corpus.vectors)) < 0.02


def _mixed(corpus: Corpus, count: int) -> Vector:
    texts, vectors = _mixtures(corpus.questions, corpus.vectors, count, np.random.default_rng(1))
    assert len(set(texts)) == count
    return vectors


def _median_similarity(vectors: Vector) -> float:
    return float(np.median((vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]))


@needs_redis8
@pytest.mark.parametrize("kind", ["made up an answer", "answered"])
def test_a_wrong_answer_is_found_out(corpus, kind):
    recipe = next(recipe for recipe in SUBJECTS if recipe.exact)
    far = corpus.answers[int((corpus.vectors @ corpus.asked_vectors[0]).argmin())]
    wrong = "nonsense" if kind == "made up an answer" else far
    with build([recipe], corpus, 60) as (filled,):
        built = open_one(filled, corpus.queries()[0], 60)
        with pytest.raises(AssertionError, match=kind):
            check(replace(built, ask=lambda query: wrong), corpus, corpus.queries())


def test_a_subject_that_takes_too_long_is_given_up(corpus, monkeypatch):
    times = iter([0, 1, 4, 11])
    monkeypatch.setattr("benchmarks.lookup.subject.time.perf_counter", lambda: next(times))
    batches = Store(corpus, "", FOLDER, seconds=30).batches(10)
    assert [next(batches), next(batches)] == [range(10), range(10, 20)]
    with pytest.raises(OverBudget, match="not built within 30 s: 20 entries took 11 s"):
        next(batches)


@needs_redis8
def test_only_a_peer_may_fail(corpus):
    def broken(store):
        raise RuntimeError("no such thing")

    ours, peer = (_recipe(role, broken) for role in ("ours", "peer"))
    with build([peer], corpus, 60) as (filled,):
        assert filled == Missing("it", "peer", "failed: RuntimeError: no such thing")
    with pytest.raises(RuntimeError), build([ours], corpus, 60):
        pass


def _recipe(role, make):
    return SUBJECTS[0]._replace(name="it", role=role, make=make)


def _run(dims, entries, **medians):
    row = {"recall": 1.0, "asked": 9, "stored": 100.0, "where": "Redis", "process": None,
           "built": 1.0, "first": 0.1}  # fmt: skip
    roles = {"raw VSIM": "raw", "tutorial code": "source", "MatrixIndex": "ours",
             "VectorSetIndex": "ours", "RedisVL SemanticCache": "peer"}  # fmt: skip
    rows = [{"name": name, "role": role, "one": {"median": medians[role], "p95": 1.0}, **row}
            for name, role in roles.items() if role in medians]  # fmt: skip
    rows.append({"name": "Peer X", "role": "peer", "missing": "not installed: x"})
    return {"dims": dims, "entries": entries, "subjects": rows}


def test_the_targets_compare_ours_with_the_best_peer_and_a_missing_one_is_named():
    runs = [_run(384, 1_000, ours=0.001), _run(384, 10_000, ours=0.002, peer=0.009, raw=0.001)]
    found = {t.what: t for t in targets(runs)}
    faster = found["384-d, 10k, MatrixIndex: faster than RedisVL SemanticCache"]
    assert (faster.value, faster.verdict) == (4.5, "reached")
    assert found["384-d, 10k, MatrixIndex: against a raw VSIM"].verdict == "short by 0.70x"
    assert found["384-d, 10k, MatrixIndex: faster than the tutorial code"].value is None
    result = {"runs": runs, "targets": [t.as_dict() for t in found.values()],
              "settings": {"asked": 9}, "environment": {"python": "3"}}  # fmt: skip
    assert markdown(json.loads(json.dumps(result))).count("- Peer X: not installed: x") == 2


def test_an_index_that_finds_too_little_is_not_the_fastest():
    run = _run(384, 10_000, ours=0.002)
    find(run, "MatrixIndex").update(one={"median": 0.001, "p95": 1.0}, recall=0.9)
    assert best(run, "ours", 0.99)["name"] == "VectorSetIndex"
    assert find(run, "Peer X") is None


def test_a_filled_subject_says_where_its_bytes_are(corpus):
    vector_set = next(recipe for recipe in SUBJECTS if recipe.name == "VectorSetIndex")
    if MISSING:
        pytest.skip(MISSING)
    with build([*SUBJECTS[:2], vector_set], corpus, 60) as filled:
        assert all(isinstance(f, Filled) for f in filled)
        assert [f.where for f in filled] == ["", "", "Redis"]
