"""The word lists, loaded once, in the form in which texts are read: stems and phrases.

The lists are data (``concepts.toml``, ``names.toml``, ``grammar.toml``). Chinese is cut by the
longest listed term at each place, and what no list knows stays a run of characters that is later
compared by its pairs of characters. A statistical segmenter would bring megabytes and a start-up
of a second, and its errors move the word boundaries of one text but not of the other; the lists
here cut both texts alike.
"""

import tomllib
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from semcache.guard.english import stem

__all__ = ["Entry", "Lexicon", "lexicon"]

_FOLDER = Path(__file__).parent


class Entry(NamedTuple):
    """What a term is: its class, the key all its synonyms share, and, for a name, its kind."""

    role: str  # "concept", "name" or "function"
    key: str
    kind: str = ""


class Lexicon(NamedTuple):
    """All lists; English phrases are tuples of stems, Chinese terms are strings."""

    english: dict[tuple[str, ...], Entry]
    chinese: dict[str, Entry]
    longest_english: dict[str, int]
    longest_chinese: int
    cased: frozenset[str]
    functions: frozenset[str]
    opposite: frozenset[tuple[str, str]]
    near: frozenset[tuple[str, str]]


def _is_chinese(term: str) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for char in term)


@cache
def lexicon() -> Lexicon:
    """Return the lexicon; the first call reads the files.

    Example:
        >>> lexicon().chinese["关掉"].key == lexicon().english[("disabl",)].key == "disable"
        True
    """
    concepts, names, grammar = (
        tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
        for name in ("concepts", "names", "grammar")
    )
    terms: list[tuple[str, Entry]] = []
    for kind, line in names["kinds"].items():
        for name in line.replace("\n", " ").split(","):
            aliases = [alias.strip() for alias in name.split("=")]
            terms += [(alias, Entry("name", aliases[0], kind)) for alias in aliases if alias]
    for key, line in concepts["concepts"].items():
        terms += [(term.strip(), Entry("concept", key)) for term in line.split(",")]
    for language in ("english", "chinese"):
        words = grammar[language]["function"].split()
        terms += [(word, Entry("function", word)) for word in words]

    english: dict[tuple[str, ...], Entry] = {}
    chinese: dict[str, Entry] = {}
    for term, entry in terms:  # an earlier list wins: a name before a concept, both before grammar
        if _is_chinese(term):
            chinese.setdefault(term, entry)
        else:
            english.setdefault(_stems(term), entry)
    opposite, near = (
        _pairs(concepts[relation]["pairs"])
        | _word_pairs(concepts[relation]["words"], english, chinese)
        for relation in ("opposites", "near")
    )
    longest: dict[str, int] = {}
    for phrase in english:
        longest[phrase[0]] = max(longest.get(phrase[0], 0), len(phrase))
    return Lexicon(
        english,
        chinese,
        longest,
        max(map(len, chinese)),
        frozenset(stem(word.strip()) for word in names["cased"]["words"].split(",")),
        frozenset(stem(word) for word in grammar["english"]["function"].split()),
        opposite,
        near - opposite,
    )


def _stems(term: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in term.replace("-", " ").replace("/", " ").split())


def _pairs(groups: str) -> frozenset[tuple[str, str]]:
    """Return both orders of every two members of a group; groups end at a comma."""
    pairs: set[tuple[str, str]] = set()
    for group in groups.replace("\n", ",").split(","):
        for one, two in combinations(group.split(), 2):
            pairs |= {(one, two), (two, one)}
    return frozenset(pairs)


def _word_pairs(
    groups: str, english: dict[tuple[str, ...], Entry], chinese: dict[str, Entry]
) -> frozenset[tuple[str, str]]:
    """Return both orders of every two words of a group, as the keys they have.

    A group with two sides, parted by "/", pairs each word of one with each of the other. A word in
    no list is its own key, which in Chinese needs it to be cut out: it enters the list.
    """

    def key(word: str) -> str:
        if _is_chinese(word):
            return chinese.setdefault(word, Entry("concept", word)).key
        stems = _stems(word)
        return english[stems].key if stems in english else " ".join(stems)

    pairs: set[tuple[str, str]] = set()
    for group in groups.replace("\n", " ").split(","):
        sides = [[key(word) for word in side.split()] for side in group.split("/")]
        pairs |= {(a, b) for a in sides[0] for b in sides[-1] if a != b}
    return frozenset(pairs | {(b, a) for a, b in pairs})
