"""Loading the phrasings, and the shape of the streams drawn from them."""

import subprocess
import sys
from collections import Counter
from dataclasses import FrozenInstanceError
from itertools import pairwise

import pytest

from semcache import _data
from semcache.errors import ConfigError
from semcache.traffic import Phrasing, load_phrasings, zipf_stream


def test_phrasings_come_in_the_order_of_the_file():
    ids = [row["id"] for row in _data.read_rows(_data.FOLDER / "phrasings.jsonl")]
    assert [phrasing.id for phrasing in load_phrasings()] == ids


def test_a_phrasing_cannot_be_changed():
    phrasing = load_phrasings()[0]
    assert isinstance(phrasing, Phrasing)
    with pytest.raises(FrozenInstanceError):
        phrasing.text = "other"


def test_a_missing_data_folder_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(_data, "FOLDER", tmp_path)
    with pytest.raises(ConfigError, match=r"phrasings\.jsonl.*clone of the repository"):
        load_phrasings()


def test_a_line_separator_inside_a_text_does_not_cut_the_row(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "one\u2028two\x85three"}\n\n{"text": "four"}\n', encoding="utf-8")
    assert [row["text"] for row in _data.read_rows(path)] == ["one\u2028two\x85three", "four"]


def test_a_stream_is_these_items_on_every_machine():
    # Written down from one run. Another order would change the outputs stored in the lessons.
    expected = [4, 1, 38, 1, 16, 5, 1, 13, 1, 8, 1, 1, 7, 172, 1, 2, 31, 569, 21, 6]
    assert zipf_stream(range(1, 1001), 20) == expected


def test_a_stream_is_the_same_in_another_process():
    code = "from semcache.traffic import *; print(zipf_stream(range(300), 200, seed=11))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout == f"{zipf_stream(range(300), 200, seed=11)}\n"


def test_a_longer_stream_begins_with_the_shorter_one():
    assert zipf_stream(range(50), 500)[:100] == zipf_stream(range(50), 100)


def test_another_seed_gives_another_stream():
    assert zipf_stream(range(50), 100, seed=1) != zipf_stream(range(50), 100, seed=2)


@pytest.mark.parametrize("exponent", [0.0, 0.7, 1.1, 2.0])
def test_frequencies_follow_the_formula(exponent):
    size, n = 200_000, 40
    counts = Counter(zipf_stream(range(1, n + 1), size, exponent=exponent))
    total = sum(rank**-exponent for rank in range(1, n + 1))
    for rank in range(1, n + 1):
        p = rank**-exponent / total
        # Five standard deviations of a binomial count.
        assert abs(counts[rank] - size * p) < 5 * (size * p * (1 - p)) ** 0.5, rank


def test_draws_are_independent_of_the_one_before():
    stream = zipf_stream(range(2), 100_000, exponent=0.0)
    repeats = sum(a == b for a, b in pairwise(stream))
    assert abs(repeats / len(stream) - 0.5) < 0.01


def test_items_are_passed_through_and_not_changed():
    items = [["a"], ["b"]]
    assert all(any(drawn is item for item in items) for drawn in zipf_stream(items, 20))
    assert items == [["a"], ["b"]]


def test_one_item_and_no_draw():
    assert zipf_stream(["only"], 3) == ["only"] * 3
    assert zipf_stream(["only"], 0) == []


@pytest.mark.parametrize(
    ("items", "size", "exponent", "word"),
    [
        ([], 1, 1.1, "no items"),
        (["a"], -1, 1.1, "size is -1"),
        (["a"], 1, -0.1, "exponent is -0.1"),
        (["a"], 1, float("nan"), "exponent is nan"),
        (["a"], 1, float("inf"), "exponent is inf"),
    ],
)
def test_what_cannot_work_is_refused(items, size, exponent, word):
    with pytest.raises(ConfigError, match=word):
        zipf_stream(items, size, exponent=exponent)
