"""The two faces: a transport for the client, and the line that puts it there. Lesson 12."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any, TypeVar, Unpack

import httpx2
import openai

from semcache.answers.keeper import AsyncKeeper, BlockingKeeper
from semcache.blocking import run
from semcache.client.arguments import AsyncByArguments, ByArguments
from semcache.client.cache import ClientCache, ClientKeywords
from semcache.client.kept import Reply
from semcache.client.onward import BlockingOnward, LoopOnward
from semcache.errors import ConfigError

__all__ = ["AsyncCacheTransport", "CacheTransport", "cache_of", "cached"]

Client = TypeVar("Client", openai.OpenAI, openai.AsyncOpenAI)


class CacheTransport(ByArguments, BlockingKeeper, httpx2.BaseTransport):
    """Stands where a client's HTTP transport stands, and answers what it has an answer to.

    Whatever takes an ``http_client`` can have it: ``httpx2.Client(transport=CacheTransport(...))``.
    :func:`cached` is the short way.

    Chats, responses and embeddings are looked up; all else passes through. Any request is found
    again exactly. By similarity only one whose last message is a user's text, and nothing but that
    text differs: instructions, tools, format, model and sampling are equal, and nothing was said
    before, unless ``standalone`` makes of the conversation a question that stands by itself.

    A reply says in its headers how it came: ``x-semcache`` is ``exact``, ``semantic``, ``miss``,
    ``bypass``, or ``stale`` for what has expired and is served while the provider fails; what was
    kept of a chat or response has ``x-semcache-similarity``, ``-question`` (percent-encoded) and
    ``-age`` (seconds), too. A request may say under ``extra_body={"semcache": ...}`` what it wants:
    ``read``, ``keep``, ``tags``, ``asker``, a shorter ``ttl`` and a stricter ``threshold``.

    Args:
        redis_client: A ``redis.Redis`` or ``RedisCluster`` that returns bytes.
        openai_client: The client that is behind it; it also embeds the questions.
        standalone: Takes the messages of a conversation and returns the last question so that it
            can be understood without them, or ``None``.
        admit: Which replies may be kept, by how they ended.
        rules: Which questions may not be shared; see :mod:`semcache.sharing`.
        answer_rules: Which answers are not kept.
        refuse_excess: Whether an answer is refused to a question that stands word for word in the
            one it was given to, which said more.
        **options: Those of :class:`~semcache.HybridLLMCache`; ``keep_calls=True`` keeps calls of
            tools, too, in the exact tier.

    Attributes:
        stats: Hits, misses, calls of the LLM and their tokens, errors.
        embedding_stats: The same of embeddings.

    Raises:
        ConfigError: A client or an option that cannot work.
    """

    ONWARD = BlockingOnward

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request, from the cache or from the provider."""
        return _response(run(self._reply(request)), _Body)


class AsyncCacheTransport(AsyncByArguments, AsyncKeeper, httpx2.AsyncBaseTransport):
    """:class:`CacheTransport` for ``redis.asyncio`` and ``AsyncOpenAI``."""

    ONWARD = LoopOnward

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request, from the cache or from the provider."""
        return _response(await self._reply(request), _AsyncBody)


def cached(openai_client: Client, redis_client: Any, **options: Unpack[ClientKeywords]) -> Client:
    """Return a client of the same class that asks the cache first.

    Args:
        openai_client: An ``OpenAI`` or ``AsyncOpenAI``, or an Azure one; it stays as it is.
        redis_client: A Redis client of the same face, that returns bytes.
        **options: Those of :class:`CacheTransport`: ``scope``, ``embedding_model``,
            ``threshold``, ``verifier`` and so on.

    Raises:
        ConfigError: A client or an option that cannot work.

    Example:
        >>> from semcache import connect
        >>> lab = connect(quiet=True)
        >>> client = cached(lab.openai, lab.redis, scope="shop", threshold=0.87,
        ...                 embedding_model=lab.embedding_model)
        >>> for question in ("What is Python?", "What is Python?", "Python是什么？"):
        ...     reply = client.chat.completions.with_raw_response.create(
        ...         model=lab.chat_model, messages=[{"role": "user", "content": question}])
        ...     print(reply.headers["x-semcache"], reply.parse().choices[0].message.content[:9])
        miss Python is
        exact Python is
        semantic Python is
        >>> cache_of(client).stats.hits
        2
    """
    http_client: Any
    if isinstance(openai_client, openai.AsyncOpenAI):
        asynchronous = AsyncCacheTransport(redis_client, openai_client, **options)
        own = _own(openai_client._client)
        http_client = openai.DefaultAsyncHttpxClient(transport=asynchronous, **own)
    else:
        transport = CacheTransport(redis_client, openai_client, **options)
        own = _own(openai_client._client)
        http_client = openai.DefaultHttpxClient(transport=transport, **own)
    return openai_client.with_options(http_client=http_client)


def _own(behind: Any) -> dict[str, Any]:
    """Return what an HTTP client adds to every request that it makes, for one that stands in."""
    names = "headers", "params", "cookies", "timeout", "follow_redirects", "max_redirects"
    return {name: getattr(behind, name) for name in names}


def cache_of(client: openai.OpenAI | openai.AsyncOpenAI) -> Any:
    """Return the :class:`CacheTransport` of a client: its ``stats``, ``keep``, ``clear_cache``.

    ``delete``, ``contains`` and ``keep`` make the requests that this client makes, to its address
    and with its query.

    Raises:
        ConfigError: The client has none.
    """
    transport = getattr(getattr(client, "_client", None), "_transport", None)
    if not isinstance(transport, ClientCache):
        raise ConfigError("this client has no cache: semcache.cached(client, redis) makes one")
    return transport.of(client)


def _response(found: Reply | httpx2.Response, body: Any) -> httpx2.Response:
    if isinstance(found, httpx2.Response):
        return found
    head, content = found
    if isinstance(content, bytes):
        return httpx2.Response(head.status, headers=head.headers, content=content)
    return httpx2.Response(head.status, headers=head.headers, stream=body(content))


class _Body(httpx2.SyncByteStream):
    """What comes in pieces; closing it hands on what others still read."""

    def __init__(self, pieces: AsyncGenerator[Any, None]) -> None:
        self._pieces, self._is_closed = pieces, False

    def __iter__(self) -> Iterator[bytes]:
        while True:
            try:
                piece = run(self._pieces.asend(None))
            except StopAsyncIteration:
                return
            if self._is_closed:
                run(self._pieces.aclose())
                return
            yield piece

    def close(self) -> None:
        self._is_closed = True
        try:
            run(self._pieces.aclose())
        except RuntimeError as error:
            _check_is_read(error)


class _AsyncBody(httpx2.AsyncByteStream):
    """The same, on an event loop."""

    def __init__(self, pieces: AsyncGenerator[Any, None]) -> None:
        self._pieces, self._is_closed = pieces, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._pieces:
            if self._is_closed:
                await self._pieces.aclose()
                return
            yield piece

    async def aclose(self) -> None:
        self._is_closed = True
        try:
            await self._pieces.aclose()
        except RuntimeError as error:
            _check_is_read(error)


def _check_is_read(error: RuntimeError) -> None:
    """Pass over that another thread or task waits for the next piece; it closes the stream then."""
    if "already running" not in str(error):
        raise error
