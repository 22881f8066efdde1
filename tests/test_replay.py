"""Replaying a log: what is read, what is counted, what memory does, what the command writes."""

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.binomial import interval
from semcache.guard import Row, Verifier
from semcache.replay import Design, Log, Prices, Waits, read_log, replay, requests_of
from semcache.replay.designs import parse_design
from semcache.replay.memory import Memory, Sizes
from semcache.replay.neighbours import MOST, Neighbours
from semcache.replay.vectors import read_vectors

DAY = 86_400.0


def at(*degrees: float) -> np.ndarray:
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def drawn(requests):
    """Vectors of texts such as "any@30"."""
    vectors = at(*(float(text.rpartition("@")[2]) for text in requests.unique))
    return lambda rows: vectors[rows]


def done(log: Log, *designs: Design, **options):
    requests = requests_of(log)
    return replay(requests, designs, drawn(requests), **options)


# The log -----------------------------------------------------------------------------------------


def test_the_same_log_is_read_from_csv_and_from_json_lines(tmp_path):
    rows = [
        {"Question": "a, b\nc", "answer": "x", "time": "2026-11-28T00:00:00Z", "tenant": "t"},
        {"Question": "今天", "answer": "", "time": "2026-11-28T00:00:01Z", "tenant": "t"},
    ]
    lines, table = tmp_path / "log.jsonl", tmp_path / "log.csv"
    lines.write_text("".join(json.dumps(row) + "\n\n" for row in rows))
    cells = [",".join(f'"{cell}"' for cell in row.values()) for row in rows]
    table.write_text("\n".join(["Question,answer,time,tenant", *cells]) + "\n")
    for log in (read_log(lines), read_log(table)):
        assert log.text == ["a, b\nc", "今天"] and log.answer == ["x", None]
        assert np.diff(log.time) == 1 and log.tenant == ["t", "t"]
        assert log.label is None and log.language is None


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.jsonl", '{"text": "a"}\nno\n', "  line 2: no JSON"),
        ("a.jsonl", '{"text": "a"}\n{"text": ""}\n', "Left out: 1 (50 %) with no text"),
        ("a.csv", "text,time\na,1\nb,soon\n", "  line 3: the time is 'soon'"),
    ],
)
def test_what_is_left_out_of_a_log_is_said(name, text, says, tmp_path):
    path = tmp_path / name
    path.write_text(text)
    log = read_log(path)
    assert log.text == ["a"] and any(remark.startswith(says) for remark in log.remarks), log.remarks


def test_a_row_without_a_time_among_those_that_have_one_is_named():
    with pytest.raises(InvalidInput, match="line 7: no time"):
        requests_of(Log(["a", "b"], time=[1.0, None], line=[3, 7]))


# What is counted ---------------------------------------------------------------------------------


def test_requests_are_asked_in_the_order_of_their_times():
    log = Log(["a@0", "a@0", "a@1"], label=["x", "y", "y"], time=[3_000.0, 10_000.0, 1_000.0])
    (total,) = done(log, Design("", "hybrid", threshold=0.99, ttl=3_600)).totals
    assert (total.exact_hits, total.semantic_hits, total.llm_calls) == (0, 1, 2)
    assert (total.wrong.count, total.wrong.of) == (1, 1)  # x was asked, y's answer given
    assert total.as_dict()["wrong_interval"] == list(interval(1, 1))


def test_tenants_share_nothing_unless_they_are_to():
    log = Log(["a@0", "a@0", "a@0"], tenant=["one", "two", "one"])
    designs = [Design(kind, kind, ttl=None) for kind in ("exact", "semantic", "hybrid")]
    assert [one.hits for one in done(log, *designs).totals] == [1, 1, 1]
    shared = requests_of(log, apart=[])
    assert [one.hits for one in replay(shared, designs, drawn(shared)).totals] == [2, 2, 2]


def test_money_and_waits_are_those_of_what_was_called():
    log = Log(["four@0", "four@0", "four@9"], answer=["twenty", "other", "twenty"])
    prices = Prices(Decimal(10), Decimal(100), Decimal(1))
    options = {"count": len, "prompt_tokens": 4, "waits": Waits(2.0, 0.5, 0.001)}
    designs = [Design(kind, kind, threshold=0.98) for kind in ("none", "exact", "hybrid")]
    none, exact, hybrid = done(log, *designs, prices=prices, **options).totals
    assert (none.input_tokens, none.output_tokens, none.embedding_tokens) == (30, 17, 0)
    assert none.dollars == Decimal("0.002") and none.wait == 6
    assert (exact.llm_calls, exact.dollars) == (2, Decimal("0.0014"))
    assert exact.wait == pytest.approx(2 * 2.002 + 0.001)
    assert (hybrid.llm_calls, hybrid.embedding_calls) == (1, 2)
    assert hybrid.dollars == Decimal("0.000712")
    # look, write the embedding, keep; an exact hit; look, write the embedding, promote
    assert hybrid.wait == pytest.approx(2 + 0.5 + 0.003 + 0.001 + 0.5 + 0.003)
    assert hybrid.wait_median == pytest.approx(0.503)
    by_the_call = Prices(call=Decimal("0.25"))
    assert done(log, designs[1], prices=by_the_call).totals[0].dollars == Decimal("0.50")


def test_answers_tell_what_is_wrong_where_there_are_no_labels():
    found = done(Log(["a@0", "a@0", "a@0"], answer=["x", "x", "y"]), Design("", "exact"))
    wrong = found.totals[0].wrong
    assert found.known == "answer" and (wrong.count, wrong.of) == (1, 2)
    assert done(Log(["a@0", "a@0"]), Design("", "exact")).known is None


def test_answers_that_are_each_worded_anew_tell_nothing():
    texts = [f"question {n}" for n in range(40)]
    anew = requests_of(Log(texts, answer=[f"reply {n}" for n in range(40)]))
    alike = requests_of(Log(texts, answer=[f"reply {n // 2}" for n in range(40)]))
    labelled = requests_of(Log(texts, answer=[f"reply {n}" for n in range(40)], label=texts))
    assert (anew.known, alike.known, labelled.known) == (None, "answer", "label")


def test_days_are_apart_and_the_warm_ones_are_not_counted():
    log = Log(["a@0"] * 6, time=[k * DAY / 2 for k in range(6)])
    cold = done(log, Design("", "exact", ttl=None))
    assert [(day, found[0].hits) for day, found in cold.days] == [
        ("1970-01-01", 1), ("1970-01-02", 2), ("1970-01-03", 2),
    ]  # fmt: skip
    warm = done(log, Design("", "exact", ttl=None), warm_days=1)
    assert warm.warmed == 2 and warm.totals[0].hit_rate == 1
    assert sum(found[0].requests for _, found in warm.days) == warm.totals[0].requests == 4
    with pytest.raises(ConfigError, match="leaves nothing"):
        done(log, Design("", "exact"), warm_days=9)
    with pytest.raises(ConfigError, match="needs times"):
        done(Log(["a@0"]), Design("", "exact"), warm_days=1)


# Neighbours and memory ---------------------------------------------------------------------------


@pytest.mark.parametrize("least", [0.999, 0.5, -1.0])
def test_neighbours_are_those_of_a_full_scan_whatever_has_expired(least):
    draw = np.random.default_rng(3)
    vectors = draw.standard_normal((400, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = np.arange(400, dtype=np.int32)
    near = Neighbours(8, least).near(texts, vectors)
    for alive in (1.0, 0.3, 0.02):
        until = np.where(draw.random(400) < alive, 9.0, 0.0)
        for text in range(0, 400, 37):
            live = np.flatnonzero(until > 5)
            cosines = vectors[live] @ vectors[text]
            best = np.sort(cosines)[::-1][:5]
            found = [similarity for _, similarity in near[text].alive(until, 5.0, below=True)]
            assert found == pytest.approx(best, abs=2e-3)  # which half precision moves
            served = near[text].alive(until, 5.0, below=False)
            wanted = [one for one in found if one >= least]
            assert [one for _, one in served if one >= least] == wanted
    assert MOST < 400  # else nothing was cut


def test_texts_that_nobody_holds_are_forgotten():
    near = Neighbours(2, 0.5)
    texts = np.arange(2_000, dtype=np.int32)
    near.near(texts, at(*np.linspace(0, 90, 2_000)))
    near.drop(lambda texts: texts % 2 == 0)
    (found,) = near.near(np.array([4_000], np.int32), at(45.0)).values()
    assert len(found.all_texts) == 1_001 and set(found.all_texts.tolist()) <= {*range(0, 4_001, 2)}
    best = found.alive(np.full(4_001, 9.0), 0.0, below=False)
    assert best[0][0] == 4_000 and best[1][0] == 1_000


def test_what_was_used_least_recently_goes_first():
    gone: list[tuple[str, int]] = []
    memory = Memory(30, gone.append)
    for number in range(3):
        memory.put(("exact", number), 10, until=100 + number, now=0)
    memory.touch(("exact", 0))
    memory.put(("exact", 3), 10, until=200, now=0)
    assert gone == [("exact", 1)] and memory.used == 30
    memory.put(("exact", 3), 5, until=200, now=0)  # in place of the old
    assert memory.used == 25
    memory.put(("exact", 4), 10, until=200, now=103)  # two have expired meanwhile
    assert memory.used == 15 and memory.evicted == 1


def test_with_little_memory_there_are_fewer_hits_and_with_enough_as_many():
    texts = [f"{k}@{k}" for k in range(40)] * 3
    sizes = Sizes(exact=100, copy=100, answer=100, embedding=100)
    sizing = [None, 1e6, 3_000, 150]
    designs = [Design(str(m), "hybrid", threshold=0.9999, ttl=None, memory=m) for m in sizing]
    found = done(Log(texts), *designs, sizes=sizes)
    hits = [one.hits for one in found.totals]
    assert hits[0] == hits[1] == 80 and hits[2] < 80 and hits[3] == 0
    assert found.evicted[:2] == [0, 0] and 0 < found.evicted[2] < found.evicted[3]
    with pytest.raises(ConfigError, match="sizes"):
        done(Log(texts), designs[1])


@pytest.mark.parametrize(
    "text", ["hybird", "hybrid:ttl=soon", "hybrid:speed=9", "exact:threshold=2", "exact:memory=0"]
)
def test_designs_that_cannot_be_are_refused(text):
    with pytest.raises(ConfigError):
        parse_design(text, Design("", "none"))


# Vectors and the command -------------------------------------------------------------------------


def test_vectors_come_from_a_file_by_row_or_by_text(tmp_path):
    requests = requests_of(Log(["b", "a", "b"], time=[3.0, 1.0, 2.0]))
    np.save(tmp_path / "rows.npy", at(10, 20, 10))
    rows, dims = read_vectors(tmp_path / "rows.npy", requests, 3)
    assert requests.unique == ["a", "b"] and dims == 2
    assert rows(np.array([0, 1])) == pytest.approx(at(20, 10))
    np.savez(tmp_path / "texts.npz", texts=["b", "c", "a"], vectors=at(10, 30, 20))
    rows, _ = read_vectors(tmp_path / "texts.npz", requests, 3)
    assert rows(np.array([0, 1])) == pytest.approx(at(20, 10))
    with pytest.raises(ConfigError, match="3 rows, but the log has 4"):
        read_vectors(tmp_path / "rows.npy", requests, 4)
    with pytest.raises(ConfigError, match="lacks 1 of the log's texts, as 'd'"):
        read_vectors(tmp_path / "texts.npz", requests_of(Log(["a", "d"])), 2)
    (tmp_path / "no.npy").write_text("no")
    with pytest.raises(ConfigError, match="holds no vectors"):
        read_vectors(tmp_path / "no.npy", requests, 3)


def test_a_vector_without_a_direction_is_named():
    requests = requests_of(Log(["good", "bad"]))
    vectors = np.array([[1, 0], [0, 0]], np.float32)
    with pytest.raises(ConfigError, match="'bad' has no direction"):
        replay(requests, [Design("", "hybrid")], lambda rows: vectors[rows])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    rows = [f"What is Python?,python,{k * 20_000}" for k in range(6)]
    rows += [f"Python是什么？,python,{k * 20_000 + 5}" for k in range(6)]
    path.write_text("text,label,time\n" + "\n".join([*rows, "What is Rust?,rust,7"]) + "\n")
    return path


def test_the_command_writes_a_table_a_json_and_a_picture(call, log):
    options = ("--threshold", 0.87, "--ttl", "1d", "--call-price", 0.5)
    code, printed, complaint = call("replay", log, *options)
    assert code == 0, complaint
    assert "13 requests, 3 different texts, 1970-01-01 to 1970-01-02" in printed
    record = json.loads(log.with_name("log.replay.json").read_text())
    assert (record["format"], record["version"]) == ("semcache replay", 1)
    rows = {row["name"]: row for row in record["designs"]}
    assert list(rows) == ["none", "exact", "semantic", "hybrid", "guarded"]
    assert [rows[name]["llm_calls"] for name in ("none", "exact", "hybrid")] == [13, 5, 3]
    assert rows["none"]["dollars"] == 6.5 and rows["hybrid"]["wrong_served"] == 0
    assert [day["requests"] for day in rows["exact"]["days"]] == [11, 2]
    assert "hybrid" in printed and "76.9%" in printed
    with Image.open(log.with_name("log.replay.png")) as picture:
        assert picture.size[0] > 500 and len(np.unique(np.asarray(picture.convert("L")))) > 20


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--design", "hybird"], "there is no design 'hybird'"),
        (["--design", "exact", "exact"], "named twice"),
        (["--warm", "30"], "leaves nothing to count"),
        (["--model", "no-such"], "no price for the tokens of 'no-such'"),
        (["--figure", "a.doc"], "name a picture"),
        (["--verifier", "none.json"], "no such verifier"),
        (["--wait-llm", "-1"], "the wait for llm is -1"),
        (["--ttl", "soon"], "'soon' is no TTL"),
        (["--embedding-ttl", "1.2.3d"], "'1.2.3d' is no TTL: write 3600, 15m, 12h, 7d or none"),
        (["--ttl", "0"], "ttl is 0.0: give seconds above 0"),
        (["--memory", "."], "'.' is no amount of memory: write 64mb, 2gb or bytes"),
        (["--design", "hybrid:ttl=1.2.3d"], "hybrid:ttl=1.2.3d: '1.2.3d' is no TTL"),
    ],
)
def test_an_option_that_cannot_work_is_refused_in_a_line(words, says, call, log):
    code, _, complaint = call("replay", log, *words)
    assert code in (1, 2) and says in complaint and complaint.startswith(("semcache: ", "usage: "))


def test_a_verifier_of_another_embedding_model_is_refused(call, log):
    path = log.with_name("v.json")
    pairs = [Row(f"open file {n}", f"open file {n + n % 2}", 0.95) for n in range(60)]
    verifier = Verifier.fit(pairs, [n % 2 == 0 for n in range(60)]).with_threshold(0.5)
    verifier.embedding_model = "text-embedding-3-small"
    verifier.save(path)
    code, _, complaint = call("replay", log, "--verifier", path)
    assert code == 2 and "fitted on similarities of text-embedding-3" in complaint


def test_a_verifier_brings_its_least_similarity(call, log):
    pairs = [Row(f"open file {n}", f"open file {n + n % 2}", 0.95) for n in range(60)]
    verifier = Verifier.fit(pairs, [n % 2 == 0 for n in range(60)])
    path = log.with_name("v.json")
    verifier.with_threshold(0.0, least_similarity=0.99).save(path)
    options = ("--verifier", path, "--ttl", "1d", "--call-price", 1)
    code, _, complaint = call("replay", log, *options)
    assert code == 0, complaint
    record = json.loads(log.with_name("log.replay.json").read_text())
    calls = {row["name"]: row["llm_calls"] for row in record["designs"]}
    thresholds = {row["name"]: row["threshold"] for row in record["designs"]}
    assert calls["hybrid"] == 3 and calls["guarded"] == calls["exact"] == 5
    assert thresholds["hybrid"] == 0.9 and thresholds["guarded"] == 0.99


class ByMargin:
    """Refuses what has a near rival."""

    takes_margin = True

    def __call__(self, cached, asked, similarity, margin=None):
        return margin is None or margin > 0.01


def test_labels_change_no_hit():
    """They say what is wrong; a cache does not know them, so neither may a margin."""
    texts = ["a@0", "b@12", "c@6.5"]  # a and b are rivals for c
    design = Design("", "guarded", threshold=0.98, verifier=ByMargin())
    bare = done(Log(texts), design).totals[0]
    labelled = done(Log(texts, label=["x", "x", "x"]), design).totals[0]
    assert bare.llm_calls == labelled.llm_calls == 3


def test_a_log_that_cannot_be_read_is_named_with_its_line(call, log):
    log.write_text("text,time\na,1\nb,\n")
    code, _, complaint = call("replay", log)
    assert code == 2 and f"{log}, line 3: no time" in complaint


def test_columns_without_a_cell_are_as_if_they_were_not_there():
    none = [None, None]
    requests = requests_of(Log(["a@0", "a@0"], none, none, none, none, none))
    assert requests.known is None and not requests.timed
    assert replay(requests, [Design("", "exact")], drawn(requests)).totals[0].hits == 1
