"""Replies on their way to the client: whole JSON bodies, event streams, and broken ones."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

import httpx2

__all__ = ["Answer", "reply"]


class Answer(NamedTuple):
    """What an endpoint gives back.

    Attributes:
        body: One JSON object, or an iterable of them that is sent as a stream of events.
        tokens: What the API would bill for it, prompt and completion together.
        named: Whether the events of a stream have names, and the last of them ends it; otherwise
            ``[DONE]`` does.
    """

    body: dict[str, Any] | Iterable[dict[str, Any]]
    tokens: int
    named: bool = False


def reply(answer: Answer, headers: dict[str, str], cut_after: int | None) -> httpx2.Response:
    """Turn an answer into a response that sync and async clients can read.

    Args:
        answer: What the endpoint said.
        headers: Sent along with the reply.
        cut_after: Break the connection after so many events (a plain body breaks in the middle);
            ``None`` sends everything.
    """
    if isinstance(answer.body, dict):
        content = json.dumps(answer.body, ensure_ascii=False).encode()
        headers = {**headers, "content-type": "application/json"}
        if cut_after is None:
            return httpx2.Response(200, headers=headers, content=content)
        return httpx2.Response(200, headers=headers, stream=_Broken([content[: len(content) // 2]]))
    headers = {**headers, "content-type": "text/event-stream; charset=utf-8"}
    events = map(_named_event if answer.named else _event, answer.body)
    if cut_after is None:
        parts = events if answer.named else chain(events, [b"data: [DONE]\n\n"])
        return httpx2.Response(200, headers=headers, stream=_Parts(parts))
    return httpx2.Response(200, headers=headers, stream=_Broken(islice(events, cut_after)))


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def _named_event(data: dict[str, Any]) -> bytes:
    return f"event: {data['type']}\n".encode() + _event(data)


class _Parts(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """Bytes that are made and sent part by part: nothing is produced before it is asked for."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            await asyncio.sleep(0)  # as on a network, other tasks run between two parts
            yield part


class _Broken(_Parts):
    """The same, but the connection is lost where the parts end."""

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts
        raise httpx2.RemoteProtocolError(
            "peer closed connection without sending complete message body (incomplete chunked read)"
        )
