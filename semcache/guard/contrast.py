"""Signals of the closed classes: small words that are each other's opposite, and words of scope.

"With" and "without", 高 and 低 are too short and too common to be looked up as content, and yet
they turn a question round where all else is the same. So each counts as far as what surrounds it
agrees: an English one by the likeness of the whole sentence, a Chinese character by a neighbour
that both texts share (高血压, 低血压).
"""

import re
from functools import lru_cache

from semcache.guard.patterns import pattern, section, words
from semcache.guard.reading import Reading

__all__ = ["contrast", "scope"]

_WORDS, _CHARACTERS = (
    sorted(tuple(pair.split("/")) for pair in words("contrast", language))
    for language in ("english", "chinese")
)
_WORD = re.compile("[a-z]+")
_NEGATORS = words("contrast", "negators")
_ASKED = section("asked")
_SET = pattern("contrast", "set")
_SUPERLATIVE = pattern("contrast", "superlative")
_ONLY = pattern("contrast", "only")
_ALL = pattern("contrast", "all")


@lru_cache(maxsize=8_192)
def _words(folded: str) -> frozenset[str]:
    return frozenset(_WORD.findall(folded))


@lru_cache(maxsize=8_192)
def _asked(folded: str) -> frozenset[str]:
    return frozenset(name for name, form in _ASKED.items() if form.search(folded))


def contrast(
    one: Reading, two: Reading, frame: float, *, same_words: bool = False, opposite: bool = False
) -> float:
    """Return how far a small word of one text has its opposite in the other, up to 1.

    Args:
        one: A text.
        two: The other text.
        frame: The likeness of the two sentences.
        same_words: Every content word of each text has a counterpart in the other.
        opposite: One text denies what the other asserts.

    Example:
        >>> from semcache.guard.reading import read
        >>> contrast(read("eat with salt"), read("eat without salt"), 0.8)
        0.8
        >>> contrast(read("高血压怎么办"), read("低血压吃什么"), 0.2)
        1.0
    """
    words_one, words_two = _words(one.folded), _words(two.folded)
    only_one, only_two = words_one - words_two, words_two - words_one
    denied = _negators(one) % 2 != _negators(two) % 2
    for a, b in _WORDS:
        if (a in only_one and b in only_two) or (b in only_one and a in only_two):
            return frame if b != "without" or denied else 0.0  # "not without" is "with"
    asked_one, asked_two = _asked(one.folded), _asked(two.folded)
    if asked_one and asked_two and not asked_one & asked_two:
        return frame  # when against why, 谁 against 多少钱
    denied_same = denied and same_words
    if (opposite or denied_same) and _SET.search(one.folded) and _SET.search(two.folded):
        return 1.0  # "what can / can't I take": who asks for a set gets its complement
    if denied_same and "why" in asked_one & asked_two:
        return frame  # "why should / shouldn't I"
    if one.chinese and two.chinese:
        for a, b in _CHARACTERS:
            if _turned(one.folded, two.folded, a, b) or _turned(one.folded, two.folded, b, a):
                return 1.0
    return 0.0


def _negators(reading: Reading) -> int:
    return sum(token.text in _NEGATORS for token in reading.tokens)


def _turned(one: str, two: str, a: str, b: str) -> bool:
    """Return whether ``a`` is in one text only, ``b`` in the other, beside the same neighbour."""
    if a not in one or b not in two or a in two or b in one:
        return False
    i, j = one.index(a), two.index(b)
    left = i > 0 and j > 0 and one[i - 1] == two[j - 1]
    right = one[i + 1 : i + 2] == two[j + 1 : j + 2] != ""
    return left or right


@lru_cache(maxsize=8_192)
def _scope(folded: str) -> tuple[bool, bool, bool]:
    found = (_SUPERLATIVE.search(folded), _ONLY.search(folded), _ALL.search(folded))
    return found[0] is not None, found[1] is not None, found[2] is not None


def scope(one: Reading, two: Reading, frame: float) -> float:
    """Return 1 where one text alone asks for the extreme; less for "only" and "all".

    Example:
        >>> from semcache.guard.reading import read
        >>> scope(read("rivers in Germany"), read("longest river in Germany"), 0.8)
        1.0
    """
    (most_one, only_one, all_one), (most_two, only_two, all_two) = (
        _scope(one.folded),
        _scope(two.folded),
    )
    if most_one != most_two:
        return 1.0
    return frame if only_one != only_two else 0.5 * frame * (all_one != all_two)
