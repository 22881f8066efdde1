"""What a rule of admission is, and how it reads a text."""

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

from semcache.errors import ConfigError

__all__ = ["Rule", "compiled", "either", "folded", "normal", "plain"]

_NOT = re.compile(r"\b(?:can't|cannot)\b|(?<=[a-z])n't\b")
_SHORT = re.compile(r"(?<=\w)'(?:s|re|ll|d|ve|m)\b")
_SPACES = re.compile(r"\s+")
# Arabic phrases, katakana words and units that are one character, and five to eighteen in NFKC.
_SWELLING = re.compile("([\u3300-\u3357\u33ae\u33af\ufdfa\ufdfb]+)")
_ENDS = 1_000


@dataclass(frozen=True)
class Rule:
    """One reason not to share an answer, and what is still allowed.

    Attributes:
        name: Short, for counting.
        description: What it refuses, and an example.
        test: Of a text as it was typed: whether the rule applies.
        leaves: ``"exact"``: whoever types the same text may be given the answer; ``"nothing"``:
            nobody may, and it is not stored.
        ttl: With ``"exact"``, for how many seconds at most; ``None``: as long as the cache keeps
            answers.
        pure: Whether what the test says depends on the text alone, not on the time or on anything
            else that changes, so that it may be remembered.

    Raises:
        ConfigError: Another word for ``leaves``, or a ttl that nothing can live for.

    Example:
        >>> salaries = Rule("salaries", "names a salary", lambda text: "salary" in text, "exact")
        >>> salaries.applies("salary of a judge"), salaries.leaves
        (True, 'exact')
    """

    name: str
    description: str
    test: Callable[[str], bool]
    leaves: Literal["exact", "nothing"] = "nothing"
    ttl: float | None = None
    pure: bool = False

    def __post_init__(self) -> None:
        if self.leaves not in ("exact", "nothing"):
            raise ConfigError(f"leaves is {self.leaves!r}: give 'exact' or 'nothing'")
        if self.ttl is None:
            return
        if self.leaves == "nothing":
            raise ConfigError(f"rule {self.name!r} leaves nothing, so it can have no ttl")
        if not (math.isfinite(self.ttl) and self.ttl > 0):
            raise ConfigError(f"ttl is {self.ttl}: give seconds above 0, or None")

    def applies(self, text: str) -> bool:
        """Return whether the rule refuses this text."""
        return self.test(text)


def folded(text: str) -> str:
    """Return a text as rules read it: case-folded, contractions written out, single spaces.

    Of a long text the first and the last 1,000 characters: a question that stands in a document
    stands at its beginning or at its end.

    Example:
        >>> folded("Where's  my invoice? I can’t find it")
        'where my invoice? i can not find it'
    """
    if len(text) > 2 * _ENDS:
        text = f"{text[:_ENDS]}\n{text[-_ENDS:]}"
    return _folded(text)


@lru_cache(16)  # several rules read the same text, one after the other
def _folded(text: str) -> str:
    return _SPACES.sub(" ", plain(normal(text)).strip())


@lru_cache(4)
def normal(text: str) -> str:
    """Return a text in NFKC, of any length: full-width digits and letters as ordinary ones.

    What would become more than four characters stays one: nothing that a rule looks for is written
    with it, and a text of nothing else takes long to read.

    Example:
        >>> normal("电话：１３８")
        '电话:138'
    """
    if text.isascii():
        return text
    parts = _SWELLING.split(text)
    parts[::2] = [unicodedata.normalize("NFKC", part) for part in parts[::2]]
    return "".join(parts)


def plain(text: str) -> str:
    """Return a normal text case-folded, with its contractions written out.

    Example:
        >>> plain("You’re right, I don't")
        'you right, i do not'
    """
    text = text.replace("’", "'").casefold()
    if "'" not in text and "cannot" not in text:
        return text
    text = _NOT.sub(lambda match: "can not" if match[0].startswith("can") else " not", text)
    return _SHORT.sub("", text)


def either(english: str, chinese: str) -> Callable[[str], bool]:
    r"""Return a test for two patterns; the second is tried where a text is not ASCII alone.

    Example:
        >>> asks_how = either(r"\bhow\b", "怎么")
        >>> asks_how("how is it"), asks_how("怎么办"), asks_how("what is it")
        (True, True, False)
    """
    first, second = compiled(english), compiled(chinese)

    def applies(text: str) -> bool:
        return bool(first.search(text) or (not text.isascii() and second.search(text)))

    return applies


class _Pattern:
    """A pattern that is made when it is first used: together they take as long as ``import re``."""

    def __init__(self, source: str, flags: int) -> None:
        self._given = source, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        made = re.compile(*self._given)
        self.__dict__.update({method: getattr(made, method) for method in _METHODS})
        return getattr(made, name)


def compiled(*lines: str, flags: int = 0) -> re.Pattern[str]:
    r"""Return one pattern of several lines, which are joined as they stand.

    Example:
        >>> bool(compiled(r"\bon call\b|", "值班").search("今天谁值班"))
        True
    """
    return cast("re.Pattern[str]", _Pattern("".join(lines), flags))


_METHODS = (
    "search",
    "match",
    "fullmatch",
    "findall",
    "finditer",
    "split",
    "sub",
    "subn",
    "pattern",
)
