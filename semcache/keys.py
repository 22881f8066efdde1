"""Cache keys that two different requests can never share.

A key has a readable namespace and a digest of the text::

    semcache:1:{support-bot}:string:text-embedding-3-small:full:float32:oPCDyay-…
             │  │            │      │                      │    │       └ digest of the text
             │  │            │      │                      │    └ codec
             │  │            │      │                      └ dimensions asked for
             │  │            │      └ model
             │  │            └ kind of cache
             │  └ scope; in braces, so that a Redis Cluster keeps one scope on one node
             └ version of this format

Every part of the namespace is percent-encoded, so no part can contain the ``:`` that
separates parts, the ``{}`` of the hash tag, or a wildcard of ``SCAN MATCH``. That is what
makes the whole key injective: ``("a", "b:c")`` and ``("a:b", "c")`` stay two keys.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

__all__ = ["ANY_DIGEST", "digest", "digest_of", "namespace", "scope_prefix"]

FORMAT_VERSION = 1
_SHORT = 512  # characters of a text whose digest is remembered
_JSON = json.JSONEncoder(sort_keys=True, ensure_ascii=False)
_DIGEST_BYTES = 24  # 192 bits: 2**96 texts before a collision is likely
ANY_DIGEST = "?" * 32  # to SCAN


def _part(value: object) -> str:
    return quote(str(value), safe="")


def scope_prefix(scope: str) -> str:
    """Return the beginning of every key that belongs to ``scope``.

    Example:
        >>> scope_prefix("tenant:7")
        'semcache:1:{tenant%3A7}:'
    """
    return f"semcache:{FORMAT_VERSION}:{{{_part(scope)}}}:"


def namespace(scope: str, kind: str, *parts: object) -> str:
    """Return the prefix shared by all keys of one cache; it ends with ``:``.

    Args:
        scope: Who shares the entries: an application, a tenant, a lesson.
        kind: The kind of cache, such as ``"string"``.
        *parts: What else tells two caches apart: model, dimensions, codec.

    Example:
        >>> namespace("app", "string", "m", 384, "int8")
        'semcache:1:{app}:string:m:384:int8:'
    """
    return scope_prefix(scope) + "".join(f"{_part(part)}:" for part in (kind, *parts))


def digest(text: str) -> str:
    """Return 32 URL-safe characters that stand for ``text``, and for no other text.

    192 bits of BLAKE2b. The text is taken exactly as it is: no trimming, no folding, no
    Unicode normalisation, since a model may embed each variant differently.

    Example:
        >>> digest("What is Python?")
        'oPCDyay-CbnxzbvjyTarkqddO6H-Bf3W'
        >>> digest("What is Python? ") == digest("What is Python?")
        False
    """
    return _short(text) if len(text) <= _SHORT else _computed(text)


def _computed(text: str) -> str:
    raw = hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest()
    return base64.urlsafe_b64encode(raw).decode()


_short = lru_cache(2_048)(_computed)  # a request needs the same few digests several times


def digest_of(arguments: Mapping[str, Any]) -> str:
    """Return a digest of arguments for an API: the same for the same request, however it is put.

    The order of names does not count, nor whether a number is written 0 or 0.0.

    Raises:
        TypeError: An argument is no JSON: two such might look alike.

    Example:
        >>> digest_of({"temperature": 0, "seed": 7}) == digest_of({"seed": 7, "temperature": 0.0})
        True
        >>> digest_of({"n": 1}) == digest_of({"n": True})
        False
    """
    text = _JSON.encode(_plain(arguments))
    if not text.isascii():  # half a character, which can be no part of a key, as an escape
        text = text.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")
    return digest(text)


def _plain(value: Any) -> Any:
    """Return JSON that is equal for equal requests."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
