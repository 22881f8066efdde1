"""What `make test` notes for the site: the last comparison of each lesson, server and processor."""

from dataclasses import replace
from pathlib import Path

import strict_nbval
from strict_nbval import _lesson_of, _note_what_is_proven

from semcache.course.proven import RECORDED, Comparison, fingerprint, note, read
from semcache.course.run import FOLDER

ONE = Comparison(
    "00_start_here",
    "Redis 8.2.3, other CPU",
    "a processor",
    "3.11",
    13,
    "2026-11-01 09:00 UTC",
    "a1",
)


def test_the_last_comparison_stays(tmp_path: Path) -> None:
    file = tmp_path / "folder/proven.json"
    later = replace(ONE, server="Redis 8.4.0, other CPU", date="2026-11-02 09:00 UTC")
    elsewhere = replace(ONE, processor="another", date="2026-10-01 09:00 UTC")
    note(file, [later, elsewhere])
    note(file, [ONE])
    assert read(file) == [later, elsewhere] or read(file) == [elsewhere, later]
    assert read(tmp_path / "none.json", file) == read(file)


def test_only_a_lesson_of_which_every_cell_agreed_is_noted(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(strict_nbval, "MEASURED", tmp_path / "proven.json")
    cells = strict_nbval._cells(FOLDER / "00_start_here.ipynb")
    labels = {"fakeredis": "fakeredis", "redis8": "Redis 8.2.3", "other_cpu": "other CPU"}
    assert (ONE.place, ONE.version) == ("Redis, other CPU", "8.2.3")
    _note_what_is_proven(
        {
            ("00_start_here", "fakeredis"): {"passed": cells},
            ("00_start_here", "redis8"): {"passed": cells - 1, "failed": 1},
            ("00_start_here", "other_cpu"): {"passed": cells - 1},
            ("zh/00_start_here", "fakeredis"): {"passed": cells},
            ("99_elsewhere", "fakeredis"): {"passed": 2},
        },
        labels,
    )
    noted = read(tmp_path / "proven.json")
    assert [(row.lesson, row.server) for row in noted] == [
        ("00_start_here", "fakeredis"),
        ("zh/00_start_here", "fakeredis"),
    ]
    assert noted[0].notebook == fingerprint(FOLDER / "00_start_here.ipynb")


def test_a_lesson_is_named_by_its_place(tmp_path: Path) -> None:
    assert _lesson_of(FOLDER / "zh/00_start_here.ipynb") == "zh/00_start_here"
    assert _lesson_of(tmp_path / "99_tiny.ipynb") == "99_tiny"


def test_a_fresh_clone_has_something_to_show() -> None:
    lessons = {row.lesson for row in read(RECORDED)}
    assert lessons <= {
        p.relative_to(FOLDER).with_suffix("").as_posix() for p in FOLDER.rglob("*.ipynb")
    }
    assert lessons
