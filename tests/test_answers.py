"""answers: what makes two spellings one question."""

from hypothesis import given
from hypothesis import strategies as st

from semcache.index.answer import normalise

ALIKE = [
    ("é", "e\u0301"),
    ("Å", "\u212b"),
    ("a b", " a \t\n  b "),
    ("a b", "a\u00a0b"),
    ("你好 吗", "你好\u3000吗"),
]
DIFFERENT = [
    ("a b", "ab"),
    ("A", "a"),
    ("?", "？"),
    ("①", "1"),
    ("Python?", "Python"),
    ("2²", "22"),
]


def test_spellings_that_look_the_same_are_one_question():
    assert [pair for pair in ALIKE if len(set(map(normalise, pair))) != 1] == []


def test_what_may_mean_something_else_stays_another_question():
    assert [pair for pair in DIFFERENT if len(set(map(normalise, pair))) != 2] == []


def test_case_is_folded_only_when_asked():
    for one, two in (("RUST?", "rust?"), ("Straße", "STRASSE"), ("ΣΊΣΥΦΟΣ", "σίσυφος")):
        assert normalise(one) != normalise(two)
        assert normalise(one, fold_case=True) == normalise(two, fold_case=True)


@given(st.text(), st.booleans())
def test_normalising_twice_changes_nothing_more(query, fold_case):
    once = normalise(query, fold_case)
    assert normalise(once, fold_case) == once
