"""Signal: what the texts are about. Which content words of one have no counterpart in the other.

The frame test is the linguist's commutation test: where two texts are the same but for one word,
and that word has no synonym on the other side, the word is what the question turns on.
"""

import re
from collections import Counter
from typing import NamedTuple

from semcache.guard.lexicon import lexicon
from semcache.guard.patterns import pattern
from semcache.guard.reading import Reading, Token
from semcache.guard.slips import is_typo

__all__ = ["Content", "compare", "han_share", "unmatched"]


class Content(NamedTuple):
    """What is shared, and what is not."""

    swapped: float
    added: float
    condition: int
    frame: float  # how alike the sentences are
    tokens: int  # of both texts
    shared: float
    inserted: bool


_TYPED = ("word", "name", "concept", "function")


def _matches(token: Token, other: Reading, near: frozenset[tuple[str, str]]) -> bool:
    for candidate in other.tokens:
        if token.key == candidate.key or (token.key, candidate.key) in near:
            return True
        if token.role != "word" != candidate.role:
            continue
        if token.role in _TYPED and candidate.role in _TYPED:
            unlisted = {token.role, candidate.role} <= {"word", "name"}
            one, two = (token.key, candidate.key) if unlisted else (token.text, candidate.text)
            if is_typo(token.text, candidate.text) or _derived(one, two):
                return True
    if token.role == "han" or (token.role == "concept" and other.chinese):
        return han_share(token.text, other) >= 0.5
    return False


def _derived(one: str, two: str) -> bool:
    """Return whether one word is the other with an ending: "member", "membership"."""
    shorter, longer = sorted((one, two), key=len)
    return len(shorter) >= 4 and longer.startswith(shorter) and len(longer) - len(shorter) <= 4


def han_share(run: str, other: Reading) -> float:
    """Return the share of a Chinese run that the other text contains, by pairs of characters."""
    if not run or not "\u4e00" <= run[0] <= "\u9fff":
        return 0.0
    if len(run) == 1:
        return float(run in other.folded)
    pairs = [run[i : i + 2] for i in range(len(run) - 1)]
    return sum(pair in other.pairs_of_characters for pair in pairs) / len(pairs)


def unmatched(one: Reading, two: Reading) -> list[Token]:
    """Return the content words of ``one`` that have no counterpart in ``two``."""
    near = lexicon().near
    return [token for token in (*one.content, *one.named) if not _matches(token, two, near)]


def _weight(tokens: list[Token] | tuple[Token, ...], comparable: bool) -> float:
    # A word in no list is a topic of its own; between languages it cannot be compared at all.
    return sum(0.8 if token.role == "concept" else 1.0 if comparable else 0.0 for token in tokens)


def _frame(
    one: Reading, two: Reading, only_one: list[Token], only_two: list[Token]
) -> tuple[float, int]:
    """Return the share of tokens with a counterpart (Dice), and how many tokens there are."""
    function_one, function_two = (
        Counter(token.key for token in reading.tokens if token.role == "function")
        for reading in (one, two)
    )
    content_one, content_two = (len(r.content) + len(r.named) for r in (one, two))
    common = 2 * (function_one & function_two).total()
    common += content_one - len(only_one) + content_two - len(only_two)
    total = function_one.total() + function_two.total() + content_one + content_two
    return (common / total if total else 1.0), total


_FEW = 3


def _inserted(short: Reading, long: Reading, new: list[Token]) -> bool:
    """Return whether ``long`` is one clause, and is ``short`` with one to three words put in."""
    if not 1 <= len(new) <= _FEW or any(token.role == "stop" for token in long.tokens[:-1]):
        return False
    rest = iter(token.key for token in long.tokens)
    return all(token.key in rest for token in short.tokens if token.role != "stop")


def compare(one: Reading, two: Reading, only_one: list[Token], only_two: list[Token]) -> Content:
    """Return how the content of two texts differs; ``only_*`` come from :func:`unmatched`."""
    comparable = one.chinese == two.chinese
    lost_one, lost_two = _weight(only_one, comparable), _weight(only_two, comparable)
    kept = (
        _weight((*one.content, *one.named), True) - _weight(only_one, True),
        _weight((*two.content, *two.named), True) - _weight(only_two, True),
    )
    frame, tokens = _frame(one, two, only_one, only_two)
    strict = max(0.0, 2 * frame - 1)  # two texts that share half their words share no frame
    return Content(
        swapped=strict * min(1.0, lost_one, lost_two) if comparable else 0.0,
        added=strict * min(1.0, abs(lost_one - lost_two)) if comparable else 0.0,
        condition=abs(_conditions(one, only_one) - _conditions(two, only_two)),
        frame=frame,
        tokens=tokens,
        shared=min(1.0, min(kept) / 3),
        inserted=_inserted(one, two, only_two) if not only_one else _inserted(two, one, only_one),
    )


_CONDITION = pattern("content", "condition")
_CLAUSE = re.compile(r"[,.;!?，。；！？\n]+")


def _conditions(reading: Reading, only: list[Token]) -> int:
    """Return how many clauses opened by if, without, for a, 如果, 已经 … say something new."""
    new = [token.text for token in only]
    count = 0
    for clause in _CLAUSE.split(reading.folded):
        mark = _CONDITION.search(clause)
        if mark:
            # In English the condition follows its mark; in Chinese it may stand on either side.
            said = clause if reading.chinese else clause[mark.start() :]
            count += any(text in said for text in new)
    return count
