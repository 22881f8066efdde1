"""``Lesson``: what a notebook calls to check, hint, solve, compare and report."""

import os

from semcache.course import overview, progress
from semcache.course.exercises import (
    MET,
    NOT_MET,
    NOT_STARTED,
    CheckNotMet,
    Definition,
    Exercise,
    UnknownId,
    load_definition,
)
from semcache.course.predictions import verdict


class Lesson:
    """The checks of one lesson and what this visit has shown of them.

    Args:
        number: The number of the notebook: "02".
        definition: The checks, when they are not those of ``semcache/course/checks``.

    Raises:
        UnknownId: There is no such lesson.

    >>> from semcache.course.exercises import Definition, Exercise
    >>> sum_up = Exercise(
    ...     id="99.1", objectives=("99.a",), name="total", hint="sum() adds a list.",
    ...     solution="def total(numbers): return sum(numbers)", wrong=(),
    ...     verify=lambda f: None if f([1, 2]) == 3 else "total([1, 2]) is not 3.")
    >>> lesson = Lesson("99", definition=Definition({"99.a": "add numbers up"}, (sum_up,)))
    >>> def total(numbers): ...
    >>> lesson.check("99.1", total)
    [ ] 99.1  not started: write total, or ask lesson.hint("99.1").
    >>> lesson.check("99.1", max)
    [!] 99.1  total([1, 2]) is not 3.
    >>> lesson.check("99.1", sum)
    [x] 99.1  add numbers up
    >>> lesson.report()
    [x] 99.a  add numbers up
    1 of 1 objectives shown.
    """

    def __init__(self, number: str, *, definition: Definition | None = None) -> None:
        """Load the lesson's checks."""
        self.number = number
        self.definition = load_definition(number) if definition is None else definition
        self._marks: dict[str, str] = {}

    def check(self, exercise: str, value: object) -> None:
        """Print one line about an answer: `[ ]` not started, `[!]` not met, `[x]` met.

        Raises:
            UnknownId: The lesson has no such exercise, and the environment has SEMCACHE_STRICT=1;
                else a line says which there are.
            CheckNotMet: The check is not met and the environment has SEMCACHE_STRICT=1.
        """
        if (task := self._find(exercise)) is None:
            return
        mark, sentence = task.judge(value)
        if self._marks.get(task.id) != MET:  # trying something else afterwards takes nothing away
            self._marks[task.id] = mark
        if mark == MET:
            progress.remember(task.id)
            sentence = "; ".join(self.definition.objectives[id] for id in task.objectives)
        print(f"{mark} {task.id}  {sentence}")
        if mark != MET and _strict():
            raise CheckNotMet(f"{task.id}: {sentence}")

    def hint(self, exercise: str) -> None:
        """Print the hint of an exercise."""
        if task := self._find(exercise):
            print(task.hint)

    def solution(self, exercise: str) -> None:
        """Print the source of an exercise's solution."""
        if task := self._find(exercise):
            print(task.solution.strip())

    def compare(self, guess: object, measured: object, what: str = "") -> None:
        """Print a prediction beside what was measured, and how far off it was.

        >>> Lesson("99", definition=Definition({}, ())).compare(24, 12, what="API calls")
        You predicted 24 API calls; measured: 12 API calls. Too high by a factor of 2.
        """
        print(verdict(guess, measured, what))

    def report(self) -> None:
        """Print each objective with the mark of its checks, then the learner's own questions."""
        earlier = progress.passed()
        marks = {id: self._mark_of(id, earlier) for id in self.definition.objectives}
        for id, mark in marks.items():
            print(f"{mark} {id}  {self.definition.objectives[id]}{self._to_do(id, mark, earlier)}")
        for question in self.definition.questions:
            print(f"- {question}")
        shown = sum(mark == MET for mark in marks.values())
        print(f"{shown} of {len(marks)} objectives shown.")

    def map(self) -> None:
        """Print all lessons of the course with their minutes and what was passed so far."""
        overview.show(frozenset(id for id, mark in self._marks.items() if mark == MET))

    def _find(self, exercise: str) -> Exercise | None:
        """Return an exercise; a slip of the pen costs a line, not the lesson."""
        for task in self.definition.exercises:
            if task.id == str(exercise).strip().zfill(len(task.id)):
                return task
        known = ", ".join(task.id for task in self.definition.exercises)
        unknown = f"lesson {self.number} has no exercise {exercise!r}; it has: {known}."
        if _strict():
            raise UnknownId(unknown)
        print(unknown)
        return None

    def _checks_of(self, objective: str) -> list[str]:
        return [task.id for task in self.definition.exercises if objective in task.objectives]

    def _mark_of(self, objective: str, earlier: frozenset[str]) -> str:
        marks = [self._mark(id, earlier) for id in self._checks_of(objective)]
        if NOT_MET in marks:
            return NOT_MET
        return MET if marks and all(mark == MET for mark in marks) else NOT_STARTED

    def _mark(self, exercise: str, earlier: frozenset[str]) -> str:
        """A stub left alone on this visit takes nothing away from an earlier one."""
        mark = self._marks.get(exercise, NOT_STARTED)
        return MET if mark == NOT_STARTED and exercise in earlier else mark

    def _to_do(self, objective: str, mark: str, earlier: frozenset[str]) -> str:
        checks = self._checks_of(objective)
        if mark == MET:
            before = [id for id in checks if self._marks.get(id) != MET]
            return f"  (on an earlier visit: {', '.join(before)})" if before else ""
        left = [id for id in checks if self._mark(id, earlier) != MET]
        return f"  (still to do: {', '.join(left)})" if left else ""


def _strict() -> bool:
    return os.environ.get("SEMCACHE_STRICT") == "1"
