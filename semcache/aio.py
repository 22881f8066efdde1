"""The ports of the asynchronous face: they wait on the event loop of the running task."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Sequence
from contextlib import aclosing
from typing import Any
from weakref import WeakKeyDictionary

import openai
import redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio import RedisCluster as AsyncRedisCluster

from semcache.failures import OutOfTurn
from semcache.flights import Abandoned, Flight, Flights, Shared
from semcache.locks import Lock
from semcache.options import check_bytes, wrong_client
from semcache.ports import SCAN_CHUNK, RedisPort
from semcache.question import Command
from semcache.turnstiles import LoopTurnstiles
from semcache.unstreamed import is_json, whole_of

__all__ = ["ASYNC", "AsyncRedisClient"]

_WANTED = (
    "a redis.asyncio.Redis or RedisCluster, such as semcache.redis_client(url, asynchronous=True)"
)

AsyncRedisClient = AsyncRedis | AsyncRedisCluster


class LoopRedis(RedisPort):
    """A ``redis.asyncio.Redis`` or its ``RedisCluster``."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self._gates = _gates_of(client)

    async def _send(self, commands: Sequence[Command], transaction: bool) -> list[Any]:
        if self._gates is None:
            return await self._send_now(commands, transaction)
        gate, served = self._gates.here(), False
        waits = not gate.is_free()
        if waits and not await gate.enter(self.patience):
            raise OutOfTurn("all connections of the pool are in use")
        try:
            if waits:
                self.has_waited()
            elif gate.is_crowded():
                await asyncio.sleep(0)
            replies, served = await self._send_now(commands, transaction), True
        finally:
            gate.leave(served)
        return replies

    async def _send_now(self, commands: Sequence[Command], transaction: bool) -> list[Any]:
        if len(commands) == 1 and not transaction:
            try:
                return [await self.client.execute_command(*commands[0])]
            except redis.ResponseError as error:
                return [error]
        pipe = self.client.pipeline(transaction=transaction)
        for command in commands:
            pipe.execute_command(*command)
        replies: list[Any] = await pipe.execute(raise_on_error=False)
        return replies

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds."""
        await asyncio.sleep(seconds)

    async def _keys_of_node(self, prefix: str, rest: str) -> AsyncIterator[bytes]:
        await self.client.initialize()  # learns where the slots are
        options = {"count": SCAN_CHUNK, "target_nodes": self.client.get_node_from_key(prefix)}
        async for key in self.client.scan_iter(f"{prefix}{rest}", **options):
            yield key


_gates: WeakKeyDictionary[Any, LoopTurnstiles] = WeakKeyDictionary()
_lock = Lock()


def _gates_of(client: Any) -> LoopTurnstiles | None:
    """Return the turnstiles of a client, which all ports to it share; its nodes have pools each."""
    places = getattr(getattr(client, "connection_pool", None), "max_connections", None)
    if not places:
        return None
    try:
        with _lock:
            return _gates.setdefault(client, LoopTurnstiles(places))
    except TypeError:  # not hashable, or not to be referred to weakly
        return LoopTurnstiles(places)


class LoopApi:
    """An ``openai.AsyncOpenAI``."""

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._client: Any = client  # the overloads of its methods take no dictionary

    async def embeddings(self, **arguments: Any) -> Any:
        """Return the reply of ``embeddings.create``."""
        return await self._client.embeddings.create(**arguments)

    async def chat(self, **arguments: Any) -> Any:
        """Return the reply of ``chat.completions.create``."""
        return await self._client.chat.completions.create(**arguments)

    async def chat_stream(self, **arguments: Any) -> AsyncGenerator[Any, None]:
        """Yield the chunks of a streamed reply, or the whole one that came instead."""
        async with await self._client.chat.completions.create(**arguments, stream=True) as chunks:
            if is_json(chunks) and (whole := whole_of(await chunks.response.aread())):
                yield whole
                return
            async for chunk in chunks:
                yield chunk


class _Flight(Flight):
    def __init__(self) -> None:
        super().__init__()
        self._ended = asyncio.Event()

    async def wait(self) -> None:
        await self._ended.wait()

    def wake(self) -> None:
        self._ended.set()


class _Shared(Shared[Any]):
    """A task of its own fetches, so that a reader may be cancelled without harm to the others."""

    def __init__(self, source: AsyncGenerator[Any, None]) -> None:
        super().__init__(source)
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def advance(self, at: int) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._fetch())
        news = self._news
        if len(self.pieces) <= at and self.ended_at is None:
            await news.wait()

    async def _fetch(self) -> None:
        error: BaseException | None = None
        try:
            async with aclosing(self.source) as source:
                async for piece in source:
                    self.pieces.append(piece)
                    self._tell()
        except Exception as failed:
            error = failed
        except BaseException:
            error = Abandoned()
            raise
        finally:
            self.end(error)
            self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def close(self) -> None:
        if self._task is None:
            await self.source.aclose()
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


class LoopFlights(Flights):
    """Leaders and followers are tasks of one event loop."""

    def here(self, key: Hashable) -> Hashable:
        """Return the key among those of the running loop."""
        return asyncio.get_running_loop(), key

    def new_flight(self) -> Flight:
        """Return a flight that has just begun."""
        return _Flight()

    def new_shared(self, source: AsyncGenerator[Any, None]) -> Shared[Any]:
        """Return a stream that nobody has read yet."""
        return _Shared(source)


class _Async:
    """What makes the ports of this face."""

    def redis(self, client: Any) -> LoopRedis:
        """Return the port of a Redis client."""
        blocking = isinstance(client, redis.Redis | redis.RedisCluster)
        if blocking or not hasattr(client, "get_encoder"):
            raise wrong_client("redis_client", client, _WANTED)
        check_bytes(client)
        return LoopRedis(client)

    def api(self, client: Any) -> LoopApi:
        """Return the port of an OpenAI client."""
        if isinstance(client, openai.OpenAI) or not hasattr(client, "embeddings"):
            raise wrong_client("openai_client", client, "an openai.AsyncOpenAI")
        return LoopApi(client)

    def flights(self) -> LoopFlights:
        """Return an empty board of flights."""
        return LoopFlights()


ASYNC = _Async()
