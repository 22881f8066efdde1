"""Lesson 14's day: as it is said to be made, replayed as the package does, and judged fairly."""

import csv
import json
import re
from collections import Counter
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from semcache.capacity import Record, embedding_bytes, stored_bytes
from semcache.capacity.sizes import ANSWER, COPY, EXACT, QUESTION
from semcache.course.day import Day, Decision, Terms, complaint, made, table, why
from semcache.course.day.causes import CUSTOMER
from semcache.course.plots import capstone
from semcache.errors import ConfigError
from semcache.guard import Guard
from semcache.lab.data import FOLDER, read_rows
from semcache.replay import Design, read_log, replay, requests_of
from semcache.sharing import DEFAULT_RULES, Rule

HOUR = 3_600
OWN = r"days of trial|free seats|payment|renewal|have we used|admins of our|discount do"
NOW = r"\bproblems\b|\bslow\b|^status\?|incident"
RULES = [
    *DEFAULT_RULES,
    Rule("own", "a customer's own data", lambda text: bool(re.search(OWN, text, re.I))),
    Rule("now", "the state now", lambda text: bool(re.search(NOW, text)), "exact", ttl=60),
]


@pytest.fixture(scope="module")
def day():
    return Day.ours()


# What it is made of


def test_the_log_is_what_the_draw_makes():
    assert read_rows(made.LOG) == made.requests()


def test_the_embeddings_are_the_models_and_far_from_the_thresholds():
    with np.load(made.VECTORS, allow_pickle=False) as stored:
        texts, vectors = stored["texts"].tolist(), stored["vectors"].astype(np.float32)
    assert texts == list(dict.fromkeys(row["text"] for row in made.requests()))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    some = slice(None, None, 20)
    assert ((made.vectors_of(texts[some]) * vectors[some]).sum(axis=1) > 0.995).all()
    similarities = vectors @ vectors.T
    for threshold in (0.85, 0.90, 0.95):
        assert np.abs(similarities - threshold).min() > 5e-6


def test_the_readme_counts_the_day():
    rows = made.requests()
    kinds = Counter(("#" in row["label"]) * 2 + ("@" in row["label"]) for row in rows)
    texts = {kind: {r["text"] for r in rows if kind in r["label"]} for kind in "#@"}
    said = " ".join((FOLDER / "README.md").read_text(encoding="utf-8").split())
    for count in (
        f"{len(rows):,} requests of {len({row['tenant'] for row in rows})} customers",
        f"with {len({row['text'] for row in rows})} different texts",
        f"{kinds[0]:,} requests are drawn",
        f"{kinds[1]} ask about the customer's own data, in {len(texts['@'])} texts",
        f"{kinds[2]} ask whether the service works, in {len(texts['#'])} texts",
    ):
        assert count in said


def test_entries_take_what_was_measured():
    """The lesson counts with round sizes, so that a new measurement does not change its outputs."""
    stored = stored_bytes(Record(FOLDER / "semantic_lookup.json"), "MatrixIndex", 384)
    measured = (EXACT, COPY, stored - ANSWER - QUESTION, embedding_bytes(384))
    assert np.allclose(Terms().sizes, measured, rtol=0.15)


# What a replay of it says


def test_a_day_counts_as_the_package_does(day):
    designs = [Design("exact", "exact"), Design("hybrid", "hybrid", threshold=0.9)]
    requests = requests_of(read_log(made.LOG), rules=DEFAULT_RULES)
    with np.load(made.VECTORS, allow_pickle=False) as stored:
        vectors = dict(zip(stored["texts"].tolist(), stored["vectors"], strict=True))
    rows = np.stack([vectors[text] for text in requests.unique]).astype(np.float32)
    theirs = replay(requests, designs, lambda numbers: rows[numbers]).totals
    ours = day.replay(designs, rules=DEFAULT_RULES, apart=["tenant"])
    counted = [(one.hits, one.llm_calls, one.embedding_calls, one.wrong.count) for one in theirs]
    found = [one.figures for one in ours]
    assert counted == [(f.hits, f.llm_calls, f.embedding_calls, f.wrong.count) for f in found]


def test_every_wrong_answer_has_one_cause_and_one_text(day):
    for one in day.replay([Design("a", "hybrid", threshold=0.9), Design("b", "exact", ttl=60)]):
        assert 0 < one.wrong.count == sum(one.causes.values()) == one.wrongly.total()


def test_the_node_is_on_the_bill_of_a_cache_only():
    dear, cheap = (Day.ours(Terms(node_dollars=dollars)) for dollars in (5, 0))
    designs = [Design("none", "none"), Design("exact", "exact")]
    bills = [[one.dollars for one in day.replay(designs)] for day in (dear, cheap)]
    assert np.subtract(*bills).tolist() == pytest.approx([0, 5])


def test_a_log_of_ones_own_in_any_order_and_without_labels(tmp_path):
    rows = [
        ("Explain Python", 30, "py"),
        ("What is Python?", 10, "py"),
        ("What is Rust?", 40, "rs"),
    ]
    rows += [("What is Python?", 20, "py")]

    def write(columns):
        path = tmp_path / f"{columns}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerows([["text", "time", "label"][:columns], *(r[:columns] for r in rows)])
        return path

    def alike(texts):
        return np.ones((len(texts), 4), np.float32)

    labelled, timed, plain = (Day.read(write(n), alike) for n in (3, 2, 1))
    assert [day.known for day in (labelled, timed, plain)] == [True, False, False]
    assert labelled.log.text[0] == "What is Python?"
    (one,) = labelled.replay([Design("hybrid", "hybrid", threshold=0.9)])
    assert (one.figures.hits, one.causes["another question's"]) == (3, 1)
    for day in (timed, plain):
        (one,) = day.replay([Design("hybrid", "hybrid", threshold=0.9)])
        assert one.figures.hits == 3
        assert table([one]).split()[-2:] == ["-", "-"]
        assert why([one]).split()[-4:] == ["-"] * 4
        said = complaint(Decision(Design("mine", "exact", memory=1e6), promise=0.01, day=day))
        assert "no labels" in said


# What is accepted and what is not

MINE = Decision(Design("mine", "exact", ttl=4 * HOUR, memory=5e5), promise=0.01, rules=RULES)


def changed(decision=MINE, **design):
    own = {name: design.pop(name) for name in ("promise", "rules", "apart") if name in design}
    return replace(decision, design=replace(decision.design, **design), **own)


DEFENSIBLE = {
    "exact, with rules": MINE,
    "for ever, since what changes has a rule": changed(ttl=None),
    "ten minutes for all": changed(ttl=600),
    "similarity, strict": changed(kind="hybrid", threshold=0.97, memory=1e6),
    "similarity alone": changed(kind="semantic", threshold=0.97, memory=1e6, ttl=None),
    "a verifier": changed(kind="guarded", threshold=0.96, verifier=Guard(), memory=1e6),
    "looser similarity, looser promise": changed(
        kind="guarded", threshold=0.94, verifier=Guard(), memory=1e6, promise=0.04
    ),
    "customers apart, a rule for what changes": changed(
        ttl=None, apart=["tenant"], rules=[*DEFAULT_RULES, RULES[-1]]
    ),
    "customers apart, the package's rules": changed(
        ttl=None, apart=["tenant"], rules=DEFAULT_RULES, promise=0.02
    ),
    "little memory": changed(memory=1e5),
}
REFUSED = {
    "another customer": changed(rules=DEFAULT_RULES),
    "up to": changed(kind="hybrid", threshold=0.9, memory=1e6),
    "too old": changed(ttl=None, rules=RULES[:-1]),
    "another question's": changed(kind="semantic", threshold=0.85, memory=1e6),
    "and no cache $": changed(ttl=HOUR, apart=["tenant"], promise=0.02),
    "memory is not bound": changed(memory=None),
    "memory is 64 MB, and the node has 1 MB": changed(memory=64e6),
    "a promise of 0.5 is none": changed(promise=0.5),
    "a promise of 0 is none": changed(promise=0),
    "a plain one pays": changed(kind="none"),
}


def test_every_defensible_choice_is_accepted(subtests):
    for name, decision in DEFENSIBLE.items():
        with subtests.test(name):
            assert complaint(decision) is None


def test_what_speaks_against_a_choice_is_said(subtests):
    for reason, decision in REFUSED.items():
        with subtests.test(reason):
            assert reason in complaint(decision)


def test_what_is_defensible_is_so_on_a_second_day(subtests):
    """It asks no question of the first day about one's own data, so a list of those is no rule."""
    day = Day.another()
    texts = {text for text, label in zip(day.log.text, day.labels, strict=True) if "@" in label}
    assert not texts & set(Day.ours().log.text)
    for name, decision in DEFENSIBLE.items():
        with subtests.test(name):
            assert not replace(decision, day=day).outcomes()[1].causes[CUSTOMER]


def test_a_column_that_is_none_is_named(day):
    with pytest.raises(ConfigError, match=r"apart has 'customer': .* tenant and language"):
        day.replay([Design("a", "exact")], apart=["customer"])


def test_no_cache_is_a_choice_where_none_pays():
    dear = Day.ours(Terms(node_dollars=50))
    assert complaint(replace(changed(kind="none"), day=dear)) is None
    assert "and no cache $" in complaint(replace(MINE, day=dear))


def test_the_lines_of_the_log_are_what_the_reader_of_logs_takes():
    first = json.loads(made.LOG.read_text(encoding="utf-8").split("\n")[0])
    log = read_log(made.LOG)
    assert (log.text[0], log.tenant[0], log.label[0]) == tuple(
        first[name] for name in ("text", "tenant", "label")
    )
    assert log.remarks == ()


def test_the_figure_names_what_keeps_the_promise_and_pays(day, monkeypatch):
    said = []
    monkeypatch.setattr(capstone, "finish", lambda fig, alt: (plt.close(fig), said.append(alt)))
    none, mine = MINE.outcomes()
    dear, wrong = day.replay([Design("a minute", "exact", ttl=60), Design("shared", "exact")])
    for tried in ([mine, dear, wrong], [dear, wrong]):
        capstone.choices(none, tried, 0.01)
    assert [alt.rpartition(": ")[2] for alt in said] == ["mine.", "none."]
    assert f"mine ${mine.dollars:.2f}, at most {mine.at_most:.1%} wrong" in said[0]
