"""Ids that only link a call to its result: each provider makes new ones each time."""

from typing import Any

__all__ = ["unlinked"]

_OF_A_CALL = {"function", "custom", "call_id"}  # what stands beside the id of a call


def unlinked(said: Any) -> Any:
    """Return messages with the ids of calls replaced by their order of first appearance.

    A call that was not kept is made anew, with another id, and so is all that follows. The same
    conversation is to be the same request.

    Example:
        >>> turn = {"role": "assistant", "tool_calls": [{"id": "call_x7", "function": {}}]}
        >>> unlinked([turn, {"role": "tool", "tool_call_id": "call_x7", "content": "3"}])[1]
        {'role': 'tool', 'tool_call_id': '0', 'content': '3'}
    """
    return _renamed(said, {})


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list | tuple):
        return [_renamed(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: names.setdefault(one, str(len(names)))
        if isinstance(one, str) and _links(key, value)
        else _renamed(one, names)
        for key, one in value.items()
    }


def _links(key: str, holder: dict[str, Any]) -> bool:
    return key in ("tool_call_id", "call_id") or (key == "id" and not _OF_A_CALL.isdisjoint(holder))
