import sys
from types import ModuleType

import pytest

from semcache.course import CheckNotMet, Exercise, Lesson, UnknownId, registry
from semcache.course.exercises import Definition
from semcache.course.registry import Entry
from semcache.errors import SemcacheError


def exercise(id, *objectives):
    return Exercise(
        id=id,
        objectives=objectives,
        name="total",
        hint=f"Hint of {id}.",
        solution="def total(numbers):\n    return sum(numbers)\n",
        wrong=(),
        verify=lambda f: None if f([1, 2]) == 3 else "total([1, 2]) is not 3.",
    )


DEFINITION = Definition(
    {"99.a": "add up", "99.b": "add up fast", "99.c": "explain it"},
    (exercise("99.1", "99.a"), exercise("99.2", "99.a", "99.b")),
    ("Where do you add up?",),
)


@pytest.fixture
def lesson():
    return Lesson("99", definition=DEFINITION)


@pytest.fixture
def remembered(monkeypatch, tmp_path):
    monkeypatch.setenv("SEMCACHE_PROGRESS", str(tmp_path / "progress.json"))


def test_check_prints_one_line_and_returns_nothing(lesson, capsys):
    assert lesson.check("99.2", None) is None
    assert lesson.check("99.2", max) is None
    assert lesson.check("99.2", sum) is None
    assert capsys.readouterr().out.splitlines() == [
        '[ ] 99.2  not started: write total, or ask lesson.hint("99.2").',
        "[!] 99.2  total([1, 2]) is not 3.",
        "[x] 99.2  add up; add up fast",
    ]


def test_strict_raises_on_an_unmet_check(lesson, monkeypatch, capsys):
    monkeypatch.setenv("SEMCACHE_STRICT", "1")
    for unmet in (None, max):
        with pytest.raises(CheckNotMet, match=r"99\.1"):
            lesson.check("99.1", unmet)
    lesson.check("99.1", sum)
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_an_unknown_exercise_is_answered_with_the_known_ones(lesson, monkeypatch, capsys):
    for ask in (lesson.hint, lesson.solution, lambda id: lesson.check(id, sum)):
        ask("99.7")
        assert "has no exercise '99.7'; it has: 99.1, 99.2" in capsys.readouterr().out
        with monkeypatch.context() as strict:
            strict.setenv("SEMCACHE_STRICT", "1")
            with pytest.raises(UnknownId, match=r"'99\.7'; it has: 99\.1, 99\.2") as caught:
                ask("99.7")
        assert isinstance(caught.value, SemcacheError)


def test_a_number_without_its_zero_is_that_exercise(capsys):
    Lesson("04").hint("4.1")
    assert "has no exercise" not in capsys.readouterr().out


def test_hint_and_solution_print(lesson, capsys):
    lesson.hint("99.1")
    lesson.solution("99.1")
    assert capsys.readouterr().out == (
        "Hint of 99.1.\ndef total(numbers):\n    return sum(numbers)\n"
    )


def report_of(lesson, capsys):
    capsys.readouterr()
    lesson.report()
    return capsys.readouterr().out.splitlines()


def test_report_of_an_untouched_lesson(lesson, capsys):
    lesson.check("99.1", None)
    assert report_of(lesson, capsys) == [
        "[ ] 99.a  add up  (still to do: 99.1, 99.2)",
        "[ ] 99.b  add up fast  (still to do: 99.2)",
        "[ ] 99.c  explain it",
        "- Where do you add up?",
        "0 of 3 objectives shown.",
    ]


def test_report_tells_met_open_and_wrong_apart(lesson, capsys):
    lesson.check("99.1", sum)
    assert report_of(lesson, capsys)[:2] == [
        "[ ] 99.a  add up  (still to do: 99.2)",
        "[ ] 99.b  add up fast  (still to do: 99.2)",
    ]
    lesson.check("99.2", max)
    assert report_of(lesson, capsys)[0] == "[!] 99.a  add up  (still to do: 99.2)"
    lesson.check("99.2", sum)
    report = report_of(lesson, capsys)
    assert report[:2] == ["[x] 99.a  add up", "[x] 99.b  add up fast"]
    assert report[-1] == "2 of 3 objectives shown."


def test_an_earlier_visit_counts_until_it_is_contradicted(remembered, lesson, capsys):
    lesson.check("99.2", sum)
    later = Lesson("99", definition=DEFINITION)
    later.check("99.2", None)
    assert report_of(later, capsys)[1] == "[x] 99.b  add up fast  (on an earlier visit: 99.2)"
    later.check("99.2", max)
    assert report_of(later, capsys)[1] == "[!] 99.b  add up fast  (still to do: 99.2)"


def test_without_progress_nothing_is_carried_over(lesson, capsys):
    lesson.check("99.2", sum)
    later = Lesson("99", definition=DEFINITION)
    assert report_of(later, capsys)[-1] == "0 of 3 objectives shown."


@pytest.fixture
def course(monkeypatch):
    """A course of two lessons, the first of them written."""
    module = ModuleType("semcache.course.checks.tiny")
    module.OBJECTIVES = DEFINITION.objectives
    module.EXERCISES = DEFINITION.exercises
    module.__spec__ = type(sys.__spec__)("semcache.course.checks.tiny", None)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    lessons = (Entry("99", "tiny", "Add", 5), Entry("98", "not_there", "Subtract", 10))
    monkeypatch.setattr("semcache.course.overview.LESSONS", lessons)
    monkeypatch.setattr(registry, "LESSONS", lessons)


@pytest.mark.usefixtures("course", "remembered")
def test_map_shows_what_was_passed(capsys):
    def status():
        capsys.readouterr()
        Lesson("99").map()
        return capsys.readouterr().out.splitlines()[1:]

    lesson = Lesson("99")
    assert status()[0].endswith("5  not started")
    lesson.check("99.1", sum)
    assert status()[0].endswith("5  1 of 2 checks")
    lesson.check("99.2", sum)
    *rows, whole, hint = status()
    assert rows == [
        "99   Add                     5  done",
        "98   Subtract               10  planned",
    ]
    assert whole == "     the whole course       15  0 h 15 min; 1 of 2 lessons done"
    assert "delete that file to start anew" in hint
