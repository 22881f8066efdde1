"""Strict nbval over every lesson, twice in one pytest run: as a reader has it, and as elsewhere.

The first run is on fakeredis. The second is on a real Redis 8, and every embedding is moved a
little, as another make of CPU does (``tests/other_cpu``): an output that depends on either would
fail on somebody's machine. Which of the two it was, ``--apart`` tells: it makes two runs of the
second. Without a Redis on this machine they are always apart, and the one on Redis is skipped.

Select with ``-k string_cache``, ``-k elsewhere``, or ``"02_string_cache.ipynb::elsewhere"``.
Whoever calls nbval itself gets its own single collection:
``pytest --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg notebooks``.
"""

import json
import os
from collections import Counter, defaultdict
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest
from nbval.plugin import IPyNbFile

from semcache.course.proven import MEASURED, Comparison, note
from semcache.course.run import FOLDER, kernel_environment
from semcache.lab.redis_server import MISSING, start_redis

SANITIZE = Path(__file__).with_name("nbval_sanitize.cfg")
OTHER_CPU = Path(__file__).with_name("other_cpu")
ONE_MODEL = Path(__file__).with_name("one_model")
TOGETHER, APART = ("fakeredis", "elsewhere"), ("fakeredis", "redis8", "other_cpu")
COUNTS = "semcache-outcomes"


def _nbval_was_asked_for(config):
    return config.option.nbval or config.option.nbval_lax


def pytest_addoption(parser):
    text = "compare lessons on Redis 8 and on another CPU in two runs, not in one"
    parser.addoption("--apart", action="store_true", help=text)


def pytest_configure(config):
    config.pluginmanager.register(Counts(), COUNTS)
    if "SEMCACHE_EMBEDDED" not in os.environ:  # the workers find it there
        os.environ["SEMCACHE_EMBEDDED"] = mkdtemp(prefix="embedded-")
        config.add_cleanup(partial(rmtree, os.environ["SEMCACHE_EMBEDDED"], ignore_errors=True))
    if not _nbval_was_asked_for(config):
        config.option.nbval_current_env = True
        config.option.nbval_sanitize_with = str(SANITIZE)
        config.option.nbval_cell_timeout = 120


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".ipynb" and not _nbval_was_asked_for(parent.config):
        return Lesson.from_parent(parent, path=file_path)


class Lesson(pytest.File):
    """One notebook, once for each place where it is run."""

    def collect(self):
        for place in APART if MISSING or self.config.option.apart else TOGETHER:
            yield StrictNotebook.from_parent(
                self, path=self.path, name=place, nodeid=f"{self.nodeid}::{place}"
            )


class StrictNotebook(IPyNbFile):
    """nbval's notebook, in one place."""

    def collect(self):
        for cell in super().collect():
            cell.user_properties.append(("lesson", (_lesson_of(self.path), self.name)))
            yield cell

    def setup(self):
        self.resources = ExitStack()
        url = None
        if self.name in ("elsewhere", "redis8"):
            if MISSING:
                pytest.skip(MISSING)
            server = self.resources.enter_context(start_redis())
            self.version, url = server.version, server.url
        before = dict(os.environ)
        try:  # the kernel inherits the environment of this moment
            _set_environment(kernel_environment(url))
            first = [str(OTHER_CPU)] if self.name in ("elsewhere", "other_cpu") else []
            os.environ["PYTHONPATH"] = kernel_path(*first)
            self._start_kernel()
        finally:
            _set_environment(before)

    def _start_kernel(self):
        """Start once more what dies at once: two programs may have taken the same free port."""
        try:
            super().setup()
        except RuntimeError:
            super().setup()

    def teardown(self):
        super().teardown()
        self.resources.close()


def _lesson_of(path):
    """The notebook's name, below the folder of lessons if it is in there: ``zh/00_start_here``."""
    if not path.is_relative_to(FOLDER):
        return path.stem
    return path.relative_to(FOLDER).with_suffix("").as_posix()


def kernel_path(*first):
    """PYTHONPATH of a kernel: some folders, this run's one model, and what is there already."""
    paths = [*first, str(ONE_MODEL), os.environ.get("PYTHONPATH", "")]
    return os.pathsep.join(filter(None, paths))


def _set_environment(env):
    os.environ.clear()
    os.environ.update(env)


def pytest_runtest_setup(item):
    """Refuse a cell that was never run: nbval would compare nothing and call it passed."""
    if isinstance(item.parent, StrictNotebook):
        item.user_properties.append(("redis", getattr(item.parent, "version", None)))
        if item.cell.execution_count is None:
            pytest.fail("this cell has no stored output: make lessons", pytrace=False)


class Counts:
    """How many cells were compared, from the reports: those of the workers, too, if there are."""

    def __init__(self):
        self.outcomes = defaultdict(Counter)
        self.version = "8"

    def pytest_runtest_logreport(self, report):
        told = dict(report.user_properties)
        if "lesson" in told and (report.when == "call" or not report.passed):
            self.outcomes[tuple(told["lesson"])][report.outcome] += 1
            self.version = told.get("redis") or self.version


def pytest_terminal_summary(terminalreporter, config):
    counts = config.pluginmanager.get_plugin(COUNTS)
    outcomes = counts.outcomes
    if not outcomes:
        return
    labels = {
        "fakeredis": "fakeredis",
        "elsewhere": f"Redis {counts.version}, other CPU",
        "redis8": f"Redis {counts.version}",
        "other_cpu": "other CPU",
    }
    _note_what_is_proven(outcomes, labels)
    terminalreporter.section("outputs compared cell by cell")
    for lesson in sorted({lesson for lesson, _ in outcomes}):
        verdicts = [
            f"{labels[place]}: {_verdict(outcomes[lesson, place])}"
            for place in labels
            if (lesson, place) in outcomes
        ]
        terminalreporter.write_line(" | ".join(["nbval strict", lesson, *verdicts]))
    if any(count["skipped"] for count in outcomes.values()) and MISSING:
        terminalreporter.write_line(f"skipped: {MISSING}")


def _note_what_is_proven(outcomes, labels):
    """For the site: each lesson all cells of which were compared in this run, and agreed."""
    new = []
    for (lesson, server), count in outcomes.items():
        file = FOLDER / f"{lesson}.ipynb"
        if file.exists() and count == {"passed": _cells(file)}:
            new.append(Comparison.now(file, lesson, labels[server], count["passed"]))
    if new:
        note(MEASURED, new)


def _cells(file):
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return sum(cell["cell_type"] == "code" for cell in cells)


def _verdict(count):
    parts = [f"{count['passed']} ok"]
    parts += [f"{count[word]} {word.upper()}" for word in ("failed", "skipped") if count[word]]
    return ", ".join(parts)
