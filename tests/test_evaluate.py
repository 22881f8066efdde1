"""Scoring pairs, and ``python -m semcache evaluate`` and ``plan``."""

import argparse
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.arguments import add_arguments
from semcache.evaluate.choice import Choice, Trial
from semcache.evaluate.command import run
from semcache.evaluate.curve import risk_coverage
from semcache.evaluate.figure import draw
from semcache.evaluate.labelled import Pair, Pairs
from semcache.evaluate.scored import Scored
from semcache.evaluate.scoring import arguments_of, judge, load_judge, similarities

# Scoring --------------------------------------------------------------------------------


class Embedder:
    """Embeds a text as its length and its number of blanks; counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return np.array([[len(text), text.count(" ")] for text in texts], float)


def test_similarities_are_cosines_and_each_distinct_pair_is_embedded_once():
    pairs = Pairs.of([Pair("a b", "ab", True), Pair("a", "b", True)] * 500)
    embed = Embedder()
    found = similarities(pairs, embed)
    assert found.shape == (1_000,) and found[::2] == pytest.approx(3 / math.sqrt(10))
    assert sorted(embed.asked) == ["a", "a b", "ab", "b"]


def test_a_text_that_cannot_be_embedded_is_named_before_anything_is_sent():
    pairs = Pairs.of([Pair("a", "b", True), Pair("c", "word " * 9_000, True)])
    embed = Embedder()
    with pytest.raises(InvalidInput, match=r"line 2: b has 9,001 tokens"):
        similarities(pairs, embed)
    assert not embed.asked and len(similarities(pairs[:1], embed)) == 1


def test_a_verifier_is_told_the_margin_and_asked_once_for_each_distinct_pair():
    pairs = Pairs.of([Pair("a", "b", True), Pair("c", "d", True), Pair("a", "b", False)])
    pairs = Pairs(
        pairs.texts, pairs.a, pairs.b, pairs.same, pairs.line, margin=np.array([0.1, np.nan, 0.1])
    )
    similarity = np.array([0.9, 0.8, 0.9])
    asked = []

    def score(*arguments):
        asked.append(arguments)
        return arguments[2]

    assert judge(score, pairs, similarity, margin=True).tolist() == [0.9, 0.8, 0.9]
    assert sorted(asked) == [("a", "b", 0.9, 0.1), ("c", "d", 0.8, None)]
    assert arguments_of(pairs, similarity, margin=False)[1] == ("c", "d", 0.8)


def test_a_verifier_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="no such verifier"):
        load_judge(str(tmp_path / "gaurd"))


# The command ----------------------------------------------------------------------------

HEAD = "a,b,same,similarity,language,at\n"


def rows(n: int, *, right: float = 0.97, wrong: float = 0.75) -> list[str]:
    """Pairs that similarity can tell apart: as many that share an answer as not."""
    lines = []
    for k in range(n):
        similarity, same, language = (wrong, "no", "zh") if k % 2 else (right, "yes", "en")
        lines.append(f"asked {k},also {k},{same},{similarity},{language},{k}\n")
    return lines


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(HEAD + "".join(rows(600)), encoding="utf-8")
    return path


def test_a_threshold_is_chosen_checked_and_drawn_beside_the_file(mine, call):
    code, printed, _ = call("evaluate", mine, "--call-price", 0.01, "--wrong-price", 1)
    assert code == 0
    assert f"{mine}: 600 pairs, 300 with the same answer\nDivided by chance" in printed
    assert "nothing is embedded" in printed and "saved       dollars" in printed
    assert "Chosen threshold: 0.80" in printed
    assert "12 thresholds share the doubt, 0.417 % each" in printed
    assert "50" in printed and "no score whatever can serve more than" in printed
    assert "Within the limit of 5 %, by these pairs alone." in printed
    assert "\nlanguage   pairs" in printed
    figure = mine.with_name("mine.evaluate.png")
    assert f"Figure in {figure}: At 0.80" in printed
    with Image.open(figure) as image:
        assert image.size[0] > 800


def test_texts_are_embedded_where_the_file_has_no_similarities(tmp_path, call):
    path = tmp_path / "mine.jsonl"
    few = [{"a": f"refund {k}", "b": f"refund  {k}", "same": True} for k in range(12)]
    path.write_text("\n".join(map(json.dumps, few)), encoding="utf-8")
    code, printed, _ = call("evaluate", path)
    assert code == 0 and "Score: similarity of the embeddings" in printed
    assert "Chosen threshold: none." in printed and "more in the file" in printed
    assert "Similarities are those of multilingual-e5-small: the promise is for a" in printed


def test_by_time_the_later_pairs_check_what_the_earlier_ones_chose(tmp_path, call):
    path = tmp_path / "drift.csv"
    later = [row.replace("yes", "no") for row in rows(900)[600:]]
    path.write_text(HEAD + "".join(rows(600)[:300] + later), encoding="utf-8")
    _, printed, _ = call("evaluate", path, "--time", "at")
    assert "by time: the earlier choose, the later check" in printed
    assert "Above the limit of 5 %, not by chance" in printed


def test_groups_share_the_doubt(tmp_path, call):
    path = tmp_path / "tenants.csv"
    red = "a\x1b[31m"
    lines = [f"{row.rstrip()},{red if k % 3 else 'b'}\n" for k, row in enumerate(rows(1_800))]
    path.write_text(HEAD.rstrip() + ",Tenant\n" + "".join(lines), encoding="utf-8")
    code, printed, _ = call("evaluate", path, "--by", "tenant")
    assert code == 0 and "3 choices, the common one among them, share the doubt" in printed
    assert "98.3 % confidence" in printed and "\na\\x1b[31m " in printed and "\x1b" not in printed
    code, _, complaint = call("evaluate", path, "--by", "customer")
    assert code == 2 and "no column 'customer'" in complaint


def test_a_contradiction_is_reported_with_its_lines(mine, call):
    with mine.open("a") as file:
        file.write("asked 0 ,also 0,no,0.97,en,700\n")
    _, printed, _ = call("evaluate", mine)
    assert "1 pair is labelled both ways (lines 2 and 602: asked 0 / also 0)" in printed


def test_few_different_pairs_are_said_to_be_little_evidence(mine, call):
    mine.write_text(HEAD + "".join(rows(60) * 10))
    _, printed, _ = call("evaluate", mine)
    assert "Only 60 of the 600 pairs are different" in printed


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--max-wrong", 5), "5 % is written 0.05"),
        (("--confidence", 0), "confidence is 0"),
        (("--call-price", 1), "go together"),
        (("--wrong-price", 1), "go together"),
        (("--fit", "--verifier", "guard"), "choose one"),
        (("--save", "v.json"), "without --fit"),
        (("--call-price", -1, "--wrong-price", 1), "--call-price is -1"),
        (("--by", " "), "--by is blank"),
        (("--figure", "no/such/folder.png"), "its folder is not there"),
        (("--figure", "picture.xyz"), "name a picture"),
        (("--verifier", "gaurd"), "no such verifier"),
        (("--time", "when"), "no column 'when'"),
    ],
)
def test_options_that_cannot_work_are_refused_before_anything_is_printed(
    mine, call, options, complaint
):
    code, printed, complained = call("evaluate", mine, *options)
    assert (code, printed) == (2, "") and complained.startswith("semcache: ")
    assert complaint in complained and complained.count("\n") == 1


@pytest.mark.parametrize("grid", ["a,b", "", "0.9,nan"])
def test_a_grid_that_is_none_is_refused(mine, call, grid):
    assert call("evaluate", mine, "--grid", grid)[0] == 2


def test_a_grid_of_ones_own_is_described_in_the_figures_text(mine, call):
    _, printed, _ = call("evaluate", mine, "--grid", "0.96")
    assert re.search(r"Pairs to choose with: from 0.96 upwards \d+% are served, 0% of", printed)
    _, printed, _ = call("evaluate", mine, "--grid", "0.999")
    assert "No pair reaches any threshold." in printed


def test_help_shows_the_defaults(call):
    printed = " ".join(call("evaluate", "--help")[1].split())
    for said in ("(default: 0.05)", "(default: 0.95)", "0.99,0.98", "Exit code 0"):
        assert said in printed


def test_the_plan_is_printed(call):
    code, printed, _ = call("plan", "--max-wrong", 0.02, "--confidence", 0.9, "--served", 0.3)
    assert code == 0 and "1,580" in printed
    assert call("plan", "--served", 30)[0] == 2


def test_the_plan_without_fitting_names_the_number_with_it_too(call):
    assert "1,071 instead of 714" in call("plan", "--served", 0.3)[1]
    assert "instead of" not in call("plan", "--served", 0.3, "--fit")[1]
    assert "half as many again" in call("plan")[1]


@pytest.mark.parametrize("settings", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}])
def test_a_terminal_without_unicode_shows_codes(mine, settings):
    mine.write_text(mine.read_text().replace(",zh,", ",中文,"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "semcache", "evaluate", mine],
        env={**os.environ, **settings},
        capture_output=True,
    )
    assert done.returncode == 0 and done.stderr == b""
    assert ("中文".encode() in done.stdout) or (rb"\u4e2d\u6587" in done.stdout)


def shares(*places: tuple[float, int, int]) -> Choice:
    tests = tuple(Trial(at, served, wrong, 0.004, wrong == 0) for at, served, wrong in places)
    threshold = min((t.threshold for t in tests if t.passed), default=None)
    return Choice(threshold, 0.05, 0.95, "bonferroni", 100, tests)


@pytest.mark.parametrize(
    "choice",
    [
        shares((0.9285, 10, 1), (0.9166, 12, 1), (0.8291, 15, 0), (0.8058, 18, 2), (0.75, 19, 3)),
        shares((0.99, 95, 0), (0.98, 96, 1), (0.97, 100, 9)),
        shares((0.99, 2, 0), (0.98, 3, 1)),
    ],
)
def test_no_two_labels_of_the_figure_meet(choice):
    rng = np.random.default_rng(1)
    scored = Scored(rng.uniform(0.7, 1, 100), rng.random(100) > 0.1)
    curve = risk_coverage(scored)
    drawn, _ = draw(curve, curve, choice)
    drawn.draw_without_rendering()
    (axes,) = drawn.axes
    boxes = [(text.get_text(), text.get_window_extent()) for text in axes.texts]
    assert [a[0] for a, b in combinations(boxes, 2) if a[1].overlaps(b[1])] == []
    chosen = [box for text, box in boxes if "chosen" in text]
    assert len(chosen) == 1 and axes.bbox.x0 < chosen[0].x0 and chosen[0].x1 < axes.bbox.x1 + 1
    assert chosen[0].y0 >= axes.bbox.y0


# Fitting --------------------------------------------------------------------------------


class StandIn:
    """A verifier that trusts the margin."""

    def __init__(self, fitted_on: int, threshold: float | None = None) -> None:
        self.fitted_on, self.threshold = fitted_on, threshold
        self.embedding_model: str | None = None

    @classmethod
    def fit(cls, rows, same) -> "StandIn":
        assert len(rows) == len(same) and all(len(row) == 4 for row in rows)
        return cls(len(rows))

    def score(self, cached, asked, similarity, margin=None) -> float:
        return 0.5 if margin is None else margin

    def with_threshold(self, threshold, least_similarity=None) -> "StandIn":
        return StandIn(self.fitted_on, threshold)

    def save(self, path) -> None:
        Path(path).write_text(json.dumps(vars(self)))


def options(*arguments: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([*map(str, arguments)])


@pytest.fixture
def margins(tmp_path: Path) -> Path:
    """Pairs that similarity cannot tell apart, and the margin can."""
    path = tmp_path / "margins.csv"
    lines = [f"asked {k},also {k},{k % 2},0.9,{0.2 * (k % 2) + k / 1e5}\n" for k in range(900)]
    path.write_text("a,b,same,similarity,margin\n" + "".join(lines))
    return path


def test_a_verifier_is_fitted_chosen_for_checked_and_saved(margins, capsys):
    run(options(margins, "--fit"), Embedder, fit=StandIn.fit)
    printed = capsys.readouterr().out
    saved = json.loads(margins.with_name("margins.verifier.json").read_text())
    assert 200 < saved["fitted_on"] < 400 and 0.1 < saved["threshold"] < 0.21
    assert f"fitted on {saved['fitted_on']} of the pairs" in printed
    assert "by similarity alone these pairs show no threshold" in printed
    assert "Within the limit of 5 %" in printed and "Verifier.load(" in printed


def test_similarity_alone_chooses_with_the_pairs_to_fit_on_too(tmp_path, capsys):
    path = tmp_path / "few.csv"
    lines = [f"pin {k},pin of card {k},0.97,yes\n" for k in range(220)]
    lines += [f"reset {k},refund {k},0.60,no\n" for k in range(60)]
    path.write_text("a,b,similarity,same\n" + "".join(lines))
    run(options(path, "--fit"), Embedder, fit=StandIn.fit)
    printed = capsys.readouterr().out
    assert "For comparison, by similarity alone, from" in printed  # a third has too few


def test_where_nothing_is_chosen_the_verifier_has_no_threshold(margins, capsys):
    margins.write_text(margins.read_text().replace("also 8", "also 8 or 9")[: 60 * 30])
    run(options(margins, "--fit", "--save", margins.with_name("v.json")), Embedder, fit=StandIn.fit)
    assert json.loads(margins.with_name("v.json").read_text())["threshold"] is None
    printed = capsys.readouterr().out
    assert "without a threshold, since none was chosen" in printed
    assert "In a program" not in printed


def test_what_is_asked_for_counts_the_pairs_to_fit_on_and_says_how_rough_it_is(margins, capsys):
    lines = margins.read_text().splitlines(keepends=True)
    margins.write_text("".join(lines[:161]))
    given = margins, "--fit", "--grid", "0.15", "--max-wrong"
    run(options(*given, 0.1), Embedder, fit=StandIn.fit)
    printed = capsys.readouterr().out
    said = r"about (\d+) more labelled .* would do;\nwith one more of the \d+ wrong, about (\d+)\."
    ((more, unlucky),) = re.findall(said, printed)
    (chosen_with,) = re.findall(r"To choose with: (\d+) pairs", printed)
    (total,) = re.findall(r"that is roughly (\d+) more in the file", printed)
    assert int(unlucky) > int(more)
    assert 0 <= int(total) - int(more) * 160 / int(chosen_with) < 10
    (limit,) = re.findall(r"--max-wrong ([\d.]+) is kept already, from 0.15", printed)
    run(options(*given, limit), Embedder, fit=StandIn.fit)
    assert "Chosen threshold: 0.15" in capsys.readouterr().out


def test_a_number_that_is_out_of_sight_is_not_told():
    test = Trial(0.9, served=100, wrong=4, level=0.004, passed=False)
    text = str(Choice(None, 0.05, 0.95, "bonferroni", 100, (test,)))
    assert "At that rate more than 1,000 more labelled pairs to choose with would do" in text
    assert "with one more of the 100 wrong, nobody could tell." in text


def test_the_embedding_model_goes_from_the_pairs_into_the_verifier(mine, call):
    text = mine.read_text().splitlines(keepends=True)
    named = [
        line.rstrip() + (",embedding_model\n" if k == 0 else ",e5\n") for k, line in enumerate(text)
    ]
    mine.write_text("".join(named))
    _, printed, _ = call("evaluate", mine, "--fit")
    assert "Similarities are those of e5: the promise is for a cache that embeds" in printed
    verifier = mine.with_name("mine.verifier.json")
    assert json.loads(verifier.read_text())["embedding_model"] == "e5"
    assert call("evaluate", mine, "--verifier", verifier)[0] == 0
    mine.write_text("".join(named).replace(",e5\n", ",text-embedding-3-small\n"))
    code, _, complaint = call("evaluate", mine, "--verifier", verifier)
    assert code == 2 and "fitted on similarities of e5" in complaint


def test_labels_that_are_all_alike_cannot_be_fitted(mine):
    mine.write_text(HEAD + "".join(rows(600)[::2]))
    with pytest.raises(InvalidInput, match="labelled alike"):
        run(options(mine, "--fit"), Embedder, fit=StandIn.fit)


def test_a_file_that_a_verifier_was_fitted_on_flatters_it_and_another_does_not(mine, call):
    _, printed, _ = call("evaluate", mine, "--fit")
    (fitted,) = re.findall(r"a verifier, fitted on (\d+) of the pairs", printed)
    assert "It was fitted on" not in printed, "the part it is judged on is another"
    verifier = mine.with_name("mine.verifier.json")
    _, printed, _ = call("evaluate", mine, "--verifier", verifier)
    assert f"It was fitted on {fitted} of these pairs: what it scores there flatters it." in printed
    other = mine.with_name("other.csv")
    other.write_text(mine.read_text().replace("asked", "wondered"), encoding="utf-8")
    code, printed, _ = call("evaluate", other, "--verifier", verifier)
    assert code == 0 and f"Score: the verifier in {verifier}" in printed
    assert "It was fitted on" not in printed
