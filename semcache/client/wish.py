"""What one request may ask of the cache: ``extra_body={"semcache": {...}}``.

It goes through whatever stands between the application and the client, since every framework lets
its users add to the body. It is taken out before anything is sent on.
"""

from collections.abc import Mapping
from typing import Any

from semcache.answers.wishes import OWN, Wishes
from semcache.errors import ConfigError

__all__ = ["NAME", "wishes_of"]

NAME = "semcache"
_NAMES = ("read", "keep", "ttl", "threshold", "tags", "asker")


def wishes_of(asked: Any, own_threshold: float, own_ttl: float | None) -> Wishes:
    """Return the wishes of a request, checked.

    A caller may be stricter than the cache, and never laxer.

    Args:
        asked: What stands under ``semcache`` in the body.
        own_threshold: The cache's least similarity.
        own_ttl: The cache's TTL, in seconds.

    Raises:
        ConfigError: A wish that there is not, or that cannot be fulfilled.

    Example:
        >>> wishes_of({"threshold": 0.95, "ttl": 60, "tags": ["doc:42"]}, 0.9, 3_600.0)
        Wishes(least=0.95, ttl=60, read=True, keep=True, similar=True, tags=('doc:42',), asker=None)
        >>> wishes_of({"threshold": 0.5}, 0.9, None).least
        0.9
    """
    if not isinstance(asked, Mapping):
        raise ConfigError(f"{NAME} is {asked!r}: give an object of {', '.join(_NAMES)}")
    for name, value in asked.items():
        if name not in _NAMES:
            raise ConfigError(f"{NAME}.{name} is no wish: there are {', '.join(_NAMES)}")
        if name in ("read", "keep") and not isinstance(value, bool):
            raise ConfigError(f"{NAME}.{name} is {value!r}: give true or false")
    threshold = asked.get("threshold")
    wishes = Wishes.of(
        threshold,
        asked.get("ttl", OWN),
        asked.get("read", True),
        asked.get("keep", True),
        own_threshold,
        own_ttl,
        asked.get("tags", ()),
        asked.get("asker"),
    )
    return wishes._replace(least=max(wishes.least, own_threshold))
