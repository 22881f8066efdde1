"""Redis clients that give up in time; and a word about those that do not."""

import inspect
import logging
from typing import Any, Literal, TypeVar, overload
from weakref import WeakSet

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

__all__ = ["TIMEOUT", "meant_to_wait", "redis_client", "seconds_held", "warn_if_slow"]

log = logging.getLogger("semcache")
T = TypeVar("T")

TIMEOUT = 1.0
BEARABLE = 5.0  # seconds that a dead server may hold a request without a word from us

_told: WeakSet[Any] = WeakSet()


@overload
def redis_client(
    url: str, *, timeout: float = ..., asynchronous: Literal[False] = ...,
    cluster: Literal[False] = ..., **options: Any,
) -> redis.Redis: ...  # fmt: skip


@overload
def redis_client(
    url: str, *, timeout: float = ..., asynchronous: Literal[True],
    cluster: Literal[False] = ..., **options: Any,
) -> redis.asyncio.Redis: ...  # fmt: skip


@overload
def redis_client(
    url: str, *, timeout: float = ..., asynchronous: Literal[False] = ...,
    cluster: Literal[True], **options: Any,
) -> redis.RedisCluster: ...  # fmt: skip


@overload
def redis_client(
    url: str, *, timeout: float = ..., asynchronous: Literal[True],
    cluster: Literal[True], **options: Any,
) -> redis.asyncio.RedisCluster: ...  # fmt: skip


def redis_client(
    url: str, *, timeout: float = TIMEOUT, asynchronous: bool = False, cluster: bool = False,
    **options: Any,
) -> Any:  # fmt: skip
    """Return a client that fails within ``timeout`` seconds instead of holding requests.

    redis-py tries a failed command ten times, with pauses. A cache should rather go on without.
    Where a cluster has moved a key it is followed, which is no failure.

    Args:
        url: ``redis://user:password@host:port/db``, ``rediss://...`` for TLS,
            ``unix:///path/to/socket``.
        timeout: Seconds to connect, and to wait for each reply.
        asynchronous: Whether to return a client of ``redis.asyncio``.
        cluster: Whether to return a ``RedisCluster``, which works on while some nodes are down; the
            URL is that of any node. A blocking one asks that node for the others at once; an
            asynchronous one asks at first use, and after each failure any of them, so that others'
            keys may wait for a node that hangs, too (redis-py 8.1).
        **options: Further options of redis-py's ``from_url``.

    Raises:
        ValueError: The URL cannot be used.
        redis.exceptions.RedisClusterException: A blocking client of a cluster, none of whose nodes
            at this URL answers now.

    Example:
        >>> client = redis_client("redis://localhost:6379/0", timeout=0.5)
        >>> seconds_held(client)
        0.5
    """
    given = {
        "retry": (AsyncRetry if asynchronous else Retry)(NoBackoff(), 0),
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "decode_responses": False,
    }
    module: Any = redis.asyncio if asynchronous else redis
    if cluster:
        given["require_full_coverage"] = False
        return module.RedisCluster.from_url(url, **{**given, **options})
    return module.Redis.from_url(url, **{**given, **options})


def seconds_held(client: Any) -> float:
    """Return about how long a server that does not answer can hold one command of a client.

    Infinity without a timeout. The pauses between tries are not counted.
    """
    pool = getattr(client, "connection_pool", None)
    is_cluster = pool is None and hasattr(client, "get_connection_kwargs")
    options = getattr(pool, "connection_kwargs", {})
    if is_cluster:
        options = client.get_connection_kwargs()
    timeout = options.get("socket_timeout", _default_timeout(pool))
    if timeout is None:
        return float("inf")
    retry = client.retry if is_cluster else options.get("retry")
    tries = getattr(retry, "_retries", 0) if retry is not None else 0
    return float(timeout * (1 + max(0, tries)))


def _default_timeout(pool: Any) -> float | None:
    """What a connection waits for a reply if nothing was said, which versions see differently."""
    for made_of in getattr(getattr(pool, "connection_class", None), "__mro__", ()):
        given = inspect.signature(made_of.__init__).parameters.get("socket_timeout")
        if given is not None and given.default is not given.empty:
            default = given.default
            return default if isinstance(default, int | float) else None
    return None


def meant_to_wait(client: T) -> T:
    """Return a client, of which nobody need be told that it waits: no request depends on it."""
    _told.add(client)
    return client


def warn_if_slow(client: Any) -> None:
    """Say once, of each client, that a dead server would hold requests for long."""
    kind = getattr(getattr(client, "connection_pool", None), "connection_class", None)
    if kind is None or not kind.__module__.startswith("redis.") or client in _told:
        return
    seconds = seconds_held(client)
    if seconds <= BEARABLE:
        return
    _told.add(client)
    held = "for ever" if seconds == float("inf") else f"for {seconds:.0f} s and more"
    log.warning(
        "this Redis client would hold a request %s when the server does not answer: make it with "
        "semcache.redis_client(url), or with socket_timeout=1, socket_connect_timeout=1, "
        "retry=Retry(NoBackoff(), 0)",
        held,
    )
