"""POST /responses: which answers may be shared, and replies as JSON and as events.

The provider keeps a response, and a later request can go on from its id. So a reply is found by
similarity only where the request says ``store=False``: else who goes on from it would go on from
somebody else's question.
"""

import json
from collections.abc import Iterator
from typing import Any

from semcache.answers.completion import Completion
from semcache.answers.sampling import TRANSPORT
from semcache.client.endpoint import Asked, Body, as_dict, count_of, given, parts_text

__all__ = ["RESPONSES", "Responses"]

_LEADING = ("system", "developer")
# These change something at the provider, or answer later.
_ELSEWHERE = ("conversation", "background")
_ODD = ("previous_response_id", "prompt", "top_logprobs", "include")
_APART = TRANSPORT - {"store"} | {"input", "stream"}
_SAID = frozenset(("role", "content", "type"))


class Responses:
    """Responses."""

    path = "/responses"

    def asked(self, body: Body) -> Asked | None:
        """Take a body apart."""
        said = body.get("input")
        if any(body.get(name) for name in _ELSEWHERE):
            return None
        items = [{"role": "user", "content": said}] if isinstance(said, str) else said
        if not isinstance(items, list) or not items or not all(isinstance(i, dict) for i in items):
            return None
        leading = next(
            (at for at, one in enumerate(items) if one.get("role") not in _LEADING), len(items)
        )
        last, shaping = items[-1], given(body, _APART)
        text = parts_text(last.get("content"), "input_text") if last.get("role") == "user" else None
        query = text if text is not None and text.strip() else ""
        shaping |= {"user_message": given(last, _SAID)} if query else {}
        alone = body.get("store") is False and not any(body.get(name) for name in _ODD)
        plain = bool(query) and alone and all(map(_is_text, items))
        return Asked(query, last, items[:leading], items[leading:-1], shaping, plain)

    def is_reply(self, payload: Any) -> bool:
        """Whether it has an output, and no error."""
        reply = as_dict(payload)
        return isinstance(reply.get("output"), list) and not reply.get("error")

    def completion(self, payload: dict[str, Any]) -> Completion | None:
        """Return what a reply says."""
        if not self.is_reply(payload):
            return None
        output = payload["output"]
        parts = [
            part
            for item in map(as_dict, output)
            if item.get("type") == "message"
            for part in map(as_dict, item.get("content") or ())
        ]
        usage = payload.get("usage")
        return Completion(
            "".join(p.get("text") or "" for p in parts if p.get("type") == "output_text"),
            "stop" if payload.get("status") == "completed" else str(payload.get("status")),
            any(part.get("type") == "refusal" for part in parts),
            count_of(usage, "total_tokens"),
            any(str(as_dict(item).get("type")).endswith(("_call", "_request")) for item in output),
            json.dumps(payload, ensure_ascii=False),
            count_of(usage, "output_tokens"),
        )

    def events(self, payload: dict[str, Any], body: Body) -> Iterator[tuple[str, str]]:
        """Yield a kept reply as events."""
        for number, event in enumerate(_events(payload)):
            numbered = {**event, "sequence_number": number}
            yield event["type"], json.dumps(numbered)

    def gather(self, body: Body) -> "ResponseGathering":
        """Return what takes a reply from its last event."""
        return ResponseGathering()


RESPONSES = Responses()


class ResponseGathering:
    """A reply that comes in events: the last one has it whole."""

    def __init__(self) -> None:
        self._payload: dict[str, Any] | None = None

    def take(self, data: bytes) -> bool:
        """Take an event's data."""
        try:
            event = as_dict(json.loads(data))
        except (ValueError, RecursionError):
            return False
        if event.get("type") not in ("response.completed", "response.incomplete"):
            return False
        self._payload = as_dict(event.get("response")) or None
        return True

    def payload(self) -> dict[str, Any] | None:
        """The reply, as if it had come in one piece."""
        return self._payload


def _events(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**payload, "status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for at, item in enumerate(map(as_dict, payload["output"])):
        empty = {**item, "status": "in_progress"}
        if item.get("type") == "message":
            empty["content"] = []
        elif item.get("type") == "function_call":
            empty["arguments"] = ""
        yield {"type": "response.output_item.added", "output_index": at, "item": empty}
        where = {"output_index": at, "item_id": item.get("id")}
        yield from _inside(item, where)
        yield {"type": "response.output_item.done", "output_index": at, "item": item}
    ended = "completed" if payload.get("status") == "completed" else "incomplete"
    yield {"type": f"response.{ended}", "response": payload}


def _inside(item: dict[str, Any], where: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what a message or a call says, in one piece."""
    if item.get("type") == "function_call":
        call, arguments = "response.function_call_arguments", item.get("arguments", "")
        yield {"type": f"{call}.delta", **where, "delta": arguments}
        yield {"type": f"{call}.done", **where, "arguments": arguments, "name": item.get("name")}
    if item.get("type") != "message":
        return
    for at, part in enumerate(map(as_dict, item.get("content") or ())):
        place = {**where, "content_index": at}
        name = "text" if part.get("type") == "output_text" else "refusal"
        text, kind = part.get(name, ""), "output_text" if name == "text" else "refusal"
        more: dict[str, Any] = {"logprobs": []} if name == "text" else {}
        yield {"type": "response.content_part.added", **place, "part": {**part, name: ""}}
        yield {"type": f"response.{kind}.delta", **place, **more, "delta": text}
        yield {"type": f"response.{kind}.done", **place, **more, name: text}
        yield {"type": "response.content_part.done", **place, "part": part}


def _is_text(item: dict[str, Any]) -> bool:
    content = item.get("content")
    texts = ("input_text", "output_text", "refusal")
    if not isinstance(content, list):
        return item.get("type") in (None, "message", "function_call", "function_call_output")
    return all(as_dict(part).get("type") in texts for part in content)
