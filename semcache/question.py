"""A read of Redis as a value: which commands, and how to read their replies.

Whoever wants to know something does not ask; it returns a :class:`Question`. Whoever has several
questions sends them in one trip, and reads each reply when, and only if, the answer is wanted. A
change that depends on what was read is one, too: :func:`change_if`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

import redis

from semcache.errors import SemcacheError

__all__ = [
    "NOTHING",
    "Command",
    "Question",
    "Reply",
    "Tolerant",
    "Unreadable",
    "change_if",
    "joined",
    "members_of",
    "number_of",
    "only",
    "refuse_errors",
    "values_of",
    "values_or_error",
]

T = TypeVar("T")

# What reading raises that is not what a server says.
NONSENSE = (TypeError, ValueError, LookupError, AttributeError)
_VALUES = frozenset((bytes, type(None)))

Command = tuple[Any, ...]

# KEYS hold what the first of ARGV say, or nothing is done. Then, for each command: the words in an
# error that does not matter, how many parts it has, the parts.
_SCRIPT = """
local held = redis.call('MGET', unpack(KEYS))
for i = 1, #KEYS do
  if (held[i] or '') ~= ARGV[i] then return false end
end
local replies, at = {}, #KEYS + 1
while at <= #ARGV do
  local tolerated, size = ARGV[at], tonumber(ARGV[at + 1])
  local reply = redis.pcall(unpack(ARGV, at + 2, at + 1 + size))
  if type(reply) == 'table' and reply.err then
    local said = tostring(reply.err)
    if tolerated == '' or not string.find(said, tolerated, 1, true) then return reply end
    reply = 0
  end
  replies[#replies + 1] = reply or 0
  at = at + 2 + size
end
return replies
"""


class Unreadable(redis.RedisError):
    """A reply of another shape than the command has."""


class Tolerant(tuple[Any, ...]):
    """A command of a transaction that may fail in one way, without harm to the others.

    Example:
        >>> Tolerant("already exists", ("FT.CREATE", "index")).tolerated
        'already exists'
    """

    tolerated: str

    def __new__(cls, tolerated: str, command: Command) -> "Tolerant":
        """Make the command; ``tolerated`` is in the message of the error that does not matter."""
        made = super().__new__(cls, command)
        made.tolerated = tolerated
        return made


class Question(NamedTuple, Generic[T]):
    """Commands, or keys whose values are wanted, and what the replies mean.

    Keys of several questions are read by one command, which costs less than one for each.

    Attributes:
        commands: Redis commands, each a tuple of its name and its arguments; perhaps none.
        read: Called with one reply for each command. A reply may be an error that the server gave
            to that command alone; a reader that cannot use it raises it. If there are keys, called
            with their values; ``None`` where there is none, or one of another type.
        keys: Read instead of sending commands.

    Example:
        >>> greeting = Question((("GET", "greeting"),), only)
        >>> greeting.read([b"hello"])
        b'hello'
    """

    commands: tuple[Command, ...]
    read: Callable[[Sequence[Any]], T]
    keys: tuple[str, ...] = ()

    @property
    def sent(self) -> tuple[Command, ...]:
        """The commands if it is asked alone."""
        return (("MGET", *self.keys),) if self.keys else self.commands


class Reply(NamedTuple, Generic[T]):
    """The replies to a question, not read yet; call it to read them."""

    question: Question[T]
    replies: Sequence[Any] | Exception

    def __call__(self) -> T:
        """Read the replies; raises what the server said to a command that failed.

        Raises:
            Unreadable: Whatever answered is no Redis, or not one that holds our values.
        """
        question, replies = self
        if isinstance(replies, Exception):
            raise replies
        try:
            return question.read(replies)
        except SemcacheError:
            raise
        except NONSENSE as error:
            raise _unreadable(replies) from error


def joined(*parts: Question[Any]) -> Question[list[Any]]:
    """Return the commands of several questions as one; reading returns what each part reads.

    Example:
        >>> both = joined(Question((("TTL", "a"), ("TTL", "b")), sum), Question((), len))
        >>> both.read([3, 4, "what follows is somebody else's"])
        [7, 0]
    """

    def read(replies: Sequence[Any]) -> list[Any]:
        given = iter(replies)
        return [part.read(list(islice(given, len(part.commands)))) for part in parts]

    return Question(tuple(command for part in parts for command in part.commands), read)


def only(replies: Sequence[Any]) -> Any:
    """Return the one reply there is, or raise it."""
    (reply,) = replies
    if isinstance(reply, Exception):
        raise reply
    return reply


def number_of(replies: Sequence[Any]) -> int:
    """Return the one reply there is, a number, or raise it."""
    return int(only(replies))


def members_of(replies: Sequence[Any]) -> list[bytes]:
    """Return the one reply there is, a list or a set of members, or raise it."""
    members = only(replies)
    return values_of(list(members), len(members))


def values_of(said: Any, count: int) -> list[Any]:
    """Return a reply that holds so many values, each bytes or ``None``.

    Raises:
        TypeError: It is another.

    Example:
        >>> values_of([b"one", None], 2)
        [b'one', None]
        >>> values_of([b"one", None], 3)
        Traceback (most recent call last):
        ...
        TypeError: no list of 3 values
    """
    if type(said) is not list or len(said) != count or not _VALUES.issuperset(map(type, said)):
        raise TypeError(f"no list of {count} values")
    return said


def values_or_error(said: Any, count: int) -> list[Any] | Exception:
    """Return what the server said of so many keys: their values, or why there are none.

    Example:
        >>> values_or_error([b"one", None], 2)
        [b'one', None]
        >>> print(values_or_error(b"OK", 2))
        no reply that Redis gives: b'OK'
    """
    if isinstance(said, Exception):
        return said
    try:
        return values_of(said, count)
    except TypeError:
        return _unreadable(said)


def _unreadable(said: Any) -> Unreadable:
    return Unreadable(f"no reply that Redis gives: {str(said)[:80]}")


def refuse_errors(replies: Iterable[Any]) -> Sequence[Any]:
    """Return the replies; raise the first that is an error."""
    replies = list(replies)
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies


def change_if(
    expected: Mapping[str, bytes | None], commands: Sequence[Command]
) -> Question[Sequence[Any] | None]:
    """Return the question that does commands at once, if keys still hold what is expected.

    A script, since it compares and changes on one trip. All keys belong to one scope, so a cluster
    has them on one node. Reading returns the commands' replies; ``None`` if nothing was done.

    Example:
        >>> from semcache import connect
        >>> from semcache.blocking import BLOCKING, run
        >>> redis = BLOCKING.redis(connect(quiet=True).redis)
        >>> run(redis.ask(change_if({"a": None}, [("INCR", "b"), ("INCR", "b")])))
        [1, 2]
        >>> run(redis.ask(change_if({"b": b"1"}, [("INCR", "b")]))) is None
        True
    """
    arguments: list[Any] = [value or b"" for value in expected.values()]
    for command in commands:
        arguments += [getattr(command, "tolerated", ""), len(command), *command]

    def read(replies: Sequence[Any]) -> Sequence[Any] | None:
        done: Sequence[Any] | None = only(replies)
        if done is not None and (not isinstance(done, list) or len(done) != len(commands)):
            raise TypeError("these are not the replies to the commands")
        return done

    return Question((("EVAL", _SCRIPT, len(expected), *expected, *arguments),), read)


NOTHING: Question[None] = Question((), lambda replies: None)
