import pytest

from semcache.course import Exercise, UnknownId
from semcache.course.exercises import is_untouched, load_definition


def empty(text): ...


def documented(text):
    """Say what to write."""


def returns_dots(text):
    return ...


def returns_none(text):
    return None


def half_done(text):
    key = text.strip()
    digest = ...
    return key + digest


async def awaited(text): ...


def passes(text):
    pass


class Unwritten:
    def get(self, text): ...


class HalfWritten:
    def __init__(self):
        self.entries = {}

    def get(self, text):
        return ...


STUBS = [empty, documented, returns_dots, returns_none, half_done, awaited, passes]
STUBS += [Unwritten, HalfWritten]


def test_a_stub_is_untouched():
    stubs = [None, ..., {"a": 1, "b": ...}, [...], (1, ...), lambda text: None, *STUBS]
    assert [value for value in stubs if not is_untouched(value)] == []


def echo(text):
    return text


def constant(text):
    return 0


def documented_answer(text):
    """Text in, text out."""
    return "text"


class Written:
    def get(self, text):
        return text

    def close(self):
        pass


ANSWERS = [echo, constant, documented_answer, Written, Written()]


def test_an_answer_is_not_untouched():
    answers = [0, "", False, [], {}, (None, 1), 0.0, len, lambda text: text[..., 0], *ANSWERS]
    assert [value for value in answers if is_untouched(value)] == []


def an_exercise(verify):
    return Exercise("99.1", ("99.a",), "total", "hint", "solution", (), verify)


def test_a_verify_that_raises_is_an_unmet_check_with_the_error_named():
    def verify(value):
        raise ValueError("first line\nsecond line.")

    mark, sentence = an_exercise(verify).judge(1)
    assert mark == "[!]"
    assert sentence == "checking total raised ValueError: first line second line."


def test_verify_is_not_asked_about_a_stub():
    def verify(value):
        raise AssertionError("was asked")

    assert an_exercise(verify).judge(...)[0] == "[ ]"


def test_an_interrupt_reaches_the_learner():
    def verify(value):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        an_exercise(verify).judge(1)


def test_an_unknown_lesson_is_refused(subtests):
    for number in ("99", "2", "", "13x"):
        with subtests.test(number), pytest.raises(UnknownId, match="no lesson"):
            load_definition(number)
