"""Signal: negation and opposites. Do the two texts ask for opposite things?

Each clause is positive or negative by the parity of its negators, so that two cancel out ("not
without" is "with"). A negated ability or a thing that does not work is one state, trouble, however
it is put: "can't log in", "unable to log in", "login fails", 登录不了. Opposites are looked up in
the lexicon or seen by their prefix (un-, dis-, in-, non-). An opposite and a negation together
cancel: "not enabled" is "disabled".
"""

from functools import lru_cache
from typing import NamedTuple

from semcache.guard.english import stem
from semcache.guard.lexicon import lexicon
from semcache.guard.patterns import pattern
from semcache.guard.reading import Reading, Token

__all__ = ["Polarity", "compare", "in_trouble"]

_PREFIXES = ("un", "dis", "in", "im", "ir", "il", "non", "mis", "de", "anti")
_ENGLISH_NOT = pattern("polarity", "english_not")
_CHINESE_NOT = pattern("polarity", "chinese_not")
_QUESTION_NOT = pattern("polarity", "question_not")
_DENIED_ABILITY = pattern("polarity", "denied_ability")
_CLAUSE = pattern("polarity", "clause")


_WHETHER = pattern("polarity", "whether")


class Polarity(NamedTuple):
    """Opposite words, and whether they and a denial together turn the question round."""

    antonyms: int
    opposite: bool


def _denied(reading: Reading) -> dict[str, Token]:
    """Return what a text denies: the first three content words after each negator that stands.

    An even number of negators in a clause cancels out, and trouble is not a denial.
    """
    denied: dict[str, Token] = {}
    text = _DENIED_ABILITY.sub(" ", _QUESTION_NOT.sub(" ", reading.folded))
    for clause in _CLAUSE.split(text):
        marks = [*_ENGLISH_NOT.finditer(clause), *_CHINESE_NOT.finditer(clause)]
        if len(marks) % 2:
            for mark in marks:
                scope = clause[mark.end() :]
                heads = [(scope.find(t.text), t) for t in (*reading.content, *reading.named)]
                nearest = sorted((at, t) for at, t in heads if at >= 0)[:3]
                denied.update((token.key, token) for _, token in nearest)
    return denied


@lru_cache(maxsize=8_192)
def _denies_ability(folded: str) -> bool:
    return bool(_DENIED_ABILITY.search(folded))


def in_trouble(reading: Reading) -> bool:
    """Return whether the text reports that something does not work."""
    return _denies_ability(reading.folded) or any(
        token.key in ("trouble", "server_error") for token in reading.content
    )


def _prefixed(one: Token, two: Token) -> bool:
    longer, shorter = sorted((stem(one.text), stem(two.text)), key=len, reverse=True)
    return len(shorter) >= 4 and any(longer == prefix + shorter for prefix in _PREFIXES)


def _opposed(one: list[Token], two: list[Token]) -> list[tuple[Token, Token]]:
    pairs = lexicon().opposite
    return [(a, b) for a in one for b in two if (a.key, b.key) in pairs or _prefixed(a, b)]


def compare(one: Reading, two: Reading, only_one: list[Token], only_two: list[Token]) -> Polarity:
    """Return how the polarity of two texts differs.

    Args:
        one: A text.
        two: The other text.
        only_one: The content words of ``one`` that are not in ``two``.
        only_two: The content words of ``two`` that are not in ``one``.
    """
    denied_one, denied_two = _denied(one), _denied(two)
    # "not enabled" and "disabled" agree: an opposite that is denied is no opposite.
    opposed = [
        (a, b)
        for a, b in _opposed(only_one, only_two)
        if (a.key in denied_one) == (b.key in denied_two)
    ]
    antonyms = len({a.key for a, _ in opposed})
    asserted_one = _asserted(denied_one, only_one)
    asserted_two = _asserted(denied_two, only_two)
    # Where both texts deny something, they mostly deny the same thing in other words.
    negation = bool(asserted_one and not denied_two) or bool(asserted_two and not denied_one)
    if negation:  # "it does not save" and "saving fails" are both trouble
        denied, other, only = (
            (denied_one, two, only_two) if asserted_one else (denied_two, one, only_one)
        )
        negation = not in_trouble(other) and not _implied(denied, only)
    elif not antonyms and in_trouble(one) != in_trouble(two):
        negation = _asks_whether(one, two)
    return Polarity(antonyms, bool(antonyms) != negation)


# What these verbs do to a thing, a denial says of it: "unsubscribe", "I don't want to get it".
_DENYING = frozenset(
    [
        "disable",
        "stop",
        "block",
        "remove",
        "delete",
        "cancel",
        "unsubscribe",
        "reject",
        "replace",
        "hide",
        "opt_out",
        "lost",
    ]
)


def _implied(denied: dict[str, Token], only: list[Token]) -> bool:
    """Return whether the other text says the denial by a word: a verb of ending, an opposite."""
    pairs = lexicon().opposite
    return any(
        token.key in _DENYING or any((key, token.key) in pairs for key in denied) for token in only
    )


def _asserted(denied: dict[str, Token], only: list[Token]) -> list[Token]:
    """Return what a text denies though the other text has a counterpart of it."""
    return [token for token in denied.values() if token not in only]


def _asks_whether(one: Reading, two: Reading) -> bool:
    """Return whether both ask for a set: "which cards can / can't I use" are complements."""
    return bool(_WHETHER.search(one.folded) and _WHETHER.search(two.folded))
