import json
import os
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from semcache.course import Lesson, overview, progress
from semcache.course.registry import LESSONS

ROOT = Path(__file__).parents[1]


@pytest.fixture
def file(monkeypatch, tmp_path):
    path = tmp_path / "new folder" / "progress.json"
    monkeypatch.setenv("SEMCACHE_PROGRESS", str(path))
    return path


def test_off_writes_nothing_and_remembers_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("SEMCACHE_PROGRESS", "off")
    monkeypatch.setattr(progress.platformdirs, "user_data_dir", lambda app: str(tmp_path))
    progress.remember("02.1")
    assert progress.passed() == frozenset()
    assert list(tmp_path.iterdir()) == []


def test_default_is_the_users_data_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("SEMCACHE_PROGRESS")
    monkeypatch.setattr(progress.platformdirs, "user_data_dir", lambda app: str(tmp_path / app))
    progress.remember("02.1")
    assert progress.passed() == {"02.1"}
    assert (tmp_path / "semcache" / "progress.json").exists()


def test_passed_checks_add_up(file):
    for id in ("02.1", "02.2", "02.1"):
        progress.remember(id)
    assert progress.passed() == {"02.1", "02.2"}
    assert json.loads(file.read_text()) == {"version": 1, "passed": ["02.1", "02.2"]}


def test_a_damaged_file_is_set_aside_with_one_warning(file, capsys, subtests):
    file.parent.mkdir()
    for damage in ("", "{", "[]", "null", '{"passed": 3}', '{"passed": [1]}', "\xff"):
        with subtests.test(damage):
            file.write_text(damage, encoding="latin-1")
            assert progress.passed() == frozenset()
            assert capsys.readouterr().out.count("\n") == 1
            progress.remember("02.1")
            assert progress.passed() == {"02.1"}
            assert capsys.readouterr().out == ""
            assert file.with_name("progress.json.damaged").read_text(encoding="latin-1") == damage


def test_a_place_that_cannot_be_written_costs_a_line_not_the_lesson(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEMCACHE_PROGRESS", str(tmp_path / "file" / "progress.json"))
    progress.remember("02.1")
    assert progress.passed() == frozenset()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["semcache progress"] * 2


def test_two_kernels_lose_nothing(file):
    script = (
        "import sys; from semcache.course import progress\n"
        "for n in range(50): progress.remember(f'{sys.argv[1]}.{n}')"
    )
    kernels = [
        subprocess.Popen([sys.executable, "-c", script, number], env=dict(os.environ))
        for number in ("02", "03")
    ]
    assert [kernel.wait(60) for kernel in kernels] == [0, 0]
    assert progress.passed() == {f"{number}.{n}" for number in ("02", "03") for n in range(50)}


def test_leaves_no_temporary_files(file):
    progress.remember("02.1")
    assert sorted(path.name for path in file.parent.iterdir()) == [
        "progress.json",
        "progress.json.lock",
    ]
    assert stat.S_ISREG(file.stat().st_mode)


def semcache(*command, **environment):
    """Run a command as its own process; return code, output and complaint."""
    given = dict(os.environ) | environment
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


MODULE = (sys.executable, "-m", "semcache")


def test_the_command_shows_what_lesson_00_shows(file, capsys):
    progress.remember("00.1")
    Lesson("00").map()
    shown = capsys.readouterr().out
    assert "1 of 2 checks" in shown
    assert semcache(*MODULE, "progress") == (0, shown, "")


def test_the_whole_course_is_the_sum_of_its_lessons(capsys):
    overview.show()
    *_, last = capsys.readouterr().out.splitlines()
    minutes = sum(lesson.minutes for lesson in LESSONS)
    assert last.split()[:5] == ["the", "whole", "course", str(minutes), str(minutes // 60)]


def test_without_the_course_the_command_says_how_to_install_it(tmp_path):
    missing = "raise ModuleNotFoundError('not here', name='platformdirs')"
    (tmp_path / "platformdirs.py").write_text(missing)
    code, shown, complaint = semcache(*MODULE, "progress", PYTHONPATH=str(tmp_path))
    assert (code, shown) == (2, "")
    assert complaint.startswith("semcache: the course is not installed (platformdirs is missing)")
    assert "pip install -e '.[course]'" in complaint


def test_the_script_is_the_command_and_help_says_how_it_was_called(tmp_path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (name,), (target,) = project["scripts"], project["scripts"].values()
    module, function = target.split(":")
    script = tmp_path / name  # as pip writes it
    script.write_text(f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n")
    by_script = semcache(sys.executable, str(script), "evaluate", "--help", PYTHONPATH=str(ROOT))
    by_module = semcache(*MODULE, "evaluate", "--help")
    for (code, shown, _), called in ((by_script, name), (by_module, "python -m semcache")):
        assert code == 0
        assert shown.startswith(f"usage: {called} evaluate ")
    assert semcache(sys.executable, str(script), "nothing", PYTHONPATH=str(ROOT))[0] == 2
