"""Refuse, at construction, clients and options that would fail later or silently."""

import dataclasses
import inspect
from collections.abc import Collection, Mapping
from datetime import timedelta
from numbers import Integral, Real
from typing import Any, TypeVar

from semcache.errors import ConfigError

__all__ = [
    "as_number",
    "check_bytes",
    "check_callable",
    "check_count",
    "check_flag",
    "check_jitter",
    "check_label",
    "check_on_error",
    "check_scope",
    "check_seconds",
    "options_of",
    "wrong_client",
]

Options = TypeVar("Options")


def options_of(
    kind: type[Options],
    given: Mapping[str, Any],
    face: type,
    own: Mapping[str, Any] | None = None,
    takes: Collection[str] | None = None,
) -> Options:
    """Return options as one value; refuse a name that there is not, and say which is like it.

    Args:
        kind: The class of all options that are left.
        given: What is left of the options after the classes have taken what they spell out.
        face: The class that is made, which spells out others.
        own: Further options, which the classes have spelt out.
        takes: Those names that this class takes; all of ``kind`` if not given.

    Raises:
        ConfigError: There is no such option, or one that cannot work.
    """
    fields = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = next((name for name in given if name not in fields), None)
    if unknown is not None:
        raise _no_option(unknown, fields if takes is None else takes, face)
    return kind(**given, **(own or {}))


def _no_option(name: str, takes: Collection[str], face: type) -> ConfigError:
    from difflib import get_close_matches  # wanted only here

    spelt = {
        parameter.name
        for made in face.__mro__
        for parameter in inspect.signature(made.__init__).parameters.values()  # type: ignore[misc]
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    near = get_close_matches(name, sorted({*takes, *spelt}), 1)
    meant = f"did you mean {near[0]}?" if near else f"help({face.__name__}) lists them"
    return ConfigError(f"{face.__name__} has no option {name!r}: {meant}")


def as_number(value: object) -> float | None:
    """Return a number, NumPy's included, as one of Python's own; a timedelta as seconds.

    Anything else (a text, a bool, NaN) gives ``None``.

    Example:
        >>> as_number(timedelta(minutes=1)), as_number(2), as_number("2"), as_number(True)
        (60.0, 2, None, None)
    """
    if type(value) is float and value == value:  # as nearly always
        return value
    if isinstance(value, bool) or value != value:
        return None
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else None


def check_count(name: str, value: object, least: int, wanted: str) -> int:
    """Return a whole number that is large enough.

    Raises:
        ConfigError: It is not a whole number, or is too small; the message ends with ``wanted``.
    """
    number = as_number(value)
    if not isinstance(number, int) or number < least:
        raise ConfigError(f"{name} is {value!r}: give {wanted}")
    return number


def check_seconds(name: str, value: object) -> float:
    """Return seconds, 0 or more, from a number or a timedelta.

    Raises:
        ConfigError: It is not a number of seconds, or is below 0.

    Example:
        >>> check_seconds("lease", timedelta(minutes=1))
        60.0
        >>> check_seconds("lease", None)
        Traceback (most recent call last):
        ...
        semcache.errors.ConfigError: lease is None: give seconds, 0 for none
    """
    seconds = as_number(value)
    if seconds is None or not 0 <= seconds < float("inf"):
        raise ConfigError(f"{name} is {value!r}: give seconds, 0 for none")
    return seconds


def check_flag(name: str, value: object) -> bool:
    """Return True or False; "no" and 0.5 are neither.

    Raises:
        ConfigError: It is something else.
    """
    if not isinstance(value, bool):
        raise ConfigError(f"{name} is {value!r}: give True or False")
    return value


def check_callable(name: str, value: object, wanted: str) -> None:
    """Refuse what cannot be called.

    Raises:
        ConfigError: It cannot; the message ends with ``wanted``.
    """
    if not callable(value):
        raise ConfigError(f"{name} is {value!r}, which cannot be called: give {wanted}")


def check_jitter(jitter: object) -> float:
    """Return the part of a TTL that may be taken off it.

    Raises:
        ConfigError: It is no number in [0, 1).
    """
    part = None if isinstance(jitter, timedelta) else as_number(jitter)
    if part is None or not 0 <= part < 1:
        raise ConfigError(f"jitter is {jitter!r}: give a part of the TTL, at least 0 and below 1")
    return part


def check_label(name: str, text: str) -> str:
    """Return a text that names something.

    Raises:
        ConfigError: It is no text, empty, or has half a character (a lone surrogate).
    """
    if not isinstance(text, str) or not text:
        raise ConfigError(f"{name} is {text!r}: give a text that is not empty")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{name} is {text!r}, with half a character (a lone surrogate)") from None
    return text


def check_bytes(redis_client: Any) -> None:
    """Refuse a client that returns text.

    Raises:
        ConfigError: Says what to change.
    """
    if redis_client.get_encoder().decode_responses:
        raise ConfigError(
            "redis_client was made with decode_responses=True, which turns cached vectors "
            "into text: make it with decode_responses=False"
        )


def check_on_error(on_error: str) -> None:
    """Refuse an unknown word for what happens when Redis fails.

    Raises:
        ConfigError: Names the two that there are.
    """
    if on_error not in ("bypass", "raise"):
        raise ConfigError(f"on_error is {on_error!r}: give 'bypass' or 'raise'")


def check_scope(scope: str) -> str:
    """Return a scope that can stand in a key.

    Raises:
        ConfigError: It is no text, empty, or has half a character.

    Example:
        >>> check_scope("")
        Traceback (most recent call last):
        ...
        semcache.errors.ConfigError: scope is '': give a text that says who shares the entries
    """
    try:
        usable = isinstance(scope, str) and scope.encode() != b""
    except UnicodeEncodeError:
        usable = False
    if not usable:
        raise ConfigError(f"scope is {scope!r}: give a text that says who shares the entries")
    return scope


def wrong_client(name: str, client: object, wanted: str) -> ConfigError:
    """Return the error for a client of the wrong kind; it never shows what the client holds."""
    kind = type(client)
    return ConfigError(f"{name} is {kind.__module__.split('.')[0]}.{kind.__name__}: pass {wanted}")
