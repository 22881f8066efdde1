"""Verdicts of rules are remembered where that can change nothing."""

from semcache.sharing import Rule
from semcache.sharing.verdict import LONGEST, REMEMBERED, Verdicts


class Counting:
    """A test that refuses some words, and counts how often it is asked."""

    def __init__(self, refused: str = "invoice") -> None:
        self.refused, self.asked = refused, 0

    def __call__(self, text: str) -> bool:
        self.asked += 1
        return self.refused in text


def test_a_pure_rule_is_asked_once_for_a_text_and_says_the_same_again():
    test = Counting()
    verdicts = Verdicts([Rule("own", "", test, "exact", ttl=60.0, pure=True)])
    said = [verdicts.of(text).ttl for text in ("my invoice", "a tree") * 2]
    assert said == [60.0, None] * 2
    assert test.asked == 2


def test_a_rule_that_is_not_pure_is_asked_each_time():
    test = Counting()
    verdicts = Verdicts([Rule("first", "", Counting(), pure=True), Rule("own", "", test)])
    assert verdicts.of("a tree")
    test.refused = "tree"
    assert not verdicts.of("a tree")


def test_what_must_not_be_kept_and_what_is_long_is_not_remembered():
    test = Counting()
    verdicts = Verdicts([Rule("own", "", test, pure=True)])
    for text in ("my invoice", "a" * (LONGEST + 1)):
        before = test.asked
        verdicts.of(text), verdicts.of(text)
        assert test.asked == before + 2


def test_the_oldest_texts_are_forgotten():
    test = Counting()
    verdicts = Verdicts([Rule("own", "", test, pure=True)])
    for text in map(str, range(REMEMBERED + 1)):
        verdicts.of(text)
    asked = test.asked
    verdicts.of(str(REMEMBERED))
    assert test.asked == asked
    verdicts.of("0")
    assert test.asked == asked + 1
