"""What a rule of admission is, and how it reads a text."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Rule", "compiled", "folded"]

_NOT = re.compile(r"\b(?:can't|cannot)\b|(?<=[a-z])n't\b")
_SHORT = re.compile(r"(?<=\w)'(?:s|re|ll|d|ve|m)\b")
_SPACES = re.compile(r"\s+")
_ENDS = 1_000


@dataclass(frozen=True)
class Rule:
    """One reason not to share an answer.

    Attributes:
        name: Short, for counting.
        description: What it refuses, and an example.
        test: Of a text as it was typed: whether the rule applies.
    """

    name: str
    description: str
    test: Callable[[str], bool]
    leaves: str = "nothing"
    ttl: float | None = None

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
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").casefold().strip()
    plain = _NOT.sub(lambda match: "can not" if match[0].startswith("can") else " not", plain)
    return _SPACES.sub(" ", _SHORT.sub("", plain))


def compiled(*lines: str) -> re.Pattern[str]:
    """Return one pattern of several lines, which are joined as they stand."""
    return re.compile("".join(lines))
