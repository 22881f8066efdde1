"""From a log to labelled pairs: ``python -m semcache pairs`` and ``label``, and the widget."""

import csv
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.course.labelling import Labeller
from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.drawing import BANDS
from semcache.evaluate.label_file import read_labels, save
from semcache.evaluate.labelling import Labelling, agreement
from semcache.evaluate.logs import Entry, Log
from semcache.evaluate.pairing import pair
from semcache.evaluate.pairs import read_pairs
from semcache.evaluate.pairs_report import of_bands


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# pairs ----------------------------------------------------------------------------------

LOG = """time,question,language,tenant
2026-11-28T10:02:00,how do I get a refund now,en,acme
2026-11-28T10:00:00,how do I get a refund,en,acme
2026-11-28T10:01:00,my card is 4111 1111 1111 1111 and blocked,en,beta
2026-11-28T10:03:00,how do I get a refund,en,beta
2026-11-28T10:04:00,,en,acme
2026-11-28T10:05:00,wie bekomme ich eine Erstattung,de,acme
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(LOG, encoding="utf-8")
    return path


def test_from_a_log_to_pairs_with_the_real_model(log, call):
    code, printed, _ = call("pairs", log, "--mask")
    out = log.with_name("log.pairs.csv")
    assert code == 0 and "read as table: 5 questions" in printed and "in order of time" in printed
    assert "Left out: 1 (16.7 %) with no text" in printed and "1 of them (20 %) repeat" in printed
    assert f"3 pairs in {out}. Next: python -m semcache label {out}" in printed
    card, refund, german = rows_of(out)
    assert refund["a"] == "how do I get a refund" and refund["b"] == "how do I get a refund now"
    assert german["language"] == "de" and german["time"] == "2026-11-28T10:05:00Z"
    assert card["b"] == "my card is [number] and blocked" and card["margin"] == ""
    assert float(refund["similarity"]) > 0.95 > float(card["similarity"])
    assert {row["weight"] for row in (card, refund, german)} == {"1"} and refund["same"] == ""
    assert {row["embedding_model"] for row in rows_of(out)} == {"multilingual-e5-small"}
    assert "Embedding with multilingual-e5-small, which the cache has to embed with" in printed
    assert "with REDIS_URL set, the next draw would not embed them again" in printed


def test_labels_of_an_earlier_run_are_not_written_over(log, call):
    out = log.with_name("log.pairs.csv")
    out.write_text("a,b,same\nx,y,yes\n")
    code, printed, complaint = call("pairs", log)
    assert (code, printed) == (2, "") and "is there already" in complaint
    assert out.read_text() == "a,b,same\nx,y,yes\n"


def test_who_has_labelled_too_few_goes_on_with_a_larger_draw(log, call):
    questions = [f"how do I get {number} stamps for {number + 1} letters" for number in range(30)]
    log.write_text("\n".join(["question", *questions]), encoding="utf-8")
    few, more = log.with_name("few.csv"), log.with_name("more.csv")
    assert call("pairs", log, "--most", 8, "--out", few)[0] == 0
    rows = rows_of(few)
    said = {(row["a"], row["b"]): answer for row, answer in zip(rows, "ynunyyny", strict=True)}
    for (a, b), answer in said.items():
        at = next(k for k, row in enumerate(rows) if (row["a"], row["b"]) == (a, b))
        rows[at] |= {"same": {"y": "yes", "n": "no", "u": "unsure"}[answer], "same_anna": "yes"}
    with few.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    code, printed, _ = call("pairs", log, "--most", 20, "--labels", few, "--out", more)
    assert code == 0 and f"8 of the 8 labelled pairs in {few} are in it" in printed
    labels = {(row["a"], row["b"]): (row["same"], row["same_anna"]) for row in rows_of(more)}
    assert len(labels) == 20 and sum(label == ("", "") for label in labels.values()) == 12
    assert all(labels[row["a"], row["b"]] == (row["same"], row["same_anna"]) for row in rows)


def test_the_command_that_draws_more_is_said_and_a_log_that_is_used_up(log, call):
    questions = [f"how do I get {number} stamps for {number + 1} letters" for number in range(30)]
    log.write_text("\n".join(["question", *questions]), encoding="utf-8")
    options = ["--bands", "0.5,0.95", "--seed", 3]
    printed = call("pairs", log, "--most", 8, *options)[1]
    said = printed.partition("More, later: python -m semcache ")[2].split()
    few, more = log.with_name("log.pairs.csv"), log.with_name("more.csv")
    assert said[:2] == ["pairs", str(log)] and said[-4:] == [
        "--labels",
        str(few),
        "--out",
        "more.csv",
    ]
    few.write_text(few.read_text().replace(",\n", ",yes\n"))
    printed = call(*said[:-1], more)[1]
    assert f"8 of the 8 labelled pairs in {few} are in it" in printed
    assert "The others were" not in printed and len(rows_of(more)) == 16
    printed = call("pairs", log, "--most", 9, "--labels", few, "--out", log.with_name("o.csv"))[1]
    assert "The others were drawn with other --bands" in printed
    printed = call("pairs", log, "--most", 90, "--out", log.with_name("all.csv"))[1]
    assert "These are all that the log has" in printed and "More, later" not in printed


def test_what_rules_keep_from_similarity_is_left_out_if_asked_for(log, call):
    texts = ["how do I pay", "how can I pay", "where is my last invoice", "how do I pay now please"]
    log.write_text("\n".join(["question", *texts]), encoding="utf-8")
    assert call("pairs", log)[0] == 0 and len(rows_of(log.with_name("log.pairs.csv"))) == 3
    out = log.with_name("shared.csv")
    code, printed, _ = call("pairs", log, "--rules", "default", "--out", out)
    assert code == 0 and "1 of them are left out" in printed
    assert not any("invoice" in row["a"] + row["b"] for row in rows_of(out))


def test_bands_that_do_not_part_the_log_are_said_with_those_that_would():
    def told(degrees: list[int], edges: tuple[float, ...] = BANDS) -> str:
        return "".join(of_bands(pair(entries(*map(str, degrees)), along), edges))

    near = [k * k for k in range(1, 12)]  # the gaps grow: 3, 5, 7 degrees ...
    mixed = [0, 5, 10, 15, 45, 75, 105]
    assert "not for this model and log: 100 % lie in the highest" in told(near)
    assert "--bands 0.97,0.99 draws by these" in told(near)
    assert told(near, (0.97, 0.99)) == told(mixed) == ""


def test_a_bar_moves_from_the_first_texts_on():
    asked = []

    def embed(texts):
        asked.append(len(texts))
        return along(texts)

    pair(entries(*map(str, range(0, 90))), embed)
    assert asked == [32, 58]


@pytest.mark.parametrize(
    "options",
    [("--most", "0"), ("--bands", "0.9,0.8"), ("--bands", "x"), ("--format", "csv"), ("--x",)],
)
def test_wrong_options_are_usage_errors(log, call, options):
    assert call("pairs", log, *options)[0] == 2


def test_an_error_of_ours_names_file_and_line_on_stderr(log, call):
    log.write_text("question\n" + '"open\n')
    code, printed, complaint = call("pairs", log)
    assert (code, printed) == (2, "") and f"semcache: {log}, line 2: unexpected end" in complaint


def along(texts):
    """Embeds a text as a direction: the number it is, in degrees."""
    angles = np.radians([float(text) for text in texts])
    return np.column_stack([np.cos(angles), np.sin(angles)])


def entries(*texts: str, **more) -> Log:
    return Log(tuple(Entry(text, line=k, **more) for k, text in enumerate(texts, 1)), "table")


def test_each_question_meets_those_before_it_and_the_same_text_counts_once():
    drawn = pair(entries("0", "90", "10", "0 ", "85"), along)
    found = [(p.b.text, p.a.text, p.similarity) for p in drawn.pairs]
    cosine = {d: round(math.cos(math.radians(d)), 4) for d in (5, 10, 90)}
    assert found == [("90", "0", cosine[90]), ("10", "0", cosine[10]), ("85", "90", cosine[5])]
    assert (drawn.questions, drawn.repeated, drawn.first) == (5, 1, 1)
    assert drawn.pairs[1].margin == round(
        math.cos(math.radians(10)) - math.cos(math.radians(80)), 4
    )


def test_margins_are_to_another_answer_where_all_are_known():
    answered = [Entry(t, answer=a) for t, a in (("0", "x"), ("4", "x"), ("60", "y"), ("2", "x"))]
    drawn = pair(Log(tuple(answered), "table"), along)
    last = drawn.pairs[-1]
    assert drawn.has_answers and last.similarity == round(math.cos(math.radians(2)), 4)
    assert last.margin == pytest.approx(last.similarity - math.cos(math.radians(58)), abs=1e-4)


def test_tenants_are_kept_apart_if_asked_for():
    mixed = [Entry(text, tenant=t) for text, t in (("0", "a"), ("1", "b"), ("50", "a"), ("0", "b"))]
    drawn = pair(Log(tuple(mixed), "table"), along, within=["tenant"])
    assert [(p.b.text, p.a.text, p.b.tenant) for p in drawn.pairs] == [
        ("50", "0", "a"),
        ("0", "1", "b"),
    ]
    with pytest.raises(ConfigError, match="within tenant or language, not id"):
        pair(Log(tuple(mixed), "table"), along, within=["id"])


def test_what_cannot_be_embedded_is_named_and_the_rest_goes_on():
    drawn = pair(entries("0", "1 " * 9_000, "2"), along)
    assert len(drawn.pairs) == 1 and drawn.unusable[0].startswith("line 2: the question has")
    with pytest.raises(InvalidInput, match="no question has an earlier one"):
        pair(entries("0", "0"), along)
    with pytest.raises(ConfigError, match="3 bands want at least as many pairs"):
        pair(entries("0", "1"), along, most=2)


def test_weights_are_honoured_from_the_file_on(tmp_path, call):
    path = tmp_path / "drawn.csv"
    rng = np.random.default_rng(3)
    lines = []
    for k in range(900):
        similarity, same, weight = (0.97, "yes", 6) if k % 3 else (0.75, "no", 2)
        shown = ("", "unsure", same)[0 if k < 30 else 1 if k < 35 else 2]
        lines.append(
            f"asked {k},also {k},{similarity + rng.uniform(0, 0.01):.4f},{weight},{shown}\n"
        )
    path.write_text("a,b,similarity,weight,same\n" + "".join(lines))
    pairs = read_pairs(path)
    assert (len(pairs), pairs.unlabelled, pairs.unsure) == (865, 30, 5)
    code, printed, _ = call("evaluate", path)
    assert code == 0 and "stand for" in printed and "30 rows have no label yet" in printed
    assert "5 rows of which the reader was not sure" in printed
    assert "shares are of the log, by weight" in printed and "0.0 % by weight" in printed
    assert "85.7 % of the log's pairs" in printed.replace("\n", " ") or "% of the log's" in printed
    for bad in ("0", "-1", ""):
        path.write_text(f"a,b,similarity,weight,same\nx,y,0.9,1,yes\nz,w,0.9,{bad},no\n")
        code, _, complaint = call("evaluate", path)
        assert code == 2 and "line 3: weight is" in complaint
    path.write_text("a,b,weight,same\nx,y,1,\n")
    assert "no pair is labelled yet" in call("evaluate", path)[2]


def test_a_verifier_judges_where_the_draw_was_dense_and_the_cache_is_told(tmp_path, call):
    path = tmp_path / "drawn.csv"
    lines = [
        f"pin {k},pin of card {k},{0.9 + k % 90 / 1_000:.4f},2,{'yes' if k % 9 else 'no'}\n"
        for k in range(600)
    ]
    lines += [f"reset {k},refund {k},0.85,8,no\n" for k in range(40)]
    path.write_text("a,b,similarity,weight,same\n" + "".join(lines))
    code, printed, _ = call("evaluate", path, "--verifier", "guard", "--max-wrong", 0.3)
    assert code == 0 and "Give the cache threshold=0.9 beside this score" in printed
    assert "Chosen threshold: 0." in printed and "by weight" in printed
    assert "threshold=0.9" not in call("evaluate", path, "--max-wrong", 0.3)[1]


# label ----------------------------------------------------------------------------------


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "mine.pairs.csv"
    path.write_text("a,b,weight,same\n" + "".join(f"a{k},b{k},{k}.5,\n" for k in range(4)))
    return path


@given(st.integers(0, 12), st.text("ynubx", max_size=40), st.one_of(st.none(), st.integers()))
def test_whatever_is_pressed_each_pair_is_shown_until_it_is_labelled(n, keys, seed):
    labelling = Labelling.of([""] * n, seed)
    assert sorted(labelling.order) == list(range(n))
    for key in keys:
        before, labelling = labelling, labelling.press(key)
        changed = [k for k in range(n) if labelling.labels[k] != before.labels[k]]
        assert set(changed) <= {before.current} and labelling.done >= before.done
    assert (labelling.current is None) <= (labelling.done == n)
    again = Labelling.of(labelling.labels, seed)
    assert again.current is None or not labelling.labels[again.current]


def test_back_mends_the_last_answer_and_goes_on_where_it_was():
    labelling = Labelling.of(["", "", ""])
    for key in "ynbn":
        labelling = labelling.press(key)
    assert labelling.labels == ("yes", "no", "") and labelling.current == 2
    mended = labelling.press("b").press("b").press("u")
    assert mended.labels == ("unsure", "no", "") and mended.current == 2


def test_cohens_kappa():
    # 20 yes by both, 15 no by both, 5 yes and no, 10 no and yes: 0.7 alike, 0.5 by chance.
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    found = agreement([*first, "unsure", ""], [*second, "yes", "no"])
    assert found[:2] == (50, 35) and found.kappa == pytest.approx(0.4)
    assert math.isnan(agreement(["yes"], ["yes"]).kappa) and agreement([], []).both == 0


def test_every_answer_is_in_the_file_at_once_and_scores_are_not_shown(pairs, call):
    code, printed, _ = call("label", pairs, "--no-shuffle", typed="yxnbuq")
    assert (
        code == 0 and "in the cache:  a0\n  asked:         b0" in printed and "0.5" not in printed
    )
    assert [row["same"] for row in rows_of(pairs)] == ["yes", "unsure", "", ""]
    assert f"2 of 4 labelled, in {pairs}, same" in printed
    assert rows_of(pairs)[3]["weight"] == "3.5"
    assert call("label", pairs, "--no-shuffle", typed="nn")[1].count("in the cache") == 2
    assert [row["same"] for row in rows_of(pairs)] == ["yes", "unsure", "no", "no"]


def test_going_back_counts_back_and_what_is_next_is_said(pairs, call):
    printed = call("label", pairs, "--no-shuffle", typed="ynbbnuq")[1]
    assert re.findall(r"^(\d of 4)", printed, re.M) == [
        "1 of 4", "2 of 4", "3 of 4", "2 of 4", "1 of 4", "3 of 4", "4 of 4", "3 of 4",
    ]  # fmt: skip
    assert "1 of 4 [yes]" in printed
    assert f"Next: python -m semcache evaluate {pairs} --fit, also before all are" in printed
    assert call("label", pairs, typed="y")[1].endswith(f"evaluate {pairs} --fit\n")
    assert "Next" not in call("label", pairs, "--reader", "bea", typed="y")[1]


def test_the_order_is_by_chance_and_the_same_each_time(pairs, call):
    shown = [
        call("label", pairs, "--seed", seed)[1].partition("in the cache:")[2][:4]
        for seed in range(9)
    ]
    assert len(set(shown)) > 1 and shown == [
        call("label", pairs, "--seed", seed)[1].partition("in the cache:")[2][:4]
        for seed in range(9)
    ]


def test_a_second_reader_sees_none_of_the_first_ones_labels(pairs, call):
    call("label", pairs, typed="yyny")
    code, printed, _ = call("label", pairs, "--reader", "Bea", typed="ynnu")
    assert code == 0 and "[yes]" not in printed
    assert "same and same_bea: of 3 pairs that both are sure of, 2 alike (66.7 %); Cohen" in printed
    assert set(rows_of(pairs)[0]) == {"a", "b", "weight", "same", "same_bea"}
    assert "kappa 0.40" in printed


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.csv", "a,b,same\nx,y,maybe\n", "p.csv, line 2: same is 'maybe'"),
        ("p.csv", "a,same\nx,yes\n", "p.csv, line 1: no column b"),
        ("p.csv", "a,b,same\nx,y,yes,z\n", "p.csv, line 2: 4 cells"),
        ("p.csv", 'a,b\n"x,y\n', "p.csv, line 2: unexpected end"),
        ("p.csv", "a,b\n", "no pairs"),
        ("p.jsonl", "{}", "kept in a .csv file"),
    ],
)
def test_a_file_that_cannot_be_labelled_is_refused(tmp_path, call, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    code, _, complaint = call("label", path, typed="y")
    assert code == 2 and message in complaint and path.read_text() == text


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16"])
def test_all_else_stays_as_it_was(tmp_path, code):
    path = tmp_path / "mine.csv"
    path.write_text('A;b;note\n"退款;\n""now""";refund;x\n', encoding=code)
    path.chmod(0o640)
    save(path, "same", ["yes"])
    read = read_labels(path)
    assert read.encoding == code and read.texts(0) == ('退款;\n"now"', "refund")
    assert read.header == ("A", "b", "note", "same") and read.rows[0][2:] == ("x", "yes")
    assert path.stat().st_mode & 0o777 == 0o640 and list(tmp_path.iterdir()) == [path]
    with pytest.raises(ConfigError, match="has 1 pairs by now, 2 were shown"):
        save(path, "same", ["yes", "no"])


def test_a_link_stays_a_link(pairs, tmp_path):
    link = tmp_path / "link.csv"
    link.symlink_to(pairs)
    save(link, "same", ["yes"] * 4)
    assert link.is_symlink() and rows_of(pairs)[0]["same"] == "yes"


def test_two_readers_at_once_do_not_lose_each_others_labels(pairs):
    one, two = Labeller(pairs, reader="one"), Labeller(pairs, reader="two")
    for key in "yn":
        one.press(key)
        two.press(key)
    labels = [(row["same_one"], row["same_two"]) for row in rows_of(pairs)]
    assert sorted(labels) == [("", ""), ("", ""), ("no", "no"), ("yes", "yes")]


def test_a_terminal_of_its_own_takes_single_keys(pairs):
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "semcache", "label", str(pairs), "--no-shuffle"]
    os.write(ours, b"ynq")
    done = subprocess.run(
        command, stdin=theirs, stdout=subprocess.PIPE, text=True, timeout=60, check=False
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0 and "2 of 4 labelled" in done.stdout
    assert [row["same"] for row in rows_of(pairs)] == ["yes", "no", "", ""]


# The widget -----------------------------------------------------------------------------


def test_letters_in_the_box_and_buttons_label_and_texts_are_no_html(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("a,b,same\n<b>x</b>,y,\nz,w,\nv,u,\n")
    labeller = Labeller(path, seed=None)
    shown, controls = labeller.widget.children
    box, yes, no, unsure, back = controls.children
    assert "&lt;b&gt;x" in shown.value and "<b>x" not in shown.value
    box.value = "y"
    assert box.value == "" and rows_of(path)[0]["same"] == "yes" and "2 of 3" in shown.value
    no.click()
    back.click()
    unsure.click()
    yes.click()
    assert [row["same"] for row in rows_of(path)] == ["yes", "unsure", "yes"]
    assert "All 3 pairs are labelled" in shown.value
    assert labeller._repr_mimebundle_()


def test_help_shows_the_defaults(call):
    for command, told in (("pairs", "(default: 500)"), ("label", "(default: yes)")):
        code, printed, _ = call(command, "--help")
        assert code == 0 and told in printed.replace("\n", " ")
