import json
import os
import stat
import subprocess
import sys

import pytest

from semcache.course import progress


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
