"""The options of every embedding cache, as one value."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypedDict

from semcache import codecs, keys
from semcache.codecs import Codec
from semcache.errors import ConfigError
from semcache.expiry import check_ttl
from semcache.options import (
    check_callable,
    check_count,
    check_flag,
    check_jitter,
    check_label,
    check_on_error,
    check_scope,
)

__all__ = ["KNOWN_DIMS", "EmbeddingKeywords", "EmbeddingOptions", "RareKeywords"]

KNOWN_DIMS = {
    "multilingual-e5-small": 384,
    "text-embedding-3-small": 1_536,
    "text-embedding-3-large": 3_072,
    "text-embedding-ada-002": 1_536,
}


@dataclass(frozen=True, kw_only=True)
class EmbeddingOptions:
    """What an embedding cache is told at construction; refuses what cannot work.

    Attributes:
        model: The embedding model; part of every key.
        dimensions: Asked of the API when given; part of every key.
        codec: How vectors become bytes: a name or an object of :mod:`semcache.codecs`.
        scope: Who shares the entries; part of every key.
        ttl: Seconds an entry lives; ``None`` for ever.
        jitter: In [0, 1): each TTL is shortened by a random part of up to this much, so that
            entries written together do not all expire together.
        refresh_on_read: Whether a hit starts the TTL anew.
        on_error: What happens when Redis fails: ``"bypass"`` asks the API instead and counts
            the error; ``"raise"`` raises :class:`CacheUnavailable`.
        texts_per_call: The most texts that the API takes in one call.
        tokens_per_text: The most tokens that the model takes in one text.
        encoding_format: ``"float"`` for a server that knows no base64, which is what the client
            asks for otherwise.
        extra_body: Further arguments for the provider, such as an input type; part of every key.
        revision: A further part of every key, for a dated model or another endpoint.
        clock: Seconds since the epoch; tests turn it by hand.

    Raises:
        ConfigError: An option that cannot work; the message says what to change.
    """

    model: str = "text-embedding-3-small"
    dimensions: int | None = None
    codec: str | Codec = "float32"
    scope: str = "default"
    ttl: float | timedelta | None = 86_400
    jitter: float = 0.0
    refresh_on_read: bool = False
    on_error: Literal["bypass", "raise"] = "bypass"
    texts_per_call: int = 2_048
    tokens_per_text: int = 8_192
    encoding_format: Literal["float", "base64"] | None = None
    extra_body: Mapping[str, Any] | None = None
    revision: str | None = None
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        check_scope(self.scope)
        check_ttl(self.ttl)
        check_on_error(self.on_error)
        check_label("model", self.model)
        check_flag("refresh_on_read", self.refresh_on_read)
        check_callable("clock", self.clock, "a function that returns seconds, such as time.time")
        check_encoding_format(self.encoding_format)
        check_extra_body(self.extra_body)
        if self.revision is not None:
            check_label("revision", self.revision)
        checked: dict[str, float] = {"jitter": check_jitter(self.jitter)}
        for name in ("dimensions", "texts_per_call", "tokens_per_text"):
            if name != "dimensions" or self.dimensions is not None:
                checked[name] = check_count(name, getattr(self, name), 1, "1 or more")
        vars(self).update(checked)  # numbers of Python's own, for JSON
        codecs.get(self.codec)

    @property
    def coder(self) -> Codec:
        """The codec, as an object."""
        return codecs.get(self.codec)

    @property
    def seconds(self) -> float | None:
        """Seconds an entry lives; ``None`` for ever."""
        return check_ttl(self.ttl)

    @property
    def dims(self) -> int | None:
        """How long a vector must be, where that is known before the API has answered."""
        return self.dimensions or KNOWN_DIMS.get(self.model)

    def namespace(self, kind: str) -> str:
        """Return the prefix of all keys of a cache of this kind."""
        parts: list[object] = [self.model, self.dimensions or "full", self.coder.name]
        if self.revision is not None or self.extra_body:
            parts += [self.revision or "", keys.digest_of(self.extra_body or {})]
        return keys.namespace(self.scope, kind, *parts)


def check_encoding_format(form: object) -> None:
    """Refuse what the API has no name for.

    Raises:
        ConfigError: Names the two that there are.
    """
    if form not in (None, "float", "base64"):
        raise ConfigError(f"encoding_format is {form!r}: give 'float' or 'base64', or None")


def check_extra_body(extra_body: object) -> None:
    """Refuse what cannot be sent as JSON.

    Raises:
        ConfigError: It is no mapping, or holds what JSON has no form for.
    """
    if extra_body is None:
        return
    if not isinstance(extra_body, Mapping):
        raise ConfigError(f"extra_body is {extra_body!r}: give a dict, or None")
    try:
        json.dumps(dict(extra_body), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"extra_body is no JSON: {error}") from error


class RareKeywords(TypedDict, total=False):
    """The names that :class:`EmbeddingFace` does not spell out, for a type checker."""

    jitter: float
    refresh_on_read: bool
    texts_per_call: int
    tokens_per_text: int
    encoding_format: Literal["float", "base64"] | None
    extra_body: Mapping[str, Any] | None
    revision: str | None
    clock: Callable[[], float]


class EmbeddingKeywords(RareKeywords, total=False):
    """All names, for a type checker that looks at ``**options``."""

    model: str
    dimensions: int | None
    codec: str | Codec
    scope: str
    ttl: float | timedelta | None
    on_error: Literal["bypass", "raise"]
