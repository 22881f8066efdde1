"""The word lists, loaded once, in the form in which texts are read: phrases of stems.

Chinese is cut by the longest listed term at each place, and what no list knows is compared
character by character: a statistical segmenter would bring megabytes, and its errors move the word
boundaries of one text but not of the other.
"""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from semcache.guard.english import LISTS, stem

__all__ = ["Lexicon", "Term", "lexicon"]

_PIECE = re.compile(r"[a-z]+[+#]*|[\u3400-\u9fff]|\d+")


class Term(NamedTuple):
    """What a listed word or phrase is.

    Attributes:
        key: What all its synonyms share.
        kind: "opposite", or the kind of name.
        sides: The lines of opposites it stands in, +n on the left and -n on the right.
        cased: Whether it is a name only when it is capitalised.
        doing: Whether it is something done, and nothing that a thing can be.
    """

    key: str
    kind: str
    sides: frozenset[int] = frozenset()
    cased: bool = False
    doing: bool = False


class Lexicon(NamedTuple):
    """All lists: terms by their stems, lengths of terms by the first stem, longest first.

    ``characters`` holds for a Chinese character those that are its opposites.
    """

    terms: dict[tuple[str, ...], Term]
    lengths: dict[str, tuple[int, ...]]
    small: frozenset[str]
    characters: dict[str, str]


@cache
def lexicon() -> Lexicon:
    """Return the lexicon; the first call reads the files.

    Example:
        >>> lists = lexicon()
        >>> lists.terms["关", "掉"].key == lists.terms["disabl",].key == "disable"
        True
    """
    opposites, names = _load("opposites"), _load("names")
    terms: dict[tuple[str, ...], Term] = {}
    cased = {_stems(word) for word in names["cased"]["words"].split(",")}
    for kind, line in names["kinds"].items():
        for name in line.replace("\n", " ").split(","):
            aliases = [alias.strip() for alias in name.split("=")]
            for alias in filter(None, aliases):
                stems = _stems(alias)
                terms.setdefault(stems, Term(aliases[0], kind, cased=stems in cased))
    words = [word.strip() for word in LISTS["english"]["words"].split(",")]
    for word in words + LISTS["chinese"]["words"].split():
        terms[_stems(word)] = Term(word, "word")
    number = 0
    for section, lines in opposites["lines"].items():
        for line in filter(None, lines.split("\n")):
            number += 1
            for sign, side in zip((1, -1), line.split(" / "), strict=True):
                _add_side(terms, side, sign * number, section == "doing")
    lengths: dict[str, set[int]] = {}
    for stems in terms:
        lengths.setdefault(stems[0], set()).add(len(stems))
    return Lexicon(
        terms,
        {first: tuple(sorted(sizes, reverse=True)) for first, sizes in lengths.items()},
        frozenset(map(stem, LISTS["english"]["small"].split())) | set(LISTS["chinese"]["small"]),
        _characters(opposites["characters"]["pairs"].split()),
    )


def _characters(pairs: list[str]) -> dict[str, str]:
    opposites: dict[str, str] = {}
    for pair in pairs:
        one, two = pair[0], pair[1]
        opposites[one] = opposites.get(one, "") + two
        opposites[two] = opposites.get(two, "") + one
    return opposites


def _add_side(terms: dict[tuple[str, ...], Term], side: str, number: int, doing: bool) -> None:
    words = [word.strip() for word in side.split(",")]
    for word in words:
        stems = _stems(word)
        known = terms.get(stems)
        if known is None or known.kind == "opposite":
            key, sides = (known.key, known.sides) if known else (words[0], frozenset())
            only = doing and (known is None or known.doing)
            terms[stems] = Term(key, "opposite", sides | {number}, doing=only)


def _load(name: str) -> dict[str, Any]:
    path = Path(__file__).with_name(f"{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _stems(term: str) -> tuple[str, ...]:
    return tuple(stem(piece) for piece in _PIECE.findall(term.casefold()))
