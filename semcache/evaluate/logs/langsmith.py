"""Runs as LangSmith exports them: JSON or JSON Lines of objects with run_type, inputs, outputs.

Runs of type llm and chain hold questions. Where a run and one inside it are both in the file, the
outer one counts: it has what the user typed. Bulk exports have inputs and outputs as JSON in a
text.
"""

import json
from collections.abc import Mapping
from typing import Any

from semcache.errors import InvalidInput
from semcache.evaluate import cells
from semcache.evaluate.logs.entry import Entry, LeftOut, moment, word
from semcache.evaluate.logs.messages import EMPTY, question_of, text_of

__all__ = ["fits", "read"]

_ASKED = ("question", "input", "query", "text", "prompt")
_ANSWERED = ("output", "answer", "result", "text", "content", "response")
_HISTORY = ("chat_history", "history")


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a run."""
    return "run_type" in record and "inputs" in record


def read(record: Mapping[str, Any]) -> Entry:
    """Return the question of a run.

    Raises:
        LeftOut: It is a run of another type, or no cache could answer it by similarity.
        InvalidInput: No question can be found in its inputs.

    Example:
        >>> run = {"run_type": "chain", "inputs": {"question": "refund?"}, "id": "7",
        ...        "outputs": {"answer": "In the app."}, "start_time": "2026-11-28T10:00:00"}
        >>> read(run).text, read(run).answer
        ('refund?', 'In the app.')
    """
    if record.get("run_type") not in ("llm", "chain"):
        raise LeftOut(f"a run of type {word(record.get('run_type')) or 'none'}")
    question, answer = _question(_object(record.get("inputs"), "inputs"))
    if record.get("outputs") is not None:
        answer = _answer(_object(record["outputs"], "outputs")) or answer
    metadata = _metadata(record)
    return Entry(
        cells.text("the question", question),
        moment(record.get("start_time")),
        word(metadata.get("language")),
        word(metadata.get("tenant") or metadata.get("tenant_id")),
        answer,
        word(record.get("id")),
        word(record.get("parent_run_id")),
    )


def _object(value: object, name: str) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise InvalidInput(f"{name} is a text, but no JSON") from None
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{name} is no object")
    return value


def _metadata(record: Mapping[str, Any]) -> Mapping[str, Any]:
    extra = record.get("extra")
    extra = _object(extra, "extra") if extra else {}
    metadata = extra.get("metadata") or record.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _question(inputs: Mapping[str, Any]) -> tuple[str, str]:
    if any(inputs.get(name) for name in _HISTORY):
        raise LeftOut("an earlier turn, on which the answer may depend")
    for name in ("messages", "input"):
        if isinstance(inputs.get(name), list):
            return question_of(inputs[name])
    texts = [inputs[name] for name in _ASKED if isinstance(inputs.get(name), str)]
    prompts = inputs.get("prompts")
    if isinstance(prompts, list) and len(prompts) == 1 and isinstance(prompts[0], str):
        texts.append(prompts[0])
    if not texts:
        raise InvalidInput(f"no question in its inputs, which are {', '.join(inputs) or 'empty'}")
    if not texts[0].strip():
        raise LeftOut(EMPTY)
    return texts[0], ""


def _answer(outputs: Mapping[str, Any]) -> str:
    for name in _ANSWERED:
        if text := _said(outputs.get(name)):
            return text
    for name in ("choices", "generations", "messages"):
        found = outputs.get(name)
        while isinstance(found, list) and found:
            found = found[-1] if name == "messages" else found[0]
        if text := _said(found):
            return text
    return ""


def _said(value: object) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping):
        return ""
    if isinstance(value.get("text"), str) and value["text"]:
        return str(value["text"])
    message = value.get("message", value)
    if isinstance(message, Mapping):
        kept = message.get("kwargs", message)
        return text_of(kept.get("content")) if isinstance(kept, Mapping) else ""
    return ""
