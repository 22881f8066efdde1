"""One cached answer, and what makes two spellings one question."""

import unicodedata
from dataclasses import dataclass

__all__ = ["Answer", "normalise"]


@dataclass(frozen=True)
class Answer:
    """What is cached for one question.

    Attributes:
        query: The question as it was asked.
        response: The answer that it got; may be empty.
        created_at: Seconds since the epoch.
        expires_at: Seconds since the epoch; infinity for never.
        similarity: 1.0 for an answer to this question; less for one promoted from a similar one.
    """

    query: str
    response: str
    created_at: float
    expires_at: float
    similarity: float = 1.0


def normalise(query: str, fold_case: bool = False) -> str:
    r"""Return what makes two spellings one question: NFC, and single spaces between words.

    Used for exact matches and for replacing an entry. The embedding model still gets the text as
    it was typed.

    Example:
        >>> normalise("  What is\n Python? ") == normalise("What is Python?")
        True
        >>> normalise("Rust?", fold_case=True)
        'rust?'
    """
    text = " ".join(unicodedata.normalize("NFC", query).split())
    return text.casefold() if fold_case else text
