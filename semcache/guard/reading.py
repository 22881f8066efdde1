"""One text, read once: its tokens with their roles, and the numbers and dates taken out of it."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from semcache.guard.courtesy import without_courtesy
from semcache.guard.dates import Date, take_dates
from semcache.guard.english import expand, stem
from semcache.guard.lexicon import Entry, lexicon
from semcache.guard.numbers import Quantity, take_numbers
from semcache.guard.patterns import pattern
from semcache.guard.spelling import spell_out
from semcache.guard.tokens import PRIVATE, Token, tokenise

__all__ = ["Reading", "Token", "read"]


class Reading(NamedTuple):
    """What the signals see of a text."""

    text: str
    folded: str
    tokens: tuple[Token, ...]
    content: tuple[Token, ...]
    named: tuple[Token, ...]
    names: dict[str, str]
    numbers: list[Quantity]
    dates: list[Date]
    chinese: bool
    pairs_of_characters: frozenset[str]


_PARTICLE = pattern("reading", "particle")
_LOG = pattern("reading", "log")
_CODE = pattern("reading", "code")
_NOT_A_CODE = pattern("reading", "not_a_code")
_TITLE = re.compile("《([^》]{1,40})》")
_CAPITAL = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z][A-Za-z]*|[a-z]+[A-Z][A-Za-z]*)(?![A-Za-z])")
_HAN = re.compile("[\u3400-\u9fff]")
# Python takes Chinese characters for letters: without a space no word would end before them.
_SEAM = re.compile(
    "(?<=[A-Za-z])(?=[\u3400-\u9fff])|(?<=[\u3400-\u9fff])(?=[A-Za-z])"
    "|(?<=[A-Za-z][0-9])(?=[\u3400-\u9fff])"
)
_ROMANS = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
_ROMAN = re.compile(r"(?<=[a-z] )(?:III|II|IV|VIII|VII|VI|IX)\b")
_SPACES = re.compile(r"\s+")


@lru_cache(maxsize=8_192)
def read(text: str) -> Reading:
    """Return the reading of a text. The last 8,192 are kept: a cached question is read once.

    Example:
        >>> [token.key for token in read("How do I turn off 2FA?").content]
        ['disable', 'two_factor']
    """
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'").strip()
    plain = without_courtesy(plain)
    letters = [char for char in plain if char.isascii() and char.isalpha()]
    if len(letters) > 12 and sum(map(str.isupper, letters)) > 0.7 * len(letters):
        plain = plain.lower()  # somebody shouts: capitals say nothing
    plain = _ROMAN.sub(lambda match: str(_ROMANS.index(match[0])), _SEAM.sub(" ", plain))
    capitals = _capitals(plain)
    found: list[Quantity | Entry | str] = []
    marked = _mark_codes(plain, found)
    folded = _SPACES.sub(" ", marked.casefold())
    folded = _LOG.sub(r"\1 \2", _PARTICLE.sub(r" turn \2\1 ", expand(folded)))
    dates: list[Date] = []
    rest = take_dates(folded, dates)
    rest = take_dates(spell_out(rest), dates) if rest else rest
    rest = take_numbers(rest, found, PRIVATE)
    tokens = tokenise(rest, found, capitals)
    chinese = len(_HAN.findall(plain)) * 2 > len(letters) / 3
    return Reading(
        plain,
        folded,
        tuple(tokens),
        tuple(token for token in tokens if token.role in ("concept", "word", "han")),
        tuple(token for token in tokens if token.role in ("name", "code")),
        {token.key: token.kind for token in tokens if token.role in ("name", "code")},
        [item for item in found if isinstance(item, Quantity)],
        dates,
        chinese,
        _pairs_of_characters(plain.casefold()),
    )


def _capitals(plain: str) -> set[str]:
    """Return the words that are capitalised elsewhere than where any word would be."""
    words = set()
    for match in _CAPITAL.finditer(plain):
        before = plain[: match.start()].rstrip(" \"'“(")
        starts = not before or before[-1] in ".!?\n:;。！？"
        word = match[0]
        starts = starts and not _HAN.search(plain)  # in Chinese no capital comes from the place
        if (len(word) == 1 and (starts or word == "I")) or (starts and word[1:].islower()):
            continue
        words.add(word.casefold())
    return words


def _mark_codes(plain: str, found: list[Quantity | Entry | str]) -> str:
    """Replace error codes, model numbers, flags and titles by private characters."""
    known = lexicon().english

    def take(match: re.Match[str]) -> str:
        entry = known.get((stem(match[0].casefold()),))
        if entry:
            found.append(entry)
            return f" {chr(PRIVATE + len(found) - 1)} "
        if _NOT_A_CODE.fullmatch(match[0].casefold()):
            return match[0]
        found.append("".join(char for char in match[0].casefold() if char.isalnum()))
        return f" {chr(PRIVATE + len(found) - 1)} "

    def title(match: re.Match[str]) -> str:
        found.append(match[1].casefold())
        return f" {chr(PRIVATE + len(found) - 1)} "

    return _CODE.sub(take, _TITLE.sub(title, plain))


def _pairs_of_characters(folded: str) -> frozenset[str]:
    plain = "".join(char for char in folded if char.isalnum())
    return frozenset(plain[i : i + 2] for i in range(len(plain) - 1))
