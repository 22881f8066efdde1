"""The events of a streamed response, in the order in which the API sends them."""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

from semcache.lab.offline.completion import Pieces

__all__ = ["events"]

Body = dict[str, Any]


def events(begun: Body, output: Iterable[tuple[Body, Pieces]], response: Body) -> Iterator[Body]:
    """Yield the events of a response one by one, each made only when it is asked for.

    Args:
        begun: The response before anything is said.
        output: Each output item, and the pieces of its text or of its arguments.
        response: The response at its end.
    """
    numbers = count()
    for kind, rest in _events(begun, output, response):
        yield {"type": f"response.{kind}", "sequence_number": next(numbers), **rest}


Event = tuple[str, Body]


def _events(begun: Body, output: Iterable[tuple[Body, Pieces]], response: Body) -> Iterator[Event]:
    yield "created", {"response": begun}
    yield "in_progress", {"response": begun}
    for index, (item, pieces) in enumerate(output):
        inside = _message if item["type"] == "message" else _call
        at = {"output_index": index}
        yield "output_item.added", at | {"item": _blank(item)}
        yield from inside(item, pieces, {"item_id": item["id"]} | at)
        yield "output_item.done", at | {"item": item}
    yield response["status"], {"response": response}


def _blank(item: Body) -> Body:
    """An item before anything is in it."""
    empty: Body = {"content": []} if item["type"] == "message" else {"arguments": ""}
    return {**item, "status": "in_progress", **empty}


def _message(item: Body, pieces: Pieces, at: Body) -> Iterator[Event]:
    (part,) = item["content"]
    at = at | {"content_index": 0}
    yield "content_part.added", at | {"part": {**part, "text": ""}}
    for piece in pieces.parts:
        yield "output_text.delta", at | {"delta": piece, "logprobs": []}
    yield "output_text.done", at | {"text": part["text"], "logprobs": []}
    yield "content_part.done", at | {"part": part}


def _call(item: Body, pieces: Pieces, at: Body) -> Iterator[Event]:
    for piece in pieces.parts:
        yield "function_call_arguments.delta", at | {"delta": piece}
    yield "function_call_arguments.done", at | {"arguments": item["arguments"]}
