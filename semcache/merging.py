"""Several MGETs of one trip as one: a command costs the client more than its keys do."""

from collections.abc import Sequence
from typing import Any

from semcache.question import Command

__all__ = ["merged", "split"]


def merged(commands: Sequence[Command]) -> list[Command] | None:
    """Return the commands with one MGET in place of the first and without the others.

    ``None`` if there are fewer than two to merge. Not for a cluster: keys of different scopes may
    lie on different nodes.

    Example:
        >>> commands = [("GET", "a"), ("MGET", "b"), ("TTL", "c"), ("MGET", "d", "e")]
        >>> merged(commands)
        [('GET', 'a'), ('MGET', 'b', 'd', 'e'), ('TTL', 'c')]
        >>> split(commands, [1, [2, 3, 4], 5])
        [1, [2], 5, [3, 4]]
    """
    reads = [number for number, command in enumerate(commands) if command[0] == "MGET"]
    if len(reads) < 2:
        return None
    rest = [command for number, command in enumerate(commands) if number not in reads[1:]]
    rest[reads[0]] = ("MGET", *(key for number in reads for key in commands[number][1:]))
    return rest


def split(commands: Sequence[Command], replies: Sequence[Any]) -> list[Any]:
    """Return a reply for each command from those to :func:`merged`."""
    given, values, split_up = iter(replies), None, []
    at = 0
    for command in commands:
        if command[0] != "MGET":
            split_up.append(next(given))
            continue
        if values is None:
            values = next(given)
        if isinstance(values, Exception):
            split_up.append(values)
            continue
        end = at + len(command) - 1
        split_up.append(values[at:end])
        at = end
    return split_up
