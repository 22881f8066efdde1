"""What a responses request asks for, read and checked before anything is answered."""

from dataclasses import dataclass
from typing import Any

from semcache.lab.offline.conversations import Conversations
from semcache.lab.offline.formats import Format, read_format
from semcache.lab.offline.options import check_model, integer
from semcache.lab.offline.prompt import Message, Prompt
from semcache.lab.offline.refusal import Refusal, missing, wrong_type
from semcache.lab.offline.response_items import check_calls, read_items
from semcache.lab.offline.tool_request import read_tools

__all__ = ["ResponseRequest", "read", "texts_of"]

LEAST_TOKENS = 16

# Accepted and without effect, as in the chat endpoint; they are sent back with the response.
HARMLESS = {"metadata", "prompt_cache_key", "safety_identifier", "service_tier", "temperature"}
HARMLESS |= {"include", "stream_options", "top_p", "truncation", "user"}
KNOWN = frozenset(
    HARMLESS
    | {"input", "instructions", "max_output_tokens", "model", "parallel_tool_calls"}
    | {"previous_response_id", "store", "stream", "text", "tool_choice", "tools"}
)
MOVED = {
    "max_completion_tokens": "max_output_tokens",
    "max_tokens": "max_output_tokens",
    "messages": "input",
    "response_format": "text.format",
}


@dataclass(frozen=True)
class ResponseRequest:
    """A request that can be answered.

    Attributes:
        prompt: What the model is given: instructions, what was said before, and the input.
        said: The same without the instructions, which hold for this request only.
        store: Whether the conversation can go on from the response.
        stream: Whether the response travels in events.
    """

    prompt: Prompt
    said: tuple[Message, ...]
    store: bool
    stream: bool


def read(body: dict[str, Any], conversations: Conversations) -> ResponseRequest:
    """Read a request.

    Raises:
        Refusal: The API would not serve it.
    """
    _check_names(body)
    for param in ("model", "input"):
        if param not in body:
            raise missing(param)
    check_model(body["model"], "v1/responses")
    said = _before(body, conversations) + read_items(body["input"])
    check_calls(said)
    format = _format(body.get("text"), said)
    prompt = Prompt(
        model=body["model"],
        messages=_instructions(body) + said,
        tools=read_tools(body, nested=False),
        format=format,
        limit=integer(body, "max_output_tokens", lowest=LEAST_TOKENS),
    )
    return ResponseRequest(prompt, said, body.get("store") is not False, body.get("stream") is True)


def texts_of(body: dict[str, Any]) -> tuple[str, ...]:
    """Return the texts of a request: instructions and input, also of one that will be refused."""
    try:
        messages = _instructions(body) + read_items(body.get("input"))
    except Refusal:
        return ()
    return tuple(message.text for message in messages if message.text or not message.calls)


def _check_names(body: dict[str, Any]) -> None:
    for name in sorted(body.keys() - KNOWN):
        if name in MOVED:
            message = (
                f"Unsupported parameter: '{name}'. In the Responses API, this parameter has moved "
                f"to '{MOVED[name]}'. Try again with the new parameter. See the API documentation "
                "for more information: "
                "https://platform.openai.com/docs/api-reference/responses/create."
            )
            raise Refusal(400, message, param=name, code="unsupported_parameter")
        raise Refusal(400, f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


def _before(body: dict[str, Any], conversations: Conversations) -> tuple[Message, ...]:
    id = body.get("previous_response_id")
    return () if id is None else conversations.until(str(id))


def _instructions(body: dict[str, Any]) -> tuple[Message, ...]:
    given = body.get("instructions", "")
    if not isinstance(given, str):
        raise wrong_type("instructions", "a string")
    return (Message("developer", given),) if given else ()


def _format(text: object, said: tuple[Message, ...]) -> Format:
    given = text.get("format") if isinstance(text, dict) else text
    format = read_format(given, "text.format")
    if format.kind == "json_object" and not any("json" in m.text.casefold() for m in said):
        message = (
            "Response input messages must contain the word 'json' in some form to use "
            "'text.format' of type 'json_object'."
        )
        raise Refusal(400, message, param="input")
    return format
