"""Signal: opposites and negation. Do the two texts ask for opposite things?

A word of one text whose opposite stands in the other; the same word with and without a negative
prefix; a Chinese character beside a neighbour that both texts have (高血压, 低血压); and what one
text denies and the other asserts. An opposite that is denied is none: "not enabled" is "disabled".
"""

from collections.abc import Iterator
from typing import NamedTuple

from semcache.guard.lexicon import lexicon
from semcache.guard.negation import denial, denied
from semcache.guard.reading import Reading

__all__ = ["Opposition", "opposition"]

_PREFIXES = ("un", "dis", "in", "im", "ir", "il", "non", "mis", "anti")
_WORDS = ("word", "opposite", "state")
_KINDS = ("opposite", "state")  # "unlock it" asks for an end of "it is locked": no opposites


class Opposition(NamedTuple):
    """What stands against what, and how many words hold the place of their opposite."""

    one: str
    two: str
    words: int


def opposition(one: Reading, two: Reading) -> Opposition | None:
    """Return what is opposed in the two texts, or None.

    Example:
        >>> from semcache.guard.reading import read
        >>> opposition(read("turn on the alarm"), read("disable the alarm"))
        Opposition(one='enable', two='disable', words=1)
        >>> opposition(read("哪些水果能吃"), read("哪些水果不能吃"))
        Opposition(one='吃', two='not 吃', words=0)
    """
    opposed = [*_opposed(one, two), *_prefixed(one, two), *_characters(one, two)]
    if not opposed:
        word = denial(one, two)
        return Opposition(word, f"not {word}", 0) if word else None
    if _denials(one) % 2 != _denials(two) % 2:  # "the wrong one came", "the right one did not come"
        return None
    denied_one, denied_two = denied(one, 2), denied(two, 2)
    return next(
        (pair for pair in opposed if (pair.one in denied_one) == (pair.two in denied_two)), None
    )


def _denials(reading: Reading) -> int:
    return sum(count for token, count in reading.counts.items() if token.kind == "not")


def _opposed(one: Reading, two: Reading) -> Iterator[Opposition]:
    for kind in _KINDS:
        left, right = one.sides.get(kind, {}), two.sides.get(kind, {})
        for line, word in left.items():
            there = right.get(-line, word)  # a text that names both sides is on neither
            if there != word and -line not in left and line not in right:
                yield Opposition(word, there, 1)


def _prefixed(one: Reading, two: Reading) -> Iterator[Opposition]:
    left, right = _words(one), _words(two)
    for word in sorted(w for w in left.keys() ^ right.keys() if w.startswith(_PREFIXES)):
        here, there = (left, right) if word in left else (right, left)
        for prefix in _PREFIXES:
            bare = word.removeprefix(prefix)
            if bare == word or len(bare) < 4 or bare not in there or bare in here:
                continue
            if (here[word] == "state") == (there[bare] == "state"):
                yield Opposition(word, bare, 1) if here is left else Opposition(bare, word, 1)


def _words(reading: Reading) -> dict[str, str]:
    return {t.key: t.kind for t in reading.counts if t.kind in _WORDS}


def _characters(one: Reading, two: Reading) -> Iterator[Opposition]:
    if one.chinese and two.chinese:
        opposites = lexicon().characters
        for a in sorted(opposites.keys() & one.text):
            for b in opposites[a]:
                if _turned(one.text, two.text, a, b):
                    yield Opposition(a, b, 1)


def _turned(one: str, two: str, a: str, b: str) -> bool:
    """Return whether ``a`` is in one text only, ``b`` in the other, beside the same neighbour."""
    if a not in one or b not in two or a in two or b in one:
        return False
    i, j = one.index(a), two.index(b)
    left = i > 0 and j > 0 and one[i - 1] == two[j - 1]
    return left or one[i + 1 : i + 2] == two[j + 1 : j + 2] != ""
