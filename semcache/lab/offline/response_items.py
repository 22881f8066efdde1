"""The input of a responses request: a text, or items that are messages, calls, or results."""

from collections.abc import Iterable
from typing import Any

from semcache.lab.offline.chat_messages import no_media
from semcache.lab.offline.prompt import Message, ToolCall
from semcache.lab.offline.refusal import Refusal, empty, invalid_value, missing, wrong_type

__all__ = ["check_calls", "read_items"]

ITEMS = ("message", "function_call", "function_call_output")
ROLES = ("assistant", "system", "developer", "user")
MEDIA = ("input_image", "input_file", "input_audio")
SAID = ("output_text", "refusal")  # the parts of an assistant's message


def read_items(given: object) -> tuple[Message, ...]:
    """Read an input.

    Raises:
        Refusal: The API would not take it: a wrong form, an image, an item of another kind.

    Example:
        >>> read_items("Hello")
        (Message(role='user', text='Hello', calls=(), call_id=None),)
    """
    if isinstance(given, str):
        return (Message("user", given),)
    if not isinstance(given, list):
        raise wrong_type("input", "a string or an array of objects")
    if not given:
        raise empty("input")
    return tuple(_item(item, f"input[{index}]") for index, item in enumerate(given))


def check_calls(messages: Iterable[Message]) -> None:
    """Refuse a result of no call, and a call of which the result is missing.

    Raises:
        Refusal: There is one.
    """
    called: list[str] = []
    answered: list[str] = []
    for message in messages:
        called += [call.id for call in message.calls]
        if message.call_id is not None:
            if message.call_id not in called:
                words = "No tool call found for function call output with call_id"
                raise Refusal(400, f"{words} {message.call_id}.", param="input")
            answered.append(message.call_id)
    for id in called:
        if id not in answered:
            raise Refusal(400, f"No tool output found for function call {id}.", param="input")


def _item(item: object, where: str) -> Message:
    if not isinstance(item, dict):
        raise wrong_type(where, "an object")
    match item.get("type", "message"):
        case "message":
            return _message(item, where)
        case "function_call":
            id, name, arguments = _texts(item, where, "call_id", "name", "arguments")
            return Message("assistant", "", (ToolCall(id, name, arguments),))
        case "function_call_output":
            (id,) = _texts(item, where, "call_id")
            return Message("tool", _text(item.get("output"), f"{where}.output", "tool"), (), id)
    raise invalid_value(f"{where}.type", item["type"], ITEMS)


def _message(item: dict[str, Any], where: str) -> Message:
    role = item.get("role")
    if role not in ROLES:
        raise invalid_value(f"{where}.role", role, ROLES)
    return Message(role, _text(item.get("content"), f"{where}.content", role))


def _texts(item: dict[str, Any], where: str, *params: str) -> list[str]:
    for param in params:
        if not isinstance(item.get(param), str):
            raise missing(f"{where}.{param}")
    return [item[param] for param in params]


def _text(content: object, where: str, role: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise wrong_type(where, "a string or an array of parts")
    return "\n".join(_part(part, f"{where}[{n}]", role) for n, part in enumerate(content))


def _part(part: object, where: str, role: str) -> str:
    if not isinstance(part, dict):
        raise wrong_type(where, "an object")
    kind = part.get("type")
    known = SAID if role == "assistant" else ("input_text",)
    if kind in MEDIA and role != "assistant":
        raise no_media(kind, f"{where}.type")
    if kind not in known:
        raise invalid_value(f"{where}.type", kind, known)
    (text,) = _texts(part, where, "refusal" if kind == "refusal" else "text")
    return text
