"""The benchmark of hits beside those of an earlier commit: both are served, and compared fairly."""

import shutil
from pathlib import Path

import pytest

from benchmarks.against import ROOT, SAID, _compared, markdown, run, unpack
from semcache.lab.redis_server import MISSING

needs_git = pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None, reason="no history here"
)


@needs_git
@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_a_commit_is_measured_beside_itself():
    turn = {"exact": 20, "semantic": 3, "embedding": 20}
    result = run("HEAD", rounds=2, turn=turn, entries=24)
    assert [row["path"] for row in result["rows"]] == list(SAID.values())
    assert all(row["before"] > 0 and row["now"] > 0 for row in result["rows"])
    text = markdown(result)
    assert all(f"| {said} " in text for said in SAID.values()) and "commit HEAD" in text


@needs_git
def test_a_commit_that_is_none_is_told(tmp_path):
    with pytest.raises(SystemExit, match="no such commit"):
        unpack("no-such-commit", tmp_path)


@needs_git
def test_a_commit_is_unpacked_without_touching_this_checkout(tmp_path: Path):
    there = unpack("HEAD", tmp_path)
    assert (there / "semcache" / "__init__.py").exists() and not (there / ".git").exists()


def test_a_slow_moment_that_both_shared_counts_for_neither():
    before = [(1.0, 1.0), (9.0, 8.0), (1.0, 1.0)]
    now = [(2.0, 1.5), (18.0, 12.0), (2.0, 1.5)]
    found = _compared(before, now)
    assert found == {"before": 1.0, "now": 2.0, "time": 2.0, "processor": 1.5}
