"""What a chat request asks for, read and checked before anything is answered."""

from dataclasses import dataclass
from typing import Any

from semcache.lab.offline.answers import CHAT_MODELS
from semcache.lab.offline.model import EMBEDDING_MODEL
from semcache.lab.offline.refusal import Refusal, missing, unknown_arguments, unknown_model

__all__ = ["ChatRequest", "Message", "read", "texts_of"]

ROLES = ("system", "assistant", "user", "developer")
MAX_CHOICES = 128

# Accepted and without effect: nothing is sampled here, and bookkeeping changes no answer.
HARMLESS = {"frequency_penalty", "metadata", "presence_penalty", "safety_identifier", "seed"}
HARMLESS |= {"prompt_cache_key", "service_tier", "store", "temperature", "top_p", "user"}
KNOWN = frozenset(
    HARMLESS
    | {"max_completion_tokens", "max_tokens", "messages", "model", "n"}
    | {"stop", "stream", "stream_options"}
)


@dataclass(frozen=True)
class Message:
    """One message: who says it, and its text."""

    role: str
    text: str


@dataclass(frozen=True)
class ChatRequest:
    """A request that can be answered.

    Attributes:
        model: One of the chat models.
        messages: At least one.
        choices: How many answers are wanted.
        limit: Tokens after which an answer is cut off, or ``None``.
        stop: Texts before which an answer ends.
        stream: Whether the answer travels in chunks.
        include_usage: Whether the last chunk of a stream says what it cost.
    """

    model: str
    messages: tuple[Message, ...]
    choices: int
    limit: int | None
    stop: tuple[str, ...]
    stream: bool
    include_usage: bool

    @property
    def question(self) -> str:
        """The last thing the user said; without a user, the last thing anybody said."""
        by_user = [message for message in self.messages if message.role == "user"]
        return (by_user or self.messages)[-1].text


def read(body: dict[str, Any]) -> ChatRequest:
    """Read a request.

    Raises:
        Refusal: The API would not serve it.
    """
    unknown_arguments(body, KNOWN)
    for param in ("model", "messages"):
        if param not in body:
            raise missing(param)
    if body["model"] == EMBEDDING_MODEL:
        message = (
            "This is not a chat model and thus not supported in the v1/chat/completions endpoint."
        )
        raise Refusal(404, message, param="model")
    if body["model"] not in CHAT_MODELS:
        raise unknown_model(body["model"])
    stream = body.get("stream") is True
    return ChatRequest(
        model=body["model"],
        messages=_messages(body["messages"]),
        choices=_integer(body, "n", MAX_CHOICES) or 1,
        limit=_limit(body),
        stop=_stop(body.get("stop", [])),
        stream=stream,
        include_usage=_include_usage(body.get("stream_options"), stream),
    )


def texts_of(body: dict[str, Any]) -> tuple[str, ...]:
    """Return the texts of a request's messages, also of one that will be refused."""
    try:
        return tuple(message.text for message in _messages(body.get("messages")))
    except Refusal:
        return ()


def _messages(given: object) -> tuple[Message, ...]:
    if not isinstance(given, list):
        raise _wrong_type("messages", "an array of objects")
    if not given:
        message = (
            "Invalid 'messages': empty array. Expected an array with minimum length 1, "
            "but got an empty array instead."
        )
        raise Refusal(400, message, param="messages", code="empty_array")
    return tuple(_message(item, f"messages[{index}]") for index, item in enumerate(given))


def _message(item: object, where: str) -> Message:
    if not isinstance(item, dict):
        raise _wrong_type(where, "an object")
    role = item.get("role")
    if role not in ROLES:
        roles = ", ".join(f"'{name}'" for name in ROLES)
        message = f"Invalid value: '{role}'. Supported values are: {roles}."
        raise Refusal(400, message, param=f"{where}.role", code="invalid_value")
    return Message(role, _text(item.get("content"), f"{where}.content"))


def _text(content: object, where: str) -> str:
    """Return a message's content, which may be a string or a list of text parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [None]
    found = [part.get("text") if isinstance(part, dict) else None for part in parts]
    texts = [text for text in found if isinstance(text, str)]
    if len(texts) < len(found):
        raise _wrong_type(where, "a string or an array of text parts")
    return "\n".join(texts)


def _limit(body: dict[str, Any]) -> int | None:
    if "max_tokens" in body and "max_completion_tokens" in body:
        message = (
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        )
        raise Refusal(400, message, param="max_tokens")
    return _integer(body, "max_tokens") or _integer(body, "max_completion_tokens")


def _integer(body: dict[str, Any], param: str, highest: int | None = None) -> int | None:
    value = body.get(param)
    if value is None:
        return None
    if type(value) is not int:  # JSON's true is not a number, though Python's True is an int
        raise _wrong_type(param, "an integer")
    if value < 1:
        bound, sign, code = 1, ">=", "integer_below_min_value"
    elif highest is not None and value > highest:
        bound, sign, code = highest, "<=", "integer_above_max_value"
    else:
        return value
    which = "below minimum" if sign == ">=" else "above maximum"
    message = (
        f"Invalid '{param}': integer {which} value. "
        f"Expected a value {sign} {bound}, but got {value} instead."
    )
    raise Refusal(400, message, param=param, code=code)


def _stop(given: object) -> tuple[str, ...]:
    stops = given if isinstance(given, list) else [given]
    if len(stops) > 4 or not all(isinstance(text, str) and text for text in stops):
        raise _wrong_type("stop", "a string or an array of up to four strings")
    return tuple(stops)


def _include_usage(options: object, stream: bool) -> bool:
    if options is None:
        return False
    if not stream:
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise Refusal(400, message, param="stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _wrong_type(where: str, expected: str) -> Refusal:
    message = f"Invalid type for '{where}': expected {expected}."
    return Refusal(400, message, param=where, code="invalid_type")
