"""Texts to vectors through the embedding API: checked before, split into calls, checked after."""

import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import openai

from semcache.codecs import Vector
from semcache.embedding.options import EmbeddingOptions
from semcache.embedding.reply import tokens_of, vectors_of
from semcache.errors import BadResponse, ConfigError, InvalidInput
from semcache.ports import ApiPort
from semcache.tokens import count_tokens

__all__ = ["Embedded", "Embedder", "as_rows", "check_texts", "is_embeddable"]

# The limits of https://platform.openai.com/docs/api-reference/embeddings/create
MAX_TOKENS_PER_TEXT = 8_192
MAX_TOKENS_PER_CALL = 300_000
BYTES_PER_TOKEN = 128  # no token of cl100k is longer

# What reading a reply raises that is not what was asked for; the client's own errors pass through.
UNREADABLE = (AttributeError, TypeError, ValueError, OverflowError)


class Embedded(NamedTuple):
    """What one API call brought: its texts, a float32 vector for each, what it cost and took."""

    texts: Sequence[str]
    vectors: list[Vector]
    tokens: int
    seconds: float


class Embedder:
    """Embeds lists of texts with as few API calls as the API's limits allow."""

    def __init__(self, api: ApiPort, options: EmbeddingOptions) -> None:
        self._api, self._options = api, options
        self._arguments: dict[str, Any] = {"model": options.model}
        for name in ("dimensions", "encoding_format", "extra_body"):
            if getattr(options, name) is not None:
                self._arguments[name] = getattr(options, name)

    async def embed(self, texts: Sequence[str]) -> AsyncIterator[Embedded]:
        """Yield one :class:`Embedded` for each call, so that what is paid for can be kept.

        All vectors have one length: that of the options or of a known model; else, that of the
        first call.

        Raises:
            BadResponse: The answer does not fit the question.
            openai.OpenAIError: The API's own error, unchanged.
        """
        dims = self._options.dims
        for chunk in _chunks(texts, self._options.texts_per_call):
            embedded = await self._call(chunk)
            odd = [v.size for v in embedded.vectors if v.size != (dims or embedded.vectors[0].size)]
            if odd:
                raise BadResponse(
                    f"{self._options.model} returned an embedding of {odd[0]} dims, not of {dims}"
                )
            dims = embedded.vectors[0].size
            yield embedded

    async def _call(self, texts: Sequence[str]) -> Embedded:
        model, began = self._options.model, time.monotonic()
        try:
            reply = await self._api.embeddings(**self._arguments, input=list(texts))
            vectors = vectors_of(reply.data, len(texts))
            tokens = tokens_of(getattr(reply, "usage", None))
        except openai.OpenAIError:
            raise
        except UNREADABLE as error:
            raise BadResponse(f"{model} returned no embeddings: {error}") from error
        if any(v.ndim != 1 or v.size == 0 or not np.isfinite(v).all() for v in vectors):
            raise BadResponse(f"{model} returned an embedding that is not a row of numbers")
        return Embedded(texts, vectors, tokens, time.monotonic() - began)


def as_rows(texts: Iterable[str]) -> list[str]:
    """Return a batch as a list.

    Raises:
        InvalidInput: It is one string, which would be taken for a list of letters.
    """
    if isinstance(texts, str):
        raise InvalidInput("a batch is a list of texts; for one text call get_embedding")
    return list(texts)


def check_texts(texts: Sequence[object], tokens_per_text: int = MAX_TOKENS_PER_TEXT) -> None:
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
        if size > tokens_per_text:
            _check_tokens(text, size, position, tokens_per_text)


def is_embeddable(text: str) -> bool:
    """Return whether :func:`check_texts` lets a text pass.

    Example:
        >>> is_embeddable("fine"), is_embeddable("")
        (True, False)
    """
    try:
        check_texts([text])
    except InvalidInput:
        return False
    return True


def _check_tokens(text: str, size: int, position: int, most: int) -> None:
    # Counting takes seconds on megabytes: what is too long for the longest tokens is too long.
    if size <= most * BYTES_PER_TOKEN:
        try:
            tokens = count_tokens(text)
        except ConfigError:  # no tokenizer here: the API decides
            return
        if tokens <= most:
            return
        length = f"{tokens:,} tokens"
    else:
        length = f"{size:,} bytes"
    raise InvalidInput(f"text {position} has {length}, over the limit of {most:,} tokens: split it")


def _utf8_size(text: str, position: int) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"text {position} has half a character (a lone surrogate) at {error.start}: "
            "decode its source with errors='replace'"
        ) from None


def _chunks(texts: Sequence[str], texts_per_call: int) -> Iterator[Sequence[str]]:
    """Split ``texts`` into runs that one API call accepts, as long as possible."""
    start = tokens = 0
    for end, text in enumerate(texts):
        size = _tokens_at_most(text)
        if end - start == texts_per_call or tokens + size > MAX_TOKENS_PER_CALL:
            yield texts[start:end]
            start, tokens = end, 0
        tokens += size
    if start < len(texts):
        yield texts[start:]


def _tokens_at_most(text: str) -> int:
    # Counting exactly costs more than it saves on short texts: 146 bytes is what a text may
    # have when 2,048 of them fill a call.
    size = len(text.encode())
    if size <= MAX_TOKENS_PER_CALL // 2_048:
        return size
    try:
        return count_tokens(text)
    except ConfigError:
        return size
