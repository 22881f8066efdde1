"""What a flow needs from outside: Redis and the API.

A flow is written once, as ``async def`` over these ports. :mod:`semcache.aio` has the ports that
wait on an event loop. Those of :mod:`semcache.blocking` block instead and never suspend, so that a
flow over them runs to its end without a loop.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextvars import ContextVar
from itertools import islice
from typing import Any, Protocol, TypeVar

import redis
from redis.exceptions import MaxConnectionsError

from semcache.breaker import breaker_of
from semcache.clients import TIMEOUT, seconds_held, warn_if_slow
from semcache.failures import (
    OUTAGES,
    LeftAlone,
    NotAsked,
    OutOfTurn,
    Overloaded,
    is_overload,
    strange,
)
from semcache.flights import Flights
from semcache.question import (
    Command,
    Question,
    Reply,
    Tolerant,
    change_if,
    number_of,
    only,
    refuse_errors,
    values_of,
    values_or_error,
)

__all__ = ["SCAN_CHUNK", "ApiPort", "Ports", "RedisPort", "insists"]

T = TypeVar("T")

SCAN_CHUNK = 1_000


# Whether the running operation was asked for by name, and so is tried also during an outage.
insists: ContextVar[bool] = ContextVar("insists", default=False)


class RedisPort(ABC):
    """Asks one Redis client; every method may raise ``redis.RedisError``."""

    def __init__(self, client: Any) -> None:
        self.client = client  # the stubs of redis-py mix sync and async replies
        self.breaker = breaker_of(client)
        self._answered = 0  # requests, by which who waits for a connection sees that others get one
        self._is_cluster = hasattr(client, "get_node_from_key")
        warn_if_slow(client)

    async def send(self, commands: Sequence[Command], transaction: bool = False) -> list[Any]:
        """Send commands on one trip; return a reply for each, which may be its error.

        Raises:
            LeftAlone: Redis has just failed.
            Overloaded: No connection was free in time.
        """
        if not commands:
            return []
        ticket = self.breaker.board(insists.get())
        if ticket is None:
            raise LeftAlone("it has just failed, and is left alone for a while")
        began = time.monotonic()
        try:
            try:
                replies = await self._send(commands, transaction)
            except redis.ConnectionError as error:
                replies = await self._send_when_free(commands, transaction, error)
        except NotAsked:
            self.breaker.left(ticket)
            raise
        except OUTAGES as error:
            self.breaker.failed(ticket, error, time.monotonic() - began)
            raise
        except redis.ResponseError:  # an answer, though not the one that was hoped for
            self.breaker.works(ticket)
            raise
        except Exception as error:  # what redis-py itself did not expect
            odd = redis.InvalidResponse(strange(error))
            self.breaker.failed(ticket, odd, time.monotonic() - began)
            raise odd from error
        except BaseException:
            self.breaker.left(ticket)
            raise
        self.breaker.works(ticket)
        self._answered += 1
        return replies

    async def _send_when_free(
        self, commands: Sequence[Command], transaction: bool, error: Exception
    ) -> list[Any]:
        """Send commands once a connection is free: as long as others get one, wait for it.

        A burst that Redis can serve is so served. The time without a connection is bounded as that
        without an answer is.
        """
        pause, began, answered = 0.001, time.monotonic(), self._answered
        while is_overload(error):
            now = time.monotonic()
            if self._answered != answered:
                began, answered = now, self._answered
            waits = isinstance(error, MaxConnectionsError) and not isinstance(error, OutOfTurn)
            if not waits or now - began >= self.patience:
                raise Overloaded(f"{error}; none was free within {self.patience:g} s") from error
            self.queue()
            await self.sleep(pause)
            pause = min(0.02, 2 * pause)
            try:
                return await self._send(commands, transaction)
            except redis.ConnectionError as again:
                error = again
        raise error

    def queue(self) -> None:  # noqa: B027
        """Let callers wait for a connection in the order in which they came, where that is done."""

    @property
    def patience(self) -> float:
        """Seconds to wait for a connection while nobody else gets one."""
        seconds = seconds_held(self.client)
        return seconds if seconds < TIMEOUT else TIMEOUT

    def has_waited(self) -> None:
        """Go on only if that still makes sense, after waiting for others in a queue.

        Raises:
            LeftAlone: Redis has failed meanwhile.
        """
        if self.breaker.is_open and not insists.get():
            raise LeftAlone("it has failed meanwhile, and is left alone for a while")

    @abstractmethod
    async def _send(self, commands: Sequence[Command], transaction: bool) -> list[Any]:
        """Send commands on one trip."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds."""

    async def keys(self, prefix: str, rest: str = "*") -> AsyncIterator[bytes]:
        """Yield the keys that begin with a prefix of :mod:`semcache.keys`, some perhaps twice.

        What follows the prefix is as ``rest`` says, a pattern of SCAN.
        Unlike KEYS, SCAN never blocks the server. In a cluster only the node is asked that holds
        the prefix's scope: all of its keys are there, and another node may be down.
        """
        if self._is_cluster:
            async for key in self._keys_of_node(prefix, rest):
                yield key
            return
        cursor, scan = 0, ("MATCH", f"{prefix}{rest}", "COUNT", SCAN_CHUNK)
        while True:
            cursor, found = await self.ask(Question((("SCAN", cursor, *scan),), _page))
            for key in found:
                yield key
            if not cursor:
                return

    @abstractmethod
    def _keys_of_node(self, prefix: str, rest: str) -> AsyncIterator[bytes]:
        """Yield the same of a cluster."""

    async def ask(self, question: Question[T]) -> T:
        """Ask one question, and read the reply."""
        replies = await self.send(question.sent)
        return Reply(question, _values_for(question, replies[0]) if question.keys else replies)()

    async def ask_all(self, *questions: Question[Any]) -> list[Reply[Any]]:
        """Ask questions on one trip; the replies are read by calling them.

        The values of keys come first, and all at once.
        """
        if self._is_cluster:  # keys of different scopes may lie on different nodes
            given = iter(await self.send([c for question in questions for c in question.sent]))
            return [Reply(one, _replies_to(one, given)) for one in questions]
        keys: list[str] = []
        commands: list[Command] = []
        for question in questions:
            keys += question.keys
            commands += question.commands
        if keys:
            commands.insert(0, ("MGET", *keys))
        replies = await self.send(commands)
        values: Any = values_or_error(replies[0], len(keys)) if keys else None
        answers, key, at = [], 0, 1 if keys else 0
        for question in questions:
            own: Sequence[Any] | Exception
            if question.keys:
                end = key + len(question.keys)
                own, key = values[key:end] if type(values) is list else values, end
            else:
                end = at + len(question.commands)
                own, at = replies[at:end], end
            answers.append(Reply(question, own))
        return answers

    async def change(self, commands: Sequence[Command]) -> Sequence[Any]:
        """Do commands in one transaction; return their replies, or raise the first error."""
        replies = await self.send(commands, transaction=True)
        for number, command in enumerate(commands):
            tolerated = command.tolerated if isinstance(command, Tolerant) else None
            if tolerated is not None and tolerated in str(replies[number]):
                replies[number] = None
        return refuse_errors(replies)

    async def change_if(
        self, expected: Mapping[str, bytes | None], commands: Sequence[Command]
    ) -> Sequence[Any] | None:
        """Do commands at once, if keys still hold what is expected; else return ``None``.

        See :func:`semcache.question.change_if`.
        """
        return await self.ask(change_if(expected, commands))

    async def delete_all(self, prefix: str, rest: str = "*") -> int:
        """Delete what :meth:`keys` yields of one scope; return how many there were."""
        deleted, chunk = 0, list[bytes]()
        async for key in self.keys(prefix, rest):
            chunk.append(key)
            if len(chunk) == SCAN_CHUNK:
                deleted += await self.unlink(chunk)
                chunk = []
        return deleted + await self.unlink(chunk)

    async def unlink(self, keys: Sequence[bytes | str]) -> int:
        """Delete keys of one scope; return how many there were."""
        if not keys:
            return 0
        return await self.ask(Question((("UNLINK", *keys),), number_of))


class ApiPort(Protocol):
    """Asks one OpenAI client; every method may raise ``openai.OpenAIError``."""

    async def embeddings(self, **arguments: Any) -> Any:
        """Return the reply of ``embeddings.create``."""

    async def chat(self, **arguments: Any) -> Any:
        """Return the reply of ``chat.completions.create``."""

    def chat_stream(self, **arguments: Any) -> AsyncGenerator[Any, None]:
        """Yield the chunks of a streamed reply, or the whole one that came instead."""


class Ports(Protocol):
    """One face, blocking or asynchronous: what makes its ports."""

    def redis(self, client: Any) -> RedisPort:
        """Return the port of a Redis client.

        Raises:
            ConfigError: The client is of the other face, or returns text.
        """

    def api(self, client: Any) -> ApiPort:
        """Return the port of an OpenAI client.

        Raises:
            ConfigError: The client is of the other face.
        """

    def flights(self) -> Flights:
        """Return an empty board of flights."""


def _page(replies: Sequence[Any]) -> tuple[int, list[bytes]]:
    """Read a reply to SCAN: where to go on, and the keys that were found."""
    cursor, found = only(replies)
    return int(cursor), values_of(found, len(found))


def _replies_to(question: Question[Any], given: Iterator[Any]) -> Any:
    """Take the replies to a question that was asked by commands of its own."""
    if question.keys:
        return _values_for(question, next(given))
    return list(islice(given, len(question.commands)))


def _values_for(question: Question[Any], said: Any) -> list[Any] | Exception:
    return values_or_error(said, len(question.keys))
