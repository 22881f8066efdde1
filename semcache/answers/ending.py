"""Why an answer ended, where that is said more than once."""

from collections.abc import Iterable
from typing import Any

__all__ = ["reason_of"]

# What says that an answer is whole, the usual first; and what says that it was cut.
_WHOLE = ("stop", "tool_calls", "function_call")
_CUT = ("length", "content_filter")


def reason_of(said: Iterable[Any]) -> Any:
    """Return the one reason of several that decides whether an answer may be kept.

    A stream may say twice why it ended, and each of several answers says so for itself. What was
    cut anywhere is not whole. Of reasons that count alike the first is returned, and ``None`` if
    there is none.

    Example:
        >>> reason_of(["length", "stop"]), reason_of(["tool_calls", "stop"]), reason_of(["stop"])
        ('length', 'tool_calls', 'stop')
    """
    return max(said, key=_weight, default=None)


def _weight(reason: Any) -> int:
    """How much a reason speaks against keeping the answer."""
    if reason in _CUT:
        return 3
    return min(_WHOLE.index(reason), 1) if reason in _WHOLE else 2
