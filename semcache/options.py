"""Refuse, at construction, clients and options that would fail later or silently."""

from typing import Any

from semcache.errors import ConfigError

__all__ = ["check_bytes", "check_on_error", "check_scope", "wrong_client"]


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
