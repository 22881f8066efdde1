"""The plan beyond one machine: its arithmetic, on figures that can be checked by hand."""

import json
import math
from dataclasses import replace

import pytest

from benchmarks.scale.inputs import ENGINE, GRAPH, MATRIX, Inputs, measure, read
from benchmarks.scale.report import SIZES, markdown
from benchmarks.scaling import assumptions
from semcache.capacity.plan import Assumptions, Measured, Traffic, many_scopes, mixed, one_scope
from semcache.lab.redis_server import MISSING

GIVEN = Assumptions(
    node_gb=10, usable=0.5, packed=1, replicas=1, dollars_per_gb_month=2, utilisation=0.5,
    scope_entries=1_000, fitting=0.75, ttl_days=1, hit_rate=0.5, peak=2,
)  # fmt: skip
GRAPH_384 = Measured(GRAPH, 384, 1_000, 0, ((1_000, 0.001), (10_000, 0.002)), 0.001)
ENTRIES = 100 * 86_400  # 100 misses a second for the one day that an answer lives


def test_as_many_misses_in_a_ttl_as_entries():
    assert Traffic.of(ENTRIES, GIVEN) == Traffic(requests=200, llm_calls=100)


def test_a_lookup_s_time_is_a_line_over_log_n_and_never_flatter_than_log_n():
    assert GRAPH_384.seconds(10) == 0.001
    assert GRAPH_384.seconds(1_000) == 0.001 and GRAPH_384.seconds(10_000) == 0.002
    assert GRAPH_384.seconds(10**3.5) == pytest.approx(0.0015)
    assert GRAPH_384.seconds(10**6) == pytest.approx(0.004)
    flat = replace(GRAPH_384, times=((1_000, 0.002), (10_000, 0.002)))
    assert flat.seconds(10**8) == pytest.approx(0.004)
    alone = replace(GRAPH_384, times=((10_000, 0.002),))
    assert alone.seconds(10**8) == pytest.approx(0.004)


def test_many_scopes_are_bound_by_memory():
    plan = many_scopes(ENTRIES, GRAPH_384, GIVEN)
    assert (plan.shards, plan.copies, plan.nodes) == (2, 2, 4)  # 8.64 GB, 5 GB a node
    assert plan.gb_per_node == pytest.approx(4.32)
    assert plan.searched == 1_000 and plan.lookup == 0.001
    assert (plan.per_node, plan.in_all, plan.peak) == (500, 1_000, 400)
    assert plan.dollars == 4 * 10 * 2
    assert plan.per_thousand == pytest.approx(80 / (200 * 2_592))


def test_many_scopes_are_bound_by_a_busy_thread():
    slow = replace(GRAPH_384, write=0.01)  # 2 x (200 x 1 ms + 100 x 10 ms) a second, half a thread
    assert many_scopes(ENTRIES, slow, GIVEN).shards == 5


def test_one_scope_asks_every_shard_so_that_only_copies_make_it_faster():
    plan = one_scope(ENTRIES, GRAPH_384, GIVEN)
    lookup = 0.002 + 0.001 * math.log10(432)  # 4.32 million entries on each of 2 shards
    assert plan.shards == 2 and plan.searched == 4_320_000
    assert plan.lookup == pytest.approx(lookup)
    assert plan.per_node == plan.in_all == pytest.approx(0.5 / lookup)
    assert plan.copies == 5  # 400 x 4.64 ms a second, of .4 that writes leave free
    quiet = one_scope(ENTRIES, GRAPH_384, replace(GIVEN, peak=0.1))
    assert (quiet.shards, quiet.copies) == (2, 2)


def test_one_scope_gets_shards_for_its_writes():
    slow = replace(GRAPH_384, write=0.01)  # 2 a second, at most a quarter of each shard's
    assert one_scope(ENTRIES, slow, GIVEN).shards == 8


def test_mixed_is_the_sum_of_its_shares():
    small, huge = mixed(ENTRIES, GRAPH_384, GRAPH_384, GIVEN)
    assert small == many_scopes(ENTRIES * 3 // 4, GRAPH_384, GIVEN)
    assert huge == one_scope(ENTRIES // 4, GRAPH_384, GIVEN)


def _subject(name, seconds, stored, built, process=None):
    times = {"median": seconds, "p95": 9.0, "fastest": 0.0, "calls": 3}
    return {"name": name, "role": "ours", "one": times, "stored": stored, "built": built,
            "process": process, "recall": 1.0}  # fmt: skip


@pytest.fixture
def lookups(tmp_path):
    small = [_subject(GRAPH, 0.001, 3_000, 1.0), _subject("ScanIndex", 0.1, 9_000, 1.0),
             _subject(ENGINE, 0.002, 5_000, 2.0)]  # fmt: skip
    large = [_subject(GRAPH, 0.002, 2_500, 20.0), {"name": ENGINE, "missing": "not installed"},
             _subject(MATRIX, 0.004, 1_400, 5.0, process=1_600.0)]  # fmt: skip
    result = {
        "environment": {"date": "2026-11-27", "processor": "a processor, 2 cores"},
        "runs": [  # in no order
            {"dims": 384, "entries": 10_000, "subjects": large},
            {"dims": 384, "entries": 1_000, "subjects": small},
        ],
    }
    path = tmp_path / "semantic_lookup.json"
    path.write_text(json.dumps(result))
    return read(path)


def test_the_measured_figures_are_those_of_the_largest_size(lookups):
    assert set(lookups.figures) == {(384, GRAPH), (384, ENGINE), (384, MATRIX)}
    times = ((1_000, 0.001), (10_000, 0.002))
    assert lookups.figures[384, GRAPH] == Measured(GRAPH, 384, 2_500, 0, times, 0.002)
    assert lookups.figures[384, ENGINE] == Measured(ENGINE, 384, 5_000, 0, ((1_000, 0.002),), 0.002)
    assert lookups.figures[384, MATRIX].process_bytes == 1_600
    assert "2026-11-27" in lookups.source and "a processor" in lookups.source


def _plan_lines(text):
    return [line for line in text.splitlines() if " x " in line and line.startswith("| 1")]


def test_the_text_states_assumptions_and_marks_what_is_extrapolated(lookups):
    text = markdown(lookups, GIVEN)
    assert "| dollars_per_gb_month | 2 " in text and "| peak " in text
    lines = _plan_lines(text)
    assert len(lines) == len(SIZES) * 4 and "is missing" not in text
    starred = [line for line in lines if "*" in line]
    assert starred and all("huge" in line or "the rest" in line for line in starred)


def test_an_engine_that_was_not_measured_is_named_as_missing(lookups):
    figures = {key: f for key, f in lookups.figures.items() if key[1] != ENGINE}
    text = markdown(Inputs(figures, "x"), GIVEN)
    assert "One huge scope is missing" in text and len(_plan_lines(text)) == len(SIZES)


def test_an_assumption_can_be_replaced():
    given = assumptions(["node_gb=128", "replicas=2"])
    assert given == replace(Assumptions(), node_gb=128, replicas=2)
    for wrong in ("node=1", "bytes_per_node=1", "node_gb=much"):
        with pytest.raises(ValueError):
            assumptions([wrong])


@pytest.mark.skipif(bool(MISSING), reason=str(MISSING))
def test_the_small_run_measures_both_indexes_at_both_lengths():
    figures = measure(sizes=(20, 60)).figures
    assert set(figures) == {(d, name) for d in (384, 1_536) for name in (MATRIX, GRAPH)}
    for (dims, name), figure in figures.items():
        assert [size for size, _ in figure.times] == [20, 60]
        # float16 beside the answer; the graph holds one more byte a dim
        assert figure.bytes_per_entry > dims * (2 if name == MATRIX else 3)
