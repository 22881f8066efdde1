"""Texts to vectors through the embedding API: checked before, split into calls, checked after."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import openai

from semcache.codecs import Vector
from semcache.errors import BadResponse, InvalidInput
from semcache.tokens import count_tokens

__all__ = ["Embedded", "Embedder"]

# The limits of https://platform.openai.com/docs/api-reference/embeddings/create
MAX_TEXTS_PER_CALL = 2_048
MAX_TOKENS_PER_TEXT = 8_192
MAX_TOKENS_PER_CALL = 300_000

KNOWN_DIMS = {
    "multilingual-e5-small": 384,
    "text-embedding-3-small": 1_536,
    "text-embedding-3-large": 3_072,
    "text-embedding-ada-002": 1_536,
}


class Embedded(NamedTuple):
    """What one API call brought: its texts, a float32 vector for each, the tokens it cost."""

    texts: Sequence[str]
    vectors: list[Vector]
    tokens: int


class Embedder:
    """Embeds lists of texts with as few API calls as the API's limits allow."""

    def __init__(self, client: openai.OpenAI, model: str, dimensions: int | None) -> None:
        self._client = client
        self._model = model
        self._dimensions = dimensions
        self._dims_seen = dimensions

    def embed(self, texts: Sequence[str]) -> Iterator[Embedded]:
        """Yield one :class:`Embedded` for each call, so that what is paid for can be kept.

        Raises:
            BadResponse: The answer does not fit the question.
            openai.OpenAIError: The API's own error, unchanged.
        """
        for chunk in _chunks(texts):
            yield self._call(chunk)

    def _call(self, texts: Sequence[str]) -> Embedded:
        response = self._client.embeddings.create(
            model=self._model,
            input=list(texts),
            dimensions=openai.omit if self._dimensions is None else self._dimensions,
        )
        try:
            vectors = _vectors(response.data, len(texts))
        except (AttributeError, TypeError, ValueError) as error:
            raise BadResponse(f"{self._model} returned no embeddings: {error}") from error
        if any(v.ndim != 1 or v.size == 0 or not np.isfinite(v).all() for v in vectors):
            raise BadResponse(f"{self._model} returned an embedding that is not a row of numbers")
        self._dims_seen = self._dims_seen or vectors[0].size
        if any(v.size != self._dims_seen for v in vectors):
            raise BadResponse(f"{self._model} returned an embedding without {self._dims_seen} dims")
        usage = getattr(response, "usage", None)  # some compatible servers leave it out
        return Embedded(texts, vectors, usage.total_tokens if usage else 0)


def _vectors(rows: Sequence[Any], count: int) -> list[Vector]:
    rows = sorted(rows, key=lambda row: row.index)
    if [row.index for row in rows] != list(range(count)):
        raise ValueError(f"asked for {count}, got {len(rows)}")
    with np.errstate(over="ignore"):  # too large for float32 becomes inf, refused by the caller
        return [np.asarray(row.embedding, dtype=np.float32) for row in rows]


def as_rows(texts: Iterable[str]) -> list[str]:
    """Return a batch as a list.

    Raises:
        InvalidInput: It is one string, which would be taken for a list of letters.
    """
    if isinstance(texts, str):
        raise InvalidInput("a batch is a list of texts; for one text call get_embedding")
    return list(texts)


def check_texts(texts: Sequence[object]) -> None:
    """Refuse what the API would refuse, before anything is read or paid.

    Raises:
        InvalidInput: Names the position and the reason.

    Example:
        >>> check_texts(["fine", ""])
        Traceback (most recent call last):
        ...
        semcache.errors.InvalidInput: text 1 is empty: there is nothing to embed
    """
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            raise InvalidInput(f"text {position} is {type(text).__name__}, not str")
        if not text:
            raise InvalidInput(f"text {position} is empty: there is nothing to embed")
        size = len(text) if text.isascii() else _utf8_size(text, position)
        # A token is at least one byte, so only texts beyond the limit in bytes need counting.
        if size > MAX_TOKENS_PER_TEXT and count_tokens(text) > MAX_TOKENS_PER_TEXT:
            raise InvalidInput(
                f"text {position} has {count_tokens(text):,} tokens, over the limit of "
                f"{MAX_TOKENS_PER_TEXT:,}: split it"
            )


def _utf8_size(text: str, position: int) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"text {position} has half a character (a lone surrogate) at {error.start}: "
            "decode its source with errors='replace'"
        ) from None


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split ``texts`` into runs that one API call accepts, as long as possible."""
    start = tokens = 0
    for end, text in enumerate(texts):
        size = _tokens_at_most(text)
        if end - start == MAX_TEXTS_PER_CALL or tokens + size > MAX_TOKENS_PER_CALL:
            yield texts[start:end]
            start, tokens = end, 0
        tokens += size
    if start < len(texts):
        yield texts[start:]


def _tokens_at_most(text: str) -> int:
    # Counting exactly costs more than it saves on short texts: 146 bytes is what a text may
    # have when 2,048 of them fill a call.
    size = len(text.encode())
    return size if size <= MAX_TOKENS_PER_CALL // MAX_TEXTS_PER_CALL else count_tokens(text)
