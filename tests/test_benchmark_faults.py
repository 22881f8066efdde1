"""benchmarks/faults.py: its stand-in, its switched-off protections, and its table."""

import numpy as np
import pytest

from benchmarks import faults
from benchmarks.failing import clusters, outages, stampedes
from benchmarks.failing.stand_in import MODEL, StandIn


def test_the_stand_in_counts_and_answers_alike():
    api = StandIn()
    one, other, same = (
        api.client.embeddings.create(model=MODEL, input=[text]).data[0].embedding
        for text in ("a", "b", "a")
    )
    assert len(one) == 384
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert api.calls == {"embeddings": 3}


def test_callers_meet():
    seen = []
    stampedes.together([lambda: seen.append(1)] * 5)
    assert len(seen) == 5


def test_a_search_among_clusters_is_compared_with_a_product_of_the_same_rows():
    vectors = clusters._unit(np.random.default_rng(1).normal(size=(50, 8)))
    assert clusters._product(vectors, vectors[7])[0][0] == 7
    assert 0 < clusters.against_product(300, rounds=5) < float("inf")


def test_the_breaker_that_is_switched_off_admits_after_a_failure():
    breaker = outages.Admitting()
    for _ in range(3):
        breaker.failed(breaker.board(), "no answer")
    assert not breaker.is_open


@pytest.mark.parametrize(("kept", "verdict"), [(True, "kept"), (False, "not kept"), (None, "")])
def test_a_row_says_whether_its_promise_was_kept(kept, verdict):
    assert faults.Row("what", "2", "1", "1", kept).verdict == verdict


def test_the_table_has_a_line_for_each_row():
    row = faults.Row("API calls", "32", "1", "1", True, "32")
    result = {
        "rows": [{**vars(row), "verdict": row.verdict}],
        "seconds": 60,
        "environment": {"date": "today"},
    }
    text = faults.markdown(result)
    assert "| API calls | 32     | 1     | 1       | kept | 32         |" in text
    assert text.endswith("One run of 60 seconds. date today")
