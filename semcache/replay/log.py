"""A log of questions, read from CSV or JSON Lines.

``Log`` is all that a replay knows of a log; whatever reads one can make it.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate import cells

__all__ = ["Log", "read_log"]

Column = Sequence[Any]
# What the columns are called; the first of these that is there is taken.
_NAMES = {
    "text": ("text", "question", "query", "prompt", "input"),
    "answer": ("answer", "response", "completion", "output"),
    "label": ("label", "intent", "answer_id"),
    "time": ("time", "timestamp", "created_at", "date"),
    "tenant": ("tenant", "customer", "scope"),
    "language": ("language", "lang"),
}


@dataclass(frozen=True)
class Log:
    """Questions in the order of the file, as columns of equal length.

    Attributes:
        text: What was asked.
        answer: What was answered; ``None`` for a cell, or for all of them, if it is not known.
        label: Names the answer that was right; two questions with one label may share an answer.
        time: Seconds since the epoch.
        tenant: Whose question it is; answers are not shared between tenants.
        language: Of the question.
        line: Where it stands in the file.
    """

    text: list[str]
    answer: Column | None = None
    label: Column | None = None
    time: Column | None = None
    tenant: Column | None = None
    language: Column | None = None
    line: Column | None = None

    def __len__(self) -> int:
        return len(self.text)


def read_log(path: Path | str) -> Log:
    r"""Return the log in a ``.csv`` or ``.jsonl`` file; a column that is not there is ``None``.

    Raises:
        ConfigError: There is no such file, or its name says of no format that is read.
        InvalidInput: It cannot be read; the message begins with the file and the line.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "log.csv")
        ...     _ = path.write_text("question,time\nWhat is Python?,2026-11-28\n")
        ...     log = read_log(path)
        >>> log.text, log.time, log.answer
        (['What is Python?'], [1795824000.0], None)
    """
    path = Path(path)
    rows = {".csv": _csv_rows, ".jsonl": _json_rows, ".ndjson": _json_rows}.get(path.suffix.lower())
    if rows is None:
        raise ConfigError(f"{path}: a log is read from a .csv or a .jsonl file")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _log(rows(file))
    except OSError as error:
        raise ConfigError(f"{path}: it cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: it is not UTF-8: {error}") from error
    except InvalidInput as error:
        raise InvalidInput(f"{path}, {error}") from None


Row = tuple[int, dict[str, Any]]


def _csv_rows(file: Any) -> Iterator[Row]:
    reader = csv.DictReader(file, strict=True)
    try:
        reader.fieldnames  # noqa: B018  # read now, so that the first row is on the next line
        while True:
            line = reader.line_num + 1  # where the row begins: a quoted text may hold breaks
            row = next(reader, None)
            if row is None:
                return
            if None in row:
                raise InvalidInput(
                    f"line {line}: more cells than columns: put a text with a comma into quotes"
                )
            yield line, {str(name).strip().casefold(): cell for name, cell in row.items()}
    except csv.Error as error:
        raise InvalidInput(f"line {reader.line_num}: {error}. Is a quote not closed?") from None


def _json_rows(file: Any) -> Iterator[Row]:
    for number, line in enumerate(iter(file.readline, ""), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"line {number}: no JSON ({error}): one object a line") from None
        if not isinstance(row, dict):
            raise InvalidInput(f"line {number}: not an object with a text")
        yield number, {name.strip().casefold(): value for name, value in row.items()}


def _log(rows: Iterator[Row]) -> Log:
    columns: dict[str, list[Any]] = {name: [] for name in (*_NAMES, "line")}
    times, same = cells.Times(), dict[object, Any]()
    for line, row in rows:
        found = {name: _first(row, names) for name, names in _NAMES.items()}
        try:
            found["text"] = cells.text("the question", found["text"])
            if found["time"] is not None:
                found["time"] = times("time", found["time"])
        except InvalidInput as error:
            raise InvalidInput(f"line {line}: {error}") from None
        for name, value in found.items():
            cell = value if value is None or name == "time" else str(value)
            columns[name].append(same.setdefault(cell, cell))  # equal texts are kept once
        columns["line"].append(line)
    if not columns["text"]:
        raise InvalidInput("line 1: it has no questions: a column text, or question, holds them")
    text = columns.pop("text")
    there = {name: any(cell is not None for cell in column) for name, column in columns.items()}
    return Log(text, **{name: columns[name] if there[name] else None for name in columns})


def _first(row: dict[str, Any], names: Sequence[str]) -> Any:
    """Return the first cell of these that is there and not blank."""
    for name in names:
        value = row.get(name)
        if value is not None and value != "":
            return value
    return None
