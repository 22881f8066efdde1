"""Names of a package that are imported when they are first asked for."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["names"]


def names(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package.

    Args:
        package: Its ``__name__``.
        homes: The module that each name is imported from, ``".module"`` if it is of the package.

    Example:
        >>> lookup, listed = names("semcache.sharing", {"SECRET": ".secrets"})
        >>> lookup("SECRET").name, "SECRET" in listed()
        ('secret', True)
        >>> lookup("SECRETS")
        Traceback (most recent call last):
        ...
        AttributeError: module 'semcache.sharing' has no attribute 'SECRETS'
    """

    def lookup(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name], package), name)
        setattr(sys.modules[package], name, value)
        return value

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return lookup, listed
