"""How much a client reads from Redis, counted where the replies come in."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import redis

__all__ = ["bytes_read"]


@contextmanager
def bytes_read(client: redis.Redis) -> Iterator[list[int]]:
    """Yield a list that grows by the bytes of each reply; the protocol's own are not counted.

    Example:
        >>> from semcache import connect
        >>> lab = connect(quiet=True)
        >>> with bytes_read(lab.redis) as sizes:
        ...     _ = lab.redis.set("a", "four"), lab.redis.get("a"), lab.redis.mget("a", "a")
        >>> sizes[-2:]
        [4, 8]
    """
    pool: Any = client.connection_pool
    kind, sizes = pool.connection_class, []
    read = kind.read_response

    def counted(connection: Any, *args: Any, **options: Any) -> Any:
        reply = read(connection, *args, **options)
        sizes.append(_size(reply))
        return reply

    with patch.object(kind, "read_response", counted):
        yield sizes


def _size(reply: Any) -> int:
    if isinstance(reply, Mapping):
        return sum(map(_size, reply.keys())) + sum(map(_size, reply.values()))
    if isinstance(reply, list | tuple):
        return sum(map(_size, reply))
    return len(reply) if isinstance(reply, bytes) else 0
