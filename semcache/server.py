"""What a Redis server can do, asked of the server itself rather than of its version."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import redis
from redis.cluster import RedisCluster

__all__ = ["RedisClient", "knows", "scan", "unlink_all"]

RedisClient = redis.Redis | RedisCluster

SCAN_CHUNK = UNLINK_CHUNK = 1_000


def knows(client: Any, command: str, key: str) -> bool:
    """Return whether the server has a command; nothing is changed.

    The command is sent with too few arguments to do anything: a server that has it complains
    about those, one that lacks it about the command.

    Raises:
        redis.RedisError: The server cannot be asked.

    Example:
        >>> from semcache import connect
        >>> lab = connect(quiet=True)
        >>> knows(lab.redis, "VSIM", "any"), knows(lab.redis, "FT.SEARCH", "any")
        (True, False)
    """
    try:
        client.execute_command(command, key)
    except redis.ResponseError as error:
        return "unknown command" not in str(error).lower()
    return True


def scan(client: Any, prefix: str) -> Iterator[bytes]:
    """Yield the keys that begin with a prefix of :mod:`semcache.keys`, some perhaps twice.

    Unlike KEYS, SCAN never blocks the server. In a cluster only the node is asked that holds the
    prefix's scope: all of its keys are there, and another node may be down.

    Raises:
        redis.RedisError: The server cannot be asked.
    """
    if hasattr(client, "get_node_from_key"):
        node = client.get_node_from_key(prefix)
        return client.scan_iter(f"{prefix}*", count=SCAN_CHUNK, target_nodes=node)  # type: ignore[no-any-return]
    return client.scan_iter(f"{prefix}*", count=SCAN_CHUNK)  # type: ignore[no-any-return]


def unlink_all(client: Any, prefix: str) -> int:
    """Delete the keys that begin with a prefix of one scope; return how many.

    Raises:
        redis.RedisError: The server cannot be asked; some keys may still be there.

    Example:
        >>> from semcache import connect
        >>> lab = connect(quiet=True)
        >>> lab.redis.mset({"semcache:1:{old}:a": 1, "semcache:1:{old}:b": 2})
        True
        >>> unlink_all(lab.redis, "semcache:1:{old}:"), unlink_all(lab.redis, "semcache:1:{old}:")
        (2, 0)
    """
    deleted, keys = 0, scan(client, prefix)
    while chunk := list(islice(keys, UNLINK_CHUNK)):
        deleted += client.unlink(*chunk)
    return deleted
