"""What a cache does when Redis fails: go on without it, or raise. One policy for every cache."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from redis.exceptions import RedisClusterException

from semcache.errors import CacheUnavailable
from semcache.stats import Stats

__all__ = ["Fallback"]

log = logging.getLogger("semcache")
T = TypeVar("T")

# A cluster's own errors, such as a slot without a node, are no RedisError.
_FAILURES = (redis.RedisError, RedisClusterException, OSError)


class Fallback:
    """Runs what asks Redis.

    What a caller asked for by name is *guarded*: it raises :class:`CacheUnavailable`. What stands
    on the way to an answer is *attempted*: a failure is counted, told once, and passed over,
    unless the caller chose ``on_error="raise"``.

    Args:
        stats: Where failures are counted.
        on_error: ``"bypass"`` or ``"raise"``.
        instead: What happens without Redis; ends the warning.

    Example:
        >>> from semcache.stats import Stats
        >>> stats = Stats()
        >>> Fallback(stats, "bypass", "the API answers").attempt(7, int, "3"), stats.errors
        (3, 0)
    """

    def __init__(self, stats: Stats, on_error: str, instead: str) -> None:
        self._stats, self._instead = stats, instead
        self._raises = on_error == "raise"
        self._warned = False

    def guard(self, operation: Callable[..., T], *args: Any) -> T:
        """Return the result.

        Raises:
            CacheUnavailable: Redis failed.
        """
        try:
            return operation(*args)
        except _FAILURES as error:
            raise CacheUnavailable(f"Redis failed: {error}") from error

    def attempt(self, otherwise: T, operation: Callable[..., T], *args: Any) -> T:
        """Return the result, or ``otherwise`` if Redis failed.

        Raises:
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        try:
            return self.guard(operation, *args)
        except CacheUnavailable as error:
            self._stats.count(errors=1)
            if self._raises:
                raise
            if not self._warned:
                self._warned = True
                log.warning("%s; %s until it works again", error, self._instead)
            return otherwise
