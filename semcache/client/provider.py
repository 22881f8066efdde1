"""Ask the provider: what it says is handed on as it comes, and read beside that."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, NamedTuple

import httpx2

from semcache.answers.completion import Finished
from semcache.client.call import Call
from semcache.client.onward import Onward
from semcache.errors import BadResponse

__all__ = ["Head", "Lost", "Provider", "Refused", "head_of"]

# What belongs to one connection, or to the body as it was sent.
_HOPS = frozenset(
    ("connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding")
)


class Head(NamedTuple):
    """The beginning of a provider's reply; what it says comes after it."""

    status: int
    headers: dict[str, str]


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


class Provider:
    """The LLM behind a client: what it yields is a :class:`Head`, then the body in pieces.

    A piece of a stream is one event with the empty line that ends it.
    """

    def __init__(self, onward: Onward) -> None:
        self._onward = onward

    async def pieces(self, request: Call, finished: Finished) -> AsyncGenerator[Any, None]:
        """Yield a reply as it comes.

        Raises:
            Refused: The provider said no.
            httpx2.TransportError: It could not be reached, or the connection was lost.
        """
        response = await self._onward.send(request.http)
        try:
            head = head_of(response)
            if response.status_code != 200:
                raise Refused(head, await self._onward.body(response))
            if "event-stream" in head.headers.get("content-type", ""):
                yield head
                async with aclosing(self._events(response, request, finished)) as events:
                    async for event in events:
                        yield event
                return
            body = (await self._onward.body(response)).decode("utf-8", "replace")
            await self._finish(request, _json(body), finished)
            yield head
            yield body
        finally:
            await self._onward.close(response)

    whole = pieces

    async def _events(
        self, response: httpx2.Response, request: Call, finished: Finished
    ) -> AsyncGenerator[str, None]:
        gathering = request.endpoint.gather(request.body)
        ended = False
        async with aclosing(self._blocks(response)) as blocks:
            async for block, data in blocks:
                # Before the last event is handed on: who has it may read no further.
                if data and gathering.take(data) and not ended:
                    ended = True
                    await self._finish(request, gathering.payload(), finished)
                yield block
        if not ended:
            await self._finish(request, gathering.payload(), finished)

    async def _blocks(self, response: httpx2.Response) -> AsyncGenerator[tuple[str, str], None]:
        """Yield events as they were sent, each with its data."""
        lines: list[str] = []
        async with aclosing(self._onward.lines(response)) as source:
            async for line in source:
                if line:
                    lines.append(line)
                elif lines:
                    yield _block(lines)
                    lines = []
        if lines:
            yield _block(lines)

    async def _finish(self, request: Call, payload: Any, finished: Finished) -> None:
        completion = request.endpoint.completion(payload) if isinstance(payload, dict) else None
        if completion is not None:
            await finished(completion)

    def is_outage(self, error: Exception) -> bool:
        """Whether the provider failed, so that an older answer may do."""
        if isinstance(error, Refused):
            return error.head.status == 429 or error.head.status >= 500
        return isinstance(error, httpx2.TransportError)


def head_of(response: httpx2.Response) -> Head:
    """Return a response's status and headers, without those that a new body makes untrue."""
    kept = {k: v for k, v in response.headers.items() if k.lower() not in _HOPS}
    return Head(response.status_code, kept)


def _block(lines: list[str]) -> tuple[str, str]:
    data = [line[5:].removeprefix(" ") for line in lines if line.startswith("data:")]
    return "\n".join(lines) + "\n\n", "\n".join(data)


def _json(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
