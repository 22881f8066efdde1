"""Reading and dividing pairs, scoring them, and ``python -m semcache evaluate``."""

import json
import sys
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("agg")

from PIL import Image

from semcache import connect
from semcache.__main__ import main
from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.pairs import Pair, divide, read_pairs, repeated_texts
from semcache.evaluate.scoring import probabilities, similarities
from semcache.guard import Guard
from semcache.lab.data import FOLDER, read_rows


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDIS_URL", "SEMCACHE_ONLINE"):
        monkeypatch.delenv(name, raising=False)


# Reading --------------------------------------------------------------------------------


def test_both_formats_read_the_same_pairs(tmp_path: Path):
    expected = [
        Pair('say "hi"', "greet,\nplease", True, "en", "paraphrase", "acme", "calibration"),
        Pair("退款 15%", "退款 25%", False, "zh", "", "", "held-out"),
    ]
    lines = tmp_path / "pairs.jsonl"
    rows = [{**pair._asdict(), "reason": "not read"} for pair in expected]
    lines.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    table = tmp_path / "PAIRS.CSV"
    table.write_text(
        "\ufeffsame,a,b,language,kind,scope,split\r\n"
        'Yes,"say ""hi""","greet,\nplease",en,paraphrase,acme,Calibration\r\n'
        "0,退款 15%,退款 25%,zh,,,held-out\r\n",
        encoding="utf-8",
        newline="",
    )
    assert read_pairs(lines) == read_pairs(table) == expected


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.jsonl", '{"a": "x", "b": "y", "same": true}\n{"a": "x"\n', "line 2: no JSON"),
        ("p.jsonl", '{"a": "x", "b": "y", "same": true}\n\n[1]', "line 3: not an object"),
        ("p.jsonl", '{"a": "x", "same": true}', "line 1: no b"),
        ("p.jsonl", '{"a": "x", "b": 5, "same": true}', "line 1: b has no text"),
        ("p.jsonl", '{"a": " ", "b": "y", "same": true}', "line 1: a has no text"),
        ("p.jsonl", '{"a": "x", "b": "y"}', "line 1: same is not there"),
        ("p.jsonl", '{"a": "x", "b": "y", "same": "maybe"}', "line 1: same is 'maybe'"),
        ("p.csv", "a,same\nx,yes\n", "line 1: no column b"),
        ("p.csv", "a,b,same\nx,y,yes\nx,,no\n", "line 3: b has no text"),
        ("p.csv", "a,b,same\nx,y\n", "line 2: same is not there"),
        ("p.csv", "a,b,same,split\nx,y,1,test\n", "line 2: split is 'test'"),
        ("p.csv", "a,b,same,split\nx,y,1,held-out\nz,w,1,\n", "some rows have a split"),
        ("p.csv", "a,b,same\n", "has no pairs"),
        ("p.csv", "", "line 1: no column a and no column b and no column same"),
    ],
)
def test_a_fault_is_named_with_its_file_and_line(tmp_path: Path, name, text, message):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as error:
        read_pairs(path)
    assert str(error.value).startswith(str(path)) and message in str(error.value)


def test_files_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(ConfigError, match="No such file"):
        read_pairs(tmp_path / "none.csv")
    with pytest.raises(ConfigError, match=r"\.jsonl or a \.csv"):
        read_pairs(tmp_path / "pairs.xlsx")
    (tmp_path / "gbk.csv").write_bytes("a,b,same\n退款,退钱,1\n".encode("gbk"))
    with pytest.raises(InvalidInput, match="not UTF-8"):
        read_pairs(tmp_path / "gbk.csv")


# Dividing -------------------------------------------------------------------------------


def test_a_split_is_followed():
    splits = ("held-out", "calibration", "held-out")
    pairs = [Pair("a", "b", True, split=split) for split in splits]
    assert [len(part) for part in divide(pairs)] == [1, 2]


def test_without_a_split_no_text_is_on_both_sides():
    # Chains of four pairs: each shares a text with the next.
    pairs = [Pair(f"{c}.{i}", f"{c}.{i + 1}", True) for i in range(4) for c in range(200)]
    calibration, held_out = divide(pairs)
    assert divide(pairs) == (calibration, held_out)
    sides = [{text for pair in part for text in (pair.a, pair.b)} for part in divide(pairs)]
    assert not sides[0] & sides[1]
    assert len(calibration) + len(held_out) == 800 and 300 < len(calibration) < 500
    assert repeated_texts(pairs) == 600


def test_what_cannot_be_divided_is_refused():
    with pytest.raises(InvalidInput, match="do not divide"):
        divide([Pair("a", "b", True), Pair("b", "c", True)])


# Scoring --------------------------------------------------------------------------------


def test_similarities_are_cosines_and_need_one_call():
    lab = connect(quiet=True)
    pairs = [Pair("What is Python?", "Python是什么？", True), Pair("Refund", "Refund", True)]
    scores = similarities(pairs, lab)
    assert scores == pytest.approx([0.936, 1], abs=3e-3)
    assert lab.api is not None and len(lab.api.calls) == 1


def test_the_guard_judges_its_own_pairs_out_of_fold():
    own = [row for row in read_rows(FOLDER / "pairs.jsonl") if row["split"] == "calibration"][:150]
    pairs = [Pair(row["a"], row["b"], row["same"]) for row in own]
    new = Pair("enable two-factor", "disable two-factor", False)
    scores = [0.9] * 151
    found, count = probabilities([*pairs, new], scores)
    assert count == 150
    shipped = [Guard().probability(pair.a, pair.b, 0.9) for pair in [*pairs, new]]
    assert found[-1] == shipped[-1]
    assert sum(one != two for one, two in zip(found, shipped, strict=True)) == 150
    # They are judged by a guard that has not seen their label: turning one label over leaves that
    # pair's own probability as it was.
    turned = [pairs[0]._replace(same=not pairs[0].same), *pairs[1:], new]
    assert probabilities(turned, scores)[0][0] == pytest.approx(found[0])
    with pytest.raises(ConfigError, match="20 of these pairs are the guard's own"):
        probabilities(pairs[:20], scores[:20])


# The command ----------------------------------------------------------------------------

STEMS = ["reset my password", "cancel my plan", "export the data", "add a user", "change the logo"]


@pytest.fixture
def separable(tmp_path: Path) -> Path:
    """Pairs that similarity can tell apart: a text against itself, or against another."""
    path = tmp_path / "mine.csv"
    lines = ["a,b,same,language,kind"]
    for i in range(100):
        stem = STEMS[i % 5]
        lines.append(f"{stem} {i},{stem} {i} ,1,en,copy")
        lines.append(f"{stem} for case {i},{i} 天前的发票在哪里,0,zh,other")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["semcache", "evaluate", *map(str, arguments)])
    return main()


def test_a_threshold_is_chosen_checked_and_drawn(separable, tmp_path, monkeypatch, capsys):
    figure = tmp_path / "out.png"
    options = ("--figure", figure, "--call-price", 0.01, "--max-wrong", 0.2)
    assert run(monkeypatch, separable, *options) == 0
    printed = capsys.readouterr().out
    assert f"{separable}: 200 pairs, 100 with the same answer\n" in printed
    assert "saved by 1,000" in printed
    assert "Chosen threshold: 0." in printed and "Within the limit of 20 %." in printed
    assert "\nlanguage " in printed and "\nkind " in printed
    assert f"Figure in {figure}: At 0." in printed
    with Image.open(figure) as image:
        assert image.size[0] > 800


def test_the_command_says_plainly_when_there_is_none(tmp_path, monkeypatch, capsys):
    path = tmp_path / "traps.jsonl"
    rows = read_rows(FOLDER / "pairs.jsonl")[::8]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, path, "--by", "language") == 0
    printed = capsys.readouterr().out
    assert "Chosen threshold: none." in printed and "serve nothing by this score alone" in printed
    assert "Nothing was chosen. At" in printed
    assert (tmp_path / "evaluate.png").exists()


def test_faults_are_one_line_on_stderr(separable, tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, tmp_path / "none.csv") == 2
    assert capsys.readouterr().err.startswith("semcache: ")
    assert run(monkeypatch, separable, "--max-wrong", 5) == 2
    assert "max_wrong is 5.0" in capsys.readouterr().err
    assert run(monkeypatch, separable, "--figure", tmp_path / "no" / "such" / "folder.png") == 2
    assert "cannot be written" in capsys.readouterr().err
    for wrong in ("a,b", ""):
        with pytest.raises(SystemExit):
            run(monkeypatch, separable, "--grid", wrong)
