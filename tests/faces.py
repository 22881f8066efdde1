"""The asynchronous face, so that one suite tests both: each call runs on an event loop of its own.

``blocking(cache)`` gives an asynchronous cache the methods of its blocking twin. Nothing of the
cache is replaced: its coroutines run on the loop of a thread that serves all tests, with the
context of the thread that called.
"""

import asyncio
import contextvars
import inspect
import threading
from collections.abc import AsyncIterator, Iterator
from functools import cache, wraps
from typing import Any
from weakref import WeakKeyDictionary

import fakeredis
import openai
import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff

import semcache

TWINS = {
    name: getattr(semcache, f"Async{name}")
    for name in semcache.__all__
    if hasattr(semcache, f"Async{name}")
}
_contexts = threading.local()


@cache
def loop() -> asyncio.AbstractEventLoop:
    made = asyncio.new_event_loop()
    threading.Thread(target=made.run_forever, daemon=True).start()
    return made


def wait(coroutine: Any) -> Any:
    """Run a coroutine on the loop, as a task in the calling thread's context; wait for it."""
    if not hasattr(_contexts, "own"):
        _contexts.own = contextvars.copy_context()
    done: Any = threading.Event()
    task: list[Any] = []

    def start() -> None:
        task.append(loop().create_task(coroutine, context=_contexts_of[ident]))
        task[0].add_done_callback(lambda _: done.set())

    ident = threading.get_ident()
    _contexts_of[ident] = _contexts.own
    loop().call_soon_threadsafe(start)
    assert done.wait(120), "nothing came of it for two minutes"
    return task[0].result()


_contexts_of: dict[int, contextvars.Context] = {}


class Blocking:
    """An asynchronous object with blocking methods."""

    def __init__(self, inner: Any) -> None:
        object.__setattr__(self, "inner", inner)

    def __getattr__(self, name: str) -> Any:
        context = getattr(_contexts, "own", None)
        value = getattr(self.inner, name) if context is None else context.run(
            getattr, self.inner, name
        )  # fmt: skip
        return _blocking(value) if callable(value) else _wrapped(value)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.inner, name, value)


def _blocking(method: Any) -> Any:
    @wraps(method)
    def call(*args: Any, **options: Any) -> Any:
        result = method(*args, **options)
        if inspect.iscoroutine(result):
            result = wait(result)
        return _wrapped(result)

    return call


def _wrapped(value: Any) -> Any:
    if isinstance(value, AsyncIterator):
        return _pieces(value)
    if type(value).__name__.startswith("Async") and type(value).__module__.startswith("semcache"):
        return Blocking(value)
    return value


def _pieces(stream: Any) -> Iterator[Any]:
    try:
        while True:
            try:
                yield wait(_next(stream))
            except StopAsyncIteration:
                return
    finally:
        if _on_the_loop():  # dropped after a failed test; waiting for oneself never ends
            loop().create_task(stream.aclose())
        else:
            wait(stream.aclose())


def _on_the_loop() -> bool:
    try:
        return asyncio.get_running_loop() is loop()
    except RuntimeError:
        return False


async def _next(stream: Any) -> Any:
    return await anext(stream)


def make_async(made_of: type, *clients: Any, **options: Any) -> Any:
    """Make the asynchronous twin of a class over twins of its clients; it has blocking methods."""
    given = {name: _unwrapped(value) for name, value in options.items()}
    if "backing" in given:
        given["backing"] = TWINS[given["backing"].__name__]

    async def make() -> Any:
        return TWINS[made_of.__name__](*map(asynchronous, clients), **given)

    return Blocking(wait(make()))


def _unwrapped(value: Any) -> Any:
    return value.inner if isinstance(value, Blocking) else value


_twins: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def asynchronous(client: Any) -> Any:
    """The asynchronous twin of a client of Redis or of an API: of the same server."""
    client = _unwrapped(client)
    try:
        if client not in _twins:
            _twins[client] = _twin_of(client)
        return _twins[client]
    except TypeError:
        return client


def _twin_of(client: Any) -> Any:
    if isinstance(client, openai.OpenAI):
        transport = client._client._transport  # its handler serves both kinds of requests
        return openai.AsyncOpenAI(
            api_key=client.api_key,
            base_url=client.base_url,
            max_retries=client.max_retries,
            http_client=openai.DefaultAsyncHttpxClient(transport=transport),
        )
    if type(client).__name__ == "Spy":
        return type(client)(_twin_of(client._client), client._before)
    if isinstance(client, fakeredis.FakeRedis):
        options = client.connection_pool.connection_kwargs
        return fakeredis.FakeAsyncRedis(
            server=options["server"], decode_responses=options["decode_responses"]
        )
    if isinstance(client, redis.Redis):
        options = client.connection_pool.connection_kwargs
        names = [
            "host",
            "port",
            "db",
            "password",
            "username",
            "socket_timeout",
            "decode_responses",
            "protocol",
        ]
        kept = {name: options[name] for name in names if name in options}
        if "path" in options:
            kept["unix_socket_path"] = options["path"]
        return redis.asyncio.Redis(**kept, retry=AsyncRetry(NoBackoff(), 0))
    return client
