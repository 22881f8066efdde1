"""What an answer to an exercise tells Redis to do."""

from typing import Any

__all__ = ["LATER_TTL", "commands_of"]

LATER_TTL = {"EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"}  # after a crash before them: no TTL


def commands_of(redis: Any) -> list[str]:
    """Return a list that will hold the names of what a client is told to do.

    Example:
        >>> import fakeredis
        >>> client = fakeredis.FakeRedis()
        >>> sent = commands_of(client)
        >>> client.set("a", 1, ex=60), sent
        (True, ['SET'])
    """
    sent: list[str] = []
    execute = redis.execute_command

    def noted(*command: Any, **options: Any) -> Any:
        sent.append(str(command[0]).upper())
        return execute(*command, **options)

    redis.execute_command = noted
    return sent
