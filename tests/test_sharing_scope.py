"""Scopes: no two combinations of parts share one, and none can break a key."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.errors import ConfigError
from semcache.keys import namespace
from semcache.options import check_scope
from semcache.sharing import scope_of

SIGNS = st.text(alphabet="ab/=%:{}*2F ", min_size=1, max_size=6)  # what a scope is divided by
WORDS = st.one_of(SIGNS, st.text(min_size=1, max_size=8))
PARTS = st.tuples(st.lists(WORDS, max_size=3), st.dictionaries(WORDS, WORDS, max_size=2)).filter(
    any
)


@given(PARTS, PARTS)
def test_two_combinations_never_give_one_scope(one, other):
    assert (scope_of(*one[0], **one[1]) == scope_of(*other[0], **other[1])) == (one == other)


@given(PARTS)
def test_a_scope_says_what_it_was_made_of(parts):
    pieces = scope_of(*parts[0], **parts[1]).split("/")
    read = [tuple(map(unquote, piece.split("="))) for piece in pieces]
    assert read == [*((part,) for part in parts[0]), *sorted(parts[1].items())]


@given(PARTS)
def test_a_scope_can_stand_in_a_key(parts):
    scope = scope_of(*parts[0], **parts[1])
    assert check_scope(scope) == scope
    assert not re.search(r"[\s{}:*?\[\]\\]", scope), "a hash tag, a separator, a wildcard"
    assert namespace(scope, "llm").count("{") == 1


@pytest.mark.parametrize(
    ("parts", "named", "scope"),
    [
        (("acme", "support"), {"language": "en"}, "acme/support/language=en"),
        (("acme",), {"b": "2", "a": "1"}, "acme/a=1/b=2"),
        (("海潮", "客服"), {}, "海潮/客服"),
        (("a:b", "c"), {}, "a%3Ab/c"),
        (("language=en",), {}, "language%3Den"),
        (("a/b",), {}, "a%2Fb"),
        (("a%2Fb",), {}, "a%252Fb"),
        (("{acme}",), {}, "%7Bacme%7D"),
        (("anna@acme.example",), {}, "anna%40acme.example"),
    ],
)
def test_ordinary_parts_are_readable_and_the_others_encoded(parts, named, scope):
    assert scope_of(*parts, **named) == scope


def test_the_order_of_names_does_not_count_and_that_of_parts_does():
    assert scope_of(a="1", b="2") == scope_of(b="2", a="1")
    assert scope_of("a", "b") != scope_of("b", "a")


@pytest.mark.parametrize(
    ("parts", "named", "message"),
    [
        ((), {}, "got no part"),
        (("",), {}, "part 1 is ''"),
        (("acme", ""), {}, "part 2 is ''"),
        (("acme",), {"language": ""}, "language is ''"),
        (("acme",), {"": "en"}, "a name is ''"),
        (("acme",), {"language": None}, "language is None"),
        ((7,), {}, "part 1 is 7"),
        (("\ud800",), {}, "half a character"),
    ],
)
def test_a_part_that_would_merge_two_tenants_is_refused(parts, named, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        scope_of(*parts, **named)
