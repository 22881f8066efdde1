"""request: what makes two requests one, what is refused, and what is sent."""

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.answers.request import Request, normalise
from semcache.errors import ConfigError, InvalidInput

ALIKE = [
    ("é", "e\u0301"),
    ("Å", "\u212b"),
    ("a b", " a b \t\n  "),
    ("a b", "\u00a0a b\u3000"),
    ("if a:\n    b", "if a:\n    b\n\n"),
]
DIFFERENT = [
    ("a b", "ab"),
    ("a b", "a  b"),
    ("a b", "a\u00a0b"),
    ("a b", "a\nb"),
    ("a\nb", "a\n\nb"),
    ("a\nb", "a\n b"),
    ("if a:\n    b\n    c", "if a:\n    b\nc"),
    ("    a\nb", "a\nb"),
    ("A", "a"),
    ("?", "？"),
    ("①", "1"),
    ("Python?", "Python"),
    ("2²", "22"),
]
ALIKE_WITH_FOLDED_SPACES = [
    ("a b", "a  \t b"),
    ("a b", "a\u00a0b"),
    ("你好 吗", "你好\u3000吗"),
    ("  a b\nc", "  a  b \nc"),
]
DIFFERENT_WITH_FOLDED_SPACES = [
    ("a b", "ab"),
    ("a b", "a\nb"),
    ("a\nb", "a\n\nb"),
    ("a\nb", "a\n  b"),
    ("a\n  b", "a\n    b"),
    ("A b", "a b"),
]


@pytest.mark.parametrize(("one", "two"), ALIKE)
def test_spellings_that_look_the_same_are_one_question(one, two):
    assert normalise(one) == normalise(two)


@pytest.mark.parametrize(("one", "two"), DIFFERENT)
def test_what_may_mean_something_else_stays_another_question(one, two):
    assert normalise(one) != normalise(two)


@pytest.mark.parametrize(("one", "two"), ALIKE_WITH_FOLDED_SPACES)
def test_spaces_within_a_line_are_folded_only_when_asked(one, two):
    assert normalise(one) != normalise(two)
    assert normalise(one, fold_spaces=True) == normalise(two, fold_spaces=True)


@pytest.mark.parametrize(("one", "two"), DIFFERENT_WITH_FOLDED_SPACES)
def test_line_breaks_and_indentation_count_also_when_spaces_are_folded(one, two):
    assert normalise(one, fold_spaces=True) != normalise(two, fold_spaces=True)


def test_case_is_folded_only_when_asked():
    for one, two in (("RUST?", "rust?"), ("Straße", "STRASSE"), ("ΣΊΣΥΦΟΣ", "σίσυφος")):
        assert normalise(one) != normalise(two)
        assert normalise(one, fold_case=True) == normalise(two, fold_case=True)


@given(st.text(), st.booleans(), st.booleans())
def test_normalising_twice_changes_nothing_more(query, fold_case, fold_spaces):
    once = normalise(query, fold_case, fold_spaces)
    assert normalise(once, fold_case, fold_spaces) == once


# Audience --------------------------------------------------------------------------------------

DIFFERENT_AUDIENCES = [
    Request("q", "m"),
    Request("q", "m2"),
    Request("q", "m", ""),
    Request("q", "m", "s"),
    Request("q", "m", "s "),
    Request("q", "m', 's"),
    Request("q", "m", None, {"temperature": 0}),
    Request("q", "m", None, {"temperature": 1}),
    Request("q", "m", None, {"temperature": 0.5}),
    Request("q", "m", None, {"temperature": True}),
    Request("q", "m", None, {"top_p": 1}),
    Request("q", "m", None, {"stop": ["a", "b"]}),
    Request("q", "m", None, {"stop": ["a,b"]}),
    Request("q", "m", None, {"stop": "a"}),
    Request("q", "m", None, {"stop": "\ud83d"}),
    Request("q", "m", None, {"logit_bias": {"5": 0}}),
    Request("q", "m", None, {"n": True}),
    Request("q", "m", None, {"logprobs": 0}),
    Request("q", "m", None, {"response_format": {"type": "json_object"}}),
    Request("q", "m", "s", {"temperature": 0}),
    Request("q", "m", None, {"extra_body": {"seed": 7}}),
    Request("q", "m", None, {"seed": 7}),
]


def test_whatever_shapes_an_answer_is_part_of_the_audience():
    assert len({request.audience for request in DIFFERENT_AUDIENCES}) == len(DIFFERENT_AUDIENCES)


ONE_AUDIENCE = [
    ({"temperature": 0, "top_p": 1}, {"top_p": 1, "temperature": 0}),
    ({"temperature": 0}, {"temperature": 0.0}),
    ({}, {"n": 1, "logprobs": False, "tools": [], "functions": [], "stop": [], "extra_body": {}}),
    ({"logit_bias": {"5": 1}}, {"logit_bias": {"5": 1.0}}),
    ({"stop": ["a"]}, {"stop": ("a",)}),
    ({}, {"seed": None}),
    ({}, {"max_tokens": openai.NOT_GIVEN, "seed": openai.omit}),
    ({}, {"timeout": 5, "extra_headers": {"a": "b"}, "extra_query": {"c": "d"}}),
    ({}, {"user": "u", "metadata": {"a": "b"}, "store": True, "service_tier": "flex"}),
    ({}, {"stream_options": {"include_usage": True}, "prompt_cache_key": "k"}),
]


@pytest.mark.parametrize(("one", "two"), ONE_AUDIENCE)
def test_the_question_the_order_and_how_a_request_travels_are_not(one, two):
    left, right = Request("q", "m", None, one), Request("other", "m", None, two)
    assert left.audience == right.audience


def test_an_audience_can_stand_in_a_key():
    for request in DIFFERENT_AUDIENCES:
        assert request.audience.replace("-", "").replace("_", "").isalnum()


# What is sent, what is refused -------------------------------------------------------------------


def test_everything_that_was_given_is_sent():
    sampling = {"temperature": 0, "seed": None, "timeout": 5}
    assert Request("q", "m", "s", sampling).arguments() == {
        "model": "m",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}],
        **sampling,
    }


def test_an_empty_system_prompt_is_a_system_prompt():
    assert Request("q", "m", "").arguments()["messages"][0] == {"role": "system", "content": ""}
    assert Request("q", "m", "").audience != Request("q", "m").audience


REFUSED_INPUT = {
    "empty": Request("", "m"),
    "no text": Request(5, "m"),  # type: ignore[arg-type]
    "nothing": Request(None, "m"),  # type: ignore[arg-type]
    "bytes": Request(b"q", "m"),  # type: ignore[arg-type]
    "half a character": Request("half \ud83d", "m"),
    "in the system prompt": Request("q", "m", "half \ud83d"),
    "in the model": Request("q", "\ud83d"),
    "no system prompt": Request("q", "m", 5),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("request_", REFUSED_INPUT.values(), ids=REFUSED_INPUT.keys())
def test_what_is_no_text_is_refused(request_):
    with pytest.raises(InvalidInput):
        request_.check()


REFUSED_SAMPLING = [
    {"tools": [{"type": "function"}]},
    {"functions": [{"name": "f"}]},
    {"n": 2},
    {"n": True},
    {"messages": []},
    {"stream": True},
    {"stop": {"a"}},
]
IN_THE_BODY = [
    {"tools": [{"type": "function"}]},
    {"functions": [{"name": "f"}]},
    {"n": 3},
    {"n": True},
    {"messages": []},
    {"model": "other"},
    {"stream": True},
    {"stream": False},
]


@pytest.mark.parametrize("sampling", REFUSED_SAMPLING, ids=str)
def test_what_has_no_answer_that_is_one_text_is_refused(sampling):
    with pytest.raises(
        ConfigError, match=next(iter(sampling)) if "stop" not in sampling else "JSON"
    ):
        Request("q", "m", None, sampling).check()


@pytest.mark.parametrize("body", IN_THE_BODY, ids=str)
@pytest.mark.parametrize("more", [{}, {"n": 1, "tools": []}], ids=str)
def test_what_stands_in_extra_body_is_refused_alike(body, more):
    with pytest.raises(ConfigError, match=next(iter(body))):
        Request("q", "m", None, {**more, "extra_body": body}).check()


@pytest.mark.parametrize("body", ["text", [1], 5, b"{}"], ids=str)
def test_an_extra_body_is_a_mapping(body):
    with pytest.raises(ConfigError, match="extra_body is"):
        Request("q", "m", None, {"extra_body": body}).check()


ONE_TEXT = [
    {},
    {"n": 1},
    {"n": None},
    {"tools": []},
    {"tools": None},
    {"n": openai.omit},
    {"extra_body": None},
    {"extra_body": openai.omit},
    {"extra_body": {"top_k": 5, "n": 1, "tools": []}},
]


def test_what_asks_for_one_text_is_not_refused(subtests):
    for sampling in ONE_TEXT:
        with subtests.test(str(sampling)):
            Request("naïve 😀\n", "m", "", sampling).check()


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u2028", "\u0085"])
def test_indentation_counts_whatever_ends_the_lines(end):
    assert normalise(f"    x{end}    y") != normalise(f"x{end}    y")
    assert normalise(f"{end} {end}x{end}y") == normalise(f"x{end}y")
    assert normalise(f"{end}  x{end}") == "x"
