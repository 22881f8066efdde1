"""The ports of the blocking face: they never suspend, so a flow over them needs no event loop."""

import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

import openai
import redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio import RedisCluster as AsyncRedisCluster
from redis.cluster import RedisCluster

from semcache.failures import OutOfTurn
from semcache.flights import Abandoned, Flight, Flights, Shared
from semcache.locks import renew_in_child
from semcache.options import check_bytes, wrong_client
from semcache.ports import SCAN_CHUNK, RedisPort
from semcache.question import Command
from semcache.turnstiles import Turnstile
from semcache.unstreamed import is_json, whole_of

__all__ = ["BLOCKING", "RedisClient", "iterate", "run"]

_WANTED = "a redis.Redis or RedisCluster, such as semcache.redis_client(url)"

T = TypeVar("T")
_CONNECTIONS = redis.Connection.__module__
RedisClient = redis.Redis | RedisCluster


def run(flow: Coroutine[Any, Any, T]) -> T:
    """Run a flow over blocking ports to its end, and return its result.

    Example:
        >>> async def flow() -> int:
        ...     return 42
        >>> run(flow())
        42
    """
    try:
        flow.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    flow.close()
    raise RuntimeError("a flow over blocking ports waited for an event loop")


def iterate(pieces: AsyncGenerator[T, None]) -> Iterator[T]:
    """Yield what a flow over blocking ports yields; closing the one closes the other."""
    try:
        while True:
            try:
                piece = run(pieces.asend(None))
            except StopAsyncIteration:
                return
            yield piece
    finally:
        run(pieces.aclose())


class BlockingRedis(RedisPort):
    """A ``redis.Redis`` or ``RedisCluster``."""

    _gate: Turnstile | None = None  # once the pool was found too small

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        renew_in_child(self)

    async def _send(self, commands: Sequence[Command], transaction: bool) -> list[Any]:
        gate = self._gate
        if gate is None:
            return self._send_now(commands, transaction)
        waits, served = not gate.is_free(), False
        if waits and not gate.enter(self.patience):
            raise OutOfTurn("all connections of the pool are in use")
        try:
            if waits:
                self.has_waited()
            replies, served = self._send_now(commands, transaction), True
        finally:
            gate.leave(served)
        return replies

    def queue(self) -> None:
        """Let callers wait in a queue from now on, as many as there are connections ask."""
        size = getattr(getattr(self.client, "connection_pool", None), "max_connections", None)
        if self._gate is None and size:
            self._gate = Turnstile(size)

    def renew(self) -> None:
        """Forget queue and connections, in a forked child: who held their locks is not there."""
        self._gate = None
        pool = getattr(self.client, "connection_pool", None)
        if type(pool) is redis.ConnectionPool and pool.connection_class.__module__ == _CONNECTIONS:
            made_of, most = pool.connection_class, pool.max_connections
            self.client.connection_pool = redis.ConnectionPool(
                connection_class=made_of, max_connections=most, **pool.connection_kwargs
            )

    def _send_now(self, commands: Sequence[Command], transaction: bool) -> list[Any]:
        if len(commands) == 1 and not transaction:  # which a pipeline would only make slower
            try:
                return [self.client.execute_command(*commands[0])]
            except redis.ResponseError as error:
                return [error]
        pipe = self.client.pipeline(transaction=transaction)
        for command in commands:
            pipe.execute_command(*command)
        replies: list[Any] = pipe.execute(raise_on_error=False)
        return replies

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds."""
        time.sleep(seconds)

    async def _keys_of_node(self, prefix: str, rest: str) -> AsyncIterator[bytes]:
        options = {"count": SCAN_CHUNK, "target_nodes": self.client.get_node_from_key(prefix)}
        for key in self.client.scan_iter(f"{prefix}{rest}", **options):
            yield key


class BlockingApi:
    """An ``openai.OpenAI``."""

    def __init__(self, client: openai.OpenAI) -> None:
        self._client: Any = client  # the overloads of its methods take no dictionary

    async def embeddings(self, **arguments: Any) -> Any:
        """Return the reply of ``embeddings.create``."""
        return self._client.embeddings.create(**arguments)

    async def chat(self, **arguments: Any) -> Any:
        """Return the reply of ``chat.completions.create``."""
        return self._client.chat.completions.create(**arguments)

    async def chat_stream(self, **arguments: Any) -> AsyncGenerator[Any, None]:
        """Yield the chunks of a streamed reply, or the whole one that came instead."""
        with self._client.chat.completions.create(**arguments, stream=True) as chunks:
            if is_json(chunks) and (whole := whole_of(chunks.response.read())):
                yield whole
                return
            for chunk in chunks:
                yield chunk


class _Flight(Flight):
    def __init__(self) -> None:
        super().__init__()
        self._ended = threading.Event()

    async def wait(self) -> None:
        self._ended.wait()

    def wake(self) -> None:
        self._ended.set()


class _Shared(Shared[Any]):
    """Whoever needs the next piece fetches it, for all."""

    def __init__(self, source: AsyncGenerator[Any, None]) -> None:
        super().__init__(source)
        self._fetching = threading.Lock()

    async def advance(self, at: int) -> None:
        with self._fetching:  # the others have nothing to do but wait for the same piece
            if len(self.pieces) > at or self.ended_at is not None:
                return
            try:
                self.pieces.append(await anext(self.source))
            except StopAsyncIteration:
                self.end()
            except Exception as error:
                self.end(error)
            except BaseException:
                self.end(Abandoned())
                raise

    async def close(self) -> None:
        with self._fetching:
            await self.source.aclose()


class BlockingFlights(Flights):
    """Leaders and followers are threads."""

    def new_flight(self) -> Flight:
        """Return a flight that has just begun."""
        return _Flight()

    def new_shared(self, source: AsyncGenerator[Any, None]) -> Shared[Any]:
        """Return a stream that nobody has read yet."""
        return _Shared(source)


class _Blocking:
    """What makes the ports of this face."""

    def redis(self, client: Any) -> BlockingRedis:
        """Return the port of a Redis client."""
        asynchronous = isinstance(client, AsyncRedis | AsyncRedisCluster)
        if asynchronous or not hasattr(client, "get_encoder"):
            raise wrong_client("redis_client", client, _WANTED)
        check_bytes(client)
        return BlockingRedis(client)

    def api(self, client: Any) -> BlockingApi:
        """Return the port of an OpenAI client."""
        if isinstance(client, openai.AsyncOpenAI) or not hasattr(client, "embeddings"):
            raise wrong_client("openai_client", client, "an openai.OpenAI")
        return BlockingApi(client)

    def flights(self) -> BlockingFlights:
        """Return an empty board of flights."""
        return BlockingFlights()


BLOCKING = _Blocking()
