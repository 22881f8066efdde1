"""Loading the phrasings, and the shape of the streams drawn from them."""

import subprocess
import sys
from collections import Counter
from dataclasses import FrozenInstanceError
from itertools import pairwise

import numpy as np
import pytest

from semcache.errors import ConfigError
from semcache.evaluate.pairs import Pair
from semcache.lab import data as _data
from semcache.lab.traffic import Phrasing, load_phrasings, nearest_earlier, zipf_stream


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
    code = "from semcache.lab.traffic import *; print(zipf_stream(range(300), 200, seed=11))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout == f"{zipf_stream(range(300), 200, seed=11)}\n"


def test_a_longer_stream_begins_with_the_shorter_one():
    assert zipf_stream(range(50), 500)[:100] == zipf_stream(range(50), 100)


def test_another_seed_gives_another_stream():
    assert zipf_stream(range(50), 100, seed=1) != zipf_stream(range(50), 100, seed=2)


def test_frequencies_follow_the_formula():
    size, n = 50_000, 40
    for exponent in (0.0, 0.7, 1.1, 2.0):
        counts = Counter(zipf_stream(range(1, n + 1), size, exponent=exponent))
        total = sum(rank**-exponent for rank in range(1, n + 1))
        expected = {rank: size * rank**-exponent / total for rank in range(1, n + 1)}
        # Five standard deviations of a binomial count.
        far = [
            (exponent, rank)
            for rank, mean in expected.items()
            if abs(counts[rank] - mean) >= 5 * (mean * (1 - mean / size)) ** 0.5
        ]
        assert far == []


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


def test_what_cannot_work_is_refused(subtests):
    for items, size, exponent, word in [
        ([], 1, 1.1, "no items"),
        (["a"], -1, 1.1, "size is -1"),
        (["a"], 1, -0.1, "exponent is -0.1"),
        (["a"], 1, float("nan"), "exponent is nan"),
        (["a"], 1, float("inf"), "exponent is inf"),
    ]:
        with subtests.test(word), pytest.raises(ConfigError, match=word):
            zipf_stream(items, size, exponent=exponent)


def desk(*answers: str) -> list[Phrasing]:
    return [Phrasing(f"{i}", f"text {i}", "en", answer, answer) for i, answer in enumerate(answers)]


def test_each_text_but_the_first_meets_the_most_similar_earlier_one():
    phrasings = load_phrasings()[:40]
    angles = 5 * np.sqrt(np.arange(2, 42)) % 3  # all different, in no order
    vectors = np.column_stack([np.cos(angles), np.sin(angles)]) * (1 + np.arange(40) % 5)[:, None]
    pairs, similarities = nearest_earlier(phrasings, vectors)
    position = {phrasing.text: i for i, phrasing in enumerate(phrasings)}
    first = next(iter(set(position) - {pair.b for pair in pairs}))
    seen = [position[first]]
    for pair, similarity in zip(pairs, similarities, strict=True):
        a, b = position[pair.a], position[pair.b]
        cosines = {i: np.cos(angles[i] - angles[b]) for i in seen}  # lengths do not count
        assert max(cosines, key=cosines.__getitem__) == a
        assert similarity == pytest.approx(cosines[a])
        assert pair.same == (phrasings[a].answer == phrasings[b].answer)
        seen.append(b)
    assert sorted(seen) == list(range(40))


def test_the_order_of_arrival_is_the_seeds_and_mixes_topics():
    phrasings, vectors = desk(*"aabbcc"), np.eye(6) + 0.1
    arrivals = [pair.b for pair in nearest_earlier(phrasings, vectors)[0]]
    assert arrivals == [f"text {i}" for i in (1, 0, 5, 4, 2)]
    assert [pair.b for pair in nearest_earlier(phrasings, vectors, seed=8)[0]] != arrivals


def test_a_pair_says_its_language_and_scope():
    english, chinese = Phrasing("1", "hi", "en", "x", "x"), Phrasing("2", "喂", "zh", "x", "x")
    ((pair,), _) = nearest_earlier([english, chinese], np.eye(2), scope="acme")
    assert {pair.a, pair.b} == {"hi", "喂"}
    assert pair == Pair(pair.a, pair.b, True, language="mixed", scope="acme")
    again = Phrasing("3", "hello", "en", "x", "x")
    ((alike,), _) = nearest_earlier([english, again], np.eye(2))
    assert alike.language == "en"


def test_one_text_has_no_earlier_one_and_none_may_lack_its_vector():
    assert nearest_earlier(desk("a"), np.eye(1)) == ([], [])
    with pytest.raises(ConfigError, match="2 phrasings need as many vectors, not 3"):
        nearest_earlier(desk("a", "b"), np.eye(3))
