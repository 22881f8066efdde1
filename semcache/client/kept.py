"""A kept reply, as it is given to who asks: in one piece or as a stream, with its origin."""

import json
from collections.abc import AsyncGenerator
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx2

from semcache.answers.looked import Looked
from semcache.client.call import ECHOED, Call
from semcache.client.provider import Head
from semcache.index.answer import Answer

__all__ = ["Reply", "kept_reply", "origin_of", "origin_of_kept"]

LONGEST = 500  # characters of a question in a header


class Reply(NamedTuple):
    """What the client gets: the body at once, or in pieces as it comes."""

    head: Head
    body: bytes | AsyncGenerator[Any, None]


def origin_of(looked: Looked, now: float) -> dict[str, str]:
    """Return the headers that tell where an answer comes from."""
    match = looked.lookup.match if looked.lookup else None
    if match is not None:
        return _origin("semantic", match.original_query, match.similarity, now - match.created_at)
    if looked.found is not None:
        return origin_of_kept(looked.found, now)
    return {"x-semcache": looked.tier or "exact"}


def origin_of_kept(found: Answer, now: float) -> dict[str, str]:
    """Return the same headers of an answer of the exact tier; one that has expired is stale."""
    way = "exact" if now < found.expires_at else "stale"
    return _origin(way, found.source or found.query, found.similarity, now - found.created_at)


def _origin(way: str, question: str, similarity: float, age: float) -> dict[str, str]:
    return {
        "x-semcache": way,
        "x-semcache-similarity": f"{similarity:.6f}",
        "x-semcache-question": quote(question[:LONGEST], safe=" ?!,.", errors="replace"),
        "x-semcache-age": str(max(0, int(age))),
    }


def kept_reply(payload: str, call: Call, origin: dict[str, str]) -> Reply:
    """Return a kept reply, in one piece or as the events of a stream.

    Raises:
        TypeError: It is none; or another error of :data:`semcache.client.cache.UNREADABLE`.
    """
    reply = json.loads(payload)
    if not call.endpoint.is_reply(reply):
        raise TypeError(f"no reply of {call.endpoint.path}")
    echoed = {name: call.body.get(name) for name in ECHOED if reply.get(name)}
    if echoed:  # what other callers said of themselves is not for this one
        reply |= echoed
        payload = json.dumps(reply, ensure_ascii=False)
    if not call.streams:
        headers = httpx2.Headers({"content-type": "application/json", **origin})
        return Reply(Head(200, headers), _encoded(payload, reply))
    events = [
        (f"event: {name}\n" if name else "") + f"data: {data}\n\n"
        for name, data in call.endpoint.events(reply, call.body)
    ]
    headers = httpx2.Headers({"content-type": "text/event-stream; charset=utf-8", **origin})
    return Reply(Head(200, headers), "".join(events).encode())


def _encoded(payload: str, reply: Any) -> bytes:
    """Return JSON as bytes; half characters, which a provider may have sent, as it sent them."""
    try:
        return payload.encode()
    except UnicodeEncodeError:
        return json.dumps(reply).encode()
