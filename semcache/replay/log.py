"""A log of questions as columns, which is all that a replay knows of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semcache.evaluate import logs

__all__ = ["Log", "read_log"]

Column = Sequence[Any]


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
        remarks: What was left out of it, and what could not be read, a sentence each.
    """

    text: list[str]
    answer: Column | None = None
    label: Column | None = None
    time: Column | None = None
    tenant: Column | None = None
    language: Column | None = None
    line: Column | None = None
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.text)


def read_log(path: Path | str) -> Log:
    r"""Return a log that :func:`semcache.evaluate.logs.read_log` reads; blank columns are ``None``.

    Raises:
        ConfigError: There is no such file, or its shape is none that we know.
        InvalidInput: It is damaged, most of it cannot be read, or it has no question.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "log.csv")
        ...     _ = path.write_text("question,time\nWhat is Python?,2026-11-28\n")
        ...     log = read_log(path)
        >>> log.text, log.time, log.answer
        (['What is Python?'], [1795824000.0], None)
    """
    read = logs.read_log(path)
    entries = sorted(read.entries, key=lambda entry: entry.line)
    same = dict[str, str]()  # equal texts are kept once

    def column(name: str) -> list[Any] | None:
        cells = [getattr(entry, name) for entry in entries]
        if name == "time":
            cells = [None if math.isnan(cell) else cell for cell in cells]
        else:
            cells = [same.setdefault(cell, cell) if cell else None for cell in cells]
        return cells if any(cell is not None for cell in cells) else None

    names = ("answer", "label", "time", "tenant", "language")
    return Log(
        [same.setdefault(entry.text, entry.text) for entry in entries],
        **{name: column(name) for name in names},
        line=[entry.line for entry in entries],
        remarks=tuple(logs.remarks(read)),
    )
