"""Public sets of question pairs, read from a reader's folder; none of them is part of the project.

Every ``.csv`` or ``.jsonl`` file of the folder is one set, in UTF-8:

- pairs: columns ``a``, ``b`` and ``same`` (true / false, yes / no, 1 / 0);
- a stream: columns ``text`` and ``intent``, in the order of arrival. Each text is compared with the
  most similar one before it, as a cache that serves nothing would, and may be given that one's
  answer if the intents agree.

A file whose name begins with "trap" holds hand-written traps: it gets two more columns.
"""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcache.errors import ConfigError
from semcache.guard import Row

__all__ = ["Set", "read_folder", "records_of"]

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
_LABELS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Set(NamedTuple):
    """Pairs as a lookup sees them, and whether each may share an answer.

    ``stream`` says whether they are in the order of arrival, with margins.
    """

    name: str
    rows: list[Row]
    same: list[bool]
    stream: bool


def read_folder(folder: Path, embed: Embed) -> Iterator[Set]:
    """Yield each set of a folder, in the order of the file names.

    Args:
        folder: With ``.csv`` and ``.jsonl`` files.
        embed: Gives the vectors of texts at unit length, shape (n, dims).

    Raises:
        ConfigError: There is no such file in it, or one has other columns.
    """
    files = sorted(path for path in folder.glob("*") if path.suffix in (".csv", ".jsonl"))
    if not files:
        raise ConfigError(f"{folder} holds no .csv and no .jsonl file")
    for path in files:
        records = records_of(path)
        columns = set(records[0]) if records else set()
        if {"text", "intent"} <= columns:
            texts = [record["text"] for record in records]
            rows, same = as_stream(texts, [record["intent"] for record in records], embed(texts))
        elif {"a", "b", "same"} <= columns:
            rows, same = _pairs(records, embed, path)
        else:
            raise ConfigError(f"{path} has neither a, b, same nor text, intent")
        yield Set(path.stem, rows, same, "text" in columns)


def records_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a ``.csv`` or ``.jsonl`` file."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".csv":
        return list(csv.DictReader(text.splitlines(keepends=True)))
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _pairs(records: list[dict[str, str]], embed: Embed, path: Path) -> tuple[list[Row], list[bool]]:
    labels = [_LABELS.get(str(record["same"]).casefold()) for record in records]
    if None in labels:
        raise ConfigError(f"{path}: pair {labels.index(None) + 1} is neither same nor different")
    first, second = (embed([record[column] for record in records]) for column in "ab")
    similarities = np.sum(first * second, axis=1).tolist()
    rows = [Row(r["a"], r["b"], s) for r, s in zip(records, similarities, strict=True)]
    return rows, [bool(label) for label in labels]


def as_stream(
    texts: Sequence[str], answers: Sequence[str], vectors: NDArray[np.float32]
) -> tuple[list[Row], list[bool]]:
    """Return each text but the first with the most similar one before it, and its margin.

    The margin is to the most similar earlier text with another answer: what an index knows that
    returns its nearest entries, each with the answer it holds.
    """
    codes = np.unique(np.asarray(answers), return_inverse=True)[1]
    rows, same = [], []
    for at in range(1, len(texts)):
        cosines = vectors[:at] @ vectors[at]
        best = int(cosines.argmax())
        others = cosines[codes[:at] != codes[best]]
        margin = float(cosines[best] - others.max()) if len(others) else None
        rows.append(Row(texts[best], texts[at], float(cosines[best]), margin))
        same.append(bool(codes[best] == codes[at]))
    return rows, same
