"""POST /v1/chat/completions: a recorded answer, in one piece or as a stream of chunks."""

import codecs
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from semcache.lab.offline.answers import answer
from semcache.lab.offline.chat_request import ChatRequest, read
from semcache.lab.offline.wire import Answer
from semcache.tokens import count_tokens, encoding

__all__ = ["create"]

# The same request gets the same reply, byte for byte: no clock and no random id in it.
CREATED = 1_767_225_600  # the first second of 2026, UTC


@dataclass(frozen=True)
class Completion:
    """One answer as it is sent: its pieces, the tokens they hold, and why it ended."""

    pieces: list[str]
    tokens: int
    finish_reason: str


def create(body: dict[str, Any]) -> Answer:
    """Answer one request, plain or streamed.

    Every one of the ``n`` choices is the same text: there is no sampling in a recorded answer.

    Raises:
        Refusal: The API would not serve this request.
    """
    request = read(body)
    completion = complete(answer(request.question, request.model), request.stop, request.limit)
    prompt = _prompt_tokens(request)
    completion_tokens = request.choices * completion.tokens
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt + completion_tokens,
    }
    head = {"id": _id(body), "created": CREATED, "model": request.model}
    if request.stream:
        chunks = _chunks(head, completion, request, usage)
        return Answer(chunks, usage["total_tokens"])
    choices = [_choice(index, completion) for index in range(request.choices)]
    reply = {**head, "object": "chat.completion", "choices": choices, "usage": usage}
    return Answer(reply, usage["total_tokens"])


def complete(text: str, stop: tuple[str, ...], limit: int | None) -> Completion:
    """Cut a text where a model would have ended, and divide it as a model would have sent it.

    A piece is one token, or several where a character is spread over them.

    Example:
        >>> complete("one two three", (), 2)
        Completion(pieces=['one', ' two'], tokens=2, finish_reason='length')
    """
    for end in stop:
        text = text.split(end, 1)[0]
    vocabulary = encoding()
    tokens = vocabulary.encode(text, disallowed_special=())
    kept = tokens[:limit]
    decoder = codecs.getincrementaldecoder("utf-8")()
    pieces = [decoder.decode(vocabulary.decode_single_token_bytes(token)) for token in kept]
    finish_reason = "stop" if len(kept) == len(tokens) else "length"
    return Completion([piece for piece in pieces if piece], len(kept), finish_reason)


def _prompt_tokens(request: ChatRequest) -> int:
    # OpenAI's rule of thumb for its chat models: 3 tokens around each message, 3 for the reply.
    return 3 + sum(3 + count_tokens(m.role) + count_tokens(m.text) for m in request.messages)


def _id(body: dict[str, Any]) -> str:
    canonical = json.dumps(body, sort_keys=True).encode()
    return "chatcmpl-" + hashlib.sha256(canonical).hexdigest()[:24]


def _choice(index: int, completion: Completion) -> dict[str, Any]:
    return {
        "index": index,
        "message": {"role": "assistant", "content": "".join(completion.pieces), "refusal": None},
        "logprobs": None,
        "finish_reason": completion.finish_reason,
    }


def _chunks(
    head: dict[str, Any], completion: Completion, request: ChatRequest, usage: dict[str, int]
) -> Iterator[dict[str, Any]]:
    """Yield the events of a stream one by one, each made only when it is asked for."""
    head = {**head, "object": "chat.completion.chunk"}
    if request.include_usage:
        head["usage"] = None
    for index in range(request.choices):
        yield _chunk(head, index, {"role": "assistant", "content": ""})
        for piece in completion.pieces:
            yield _chunk(head, index, {"content": piece})
        yield _chunk(head, index, {}, completion.finish_reason)
    if request.include_usage:
        yield {**head, "choices": [], "usage": usage}


def _chunk(
    head: dict[str, Any], index: int, delta: dict[str, str], finish_reason: str | None = None
) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return {**head, "choices": [choice]}
