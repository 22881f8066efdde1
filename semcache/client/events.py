"""Server-sent events: where one ends and the next begins, and what its data are.

Bytes are split as the client splits them, at CR, LF and CRLF only. Text lines would be split also
at U+2028 and the like, which may stand in the middle of a JSON string.
"""

import json
import re
from collections.abc import Iterator

__all__ = ["Splitter", "begins_badly"]

_LINE_END = re.compile(rb"\r\n|\n|\r")
_EMPTY_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)")
_FIELDS = (b":", b"data", b"event", b"id", b"retry")
_LONGEST_END = 4  # bytes of an empty line with the line end before it


class Splitter:
    r"""Splits a stream into events, each as it was sent, with its data.

    Example:
        >>> splitter = Splitter()
        >>> list(splitter.take(b": hi\n\ndata: 1\ndata:2\r\n\r"))
        [(b': hi\n\n', b''), (b'data: 1\ndata:2\r\n\r', b'1\n2')]
        >>> list(splitter.take(b"\ndata: [DONE]")), list(splitter.rest())
        ([], [(b'\ndata: [DONE]', b'[DONE]')])
    """

    def __init__(self) -> None:
        self._pending = bytearray()

    def take(self, chunk: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield the events that are complete with this chunk."""
        start = max(0, len(self._pending) - _LONGEST_END)
        self._pending += chunk
        while end := _EMPTY_LINE.search(self._pending, start):
            event = bytes(self._pending[: end.end()])
            del self._pending[: end.end()]
            start = 0
            yield event, _data(event)

    def rest(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield what came after the last empty line."""
        if self._pending:
            yield bytes(self._pending), _data(bytes(self._pending))


def _data(event: bytes) -> bytes:
    lines = _LINE_END.split(event)
    return b"\n".join(one[5:].removeprefix(b" ") for one in lines if one.startswith(b"data:"))


def begins_badly(event: bytes) -> bool:
    r"""Whether what a stream begins with is an error, or no event, as of a page or of nothing.

    Example:
        >>> begins_badly(b'data: {"error": {"code": 503}}\n\n'), begins_badly(b"<html>")
        (True, True)
        >>> begins_badly(b'data: {"error": null}\n\n'), begins_badly(b": one moment\n\n")
        (False, False)
    """
    if not (data := _data(event)):
        said_nothing = bool(event) and not event.strip()
        return not said_nothing and not any(
            line.startswith(_FIELDS) for line in _LINE_END.split(event)
        )
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and bool(said.get("error") or said.get("type") == "error")
