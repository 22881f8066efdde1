"""What a Redis server can do, asked of the server itself rather than of its version."""

from collections.abc import Sequence
from typing import Any

from semcache.question import Question, refuse_errors

__all__ = ["FOREIGN", "is_foreign", "knows", "lacks", "server_time"]

FOREIGN = "WRONGTYPE Operation"  # said of a key that holds a value of another type


def knows(command: str, key: str) -> Question[bool]:
    """Return the question whether the server has a command; nothing is changed by it.

    The command is sent with too few arguments to do anything: a server that has it complains
    about those, one that lacks it about the command. Reading raises what else it complains about,
    such as that this user has no right to it.

    Example:
        >>> from semcache import connect
        >>> from semcache.blocking import BLOCKING, run
        >>> redis = BLOCKING.redis(connect(quiet=True).redis)
        >>> run(redis.ask(knows("VSIM", "any"))), run(redis.ask(knows("FT.SEARCH", "any")))
        (True, False)
    """

    def read(replies: Sequence[Any]) -> bool:
        (reply,) = replies
        if not isinstance(reply, Exception):
            return True
        if _has_no_right(reply):
            raise reply
        return not lacks(reply)

    return Question(((command, key),), read)


def lacks(error: Exception) -> bool:
    """Whether a server refuses a command as such: this user has no right to it, or it has none."""
    said = str(error).lower()
    return _has_no_right(error) or "unknown command" in said or "unknown redis command" in said


def _has_no_right(error: Exception) -> bool:
    said = str(error).lower()
    return said.startswith("noperm") or "no permissions" in said


def is_foreign(reply: object) -> bool:
    """Whether a reply says that the key holds a value of another type, so none of ours."""
    return isinstance(reply, Exception) and FOREIGN in str(reply)


def server_time(key: str) -> Question[float]:
    """Return the question what time it is at the server that has a key, in seconds.

    Example:
        >>> from semcache import connect
        >>> from semcache.blocking import BLOCKING, run
        >>> redis = BLOCKING.redis(connect(quiet=True).redis)
        >>> run(redis.ask(server_time("any"))) > 1_700_000_000
        True
    """

    def read(replies: Sequence[Any]) -> float:
        seconds, microseconds = refuse_errors(replies)[0]
        return int(seconds) + int(microseconds) / 1e6

    # In a script, since a cluster would not know which node is meant.
    return Question((("EVAL", "return redis.call('TIME')", 1, key),), read)
