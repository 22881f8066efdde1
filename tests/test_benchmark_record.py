"""The record that README and lesson 10 quote: it says what must be written anew."""

import json
import shutil
from pathlib import Path

import pytest

from benchmarks import record
from benchmarks.record import HEADLINE, RECORD, condensed, headline, todo
from semcache.course.notebooks import code_cells, read
from semcache.course.run import FOLDER


def measured() -> dict:
    """A result as benchmarks.semantic_lookup writes it."""
    row = {"role": "peer", "recall": 0.99, "stored": 1_000.0, "where": "Redis", "process": 7.0}
    rows = [
        {"name": name, "one": {"median": ms / 1e3, "p95": 9.0, "calls": 3}, **row}
        for name, ms in zip(HEADLINE.values(), (0.243, 0.5, 0.55, 0.6, 1234.5), strict=True)
    ]
    rows.append({"name": "Peer X", "role": "peer", "missing": "not installed: x"})
    about = {"date": "2027-03-09 07:19 UTC", "processor": "a processor", "redis-server": "8.2.3"}
    return {
        "environment": about | {"python": "3"},
        "settings": {"asked": 400},
        "runs": [{"dims": 384, "entries": 10_000, "subjects": rows}],
        "targets": [],
    }  # fmt: skip


def test_a_record_is_a_result_without_what_nobody_reads():
    kept = condensed(measured())
    assert kept["environment"] == {
        "date": "2027-03-09 07:19 UTC", "processor": "a processor", "redis-server": "8.2.3"
    }  # fmt: skip
    (run,) = kept["runs"]
    assert [row["name"] for row in run["subjects"]] == list(HEADLINE.values())
    assert run["subjects"][0] == {
        "name": "MatrixIndex", "role": "peer", "one": {"median": 0.000243}, "recall": 0.99,
        "stored": 1_000.0,
    }  # fmt: skip


def test_what_must_be_written_anew_is_said_in_the_words_of_the_readme():
    said = headline(condensed(measured()))
    assert said["on"] == "9 March 2027" and said["MatrixIndex"] == "0.24 ms"
    assert said["the tutorial code that this course grew out of"] == "1,234 ms"
    words = todo(condensed(measured()))
    assert "MatrixIndex 0.24 ms, VectorSetIndex 0.50 ms" in words
    assert "make lessons ARGS=10" in words


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(record, "MEASURED", tmp_path / "measured.json")
    monkeypatch.setattr(record, "RECORD", tmp_path / "record.json")
    monkeypatch.setattr("sys.argv", ["record"])
    return tmp_path


def test_recording_says_what_to_do_and_the_second_time_nothing(folders, capsys):
    (folders / "measured.json").write_text(json.dumps(measured()))
    record.main()
    assert "make lessons ARGS=10" in capsys.readouterr().out
    assert json.loads((folders / "record.json").read_text()) == condensed(measured())
    record.main()
    assert "nothing to do" in capsys.readouterr().out


def test_a_run_without_a_peer_that_the_readme_names_is_not_recorded(folders):
    result = measured()
    del result["runs"][0]["subjects"][3]
    (folders / "measured.json").write_text(json.dumps(result))
    shutil.copy(RECORD, folders / "record.json")
    with pytest.raises(SystemExit, match=r"betterdb-semantic-cache.*Nothing was recorded"):
        record.main()
    assert (folders / "record.json").read_bytes() == RECORD.read_bytes()


def test_no_lesson_reads_what_the_last_benchmark_wrote():
    readers = [
        path.name
        for path in sorted(FOLDER.glob("*.ipynb"))
        for cell in code_cells(read(path))
        if "benchmarks" in cell.source
    ]
    assert readers == []
