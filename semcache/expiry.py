"""How long something lives: seconds for callers, milliseconds for Redis, an end for a clock."""

import math
import sys
from datetime import timedelta

from semcache.errors import ConfigError
from semcache.options import as_number

__all__ = ["FOREVER", "check_ttl", "end_of", "milliseconds"]

FOREVER = 10**13  # milliseconds: three centuries


def check_ttl(ttl: float | timedelta | None) -> float | None:
    """Return a TTL in seconds, or ``None`` for ever.

    Raises:
        ConfigError: It is no number of seconds or timedelta, not above 0, or not finite.

    Example:
        >>> check_ttl(timedelta(hours=1))
        3600.0
        >>> check_ttl(0)
        Traceback (most recent call last):
        ...
        semcache.errors.ConfigError: ttl is 0: give seconds above 0, or None for no expiry
    """
    if ttl is None:
        return None
    seconds = as_number(ttl)
    if seconds is None or not 0 < seconds <= sys.float_info.max:
        raise ConfigError(f"ttl is {ttl!r}: give seconds above 0, or None for no expiry")
    return seconds


def end_of(ttl: float | None, now: float) -> float:
    """Return when something ends that lives ``ttl`` seconds from now; infinity for ever.

    Example:
        >>> end_of(60, 1_000.0), end_of(None, 1_000.0)
        (1060.0, inf)
    """
    return math.inf if ttl is None else now + ttl


def milliseconds(seconds: float | None) -> int:
    """Return what Redis is told: at least 1, rounded up; :data:`FOREVER` for ``None`` or infinity.

    Example:
        >>> milliseconds(0.0001), milliseconds(2.5), milliseconds(None) == FOREVER
        (1, 2500, True)
    """
    if seconds is None or seconds * 1000 >= FOREVER:
        return FOREVER
    return max(1, math.ceil(seconds * 1000))
