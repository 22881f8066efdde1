"""Scoring pairs, and ``python -m semcache evaluate`` and ``plan``."""

import argparse
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semcache.__main__ import main
from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.arguments import add_arguments
from semcache.evaluate.command import run
from semcache.evaluate.labelled import Pair, Pairs
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


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs a command; returns its exit code, what it printed, and what it complained of."""

    def call_(command: str, *arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["semcache", command, *map(str, arguments)])
        code = main()
        return code, *capsys.readouterr()

    return call_


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
    with pytest.raises(SystemExit) as stopped:
        call("evaluate", mine, "--grid", grid)
    assert stopped.value.code == 2


def test_a_grid_of_ones_own_is_described_in_the_figures_text(mine, call):
    _, printed, _ = call("evaluate", mine, "--grid", "0.96")
    assert re.search(r"Pairs to choose with: from 0.96 upwards \d+% are served, 0% of", printed)
    _, printed, _ = call("evaluate", mine, "--grid", "0.999")
    assert "No pair reaches any threshold." in printed


def test_help_shows_the_defaults(call, capsys):
    with pytest.raises(SystemExit):
        call("evaluate", "--help")
    printed = " ".join(capsys.readouterr().out.split())
    for said in ("(default: 0.05)", "(default: 0.95)", "0.99,0.98", "Exit code 0"):
        assert said in printed


def test_the_plan_is_printed(call):
    code, printed, _ = call("plan", "--max-wrong", 0.02, "--confidence", 0.9, "--served", 0.3)
    assert code == 0 and "1,580" in printed
    assert call("plan", "--served", 30)[0] == 2


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


# Fitting --------------------------------------------------------------------------------


class StandIn:
    """A verifier that trusts the margin."""

    def __init__(self, fitted_on: int, threshold: float | None = None) -> None:
        self.fitted_on, self.threshold = fitted_on, threshold

    @classmethod
    def fit(cls, rows, same) -> "StandIn":
        assert len(rows) == len(same) and all(len(row) == 4 for row in rows)
        return cls(len(rows))

    def score(self, cached, asked, similarity, margin=None) -> float:
        return 0.5 if margin is None else margin

    def with_threshold(self, threshold) -> "StandIn":
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
    assert "by similarity alone no threshold keeps the promise" in printed
    assert "Within the limit of 5 %" in printed and "Verifier.load(" in printed


def test_where_nothing_is_chosen_the_verifier_has_no_threshold(margins, capsys):
    margins.write_text(margins.read_text().replace("also 8", "also 8 or 9")[: 60 * 30])
    run(options(margins, "--fit", "--save", margins.with_name("v.json")), Embedder, fit=StandIn.fit)
    assert json.loads(margins.with_name("v.json").read_text())["threshold"] is None
    assert "without a threshold, since none was chosen" in capsys.readouterr().out


def test_another_verifier_scores_by_what_it_says(margins, capsys):
    def load(name):
        return StandIn(0), f"the stand-in {name}", True

    run(options(margins, "--verifier", "v.json", "--grid", "0.15"), Embedder, load=load)
    printed = capsys.readouterr().out
    assert "Score: the stand-in v.json" in printed and "Chosen threshold: 0.15" in printed


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
