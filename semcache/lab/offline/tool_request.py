"""The tools of a request, read and checked: nested in "function" for chat, flat for responses."""

import re
from typing import Any

from semcache.lab.offline.refusal import Refusal, empty, invalid_value, missing, wrong_type
from semcache.lab.offline.strict import flaw, root_flaw
from semcache.lab.offline.tools import Tool, Toolbox

__all__ = ["read_tools"]

CHOICES = ("none", "auto", "required")
NAME = re.compile("[a-zA-Z0-9_-]+")


def read_tools(body: dict[str, Any], *, nested: bool) -> Toolbox:
    """Read ``tools``, ``tool_choice`` and ``parallel_tool_calls``.

    Args:
        body: The request.
        nested: Whether a function's name and parameters stand under ``"function"``.

    Raises:
        Refusal: The API would not take them.
    """
    if "tools" not in body and nested:
        _check_unused(body)
    given = body.get("tools", [])
    if not isinstance(given, list):
        raise wrong_type("tools", "an array of objects")
    if not given and nested and "tools" in body:
        raise empty("tools")
    tools = tuple(_tool(item, f"tools[{index}]", nested) for index, item in enumerate(given))
    choice, name = _choice(body.get("tool_choice", "auto"), nested)
    _check_choice(choice, name, tools)
    return Toolbox(tools, choice, name, _parallel(body))


def _check_unused(body: dict[str, Any]) -> None:
    for param in ("tool_choice", "parallel_tool_calls"):
        if param in body:
            only = f"'{param}' is only allowed when 'tools' are specified."
            raise Refusal(400, f"Invalid value for '{param}': {only}", param=param)


def _check_choice(choice: str, name: str | None, tools: tuple[Tool, ...]) -> None:
    message = None
    if name is not None and name not in [tool.name for tool in tools]:
        message = "Tool choice 'function' not found in 'tools' parameter."
    elif choice == "required" and not tools:
        message = "Tool choice 'required' must be specified with 'tools' parameter."
    if message:
        raise Refusal(400, message, param="tool_choice")


def _parallel(body: dict[str, Any]) -> bool:
    parallel = body.get("parallel_tool_calls", True)
    if not isinstance(parallel, bool):
        raise wrong_type("parallel_tool_calls", "a boolean")
    return parallel


def _tool(item: object, where: str, nested: bool) -> Tool:
    if not isinstance(item, dict):
        raise wrong_type(where, "an object")
    if item.get("type") != "function":
        raise invalid_value(f"{where}.type", item.get("type"), ("function",))
    inner, place = (item.get("function"), f"{where}.function") if nested else (item, where)
    if not isinstance(inner, dict):
        raise missing(place)
    name = _name(inner, place)
    return Tool(name, _parameters(inner, name, f"{place}.parameters"), item)


def _name(function: dict[str, Any], place: str) -> str:
    name = function.get("name")
    if name is None:
        raise missing(f"{place}.name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        message = (
            f"Invalid '{place}.name': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        )
        raise Refusal(400, message, param=f"{place}.name", code="invalid_value")
    return name


def _parameters(function: dict[str, Any], name: str, place: str) -> dict[str, Any]:
    schema = function.get("parameters") or {}
    if not isinstance(schema, dict):
        raise wrong_type(place, "an object")
    wrong = flaw if function.get("strict") is True else root_flaw
    if schema and (words := wrong(schema)):
        message = f"Invalid schema for function '{name}': {words}"
        raise Refusal(400, message, param=place, code="invalid_function_parameters")
    return schema


def _choice(given: object, nested: bool) -> tuple[str, str | None]:
    """Return what was chosen, and the name of the function where one was named."""
    if not isinstance(given, dict):
        if given not in CHOICES:
            raise invalid_value("tool_choice", given, CHOICES)
        return str(given), None
    if given.get("type") != "function":
        raise invalid_value("tool_choice.type", given.get("type"), ("function",))
    place = "tool_choice.function" if nested else "tool_choice"
    inner = given.get("function") if nested else given
    name = inner.get("name") if isinstance(inner, dict) else None
    if not isinstance(name, str):
        raise missing(f"{place}.name")
    return "named", name
