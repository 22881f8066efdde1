"""A reply of a chat in chunks: put together from them, and taken apart again."""

import json
from collections.abc import Iterator
from typing import Any

from semcache.answers.ending import reason_of
from semcache.client.endpoint import Body, as_dict

__all__ = ["UNKNOWN", "ChatGathering", "chunks_of"]

# Parts of a delta that name something; all others are pieces of a longer text.
_NAMES = frozenset(("role", "type", "id", "index", "name"))
# Of a reply that does not say what it cost: an application may read it, so it is there.
UNKNOWN = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


class ChatGathering:
    """A reply that comes in chunks; of a ``single`` answer, however the server numbers them."""

    def __init__(self, single: bool) -> None:
        self._single = single
        self._head: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}
        self._is_whole = True

    def take(self, data: bytes) -> bool:
        """Take a chunk's data."""
        if data.startswith(b"[DONE]"):
            return True
        try:
            chunk = json.loads(data)
        except (ValueError, RecursionError):
            chunk = None
        if isinstance(chunk, dict):
            self._take(chunk)
        else:
            self._is_whole = False  # nobody knows what it said
        return False

    def _take(self, chunk: dict[str, Any]) -> None:
        choices = chunk.pop("choices", None)
        self._head |= {k: v for k, v in chunk.items() if v is not None or k not in self._head}
        for one in choices if isinstance(choices, list) else ():
            choice = as_dict(one)
            at = choice.get("index")
            self._is_whole &= self._single or isinstance(at, int)
            number = at if isinstance(at, int) and not self._single else 0
            try:
                _merge_choice(self._choices.setdefault(number, {}), choice)
            except Unnumbered:
                self._is_whole = False

    def payload(self) -> dict[str, Any] | None:
        """The reply, as if it had come in one piece."""
        if not self._choices or not self._is_whole or self._head.get("error"):
            return None
        choices = []
        for index, choice in sorted(self._choices.items()):
            message = {"role": "assistant", "content": None, **as_dict(choice.pop("delta", None))}
            for call in message.get("tool_calls") or ():
                if not _name(call):  # a piece of another call, perhaps
                    return None
                call.pop("index", None)
            choices.append({**choice, "index": index, "message": message})
        usage = self._head.get("usage") or UNKNOWN
        return {**self._head, "object": "chat.completion", "choices": choices, "usage": usage}


class Unnumbered(Exception):
    """It cannot be told which call of a tool a piece belongs to."""


def _merge_choice(into: dict[str, Any], news: dict[str, Any]) -> None:
    """Add what a further chunk says of a choice: only its delta and its logprobs grow."""
    grown = {name: said for name, said in news.items() if name in ("delta", "logprobs")}
    merge(into, grown)
    reasons = [one["finish_reason"] for one in (into, news) if one.get("finish_reason")]
    into |= {k: v for k, v in news.items() if k not in grown and (v or k not in into)}
    if reasons:
        into["finish_reason"] = reason_of(reasons)


def merge(into: dict[str, Any], news: dict[str, Any]) -> None:
    """Add to what is known what a further chunk says: texts grow, lists are joined by index.

    Raises:
        Unnumbered: A piece of a call says nothing of which one.

    Example:
        >>> known = {"delta": {"content": "Hel"}}
        >>> merge(known, {"delta": {"content": "lo", "role": "assistant"}})
        >>> known
        {'delta': {'content': 'Hello', 'role': 'assistant'}}
    """
    for name, value in news.items():
        known = into.get(name)
        if name == "tool_calls" and isinstance(value, list):
            into[name] = known if isinstance(known, list) else []
            _merge_calls(into[name], value)
        elif value is None or known is None:
            into[name] = value if known is None else known
        elif isinstance(value, dict) and isinstance(known, dict):
            merge(known, value)
        elif isinstance(value, list) and isinstance(known, list):
            _merge_list(known, value)
        elif isinstance(value, str) and isinstance(known, str) and name not in _NAMES:
            into[name] = known + value
        elif value != "":  # some servers name a call once, and then send empty names
            into[name] = value


def _merge_list(known: list[Any], news: list[Any]) -> None:
    for item in news:
        at = item.get("index") if isinstance(item, dict) else None
        same = [one for one in known if at is not None and as_dict(one).get("index") == at]
        if same:
            merge(same[0], item)
        else:
            known.append(item)


def _merge_calls(known: list[Any], news: list[Any]) -> None:
    """Join pieces of calls: by index, and where several have the same, or none, by id."""
    for piece in map(as_dict, news):
        at, id = piece.get("index"), piece.get("id")
        if at is None and not id:
            raise Unnumbered
        same = [one for one in known if at is None or one.get("index") == at]
        if id and any(one.get("id") for one in same):
            same = [one for one in same if one.get("id") == id]
        if not same or (at is None and same[-1].get("id") != id):
            known.append(piece)
        elif _name(same[-1]) and _name(piece) not in ("", _name(same[-1])):
            raise Unnumbered  # two calls that only their names tell apart
        else:
            merge(same[-1], piece)


def _name(call: dict[str, Any]) -> str:
    """The name of the tool that is called, as far as it was said."""
    return str((as_dict(call.get("function")) or as_dict(call.get("custom"))).get("name") or "")


def chunks_of(payload: dict[str, Any], body: Body) -> Iterator[dict[str, Any]]:
    """Yield a kept reply as the chunks of a stream."""
    head = {k: v for k, v in payload.items() if k not in ("choices", "usage")}
    head["object"] = "chat.completion.chunk"
    wants_usage = bool(as_dict(body.get("stream_options")).get("include_usage"))
    if wants_usage:
        head["usage"] = None
    for number, one in enumerate(payload["choices"]):
        choice = {"index": number, **one}
        rest = {k: v for k, v in choice.items() if k not in ("message", "finish_reason")}
        delta = {k: v for k, v in choice["message"].items() if v is not None}
        if calls := delta.get("tool_calls"):
            delta["tool_calls"] = [{"index": at, **call} for at, call in enumerate(calls)]
        yield {**head, "choices": [{**rest, "delta": delta, "finish_reason": None}]}
        end = {"index": choice["index"], "delta": {}}
        yield {**head, "choices": [{**end, "finish_reason": choice.get("finish_reason")}]}
    if wants_usage:
        yield {**head, "choices": [], "usage": payload.get("usage")}
