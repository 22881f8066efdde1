"""The benchmark's pieces: every subject answers with the same vectors; no times are asserted."""

import numpy as np
import pytest

from benchmarks.measure import size_per_entry, time_in_turns, verify
from benchmarks.report import Target, markdown, targets
from benchmarks.subjects import SUBJECTS, Missing, Subject, build
from benchmarks.workload import DIMS, embed_questions, questions
from semcache.lab.offline.model import embed
from semcache.lab.redis_server import MISSING, start_redis

TEXTS = questions(5)


@pytest.fixture(scope="module")
def vectors():
    return embed_questions(TEXTS)


@pytest.fixture(scope="module")
def built(vectors):
    if MISSING:
        pytest.skip(MISSING)
    with start_redis() as server:
        yield {s.name: s for s in build(server.url, TEXTS, vectors)}


def _present(built, name):
    if isinstance(built[name], Missing):
        assert built[name].role == "peer", "only another library may be missing"
        pytest.skip(f"{name}: {built[name].reason}")
    return built[name]


def test_the_questions_are_all_different():
    assert len(set(questions(1_000))) == 1_000


def test_the_longer_vectors_keep_the_model_s_angles(vectors):
    small = np.stack([embed(text) for text in TEXTS])
    assert vectors.shape == (5, DIMS)
    np.testing.assert_allclose(vectors @ vectors.T, small @ small.T, atol=1e-5)


@pytest.mark.parametrize("name", [name for name, _, _ in SUBJECTS])
def test_every_subject_answers_with_the_vectors_it_was_given(built, vectors, name):
    verify(_present(built, name), TEXTS, vectors)


def test_a_subject_with_wrong_vectors_is_found_out(built, vectors):
    floor = next(iter(built.values()))
    with pytest.raises(AssertionError, match="floor"):
        verify(floor, TEXTS, vectors[::-1])


def test_the_payload_is_counted_per_entry(built):
    assert size_per_entry(built["floor: bare redis-py"], 5).payload == 4 * DIMS
    assert 4 * DIMS < size_per_entry(built["HashEmbeddingCache float32"], 5).payload < 5 * DIMS


def test_every_task_has_every_turn():
    asked = {"a": [], "b": []}
    timings = time_in_turns({n: calls.append for n, calls in asked.items()}, [1, 2, 3], 2, 2)
    assert asked == {"a": [1, 2, 3, 1], "b": [1, 2, 3, 1]}
    assert len(timings["a"].seconds) == 2  # the first call of each turn is not counted


def test_a_target_says_by_how_much_it_is_missed():
    assert Target("", 1.3, 1.4, at_most=True).verdict == "reached"
    assert Target("", 1.62, 1.4, at_most=True).verdict == "short by 0.22x"
    assert Target("", 18.5, 20, at_most=False).verdict == "short by 1.50x"
    assert Target("", None, 20, at_most=False).verdict == "not measured"


def _row(subject, seconds):
    if isinstance(subject, Missing):
        return {"name": subject.name, "role": subject.role, "missing": subject.reason}
    times = {"median": seconds, "p95": seconds}
    size = size_per_entry(subject, 5)
    return {"name": subject.name, "role": subject.role, "one": times, "many": times,
            "memory": size.memory, "payload": size.payload}  # fmt: skip


def test_a_missing_peer_stays_in_the_table(built):
    subjects = [s for s in built.values() if isinstance(s, Subject) and s.role != "peer"]
    rows = [_row(s, 1e-6) for s in [*subjects, Missing("Peer X", "peer", "not installed: x")]]
    results = [{"what": t.what, "promise": t.promise, "measured": t.measured,
                "verdict": t.verdict} for t in targets(rows)]  # fmt: skip
    settings, versions = {"entries": 5}, {"python": "3"}
    text = markdown({"subjects": rows, "targets": results, "settings": settings,
                     "environment": versions})  # fmt: skip
    assert "| not installed: x" in text
    assert text.count("not measured") == 5  # every comparison with the best peer
