"""Functions that an application gives: a verifier, a rule of admission, a filter of answers.

None of them is awaited, on no face: one that must wait belongs off the request's path. A coroutine
that nobody awaits is true, so it would accept, keep or delete everything.
"""

import inspect
from typing import Any

import numpy as np

from semcache.answers.request import check_text
from semcache.errors import ConfigError

__all__ = ["at_once", "check_plain", "fingerprint_of", "verdict"]

_BOOLS = bool, np.bool_


def check_plain(name: str, function: object) -> None:
    """Refuse a coroutine function, or an object that is called like one.

    Raises:
        ConfigError: It is one.

    Example:
        >>> async def admit(completion): return False
        >>> check_plain("admit", admit)
        Traceback (most recent call last):
        ...
        semcache.errors.ConfigError: admit is a coroutine function, and nobody awaits it
    """
    for called in (function, getattr(type(function), "__call__", None)):  # noqa: B004
        if inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called):
            raise ConfigError(f"{name} is a coroutine function, and nobody awaits it")


def fingerprint_of(verifier: object) -> str | None:
    """Return a verifier's ``fingerprint``; ``None`` if it has none.

    Raises:
        ConfigError: It is a method, bytes, half a character, or cannot be had.
    """
    try:
        name = getattr(verifier, "fingerprint", None)
        if name is not None:
            check_text("fingerprint", name)
    except Exception as error:
        raise ConfigError(f"verifier.fingerprint is to be a text or None: {error}") from error
    return name


def at_once(name: str, said: Any) -> Any:
    """Return what a function said, unless it is something to be awaited.

    Raises:
        ConfigError: It is.
    """
    if inspect.isawaitable(said):
        if inspect.iscoroutine(said):
            said.close()  # else Python warns that nobody has awaited it
        raise ConfigError(f"{name} returned an awaitable, and nobody awaits it")
    return said


def verdict(name: str, said: Any) -> bool:
    """Return a verdict that is a bool, Python's or NumPy's: "no", 0.2 and NaN are true as well.

    Raises:
        ConfigError: It is something else.
    """
    if isinstance(said, _BOOLS):
        return bool(said)
    at_once(name, said)
    raise ConfigError(f"{name} returned {said!r}: give True or False")
