"""Closed classes kept as data: expressions in ``patterns.toml``, words in ``grammar.toml``."""

import re
import tomllib
from functools import cache
from pathlib import Path

__all__ = ["pattern", "section", "words"]


@cache
def section(name: str) -> dict[str, re.Pattern[str]]:
    """Return the compiled patterns of one section of the file, in its order.

    Example:
        >>> bool(section("polarity")["english_not"].search("tea without sugar"))
        True
    """
    text = Path(__file__).with_name("patterns.toml").read_text(encoding="utf-8")
    lines: dict[str, str] = tomllib.loads(text)[name]
    return {key: re.compile(value.replace("\n", "")) for key, value in lines.items()}


def pattern(where: str, name: str) -> re.Pattern[str]:
    """Return one compiled pattern."""
    return section(where)[name]


@cache
def _grammar() -> dict[str, dict[str, str]]:
    text = Path(__file__).with_name("grammar.toml").read_text(encoding="utf-8")
    lists: dict[str, dict[str, str]] = tomllib.loads(text)
    return lists


def words(where: str, name: str) -> frozenset[str]:
    """Return one list of words of the grammar.

    Example:
        >>> "被" in words("roles", "passive")
        True
    """
    return frozenset(_grammar()[where][name].split())
