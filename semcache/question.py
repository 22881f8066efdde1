"""A read of Redis as a value: which commands, and how to read their replies.

Whoever wants to know something does not ask; it returns a :class:`Question`. Whoever has several
questions sends them in one trip, and reads each reply when, and only if, the answer is wanted.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

__all__ = ["NOTHING", "Command", "Question", "Reply", "Tolerant", "only", "refuse_errors"]

T = TypeVar("T")

Command = tuple[Any, ...]


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
    """Commands, and what their replies mean.

    Attributes:
        commands: Redis commands, each a tuple of its name and its arguments; perhaps none.
        read: Called with one reply for each command. A reply may be an error that the server gave
            to that command alone; a reader that cannot use it raises it.

    Example:
        >>> greeting = Question((("GET", "greeting"),), only)
        >>> greeting.read([b"hello"])
        b'hello'
    """

    commands: tuple[Command, ...]
    read: Callable[[Sequence[Any]], T]


class Reply(NamedTuple, Generic[T]):
    """The replies to a question, not read yet; call it to read them."""

    question: Question[T]
    replies: Sequence[Any]

    def __call__(self) -> T:
        """Read the replies; raises what the server said to a command that failed."""
        return self.question.read(self.replies)


def only(replies: Sequence[Any]) -> Any:
    """Return the one reply there is, or raise it."""
    (reply,) = replies
    if isinstance(reply, Exception):
        raise reply
    return reply


def refuse_errors(replies: Iterable[Any]) -> Sequence[Any]:
    """Return the replies; raise the first that is an error."""
    replies = list(replies)
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies


NOTHING: Question[None] = Question((), lambda replies: None)
