"""What a Redis server can do, asked of the server itself rather than of its version."""

from typing import Any

import redis

__all__ = ["knows"]


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
