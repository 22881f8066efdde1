"""What a chat request asks for, read and checked before anything is answered."""

from dataclasses import dataclass
from typing import Any

from semcache.lab.offline.chat_messages import read_messages
from semcache.lab.offline.formats import Format, read_format
from semcache.lab.offline.options import check_model, integer
from semcache.lab.offline.prompt import Message, Prompt
from semcache.lab.offline.refusal import Refusal, missing, unknown_arguments, wrong_type
from semcache.lab.offline.tool_request import read_tools

__all__ = ["ChatRequest", "read", "texts_of"]

MAX_CHOICES = 128

# Accepted and without effect: nothing is sampled here, and bookkeeping changes no answer.
HARMLESS = {"frequency_penalty", "metadata", "presence_penalty", "safety_identifier", "seed"}
HARMLESS |= {"prompt_cache_key", "service_tier", "store", "temperature", "top_p", "user"}
KNOWN = frozenset(
    HARMLESS
    | {"max_completion_tokens", "max_tokens", "messages", "model", "n", "parallel_tool_calls"}
    | {"response_format", "stop", "stream", "stream_options", "tool_choice", "tools"}
)


@dataclass(frozen=True)
class ChatRequest:
    """A request that can be answered.

    Attributes:
        prompt: What the model is given.
        choices: How many answers are wanted.
        stream: Whether the answer travels in chunks.
        include_usage: Whether the last chunk of a stream says what it cost.
    """

    prompt: Prompt
    choices: int
    stream: bool
    include_usage: bool


def read(body: dict[str, Any]) -> ChatRequest:
    """Read a request.

    Raises:
        Refusal: The API would not serve it.
    """
    unknown_arguments(body, KNOWN)
    for param in ("model", "messages"):
        if param not in body:
            raise missing(param)
    check_model(body["model"], "v1/chat/completions")
    stream = body.get("stream") is True
    return ChatRequest(
        prompt=_prompt(body),
        choices=integer(body, "n", highest=MAX_CHOICES) or 1,
        stream=stream,
        include_usage=_include_usage(body.get("stream_options"), stream),
    )


def texts_of(body: dict[str, Any]) -> tuple[str, ...]:
    """Return the texts of a request's messages, also of one that will be refused."""
    try:
        messages = read_messages(body.get("messages"))
    except Refusal:
        return ()
    return tuple(message.text for message in messages if message.text or not message.calls)


def _prompt(body: dict[str, Any]) -> Prompt:
    messages = read_messages(body["messages"])
    format = read_format(body.get("response_format"), "response_format", "json_schema")
    _check_json(format, messages)
    return Prompt(
        model=body["model"],
        messages=messages,
        tools=read_tools(body, nested=True),
        format=format,
        limit=_limit(body),
        stop=_stop(body.get("stop", [])),
    )


def _check_json(format: Format, messages: tuple[Message, ...]) -> None:
    if format.kind == "json_object" and not any("json" in m.text.casefold() for m in messages):
        message = (
            "'messages' must contain the word 'json' in some form, to use 'response_format' of "
            "type 'json_object'."
        )
        raise Refusal(400, message, param="messages")


def _limit(body: dict[str, Any]) -> int | None:
    if "max_tokens" in body and "max_completion_tokens" in body:
        message = (
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        )
        raise Refusal(400, message, param="max_tokens")
    return integer(body, "max_tokens") or integer(body, "max_completion_tokens")


def _stop(given: object) -> tuple[str, ...]:
    stops = given if isinstance(given, list) else [given]
    if len(stops) > 4 or not all(isinstance(text, str) and text for text in stops):
        raise wrong_type("stop", "a string or an array of up to four strings")
    return tuple(stops)


def _include_usage(options: object, stream: bool) -> bool:
    if options is None:
        return False
    if not stream:
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise Refusal(400, message, param="stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True
