"""How Redis fails: what is an outage, what an overload, and what nobody asked for."""

import redis
from redis.exceptions import ClusterDownError, MaxConnectionsError, RedisClusterException

__all__ = [
    "FAILURES",
    "OUTAGES",
    "LeftAlone",
    "NotAsked",
    "OutOfTurn",
    "Overloaded",
    "is_overload",
    "strange",
]


class NotAsked(redis.ConnectionError):
    """Redis was not asked."""


class LeftAlone(NotAsked):
    """It has just failed, and is left alone."""


class Overloaded(NotAsked):
    """No connection of the client's pool became free in time; Redis itself may be well."""


class OutOfTurn(MaxConnectionsError):
    """Who waits for a connection in the order of those who came has seen nobody being served."""


# A cluster's own errors, such as a slot without a node, are no RedisError.
FAILURES = (redis.RedisError, RedisClusterException, OSError)
# What says that the server cannot be reached, rather than what it thinks of a command.
OUTAGES = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.InvalidResponse,
    ClusterDownError,
    RedisClusterException,
    OSError,
)


def is_overload(error: Exception) -> bool:
    """Whether all connections of the pool are in use; it may have waited for one itself."""
    return isinstance(error, MaxConnectionsError) or "No connection available" in str(error)


def strange(error: Exception) -> str:
    """What to do about an error that is none of redis-py's."""
    said = f"{type(error).__name__}: {error}"
    if "loop" in str(error):
        return f"{said}: make an asynchronous client in the event loop that uses it"
    return f"{said}: is it Redis that answers there?"
