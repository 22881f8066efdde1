"""An exercise: what is asked, what is right, what is wrong, and what is not started yet."""

import dis
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from types import CodeType, FunctionType

from semcache.course.registry import entry
from semcache.course.unchanged import Changed, watched
from semcache.errors import SemcacheError

NOT_STARTED, NOT_MET, MET = "[ ]", "[!]", "[x]"

# What Python makes of a body that is only `...`, `pass`, a docstring or `return None`.
_IDLE_INSTRUCTIONS = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "POP_TOP"}
_IDLE_INSTRUCTIONS |= {"COPY_FREE_VARS", "RETURN_GENERATOR", "CALL_INTRINSIC_1", "RERAISE"}


class UnknownId(SemcacheError, LookupError):
    """There is no lesson, or no exercise, of that name; the message lists those there are."""


class CheckNotMet(SemcacheError, AssertionError):
    """An unmet check, raised only when the environment has SEMCACHE_STRICT=1."""


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lesson and everything needed to judge an answer to it.

    Attributes:
        id: The lesson's number, a dot and a counter: "02.1".
        objectives: The ids of the objectives that it shows: ("02.a",).
        name: The variable that the stub in the notebook defines.
        hint: What a patient neighbour would say; never the answer.
        solution: Source text that replaces the stub cell.
        wrong: At least three sources that replace the stub cell and must be refused.
        verify: Takes the variable's value; None when right, else one sentence that says
            what is wrong without giving the answer. Raising counts as not met.
        may_change: Whether the answer is to change what it is given, such as a dict to fill.
    """

    id: str
    objectives: tuple[str, ...]
    name: str
    hint: str
    solution: str
    wrong: tuple[str, ...]
    verify: Callable[..., str | None]
    may_change: bool = False

    def judge(self, value: object) -> tuple[str, str]:
        """Return the mark of an answer, and a sentence unless the answer is right."""
        if is_untouched(value):
            return NOT_STARTED, f'not started: write {self.name}, or ask lesson.hint("{self.id}").'
        try:
            complaint = self.verify(value if self.may_change else watched(value))
        except Changed as changed:
            complaint = f"{changed}."
        except Exception as error:  # the learner's code runs in here: anything may come out
            complaint = f"checking {self.name} raised {_in_one_line(error)}."
        return (MET, "") if complaint is None else (NOT_MET, complaint)


@dataclass(frozen=True)
class Definition:
    """What a lesson's module in ``semcache/course/checks`` says."""

    objectives: dict[str, str]
    exercises: tuple[Exercise, ...]
    questions: tuple[str, ...] = ()


def load_definition(number: str) -> Definition:
    """Import the checks of a lesson.

    Raises:
        UnknownId: There is no such lesson, or it is not written yet.
    """
    lesson = entry(number)
    if lesson is None or lesson.planned:
        raise UnknownId(f"there is no lesson {number!r} yet; lesson.map() shows those there are.")
    module = import_module(f"semcache.course.checks.{lesson.name}")
    return Definition(module.OBJECTIVES, module.EXERCISES, getattr(module, "QUESTIONS", ()))


def is_untouched(value: object) -> bool:
    """Tell whether an answer is still the stub, so that nothing is held against its author.

    A value counts as untouched when it is None or `...`, a container that still holds a
    `...`, or a function (or a class with a method) whose code still contains a `...` or does
    nothing at all.

    >>> def stub(text): ...
    >>> def answer(text): return text.strip()
    >>> is_untouched(stub), is_untouched(answer), is_untouched(...), is_untouched(0)
    (True, False, True, False)
    """
    if value is None or value is ...:
        return True
    if isinstance(value, dict):
        return any(item is ... for item in value.values())
    if isinstance(value, list | tuple | set):
        return any(item is ... for item in value)
    functions = list(_functions_of(value))
    return any(_has_gap(f.__code__) for f in functions) or (
        bool(functions) and all(_does_nothing(f.__code__) for f in functions)
    )


def _functions_of(value: object) -> Iterator[FunctionType]:
    if isinstance(value, FunctionType):
        yield value
    elif inspect.isclass(value):
        yield from (item for item in vars(value).values() if isinstance(item, FunctionType))


def _has_gap(code: CodeType) -> bool:
    return any(const is ... for const in code.co_consts)


def _does_nothing(code: CodeType) -> bool:
    instructions = list(dis.get_instructions(code))
    loaded = {i.argval for i in instructions if i.opname in ("LOAD_CONST", "RETURN_CONST")}
    return loaded <= {None} and all(i.opname in _IDLE_INSTRUCTIONS for i in instructions)


def _in_one_line(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    name = type(error).__name__
    return f"{name}: {text}" if text else name
