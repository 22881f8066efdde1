"""Signal: who does it to whom, where no marker says so.

English and Chinese put the one who acts before the verb and the one who is acted on behind it.
Two cases are certain enough to count. Two texts that are one but for two words that changed
places. And two clauses with the same verb in which subject and object changed places, the speaker
among them: "can my landlord sue me", "can I sue my landlord".
"""

from typing import NamedTuple

from semcache.semantic.guard.reading import Reading, Token

__all__ = ["exchanged"]

_CONTENT = ("concept", "word", "han", "name", "code", "number")
_SYMMETRIC = frozenset("and or nor vs versus than & 和 与 跟 同 或 或者 还是 及 、 ,".split())
_ALIKE = frozenset(["compare", "mean", "same_w", "different"])
_AUXILIARIES = frozenset(
    "can could may might must shall should will would do does did 可以 可不可以 可否 能 能不能 能否 能够 会 会不会 "
    "应该 应当 该 得 是否 要".split()
)
_SPEAKER = frozenset("i me we us my our 我 我们 咱 咱们 我的".split())
_BESIDE = frozenset("a an the this that these those your his her their my our not all any some".split())
_CUTS = frozenset(
    "if when while because although unless after before until so but and or which that 如果 要是 因为 "
    "但是 然后 之后 之前 时 的时候".split()
)
_PASSIVE = frozenset("by be been being is are was were 被 由 让".split())


class _Clause(NamedTuple):
    subject: str
    verb: str
    objects: frozenset[str]


def exchanged(one: Reading, two: Reading) -> bool:
    """Return whether two things of the texts have changed places.

    Example:
        >>> from semcache.semantic.guard.reading import read
        >>> exchanged(read("can my landlord sue me"), read("can I sue my landlord"))
        True
        >>> exchanged(read("tea and coffee compared"), read("coffee and tea compared"))
        False
    """
    if _two_places(one, two):
        return True
    clauses = _clauses(two.tokens)
    return any(
        a.verb == b.verb and a.subject in b.objects and b.subject in a.objects
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
