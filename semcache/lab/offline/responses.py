"""POST /v1/responses: output items, in one piece or as a stream of events."""

import json
from typing import Any

from semcache.lab.offline.chat import CREATED
from semcache.lab.offline.completion import Completion, Pieces, complete, digest
from semcache.lab.offline.conversations import Conversations
from semcache.lab.offline.response_events import events
from semcache.lab.offline.response_request import ResponseRequest, read
from semcache.lab.offline.wire import Answer

__all__ = ["create"]

Body = dict[str, Any]

# What a response repeats of its request, and what it says where nothing was sent.
REPEATED: Body = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}


def create(body: Body, conversations: Conversations) -> Answer:
    """Answer one request, plain or streamed, and store it unless it says ``"store": false``.

    Raises:
        Refusal: The API would not serve this request.
    """
    request = read(body, conversations)
    id = digest(json.dumps(body, sort_keys=True))
    completion = complete(request.prompt, id)
    if request.store:
        conversations.keep(f"resp_{id}", (*request.said, completion.message))
    begun, ended = _begun(id, body), _ended(request, completion)
    output = _output(id, completion)
    response = {**begun, **ended, "output": [item for item, _ in output]}
    tokens = ended["usage"]["total_tokens"]
    if request.stream:
        return Answer(events(begun, output, response), tokens, named=True)
    return Answer(response, tokens)


def _begun(id: str, body: Body) -> Body:
    repeated = {name: body.get(name, default) for name, default in REPEATED.items()}
    return {
        "id": f"resp_{id}",
        "object": "response",
        "created_at": CREATED,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": body["model"],
        "output": [],
        "usage": None,
        **repeated,
    }


def _ended(request: ResponseRequest, completion: Completion) -> Body:
    usage = _usage(request.prompt.tokens, completion.tokens)
    if completion.finish_reason != "length":
        return {"status": "completed", "usage": usage}
    details = {"reason": "max_output_tokens"}
    return {"status": "incomplete", "incomplete_details": details, "usage": usage}


def _usage(given: int, made: int) -> Body:
    return {
        "input_tokens": given,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": given + made,
    }


def _output(id: str, completion: Completion) -> list[tuple[Body, Pieces]]:
    """Return each output item, and the pieces of its text or of its arguments."""
    output = []
    if completion.said is not None:
        text = {"type": "output_text", "annotations": [], "logprobs": []}
        content = [text | {"text": completion.said.text}]
        message = {"role": "assistant", "content": content}
        output.append((_item("message", f"msg_{id}", completion.said) | message, completion.said))
    for number, (call, pieces) in enumerate(completion.calls):
        called = {"call_id": call.id, "name": call.name, "arguments": call.arguments}
        item = _item("function_call", f"fc_{digest(f'{id}/{number}')}", pieces)
        output.append((item | called, pieces))
    return output


def _item(kind: str, id: str, pieces: Pieces) -> Body:
    return {"id": id, "type": kind, "status": "completed" if pieces.whole else "incomplete"}
