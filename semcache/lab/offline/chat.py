"""POST /v1/chat/completions: a text or calls of tools, in one piece or as a stream of chunks."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from semcache.lab.offline.chat_request import ChatRequest, read
from semcache.lab.offline.completion import Completion, SpokenCall, complete, digest
from semcache.lab.offline.wire import Answer

__all__ = ["CREATED", "create"]

Body = dict[str, Any]

# The same request gets the same reply, byte for byte: no clock and no random id in it.
CREATED = 1_767_225_600  # the first second of 2026, UTC


def create(body: Body) -> Answer:
    """Answer one request, plain or streamed.

    Every one of the ``n`` choices is the same, but for the ids of calls: nothing is sampled here.

    Raises:
        Refusal: The API would not serve this request.
    """
    request = read(body)
    id = digest(json.dumps(body, sort_keys=True))
    completions = [complete(request.prompt, f"{id}/{n}") for n in range(request.choices)]
    usage = _usage(request.prompt.tokens, sum(completion.tokens for completion in completions))
    head = {"id": f"chatcmpl-{id}", "created": CREATED, "model": request.prompt.model}
    if request.stream:
        return Answer(_chunks(head, completions, request, usage), usage["total_tokens"])
    choices = [_choice(index, completion) for index, completion in enumerate(completions)]
    reply = {**head, "object": "chat.completion", "choices": choices, "usage": usage}
    return Answer(reply, usage["total_tokens"])


def _usage(prompt: int, completion: int) -> dict[str, int]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _choice(index: int, completion: Completion) -> Body:
    said = completion.said
    message: Body = {"role": "assistant", "content": said and said.text, "refusal": None}
    if completion.calls:
        message["tool_calls"] = [_call(spoken) for spoken in completion.calls]
    return {
        "index": index,
        "message": message,
        "logprobs": None,
        "finish_reason": completion.finish_reason,
    }


def _call(spoken: SpokenCall) -> Body:
    id, name, arguments = spoken.call.id, spoken.call.name, spoken.call.arguments
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _chunks(
    head: Body, completions: Iterable[Completion], request: ChatRequest, usage: Body
) -> Iterator[Body]:
    """Yield the events of a stream one by one, each made only when it is asked for."""
    head = {**head, "object": "chat.completion.chunk"}
    if request.include_usage:
        head["usage"] = None
    for index, completion in enumerate(completions):
        for delta in _deltas(completion):
            yield _chunk(head, index, delta)
        yield _chunk(head, index, {}, completion.finish_reason)
    if request.include_usage:
        yield {**head, "choices": [], "usage": usage}


def _deltas(completion: Completion) -> Iterator[Body]:
    """Yield what a message gains chunk by chunk: its text, or each call and its arguments."""
    yield {"role": "assistant", "content": None if completion.calls else ""}
    for part in completion.said.parts if completion.said else ():
        yield {"content": part}
    for number, spoken in enumerate(completion.calls):
        call = _call(spoken)
        call["function"]["arguments"] = ""
        yield {"tool_calls": [{"index": number, **call}]}
        for part in spoken.pieces.parts:
            yield {"tool_calls": [{"index": number, "function": {"arguments": part}}]}


def _chunk(head: Body, index: int, delta: Body, finish_reason: str | None = None) -> Body:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return {**head, "choices": [choice]}
