"""Read labelled pairs from a file. Lesson 08.

A ``.jsonl`` or ``.csv`` file in UTF-8, as spreadsheets and pandas write them, one pair a row:

- ``a``, the question in the cache, ``b``, the one that is asked, and ``same``, whether the answer
  to ``a`` is right for ``b``;
- if you like, ``language``, ``kind``, ``scope`` or any other column to group by, ``similarity``
  (then nothing is embedded), ``margin`` (the similarity less that of the next different answer), a
  time, ``split`` (``calibration`` or ``held-out``), and ``weight``: for how many pairs of a log the
  row stands, as ``python -m semcache pairs`` writes it, and ``embedding_model``, whose similarities
  these are. Of a file with weights, rows that nobody has labelled yet, or was not sure of, are left
  out and counted.
"""

import math
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate import cells
from semcache.evaluate.dividing import CALIBRATION, HELD_OUT, divide
from semcache.evaluate.files import NEEDED, rows
from semcache.evaluate.labelled import GROUPS, Pair, Pairs, contradictions, repeated_texts

__all__ = [
    "CALIBRATION",
    "HELD_OUT",
    "Pair",
    "Pairs",
    "contradictions",
    "divide",
    "read_pairs",
    "repeated_texts",
]

_MARKS = ("similarity", "margin", "weight")
_MODEL = "embedding_model"


def read_pairs(path: Path | str, *, by: Sequence[str] = (), time: str | None = None) -> Pairs:
    r"""Return the pairs of a file, in its order.

    ``same`` may be true / false, yes / no, y / n or 1 / 0, in any case, also as 1.0 / 0.0.

    Args:
        path: The file.
        by: Further columns to keep in ``groups``.
        time: A column of seconds since the epoch or of ISO 8601 dates and times.

    Raises:
        ConfigError: There is no such file, its name ends in neither ``.jsonl`` nor ``.csv``, or
            it has no such column.
        InvalidInput: A row cannot be used; the message begins with the file and the line.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "mine.csv")
        ...     _ = path.write_text("a,b,same\nreset password,new password,yes\n")
        ...     read_pairs(path)[0].same
        True
    """
    path = Path(path)
    names = tuple(dict.fromkeys(_name(name) for name in (*GROUPS, *by)))
    columns = _Columns(names, _name(time) if time else None)
    try:
        for line, row in rows(path, (*NEEDED, *_MARKS, _MODEL, columns.time_name, *names)):
            try:
                columns.add(line, row)
            except InvalidInput as error:
                raise InvalidInput(f"line {line}: {error}") from None
        return columns.pairs([_name(name) for name in (*by, *([time] if time else []))])
    except (InvalidInput, ConfigError) as error:
        raise type(error)(f"{path}, {error}") from None


def _name(column: str) -> str:
    return column.strip().casefold()


class _Columns:
    """Columns that grow by a row at a time."""

    def __init__(self, names: Sequence[str], time: str | None) -> None:
        self.time_name = time or ""
        self._codes: dict[str, int] = {}
        self._a, self._b, self._line = array("i"), array("i"), array("i")
        self._same = bytearray()
        self._numbers: dict[str, array[float]] = {name: array("d") for name in (*_MARKS, "time")}
        self._read: dict[str, Callable[[str, Any], float]] = {name: cells.number for name in _MARKS}
        self._read["time"] = cells.Times() if time else cells.nothing
        self._groups: dict[str, list[str]] = {name: [] for name in names}
        self._values: dict[str, str] = {}
        self._there: set[str] = set()
        self._left_out = Counter[str]()
        self._model: str | None = None

    def add(self, line: int, row: list[Any]) -> None:
        a, b, same, similarity, margin, weight, model, time, *groups = row
        if weight is not None and (why := cells.no_label(same)):
            self._left_out[why] += 1
            return
        codes = self._codes
        for column, name, text in ((self._a, "a", a), (self._b, "b", b)):
            code = codes.get(text) if isinstance(text, str) else None
            if code is None:
                code = codes[cells.text(name, text)] = len(codes)
            column.append(code)
        self._same.append(cells.label(same))
        self._add_model(model)
        self._line.append(line)
        for (name, numbers), value in zip(
            self._numbers.items(), (similarity, margin, weight, time), strict=True
        ):
            numbers.append(math.nan if value is None else self._read[name](name, value))
            if value is not None:
                self._there.add(self.time_name if name == "time" else name)
        for (name, values), value in zip(self._groups.items(), groups, strict=True):
            if value is not None:
                self._there.add(name)
            text = "" if value is None else str(value).strip()
            values.append(self._values.setdefault(text, text))
        split = self._groups["split"]
        if split[-1]:
            split[-1] = cells.split(split[-1])

    def _add_model(self, given: Any) -> None:
        name = None if given is None else str(given).strip() or None
        if name and self._model and name != self._model:
            raise InvalidInput(
                f"{_MODEL} is {name}, and {self._model} above: similarities of two models cannot "
                "be compared, so keep a file for each"
            )
        self._model = name or self._model

    def pairs(self, asked_for: Sequence[str]) -> Pairs:
        if not self._line:
            raise InvalidInput(
                "no pair is labelled yet: python -m semcache label FILE"
                if self._left_out
                else "it has no pairs"
            )
        for name in asked_for:
            if name not in self._there:
                raise ConfigError(f"it has no column {name!r}: name one of its columns")
        pairs = Pairs(
            list(self._codes),
            np.frombuffer(self._a, np.int32),
            np.frombuffer(self._b, np.int32),
            np.frombuffer(self._same, bool),
            np.frombuffer(self._line, np.int32),
            {name: np.array(values, object) for name, values in self._groups.items()},
            similarity=self._numbers_of("similarity"),
            margin=self._numbers_of("margin"),
            time=self._numbers_of("time"),
            weight=self._numbers_of("weight"),
            unlabelled=self._left_out["unlabelled"],
            unsure=self._left_out["unsure"],
            embedding_model=self._model,
        )
        _check_split(pairs)
        _check_numbers(pairs)
        return pairs

    def _numbers_of(self, name: str) -> Any:
        column = self.time_name if name == "time" else name
        numbers = np.frombuffer(self._numbers[name])
        there = bool(column) and column in self._there and not np.isnan(numbers).all()
        return numbers if there else None


def _check_split(pairs: Pairs) -> None:
    given = pairs.groups["split"] != ""
    if given.any() and not given.all():
        raise InvalidInput(
            f"line {pairs.line[given.argmin()]}: no split, but other rows have one: fill it in"
        )


def _check_numbers(pairs: Pairs) -> None:
    for name, column, most, want in (
        ("similarity", pairs.similarity, 1.001, "a cosine lies in [-1, 1]"),
        ("the time", pairs.time, np.inf, "each row needs one"),
        ("weight", pairs.weight, np.inf, "it must be above 0"),
    ):
        if column is None:
            continue
        good = np.isfinite(column) & (np.abs(column) <= most)
        if name == "weight":
            good &= column > 0
        if good.all():
            continue
        at = int(good.argmin())
        found = "blank" if np.isnan(column[at]) else f"{column[at]:g}"
        raise InvalidInput(f"line {pairs.line[at]}: {name} is {found}, but {want}")
