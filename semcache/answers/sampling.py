"""The further arguments of a request to the LLM: which shape its answer, and which cannot be.

What stands in ``extra_body`` is sent as if it had been given by name, and wins over it.
"""

from collections.abc import Mapping
from typing import Any

import openai

from semcache.errors import ConfigError

__all__ = ["TRANSPORT", "check_sampling", "says_nothing", "shaping_of"]

# What only says how a request travels, or who pays for it: no part of the answer.
TRANSPORT = frozenset(
    (
        *("timeout", "extra_headers", "extra_query", "stream_options", "user", "metadata"),
        *("store", "service_tier", "prompt_cache_key", "safety_identifier"),
    )
)
# What makes an answer more than a text.
_CALLS = ("tools", "functions")
# What is said elsewhere.
_OWN = ("messages", "model", "stream")
# What the API takes where nothing is given.
_USUAL = {"n": 1, "logprobs": False, "stop": [], "tools": [], "functions": [], "extra_body": {}}


def shaping_of(sampling: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that shape the answer; what was not given is left out.

    Example:
        >>> shaping_of({"temperature": 0, "timeout": 5, "n": 1, "seed": None})
        {'temperature': 0}
    """
    return {
        name: value
        for name, value in sampling.items()
        if name not in TRANSPORT and not says_nothing(name, value) and not _is_omitted(value)
    }


def says_nothing(name: str, value: Any) -> bool:
    """Whether an argument is as good as left out, since it is what the API takes without it.

    Example:
        >>> says_nothing("n", 1), says_nothing("tools", []), says_nothing("n", 2)
        (True, True, False)
    """
    if value is None or name not in _USUAL:
        return value is None
    usual = _USUAL[name]
    return bool(value == usual) and isinstance(value, bool) == isinstance(usual, bool)


def check_sampling(sampling: Mapping[str, Any]) -> None:
    """Refuse arguments that would bring more than one text, before anything is sent or paid.

    Raises:
        ConfigError: Tools, several answers, or what the question, ``model=`` or ``stream=`` says.

    Example:
        >>> check_sampling({"extra_body": {"n": 3}})
        Traceback (most recent call last):
        ...
        semcache.errors.ConfigError: n is 3: get_or_generate returns one text
    """
    extra = sampling.get("extra_body")
    if extra is None or _is_omitted(extra):
        extra = {}
    if not isinstance(extra, Mapping):
        raise ConfigError(f"extra_body is {type(extra).__name__}: give a mapping of names")
    given = shaping_of({**sampling, **extra})
    for name in _CALLS:
        if given.get(name):
            raise ConfigError(
                f"{name}: get_or_generate returns one text, and a reply that calls a tool is "
                "none; ask the client itself"
            )
    if "n" in given:  # anything but the one that is usual
        raise ConfigError(f"n is {given['n']}: get_or_generate returns one text")
    for name in _OWN:
        if name in given:
            raise ConfigError(
                f"{name} is said by an argument of get_or_generate: leave it out here"
            )


def _is_omitted(value: Any) -> bool:
    return isinstance(value, openai.Omit | openai.NotGiven)
