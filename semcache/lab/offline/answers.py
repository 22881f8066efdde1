"""What the offline chat models say: recorded answers, or a sentence that says there is none."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from semcache.lab.data import FOLDER, read_rows

__all__ = ["CHAT_MODELS", "answer", "answer_from"]

CHAT_MODELS = ("offline-mini", "offline-large")
RECORDED = FOLDER / "answers.jsonl"
PHRASINGS = FOLDER / "phrasings.jsonl"

_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")


def answer(question: str, model: str) -> str:
    """Return what ``model`` says to ``question``; the same question always gets the same answer.

    ``offline-large`` gives a recorded answer in full, ``offline-mini`` its first sentence.

    Example:
        >>> answer("How far is it?", "offline-mini")[-25:]
        'You asked: How far is it?'
    """
    recorded = _recorded(RECORDED).get(_normal(question))
    if recorded is None:
        return (
            f"This is an offline answer of {model}, which runs no language model "
            f"and has nothing recorded for this question. You asked: {question}"
        )
    return recorded if model == "offline-large" else _END_OF_SENTENCE.split(recorded)[0]


def answer_from(results: Sequence[tuple[str, str]], model: str) -> str:
    """Return what ``model`` says when tools have been called for it.

    Args:
        results: Each tool's name and what it returned.
        model: The chat model.

    Example:
        >>> answer_from([("get_weather", "21 degrees")], "offline-mini")[-24:]
        ' get_weather: 21 degrees'
    """
    told = " ".join(f"{name}: {result}" for name, result in results)
    return f"This is an offline answer of {model}, made of what its tools returned. {told}"


def _normal(question: str) -> str:
    return question.strip().casefold()


@cache
def _recorded(path: Path) -> dict[str, str]:
    """Return each known question's answer: listed with it, or named by the support desk's texts."""
    if not path.exists():  # an installed wheel has no data folder; every question is then new
        return {}
    rows = read_rows(path)
    by_id = {row["id"]: row["answer"] for row in rows}
    known = {
        _normal(text["text"]): by_id[f"{text['answer']}.{text['language']}"]
        for text in read_rows(PHRASINGS)
    }
    return known | {_normal(q): row["answer"] for row in rows for q in row.get("questions", ())}
