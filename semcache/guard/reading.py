"""One text, read once, in one pass: its tokens, and the numbers and dates taken out of it."""

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from semcache.guard.dates import DATE, Date, take_dates
from semcache.guard.english import LISTS, expand, stem
from semcache.guard.lexicon import Term, lexicon
from semcache.guard.numbers import NUMBER, Quantity, take_numbers
from semcache.guard.spelling import spell_out

__all__ = ["LONGEST", "Reading", "Token", "read"]

LONGEST = 1_000  # characters; a longer text is not read, since reading has to stay cheap
_MOST = 400  # words, Chinese characters and marks; likewise
_MOST_NUMBERS = 100


class Token(NamedTuple):
    """One word, phrase or Chinese character.

    ``key`` is what it shares with its other forms. ``kind`` is "word", "small" (grammar only),
    "not", "number", "date", "code", "capital", "opposite", or the kind of a listed name: "city".
    """

    key: str
    kind: str
    sides: frozenset[int] = frozenset()


class Reading(NamedTuple):
    """What the signals see of a text.

    ``counts`` holds how often each token stands in it, ``sides`` the lines of opposites that it is
    on, by the kind of the token, with the key of the token.
    """

    text: str
    tokens: tuple[Token, ...]
    numbers: tuple[Quantity, ...]
    dates: frozenset[Date]
    chinese: bool
    counts: Counter[Token]
    sides: dict[str, dict[int, str]]


_CODE_HERE = "\ue001"
_TOKEN = re.compile(
    r"[a-z]+(?:[+#]+(?![a-z]))?|[\u3400-\u9fff]|[a-z]*\d[a-z\d]*|[\ue000-\ue003]|"
    r"[,.;:!?，。；：！？、→>\n]"
)
_CAPITAL = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z][A-Za-z]*|[a-z]+[A-Z][A-Za-z]*)(?![A-Za-z])")
_STARTS = frozenset(".!?:;\n。！？")
_DIGITS = re.compile("[0-9]+")
_HAN = re.compile("[\u3400-\u9fff]")
# Python takes Chinese characters for letters: without a space no word would end before them.
_SEAM = re.compile(
    "(?<=[A-Za-z])(?=[\u3400-\u9fff])|(?<=[\u3400-\u9fff])(?=[A-Za-z])|"
    "(?<=[A-Za-z][0-9])(?=[\u3400-\u9fff])"
)
# Error codes, model numbers, identifiers: letters and digits in one word.
_CODE = re.compile(
    r"\b(?!(?:v|q|us|usd|eur|rmb|gbp)\d|\d+(?:k|m|g|gb|mb|tb|kb|kg|cm|mm|km|ml|mg|am|pm|st|nd|"
    r"rd|th|x|w|h|hr|min|s|d)\b)"
    r"(?:[a-z]{1,6}-?\d[\w-]*|\d+[a-z][\w-]*|[a-z]+_[a-z_]+)\b"
)
_MAY_BE_CODE = re.compile("[0-9_]")
_PAST = frozenset(LISTS["english"]["past"].split())
_WANTS = frozenset(["get", "getting", "need", "want"])  # "get it unlocked" is "unlock it"
_NOT = frozenset(LISTS["english"]["not"].split()) | set(LISTS["chinese"]["not"])
# Negators that ask or chat, and deny nothing: "or not", "isn't there a fee?".
_CHAT = re.compile(
    r"\b(?:not only|do not mind|why not|or not)\b|"
    r"(?:(?<=^)|(?<=[.!?;] ))(?P<asks>(?:is|are|was|were|do|does|did|can|could|should|would|will|"
    r"has|have)) not(?= (?:i|you|we|they|he|she|it|there|this|that|these|those|the|my|our|your)\b)"
)
# What is unknown is not denied: "I don't know how to verify", "I don't recognise the charge".
_UNKNOWN = re.compile(r"\b(?:not (?:sure|happy)|do not (?:know|understand|recogni[sz]e))\b")
_UNKNOWN_HERE = "\ue003"
# "I do not think it is right" denies that it is right, and not that one thinks.
_RAISED = re.compile(r"\b(?:do|did|does) not (?:think|believe|feel)\b")
_CHAT_CHINESE = re.compile(
    r"(?<=(.))[不没]\1|[不没](?=[??]|$)|(?<=有)没有?|没有?(?=有[^，。]{0,20}[吗?])|"
    r"不(?=(?:能|可以|会|是|用|需要|应该)[^，。]{0,20}吗)"
)


@lru_cache(maxsize=2_048)
def read(text: str) -> Reading | None:
    """Return the reading of a text, or None if it is too long.

    It may have 1,000 characters, 400 words or Chinese characters, and 100 numbers. The last 2,048
    are kept: a cached question is read once.

    Example:
        >>> [token.key for token in read("turn the alarm off").tokens]
        ['disable', 'the', 'alarm']
        >>> read("two hours").numbers[0].value
        7200.0
    """
    if len(text) > LONGEST:
        return None
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").strip()
    characters = len(_HAN.findall(plain))
    if len(plain) > LONGEST or characters > _MOST:  # one character may stand for eighteen
        return None
    if len(_DIGITS.findall(plain)) > _MOST_NUMBERS:
        return None
    chinese = characters > 0
    if chinese:
        plain = _SEAM.sub(" ", plain)
    capitals = _capitals(plain, chinese)
    folded = expand(plain.casefold())
    dates: list[Date] = []
    numbers: list[Quantity] = []
    codes: list[str] = []

    def code(match: re.Match[str]) -> str:
        codes.append(match[0].replace("-", ""))
        return f" {_CODE_HERE} "

    rest = take_dates(folded, dates)
    rest = _CODE.sub(code, rest) if _MAY_BE_CODE.search(rest) else rest
    spelled = spell_out(rest)
    rest = take_dates(spelled, dates) if spelled is not rest and spelled != rest else spelled
    rest = take_numbers(rest, numbers)
    if "not" in rest:
        rest = _UNKNOWN.sub(_UNKNOWN_HERE, _CHAT.sub(r"\g<asks>", rest))
        rest = _RAISED.sub("not", rest)
    rest = _CHAT_CHINESE.sub("", rest) if chinese else rest
    pieces = _TOKEN.findall(rest)
    if len(pieces) > _MOST:
        return None
    tokens = tuple(_tokens(pieces, codes, capitals))
    sides: dict[str, dict[int, str]] = {}
    for token in tokens:
        if token.sides:
            sides.setdefault(token.kind, {}).update(dict.fromkeys(token.sides, token.key))
    return Reading(plain, tokens, tuple(numbers), frozenset(dates), chinese, Counter(tokens), sides)


def _capitals(plain: str, chinese: bool) -> frozenset[str]:
    """Return the words that are capitalised elsewhere than where any word would be."""
    if not chinese and plain[1:] == plain[1:].lower():
        return frozenset()
    upper = sum(map(str.isupper, plain))
    if not upper or (upper > 12 and upper * 2 > len(plain)):  # somebody shouts
        return frozenset()
    words = set()
    for match in _CAPITAL.finditer(plain):
        word, before = match[0], plain[max(0, match.start() - 3) : match.start()].rstrip(" \"'“(")
        starts = not chinese and ((not before) or before[-1] in _STARTS)
        if not starts or not (word[1:].islower() or len(word) == 1):
            words.add(word.casefold())
    words.discard("i")
    return frozenset(words)


def _tokens(pieces: list[str], codes: list[str], capitals: frozenset[str]) -> list[Token]:
    lists = lexicon()
    stems = [stem(piece) for piece in pieces]
    tokens: list[Token] = []
    code = iter(codes)
    at, size = 0, len(pieces)
    while at < size:
        piece = pieces[at]
        for length in lists.lengths.get(stems[at], ()):
            term = lists.terms.get(tuple(stems[at : at + length])) if at + length <= size else None
            if term and _stands(term, pieces, stems, at, length, capitals):
                done = term.doing and _is_past(pieces[at + length - 1])
                done = done and _WANTS.isdisjoint(pieces[max(0, at - 4) : at])
                tokens.append(Token(term.key, "state" if done else term.kind, term.sides))
                at += length
                break
        else:
            at += 1
            if piece == _CODE_HERE:
                tokens.append(Token(next(code), "code"))
            else:
                tokens.append(_plain(piece, stems[at - 1], piece in capitals))
    return tokens


def _is_past(piece: str) -> bool:
    return piece.endswith("ed") or piece in _PAST


def _stands(
    term: Term, pieces: list[str], stems: list[str], at: int, length: int, capitals: frozenset[str]
) -> bool:
    """Return whether a listed term is meant: a capital where one must be, no 成人 in 换成人民币."""
    if length == 1:
        return not term.cased or pieces[at] in capitals
    end = at + length - 1
    if not pieces[end] >= "\u3400":
        return True
    lists = lexicon()
    return not any(
        tuple(stems[end : end + size]) in lists.terms
        for size in lists.lengths.get(stems[end], ())
        if size > length
    )


@lru_cache(maxsize=16_384)
def _plain(piece: str, root: str, capital: bool) -> Token:
    small = lexicon().small
    if piece == DATE:
        return Token("@", "date")
    if piece == NUMBER:
        return Token("#", "number")
    if piece in _NOT:
        return Token(piece, "not")
    if capital and root not in small:
        return Token(root, "capital")
    if piece == _UNKNOWN_HERE:
        return Token("unknown", "stop")
    if not piece[0].isalnum():
        return Token(piece, "stop")
    return Token(root, "small" if root in small else "word")
