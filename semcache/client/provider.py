"""Ask the provider: what it says is handed on as it comes, and read beside that."""

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any, NamedTuple

import httpx2

from semcache.answers.completion import Finished
from semcache.answers.renewing import NotRenewed
from semcache.api_failures import is_passing
from semcache.client.call import Call
from semcache.client.endpoint import Gathering
from semcache.client.events import Splitter, begins_badly
from semcache.client.onward import Onward
from semcache.errors import BadResponse, CacheUnavailable
from semcache.index.answer import Answer

__all__ = ["Head", "Lost", "NoReply", "Provider", "Refused", "head_of"]

log = logging.getLogger("semcache")

# What reading raises of a reply that is an odd one.
UNREADABLE = (AttributeError, TypeError, ValueError, RecursionError)
# What belongs to one connection, or to the body as it was sent.
_HOPS = frozenset(
    (b"connection", b"content-encoding", b"content-length", b"keep-alive", b"transfer-encoding")
)


class Head(NamedTuple):
    """The beginning of a provider's reply; what it says comes after it."""

    status: int
    headers: httpx2.Headers

    def that_came(self, way: str) -> "Head":
        """Return the same, saying how the reply came."""
        headers = self.headers.copy()
        headers["x-semcache"] = way
        return Head(self.status, headers)

    def is_stream(self, wanted: bool) -> bool:
        """Whether what follows are events; not every server says so that was asked for them."""
        kind = self.headers.get("content-type", "")
        is_other = "json" in kind or "html" in kind
        return "event-stream" in kind or (wanted and not is_other)


class Lost(BadResponse):
    """The provider could not be reached, or the connection was lost."""

    def __init__(self, error: httpx2.TransportError) -> None:
        super().__init__(str(error))
        self.error = error


class Refused(BadResponse):
    """The provider said no: its whole reply, which is the caller's."""

    def __init__(self, head: Head, body: bytes) -> None:
        super().__init__(f"the provider answered with status {head.status}")
        self.head, self.body = head, body


class NoReply(Refused):
    """The provider answered with success, but with no reply: an error, or a page in its place."""


class Provider:
    """The LLM behind a client: what it yields is a :class:`Head`, then the body in pieces.

    A piece of a stream is one event with the empty line that ends it, as it was sent. The head
    waits for the first of them: as long as nothing was handed out, an older answer may do.
    """

    def __init__(self, onward: Onward) -> None:
        self._onward = onward

    async def pieces(self, request: Call, finished: Finished) -> AsyncGenerator[Any, None]:
        """Yield a reply as it comes.

        Raises:
            Refused: The provider said no.
            NoReply: It said neither no nor anything that is a reply.
            NotRenewed: Its whole reply may not be kept in place of an answer that lives.
            httpx2.TransportError: It could not be reached, or the connection was lost.
        """
        response = await self._onward.send(request.http)
        try:
            head = head_of(response)
            if response.status_code != 200:
                raise Refused(head, await self._onward.body(response))
            if head.is_stream(request.streams):
                async with aclosing(self._events(response, request, finished)) as events:
                    first = await anext(events, b"")
                    if begins_badly(first):
                        raise NoReply(head, first + b"".join([event async for event in events]))
                    yield head
                    yield first
                    async for event in events:
                        yield event
                return
            body = await self._onward.body(response)
            payload = _payload(body)
            if payload is None or not request.endpoint.is_reply(payload):
                raise NoReply(head, body)
            await self._finish(request, payload, finished)
            yield head
            yield body
        finally:
            await self._onward.close(response)

    whole = pieces

    async def _events(
        self, response: httpx2.Response, request: Call, finished: Finished
    ) -> AsyncGenerator[bytes, None]:
        gathering = request.endpoint.gather(request.body)
        ended = False
        async with aclosing(self._blocks(response)) as blocks:
            async for block, data in blocks:
                # Before the last event is handed on: who has it may read no further.
                if data and not ended and gathering.take(data):
                    ended = True
                    await self._gathered(request, gathering, finished)
                yield block
        if not ended:
            await self._gathered(request, gathering, finished)

    async def _gathered(self, request: Call, gathering: Gathering, finished: Finished) -> None:
        """Tell what a stream has said; its head was handed out, and so the rest is."""
        try:
            payload = gathering.payload()
        except UNREADABLE as error:
            _tell_unreadable(error)
            return
        if payload is not None:
            with suppress(NotRenewed):
                await self._finish(request, payload, finished)

    async def _blocks(self, response: httpx2.Response) -> AsyncGenerator[tuple[bytes, bytes], None]:
        """Yield events as they were sent, each with its data."""
        splitter = Splitter()
        async with aclosing(self._onward.chunks(response)) as source:
            async for chunk in source:
                for event in splitter.take(chunk):
                    yield event
        for event in splitter.rest():
            yield event

    async def _finish(self, request: Call, payload: dict[str, Any], finished: Finished) -> None:
        """Tell what was said, if it can be read; what was paid for is the caller's anyway."""
        try:
            completion = request.endpoint.completion(payload)
        except UNREADABLE as error:
            _tell_unreadable(error)
            return
        if completion is None:
            return
        try:
            await finished(completion)
        except CacheUnavailable as error:  # counted already
            log.warning("a reply is handed on and not kept: %s", error)

    def of_kept(self, answer: Answer) -> Answer:
        """Return what the caller gets of an answer that was kept: it says where it comes from."""
        return answer

    def is_outage(self, error: Exception) -> bool:
        """Whether the provider failed, so that an older answer may do."""
        if isinstance(error, Refused) and not isinstance(error, NoReply):
            return is_passing(error.head.status)
        return isinstance(error, NoReply | httpx2.TransportError)


def head_of(response: httpx2.Response) -> Head:
    """Return a response's status and headers, without those that a new body makes untrue."""
    kept = [(k, v) for k, v in response.headers.raw if k.lower() not in _HOPS]  # some are no ASCII
    return Head(response.status_code, httpx2.Headers(kept))


def _payload(body: bytes) -> dict[str, Any] | None:
    """Return the object in a body; ``None`` if there is none."""
    try:
        payload = json.loads(body)
    except UNREADABLE as error:
        _tell_unreadable(error)
        return None
    return payload if isinstance(payload, dict) else None


def _tell_unreadable(error: Exception) -> None:
    log.warning("a reply cannot be read, so it is handed on and not kept: %r", error)
