"""OpenAI's chat completions: stored ones, logs of requests and replies, batches, fine-tuning files.

A record has ``messages`` (or ``input``, as /v1/responses takes it) at the top, in ``request`` or in
``body``, and the reply's ``choices`` (or ``output``) at the top or in ``response``. An export of
usage holds numbers of tokens and no question, and is refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate import cells
from semcache.evaluate.logs.entry import Entry, LeftOut, moment, word
from semcache.evaluate.logs.messages import EMPTY, question_of, text_of

__all__ = ["fits", "read"]

_USAGE = ("n_requests", "num_model_requests", "n_context_tokens_total", "input_uncached_tokens")
_TIMES = ("created", "created_at", "timestamp", "time")


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a request, with or without its reply, or a line of usage."""
    return _is_usage(record) or any(
        isinstance(part.get("messages"), list) or ("model" in part and "input" in part)
        for part in _parts(record, "request")
    )


def read(record: Mapping[str, Any]) -> Entry:
    """Return the question of a request.

    Raises:
        ConfigError: It is an export of usage.
        LeftOut: No cache could answer it by similarity.
        InvalidInput: There are no messages.

    Example:
        >>> entry = read({"request": {"messages": [{"role": "user", "content": "Refund?"}]},
        ...               "response": {"choices": [{"message": {"content": "In the app."}}],
        ...                            "created": 1795824000}})
        >>> entry.text, entry.answer, entry.time
        ('Refund?', 'In the app.', 1795824000.0)
    """
    if _is_usage(record):
        raise ConfigError(
            "an export of usage holds numbers of tokens, no questions: export the stored "
            "completions, or log requests and replies"
        )
    question, answer = _question(record)
    replies = list(_parts(record, "response"))
    given = _first(record, "request", "metadata")
    metadata = given if isinstance(given, Mapping) else {}
    return Entry(
        cells.text("the question", question),
        moment(next(filter(None, (part.get(name) for part in replies for name in _TIMES)), None)),
        word(metadata.get("language")),
        word(metadata.get("tenant") or metadata.get("tenant_id")),
        next(filter(None, map(_answer, replies)), answer),
        word(record.get("id") or record.get("custom_id")),
    )


def _is_usage(record: Mapping[str, Any]) -> bool:
    return record.get("object") == "bucket" or any(name in record for name in _USAGE)


def _parts(record: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """Yield where something may stand: at the top, in a part of this name, in the part's body."""
    inner = record.get(name)
    body = inner.get("body") if isinstance(inner, Mapping) else None
    yield from (p for p in (record, inner, body, record.get("body")) if isinstance(p, Mapping))


def _first(record: Mapping[str, Any], part: str, name: str) -> Any:
    return next((found[name] for found in _parts(record, part) if found.get(name)), None)


def _question(record: Mapping[str, Any]) -> tuple[str, str]:
    messages = _first(record, "request", "messages") or _first(record, "request", "input")
    if _first(record, "request", "previous_response_id"):
        raise LeftOut("an earlier turn, on which the answer may depend")
    if isinstance(messages, str):
        if not messages.strip():
            raise LeftOut(EMPTY)
        return messages, ""
    if messages is None:
        raise InvalidInput("no messages")
    return question_of(messages)


def _answer(reply: Mapping[str, Any]) -> str:
    choices: Any = reply.get("choices")
    output: Any = reply.get("output")
    if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
        message = choices[0].get("message")
        if isinstance(message, Mapping):
            if message.get("tool_calls") or message.get("function_call"):
                raise LeftOut("a call of a tool, or its result")
            return text_of(message.get("content"))
    said = [part.get("content") for part in output or () if isinstance(part, Mapping)]
    return "\n".join(filter(None, map(text_of, said))) if isinstance(output, list) else ""
