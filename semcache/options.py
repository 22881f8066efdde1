"""Refuse, at construction, clients and options that would fail later or silently."""

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

from semcache.errors import ConfigError

__all__ = ["check_bytes", "check_on_error", "check_scope", "options_of", "wrong_client"]

Options = TypeVar("Options")


def options_of(
    kind: type[Options], given: Mapping[str, Any], face: type, own: Mapping[str, Any] | None = None
) -> Options:
    """Return options as one value; refuse a name that there is not, and say which is like it.

    Args:
        kind: The class of all options that are left.
        given: What is left of the options after the classes have taken what they spell out.
        face: The class that is made, which spells out others.
        own: Further options, which the classes have spelt out.

    Raises:
        ConfigError: There is no such option, or one that cannot work.
    """
    fields = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = next((name for name in given if name not in fields), None)
    if unknown is not None:
        raise _no_option(unknown, fields, face)
    return kind(**given, **(own or {}))


def _no_option(name: str, fields: set[str], face: type) -> ConfigError:
    from difflib import get_close_matches  # wanted only here

    spelt = {
        parameter.name
        for made in face.__mro__
        for parameter in inspect.signature(made.__init__).parameters.values()  # type: ignore[misc]
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    near = get_close_matches(name, sorted(fields | spelt), 1)
    meant = f"did you mean {near[0]}?" if near else f"help({face.__name__}) lists them"
    return ConfigError(f"{face.__name__} has no option {name!r}: {meant}")


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
