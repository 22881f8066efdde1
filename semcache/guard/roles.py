"""Signal: who does it to whom, where no marker says so.

English and Chinese put the one who acts before the verb and the one who is acted on behind it.
Three cases are certain enough to count. Two texts that are one but for two words that changed
places. Two clauses with the same verb in which subject and object changed places, the speaker
among them: "can my landlord sue me", "can I sue my landlord". And two speakers who call themselves
two things: "as a buyer", "I am the seller".
"""

from typing import NamedTuple

from semcache.guard.patterns import words
from semcache.guard.reading import Reading, Token

__all__ = ["exchanged"]

_CONTENT = ("concept", "word", "han", "name", "code", "number")
_ARTICLES = ("a", "an", "the")
_ALIKE = frozenset(["compare", "mean", "same_w", "different"])
_SYMMETRIC, _AUXILIARIES, _SPEAKER, _BESIDE, _CUTS, _PASSIVE = (
    words("roles", name)
    for name in ("symmetric", "auxiliaries", "speaker", "beside", "cuts", "passive")
)


class _Clause(NamedTuple):
    subject: str
    verb: str
    objects: frozenset[str]


def exchanged(one: Reading, two: Reading) -> bool:
    """Return whether two things of the texts have changed places.

    Example:
        >>> from semcache.guard.reading import read
        >>> exchanged(read("can my landlord sue me"), read("can I sue my landlord"))
        True
        >>> exchanged(read("tea and coffee compared"), read("coffee and tea compared"))
        False
    """
    if _two_places(one, two) or _two_speakers(one, two):
        return True
    clauses = _clauses(two.tokens)
    return any(
        a.verb == b.verb
        and a.subject != b.subject
        and a.subject in b.objects
        and b.subject in a.objects
        for a in _clauses(one.tokens)
        for b in clauses
    )


def _two_places(one: Reading, two: Reading) -> bool:
    """Return whether the texts are the same, word by word, but for two that changed places."""
    first = [token for token in one.tokens if token.role != "stop"]
    second = [token for token in two.tokens if token.role != "stop"]
    if len(first) != len(second):
        return False
    places = [i for i, (a, b) in enumerate(zip(first, second, strict=True)) if a.key != b.key]
    if len(places) != 2:
        return False
    i, j = places
    turned = first[i].key == second[j].key and first[j].key == second[i].key
    content = first[i].role in _CONTENT and first[j].role in _CONTENT
    between = first[i + 1 : j]
    joined = any(t.text in _SYMMETRIC or t.key in _ALIKE for t in between)
    alike = any(token.key in _ALIKE for token in first)
    return turned and content and bool(between) and not joined and not alike


def _two_speakers(one: Reading, two: Reading) -> bool:
    """Return whether the speakers call themselves two things: "as a buyer", "I am the seller"."""
    said_one, said_two = _speaker(one.tokens), _speaker(two.tokens)
    return bool(said_one and said_two) and not said_one & said_two


def _speaker(tokens: tuple[Token, ...]) -> frozenset[str]:
    for at in range(len(tokens) - 2):
        first, second, third = (token.text for token in tokens[at : at + 3])
        here = first in ("我是", "作为") or (first == "我" and second == "是")
        here |= first == "as" and second in ("a", "an")
        here |= first == "i" and (second in _ARTICLES or (second == "am" and third in _ARTICLES))
        if here:
            said = [t.key for t in tokens[at + 1 : at + 6] if t.role in ("concept", "word", "han")]
            return frozenset(said[:2])
    return frozenset()


def _participant(token: Token) -> str:
    if token.role in _CONTENT:
        return token.key
    return "speaker" if token.text in _SPEAKER else ""


def _clauses(tokens: tuple[Token, ...]) -> list[_Clause]:
    """Return the clauses that show an auxiliary, a subject beside it, a verb and objects."""
    found: list[_Clause] = []
    start = 0
    for end in range(len(tokens) + 1):
        if end < len(tokens) and tokens[end].role != "stop" and tokens[end].text not in _CUTS:
            continue
        clause = _clause(tokens[start:end])
        if clause:
            found.append(clause)
        start = end + 1
    return found


def _clause(tokens: tuple[Token, ...]) -> _Clause | None:
    if any(token.text in _PASSIVE for token in tokens):
        return None
    for at, token in enumerate(tokens):
        if token.text not in _AUXILIARIES:
            continue
        after = [t for t in tokens[at + 1 :] if t.text not in _BESIDE]
        before = [t for t in tokens[:at] if t.text not in _BESIDE]
        if before and after and _participant(before[-1]) and after[0].role in _CONTENT:
            subject, verb = _participant(before[-1]), after[0]  # 房东可以起诉…, "dogs can eat …"
        elif len(after) > 1 and _participant(after[0]) and after[1].role in _CONTENT:
            subject, verb = _participant(after[0]), after[1]  # "can the landlord sue …"
        else:
            continue
        rest = tokens[tokens.index(verb) + 1 :]
        objects = frozenset(filter(None, map(_participant, rest)))
        return _Clause(subject, verb.key, objects) if objects else None
    return None
