"""What an answer to an exercise tells Redis to do."""

from collections.abc import Callable
from typing import Any

__all__ = ["LATER_TTL", "commands_of"]

LATER_TTL = {"EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"}  # after a crash before them: no TTL


def commands_of(redis: Any, *, pipelines: bool = False) -> list[str]:
    """Return a list that will hold the names of what a client is told to do.

    Args:
        redis: The client, which is changed.
        pipelines: Whether to note what its pipelines send, too.

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
    if pipelines:
        redis.pipeline = _noting_pipeline(redis.pipeline, sent)
    return sent


def _noting_pipeline(pipeline: Callable[..., Any], sent: list[str]) -> Callable[..., Any]:
    def noting(*args: Any, **options: Any) -> Any:
        made = pipeline(*args, **options)
        execute = made.execute

        def noted(*args: Any, **options: Any) -> Any:
            sent.extend(str(command[0][0]).upper() for command in made.command_stack)
            return execute(*args, **options)

        made.execute = noted
        return made

    return noting
