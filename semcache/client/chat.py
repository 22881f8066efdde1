"""POST /chat/completions: which answers may be shared, and what replies say."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from semcache.answers.completion import Completion
from semcache.answers.ending import reason_of
from semcache.answers.sampling import TRANSPORT
from semcache.client.chunks import UNKNOWN, ChatGathering, chunks_of
from semcache.client.endpoint import Asked, Body, as_dict, count_of, given, parts_text

__all__ = ["CHAT", "Chat", "reply_of"]

_LEADING = ("system", "developer")
_APART = TRANSPORT | {"messages", "stream"}
_SAID = frozenset(("role", "content"))
# With any of these an answer is more than one text, or is looked up somewhere at that moment.
_ODD = ("logprobs", "top_logprobs", "audio", "web_search_options")


class Chat:
    """Chat completions."""

    path = "/chat/completions"

    def asked(self, body: Body) -> Asked | None:
        """Take a body apart."""
        messages = body.get("messages")
        if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
            return None
        shaping = given(body, _APART)
        if not messages:
            return None
        leading = next(
            (at for at, m in enumerate(messages) if m.get("role") not in _LEADING), len(messages)
        )
        last = messages[-1]
        text = parts_text(last.get("content"), "text") if last.get("role") == "user" else None
        query = text if text is not None and text.strip() else ""
        shaping |= {"user_message": given(last, _SAID)} if query else {}
        plain = bool(query) and _is_plain(shaping) and all(map(_is_text, messages))
        return Asked(query, last, messages[:leading], messages[leading:-1], shaping, plain)

    def is_reply(self, payload: Any) -> bool:
        """Whether each of its choices, and there are some, has a message; and nothing an error."""
        reply = as_dict(payload)
        choices = reply.get("choices")
        if not isinstance(choices, list) or not choices or reply.get("error"):
            return False
        return all(
            isinstance(as_dict(choice).get("message"), dict) and not choice.get("error")
            for choice in choices
        )

    def completion(self, payload: dict[str, Any]) -> Completion | None:
        """Return what a reply says: of several choices the first, and how they all ended."""
        if not self.is_reply(payload):
            return None
        messages = [choice["message"] for choice in payload["choices"]]
        reasons = [choice.get("finish_reason") for choice in payload["choices"]]
        content = messages[0].get("content")
        return Completion(
            content if isinstance(content, str) else "",
            reason_of(reasons),
            any(message.get("refusal") for message in messages),
            count_of(payload.get("usage"), "total_tokens"),
            any(m.get("tool_calls") or m.get("function_call") for m in messages),
            json.dumps(payload, ensure_ascii=False),
            count_of(payload.get("usage"), "completion_tokens"),
        )

    def events(self, payload: dict[str, Any], body: Body) -> Iterator[tuple[str, str]]:
        """Yield a kept reply as chunks."""
        for chunk in chunks_of(payload, body):
            yield "", json.dumps(chunk)
        yield "", "[DONE]"

    def gather(self, body: Body) -> ChatGathering:
        """Return what puts a reply together from chunks."""
        return ChatGathering(body.get("n") in (None, 1))


CHAT = Chat()


def reply_of(text: str, model: str, created: float) -> dict[str, Any]:
    """Return the reply of a chat that says a text and ends by itself, as it is sent.

    Args:
        text: The answer.
        model: The LLM that gave it.
        created: When, in seconds since the epoch.

    Example:
        >>> reply = reply_of("Within 14 days.", "gpt-4o-mini", 1_795_824_000.5)
        >>> reply["choices"][0]["message"]["content"], reply["created"]
        ('Within 14 days.', 1795824000)
    """
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": f"semcache-{uuid4().hex}",
        "object": "chat.completion",
        "created": int(created),
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": UNKNOWN,
    }


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
