"""The benchmark on other people's pairs: its files, its two numbers, its table."""

import numpy as np
import pytest

from benchmarks.judging.scores import auc, served_at, share_served
from benchmarks.judging.sets import read_folder
from benchmarks.judging.verifiers import judges
from benchmarks.truth import lines
from semcache.errors import ConfigError


def embed(texts):
    """Return a vector for each text: how often it has each letter."""
    counts = np.array([[text.count(chr(97 + i)) + 0.01 for i in range(26)] for text in texts])
    return (counts / np.linalg.norm(counts, axis=1, keepdims=True)).astype(np.float32)


def test_the_numbers():
    assert auc([0.9, 0.8, 0.8], [True, True, False]) == 0.75
    assert share_served([0.9, 0.8, 0.8, 0.1], [True, True, False, True]) == 0.25
    assert share_served([0.9], [False]) == 0
    assert served_at([0.95, 0.8, 0.92], [True, True, False], 0.9) == (0.5, 1.0)


def test_pairs_and_streams_are_read_and_tabled(tmp_path):
    (tmp_path / "traps.jsonl").write_text(
        '{"a": "in 3 days", "b": "in 5 days", "same": false}\n'
        '{"a": "in 3 days", "b": "3 days from now", "same": "yes"}\n'
    )
    (tmp_path / "stream.csv").write_text("text,intent\nab,x\nabc,x\nzz,y\n")
    stream, traps = read_folder(tmp_path, embed)
    assert [row.cached for row in stream.rows] == ["ab", "abc"] and stream.same == [True, False]
    assert stream.rows[0].margin is None, "nothing with another answer came before"
    assert traps.same == [False, True]
    table = list(lines([traps], judges()))
    assert table[0].startswith("| set | pairs | same | similarity | Guard |")
    assert table[2].startswith("| traps | 2 | 0.50 | ")


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "x,y\n1,2\n"), ("a.jsonl", '{"a": "", "b": "", "same": "?"}\n')]
)
def test_a_file_of_another_form_is_named(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=name):
        list(read_folder(tmp_path, embed))


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="holds no"):
        list(read_folder(tmp_path, embed))
