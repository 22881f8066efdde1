"""Signal: direction and order. From where to where, what before what, who to whom.

Word order is free where a marker says who plays which part ("to B from A", "if X, Y", 从A到B), so
parts are compared where markers name them, and bare order only where order alone says it: two
names or two things on the two sides of a third word that both texts share, or a verb and its
object ("refund a charge", "charge a refund").
"""

from typing import NamedTuple

from semcache.guard.patterns import words
from semcache.guard.reading import Reading, Token

__all__ = ["reversal"]

_MARKERS = {
    "from": "source", "从": "source", "由": "source", "to": "goal", "into": "goal", "onto": "goal",
    "toward": "goal", "towards": "goal", "到": "goal", "往": "goal", "向": "goal", "给": "goal",
    "给我": "goal",
    "成": "goal", "为": "goal", ">": "goal", "→": "goal",
    "before": "later", "until": "later", "after": "earlier", "since": "earlier", "once": "earlier",
    "than": "standard", "比": "standard", "by": "agent", "被": "agent",
    "instead": "rejected",
    "if": "clause", "when": "clause", "while": "clause", "without": "clause", "with": "clause",
    "for": "clause", "on": "clause", "in": "clause", "at": "clause", "using": "clause",
    "because": "clause", "如果": "clause", "用": "clause", "对": "clause", "在": "clause",
}  # fmt: skip
_INFINITIVE = words("roles", "infinitive")
_AFTER_THE_THING = {
    "之前": "later", "以前": "later", "前": "later", "之后": "earlier", "以后": "earlier",
    "后": "earlier",
}  # fmt: skip
_GOAL_ENDINGS = ("到", "成", "为", "给")
_CHANGES = (
    "replace",
    "switch",
    "convert",
    "change",
    "transfer",
    "move",
    "translate",
    "upgrade",
    "downgrade",
)
_SYMMETRIC = ("and", "or", "nor", "和", "与", "跟", "同", "或", "或者", "还是", "及")
_DETERMINERS = (
    "a",
    "an",
    "the",
    "my",
    "our",
    "your",
    "this",
    "that",
    "these",
    "those",
    "his",
    "her",
    "their",
    "one",
    "some",
    "any",
)
_RANKS = {
    "source": 0,
    "goal": 1,
    "earlier": 0,
    "later": 1,
    "standard": 1,
    "agent": 1,
    "rejected": 1,
}
_DIMENSIONS = {"source": "path", "goal": "path", "earlier": "time", "later": "time",
               "standard": "comparison", "agent": "agency", "rejected": "preference"}  # fmt: skip
_CONTENT = ("concept", "word", "han", "name", "code", "number")


class _Part(NamedTuple):
    token: Token
    role: str  # the marker's role, or ""
    marker: str  # the marker itself, or ""
    clause: int
    place: int


def _parts(reading: Reading) -> list[_Part]:
    """Return the content words with the part their marker gives them."""
    parts: list[_Part] = []
    role, marker, clause, since = "", "", 0, 0
    for place, token in enumerate(reading.tokens):
        if token.role in _CONTENT:
            parts.append(_Part(token, role, marker, clause, place))
            if token.key in _CHANGES and token.text.endswith(_GOAL_ENDINGS):
                role = "goal"
                _weak_source(parts, since)
            elif (
                role in ("source", "goal", "standard", "agent", "rejected")
                and token.role != "concept"
            ):
                role = role if reading.chinese is False else ""
        elif token.role == "stop" and token.key not in (">", "→"):
            role, marker, clause, since = "", "", clause + 1, len(parts)
        elif token.text in _AFTER_THE_THING:
            later = _AFTER_THE_THING[token.text]
            parts[since:] = [part._replace(role=later) for part in parts[since:]]
            role, clause, since = "", clause + 1, len(parts)
        elif token.text == "to" and place and reading.tokens[place - 1].text in _INFINITIVE:
            continue
        elif token.text in _MARKERS:
            new = _MARKERS[token.text]
            if new == "goal" and role != "source":
                _weak_source(parts, since)
            role, marker, clause = new, token.text, clause + 1
        elif token.text in (
            "i",
            "do",
            "does",
            "can",
            "will",
            "then",
            "我",
            "再",
            "and",
            "就",
            "先",
            "多久",
            "多长时间",
        ):
            if role in ("earlier", "later", "clause") and token.text != "i":
                role, marker = "", ""
                clause, since = clause + 1, len(parts)
            elif role in ("earlier", "later"):
                role, clause, since = "", clause + 1, len(parts)
            if token.text in ("多久", "多长时间") and parts:  # "done with X, how long until Y"
                parts[:] = [part._replace(role="earlier") for part in parts]
                role, since = "", len(parts)
            if token.text == "再" and "先" in reading.folded:
                parts[:] = [part._replace(role="earlier") for part in parts]
                role = ""
    return parts


def _weak_source(parts: list[_Part], since: int) -> None:
    """In "USD to EUR" and 把USD换成EUR, what stands before the goal is where it starts from."""
    parts[since:] = [
        part if part.role or part.token.key in _CHANGES else part._replace(role="source")
        for part in parts[since:]
    ]


def _ranks(parts: list[_Part], dimension: str) -> dict[str, int]:
    named = {p.token.key: _RANKS[p.role] for p in parts if _DIMENSIONS.get(p.role) == dimension}
    if not named or dimension == "path":
        return named
    rest = 1 - min(named.values()) if len(set(named.values())) == 1 else 0
    return {part.token.key: named.get(part.token.key, rest) for part in parts}


def reversal(one: Reading, two: Reading) -> bool:
    """Return whether the two texts give the same things opposite parts.

    Example:
        >>> from semcache.guard.reading import read
        >>> reversal(read("move from Slack to Teams"), read("move to Slack from Teams"))
        True
        >>> reversal(read("move from Slack to Teams"), read("move to Teams from Slack"))
        False
    """
    parts_one, parts_two = _parts(one), _parts(two)
    for dimension in ("path", "time", "comparison", "agency", "preference"):
        ranks_one, ranks_two = _ranks(parts_one, dimension), _ranks(parts_two, dimension)
        turned = [ranks_one[key] - ranks_two[key] for key in ranks_one.keys() & ranks_two.keys()]
        flips, kept = len(turned) - turned.count(0), turned.count(0)
        if dimension == "path":
            if flips and flips >= kept:
                return True
        elif 1 in turned and -1 in turned:
            return True
        if ranks_one.keys() & ranks_two.keys() and dimension != "comparison":
            return False  # the markers say the parts, and the parts agree
    if any(part.role == "agent" for part in parts_one) != any(
        part.role == "agent" for part in parts_two
    ):
        return False  # active and passive: the order turns and the parts do not
    return _inverted(one, two, parts_one, parts_two)


def _inverted(one: Reading, two: Reading, parts_one: list[_Part], parts_two: list[_Part]) -> bool:
    first = {part.token.key: index for index, part in reversed(list(enumerate(parts_one)))}
    second = {part.token.key: index for index, part in reversed(list(enumerate(parts_two)))}
    shared = sorted(first.keys() & second.keys(), key=first.__getitem__)
    for i, x in enumerate(shared):
        for y in shared[i + 1 :]:
            if second[x] < second[y]:
                continue
            a, b = parts_one[first[x]], parts_one[first[y]]
            c, d = parts_two[second[y]], parts_two[second[x]]
            if _coordinated(one, a, b) or _coordinated(two, c, d):
                continue
            if _object(one, a, b) and _object(two, c, d):
                return True
            pivots = [
                z for z in shared
                if first[x] < first[z] < first[y] and second[y] < second[z] < second[x]
            ]  # fmt: skip
            same_clause = a.clause == b.clause and c.clause == d.clause
            if {a.marker, b.marker} == {c.marker, d.marker} and a.marker == d.marker != b.marker:
                continue  # the phrases change places and keep their markers
            if a.marker == c.marker != b.marker == d.marker:
                return True  # the markers keep their places and the things change
            if pivots and (same_clause or a.token.role == b.token.role == "name"):
                return True
    return False


def _coordinated(reading: Reading, a: _Part, b: _Part) -> bool:
    between = reading.tokens[a.place + 1 : b.place]
    return any(
        token.text in _SYMMETRIC or token.key in ("&", ",", "、", "compare") for token in between
    )


def _object(reading: Reading, a: _Part, b: _Part) -> bool:
    """Return whether ``b`` stands right after ``a`` and its determiner: verb, "a", noun."""
    return b.place == a.place + 2 and reading.tokens[a.place + 1].text in _DETERMINERS
