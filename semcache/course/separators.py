"""What an answer of lesson 02 puts between the parts of a key: two requests may meet there."""

import hashlib
import re
from collections.abc import Callable
from contextlib import ExitStack
from inspect import unwrap
from types import CodeType, FunctionType
from typing import Any
from unittest.mock import patch

__all__ = ["SEPARATORS", "separators_of"]

# What people take, and nothing at all.
SEPARATORS = (
    *(":", "|", "/", ",", ";", "#", "_", "-", " ", "', '", "\t", "\n", "\x00", "\x1f", ".", "="),
    *("::", "||", "|||", "--", "__", ", ", "; ", "//", "##", "\n\n", "<SEP>", "[SEP]", ""),
)
_HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s")


def separators_of(cache_key: Callable[[str, int, str], Any]) -> set[str]:
    """Return what a key function may put between a model and a text.

    Seen in what it hashes, or guessed: each short string in its code, and two of them around the
    dimensions, which are 384.

    Example:
        >>> "::" in separators_of(lambda model, dimensions, text: f"{model}::{text}")
        True
    """
    hashed: list[bytes] = []

    def noting(original: Callable[..., Any]) -> Callable[..., Any]:
        def noted(data: Any = b"", **options: Any) -> Any:
            hashed.append(bytes(data))
            return original(data, **options)

        return noted

    with ExitStack() as patched:
        for name in _HASHES:
            made = noting(getattr(hashlib, name))
            patched.enter_context(patch.object(hashlib, name, made))
        cache_key("<model>", 384, "<text>")
    seen = " ".join(data.decode(errors="replace") for data in hashed)
    found = re.findall(r"<model>(.*?)<text>|<text>(.*?)<model>", seen, re.DOTALL)
    signs = sorted(_short_strings(unwrap(cache_key)), key=lambda sign: (len(sign), sign))[:16]
    around = {f"{one}384{other}" for one in signs for other in signs}
    return {sign for pair in found for sign in pair if sign} | set(signs) | around


def _short_strings(function: Any, depth: int = 3) -> set[str]:
    """The strings of 1 to 12 characters in a function's code, and in what of its own it names."""
    if not isinstance(function, FunctionType) or not depth:
        return set()
    texts: set[str] = set()
    values: list[Any] = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    codes = [function.__code__]
    for code in codes:  # grows by the functions inside
        codes += [const for const in code.co_consts if isinstance(const, CodeType)]
        values += [const for const in code.co_consts if not isinstance(const, CodeType)]
        values += [function.__globals__.get(name) for name in code.co_names]
    for value in values:
        if isinstance(value, bytes):
            value = value.decode(errors="ignore")
        if isinstance(value, str):  # "%s::%d" and "{}::{}" hold what stands between, too
            parts = [value, *re.split(r"%[sdr]|\{[^}]*\}", value)]
            texts |= {part for part in parts if 1 <= len(part) <= 12}
        elif isinstance(value, FunctionType) and value.__module__ == function.__module__:
            texts |= _short_strings(value, depth - 1)
    return texts
