"""POST /chat/completions: which answers may be shared, and replies as JSON and as chunks."""

import json
from collections.abc import Iterator
from typing import Any

from semcache.answers.completion import Completion
from semcache.answers.request import TRANSPORT
from semcache.client.endpoint import Asked, Body, as_dict, given, parts_text

__all__ = ["CHAT", "Chat"]

_LEADING = ("system", "developer")
# With any of these an answer is more than one text, or is looked up somewhere at that moment.
_ODD = ("logprobs", "top_logprobs", "audio", "web_search_options")
_ENDED = ("tool_calls", "function_call")  # as good as "stop"
# Parts of a delta that name something; all others are pieces of a longer text.
_NAMES = frozenset(("role", "type", "id", "index", "name"))


# Of a reply whose stream did not say what it cost: an application may read it, so it is there.
_UNKNOWN = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


class Chat:
    """Chat completions."""

    path = "/chat/completions"

    def asked(self, body: Body) -> Asked | None:
        """Take a body apart."""
        messages = body.get("messages")
        if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
            return None
        shaping = given(body, "messages", "stream", *TRANSPORT)
        if not messages:
            return None
        leading = next(
            (at for at, m in enumerate(messages) if m.get("role") not in _LEADING), len(messages)
        )
        last = messages[-1]
        text = parts_text(last.get("content"), "text") if last.get("role") == "user" else None
        query = text if text is not None and text.strip() else ""
        shaping |= {"user_message": given(last, "role", "content")} if query else {}
        plain = bool(query) and _is_plain(shaping) and all(map(_is_text, messages))
        return Asked(query, last, messages[:leading], messages[leading:-1], shaping, plain)

    def is_reply(self, payload: Any) -> bool:
        """Whether each of its choices, and there are some, has a message."""
        choices = as_dict(payload).get("choices")
        if not isinstance(choices, list) or not choices:
            return False
        return all(isinstance(as_dict(choice).get("message"), dict) for choice in choices)

    def completion(self, payload: dict[str, Any]) -> Completion | None:
        """Return what a reply says: of several choices the first, and how they all ended."""
        if not self.is_reply(payload):
            return None
        messages = [choice["message"] for choice in payload["choices"]]
        reasons = [choice.get("finish_reason") for choice in payload["choices"]]
        odd = sorted((r for r in reasons if r != "stop"), key=_ENDED.__contains__)
        content = messages[0].get("content")
        return Completion(
            content if isinstance(content, str) else "",
            odd[0] if odd else "stop",
            any(message.get("refusal") for message in messages),
            _tokens(payload.get("usage")),
            any(m.get("tool_calls") or m.get("function_call") for m in messages),
            json.dumps(payload, ensure_ascii=False),
        )

    def events(self, payload: dict[str, Any], body: Body) -> Iterator[tuple[str, str]]:
        """Yield a kept reply as chunks."""
        for chunk in _chunks(payload, body):
            yield "", json.dumps(chunk, ensure_ascii=False)
        yield "", "[DONE]"

    def gather(self, body: Body) -> "ChatGathering":
        """Return what puts a reply together from chunks."""
        return ChatGathering(body.get("n") in (None, 1))


CHAT = Chat()


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
        except ValueError:
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
            _merge_choice(self._choices.setdefault(number, {}), choice)

    def payload(self) -> dict[str, Any] | None:
        """The reply, as if it had come in one piece."""
        if not self._choices or not self._is_whole or self._head.get("error"):
            return None
        choices = []
        for index, choice in sorted(self._choices.items()):
            message = {"role": "assistant", "content": None, **as_dict(choice.pop("delta", None))}
            for call in message.get("tool_calls") or ():
                call.pop("index", None)
            choices.append({**choice, "index": index, "message": message})
        usage = self._head.get("usage") or _UNKNOWN
        return {**self._head, "object": "chat.completion", "choices": choices, "usage": usage}


def _merge_choice(into: dict[str, Any], news: dict[str, Any]) -> None:
    """Add what a further chunk says of a choice: only its delta and its logprobs grow."""
    grown = {name: said for name, said in news.items() if name in ("delta", "logprobs")}
    merge(into, grown)
    into |= {k: v for k, v in news.items() if k not in grown and (v or k not in into)}


def merge(into: dict[str, Any], news: dict[str, Any]) -> None:
    """Add to what is known what a further chunk says: texts grow, lists are joined by index.

    Example:
        >>> known = {"delta": {"content": "Hel"}}
        >>> merge(known, {"delta": {"content": "lo", "role": "assistant"}})
        >>> known
        {'delta': {'content': 'Hello', 'role': 'assistant'}}
    """
    for name, value in news.items():
        known = into.get(name)
        if value is None or known is None:
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


def _chunks(payload: dict[str, Any], body: Body) -> Iterator[dict[str, Any]]:
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


def _is_plain(shaping: dict[str, Any]) -> bool:
    """Whether an answer is one text, by what the request asks for."""
    text_only = shaping.get("modalities", ["text"]) == ["text"]
    return shaping.get("n", 1) == 1 and text_only and not any(shaping.get(n) for n in _ODD)


def _is_text(message: dict[str, Any]) -> bool:
    """Whether a message holds nothing but text: no image, audio or file."""
    content = message.get("content")
    if not isinstance(content, list):
        return True
    return all(as_dict(part).get("type") in ("text", "refusal") for part in content)


def _tokens(usage: Any) -> int:
    total = as_dict(usage).get("total_tokens")
    return total if isinstance(total, int) else 0
