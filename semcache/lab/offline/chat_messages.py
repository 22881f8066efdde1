"""The messages of a chat request: their texts, the calls of tools, and what belongs together."""

from collections.abc import Iterable
from typing import Any

from semcache.lab.offline.prompt import Message, ToolCall
from semcache.lab.offline.refusal import Refusal, empty, invalid_value, missing, wrong_type

__all__ = ["no_media", "read_messages"]

ROLES = ("system", "assistant", "user", "tool", "developer")
PARTS = ("text", "refusal")
MEDIA = ("image_url", "input_audio", "file")


def read_messages(given: object) -> tuple[Message, ...]:
    """Read a list of messages.

    Raises:
        Refusal: The API would not take it: a wrong form, an image, a tool's result without its
            call, a call without its result.
    """
    if not isinstance(given, list):
        raise wrong_type("messages", "an array of objects")
    if not given:
        raise empty("messages")
    messages = tuple(_message(item, f"messages[{index}]") for index, item in enumerate(given))
    _check_calls(messages)
    return messages


def no_media(kind: object, param: str) -> Refusal:
    """Return the refusal for an image, a sound or a file: these models read text only."""
    message = f"Invalid content type. {kind} is only supported by certain models."
    return Refusal(400, message, param=param)


def _message(item: object, where: str) -> Message:
    if not isinstance(item, dict):
        raise wrong_type(where, "an object")
    role = item.get("role")
    if role not in ROLES:
        raise invalid_value(f"{where}.role", role, ROLES)
    calls = _calls(item.get("tool_calls"), f"{where}.tool_calls") if role == "assistant" else ()
    call_id = item.get("tool_call_id") if role == "tool" else None
    if role == "tool" and not isinstance(call_id, str):
        raise missing(f"{where}.tool_call_id")
    content = item.get("content")
    text = "" if content is None and calls else _text(content, f"{where}.content")
    return Message(role, text, calls, call_id)


def _text(content: object, where: str) -> str:
    """Return a message's content, which may be a string or a list of text parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise wrong_type(where, "a string or an array of text parts")
    return "\n".join(_part(part, f"{where}[{index}]") for index, part in enumerate(content))


def _part(part: object, where: str) -> str:
    kind = part.get("type", "text") if isinstance(part, dict) else "text"
    if kind in MEDIA:
        # This one refusal writes the place of a list with a point before the bracket.
        raise no_media(kind, f"{where}.type".replace("[", ".["))
    if kind not in PARTS:
        raise invalid_value(f"{where}.type", kind, PARTS + MEDIA)
    text = part.get(kind) if isinstance(part, dict) else None
    if not isinstance(text, str):
        raise wrong_type(where, "an object with a text")
    return text


def _calls(given: object, where: str) -> tuple[ToolCall, ...]:
    if given is None:
        return ()
    if not isinstance(given, list):
        raise wrong_type(where, "an array of objects")
    if not given:
        raise empty(where)
    return tuple(_call(item, f"{where}[{index}]") for index, item in enumerate(given))


def _call(item: object, where: str) -> ToolCall:
    call: dict[str, Any] = item if isinstance(item, dict) else {}
    function = call.get("function")
    inner = function if isinstance(function, dict) else {}
    found = {"id": call.get("id")} | {f"function.{n}": inner.get(n) for n in ("name", "arguments")}
    for param, value in found.items():
        if not isinstance(value, str):
            raise missing(f"{where}.{param}")
    return ToolCall(*map(str, found.values()))


def _check_calls(messages: Iterable[Message]) -> None:
    """Refuse a result without its call before it, and a call without its result after it."""
    waiting: set[str] = set()
    index = -1
    for index, message in enumerate(messages):
        if message.role != "tool":
            _check_answered(waiting, index)
            waiting = {call.id for call in message.calls}
        elif message.call_id in waiting:
            waiting.remove(message.call_id)
        else:
            text = (
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
                "message with 'tool_calls'."
            )
            raise Refusal(400, text, param=f"messages.[{index}].role")
    _check_answered(waiting, index + 1)


def _check_answered(waiting: set[str], index: int) -> None:
    if waiting:
        text = (
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            + ", ".join(sorted(waiting))
        )
        raise Refusal(400, text, param=f"messages.[{index}].role")
