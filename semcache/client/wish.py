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

    A caller may be stricter than the cache, and never laxer: the threshold is at least the cache's,
    and an answer lives no longer than the cache's do.

    Args:
        asked: What stands under ``semcache`` in the body.
        own_threshold: The cache's least similarity.
        own_ttl: The cache's TTL, in seconds.

    Raises:
        ConfigError: A wish that there is not, or that cannot be fulfilled.

    Example:
        >>> wishes_of({"threshold": 0.95, "ttl": 60, "tags": ["doc:42"]}, 0.9, 3_600.0)
        Wishes(least=0.95, ttl=60, read=True, keep=True, similar=True, tags=('doc:42',), asker=None)
        >>> wishes_of({"threshold": 0.5, "ttl": None}, 0.9, 3_600.0)[:2]
        (0.9, 3600.0)
    """
    if not isinstance(asked, Mapping):
        raise ConfigError(f"{NAME} is {asked!r}: give an object of {', '.join(_NAMES)}")
    for name, value in asked.items():
        if name not in _NAMES:
            raise ConfigError(f"{NAME}.{name} is no wish: there are {', '.join(_NAMES)}")
        if name in ("read", "keep") and not isinstance(value, bool):
            raise ConfigError(f"{NAME}.{name} is {value!r}: give true or false")
    wishes = Wishes.of(
        asked.get("threshold"),
        asked.get("ttl", OWN),
        asked.get("read", True),
        asked.get("keep", True),
        own_threshold,
        own_ttl,
        asked.get("tags", ()),
        asked.get("asker"),
    )
    ttl = wishes.ttl
    if own_ttl is not None:
        ttl = own_ttl if ttl is None else min(ttl, own_ttl)
    return wishes._replace(least=max(wishes.least, own_threshold), ttl=ttl)
