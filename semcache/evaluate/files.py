"""The rows of a file, whatever spreadsheet or program wrote it: line by line, by column name."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from semcache.errors import ConfigError, InvalidInput

__all__ = ["NEEDED", "encoding", "read_header", "rows"]

NEEDED = ("a", "b", "same")  # "x|y" is needed under one of these names
_DELIMITERS = (",", ";", "\t", "|")
_FORMATS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "json", ".ndjson": "json"}

Row = tuple[int, list[Any]]


def rows(path: Path, columns: Sequence[str], needed: Sequence[str] = NEEDED) -> Iterator[Row]:
    """Yield the line of each row of a file and its cells, in the order of ``columns``.

    Names of columns are compared without case and blanks; a column that is not there, but for
    those that are needed, gives ``None``. Rows that are blank are left out.

    Raises:
        ConfigError: There is no such file, or its name says of no format that we read.
        InvalidInput: It cannot be read; the message begins with the line.
    """
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise ConfigError("pairs are read from a .jsonl or a .csv file")
    try:
        with path.open(encoding=encoding(path), newline="" if kind == "csv" else "\n") as file:
            yield from (_csv_rows if kind == "csv" else _json_rows)(file, columns, needed)
    except OSError as error:
        raise ConfigError(f"it cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"line {_bad_line(path)}: not UTF-8. Save it as CSV UTF-8 (comma delimited)"
        ) from error


def encoding(path: Path) -> str:
    """Return UTF-8, with or without a mark, or UTF-16, which spreadsheets call Unicode text."""
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def _bad_line(path: Path) -> int:
    data = path.read_bytes()
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    return 1


def _missing(needed: Sequence[str], names: Sequence[str]) -> list[str]:
    return [one.replace("|", " or ") for one in needed if _none_of(one, names)]


def _none_of(one: str, names: Sequence[str]) -> bool:
    return not any(name in names for name in one.split("|"))


def _listed(needed: Sequence[str]) -> str:
    *most, last = (one.replace("|", " or ") for one in needed)
    return f"{', '.join(most)} and {last}" if most else last


def _name(header: object) -> str:
    return str(header).strip().casefold()


# JSON Lines -----------------------------------------------------------------------------


def _json_rows(file: TextIO, columns: Sequence[str], needed: Sequence[str]) -> Iterator[Row]:
    # Lines end in "\n" only: a text may contain the line separators of Unicode.
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            hint = ": one object a line, in pandas to_json(orient='records', lines=True)"
            raise InvalidInput(f"line {number}: no JSON ({error}){hint * (number == 1)}") from None
        if not isinstance(row, dict):
            raise InvalidInput(f"line {number}: not an object with {_listed(needed)}")
        named = {_name(key): value for key, value in row.items()}
        if lacking := _missing(needed, list(named)):
            raise InvalidInput(f"line {number}: {lacking[0]} is not there")
        yield number, [named.get(column) for column in columns]


# Spreadsheets ---------------------------------------------------------------------------


def _csv_rows(file: TextIO, columns: Sequence[str], needed: Sequence[str]) -> Iterator[Row]:
    before, delimiter, header = read_header(file, needed)
    names = [_name(cell) for cell in header]
    for column in columns:
        if column and names.count(column) > 1:
            raise InvalidInput(f"line {before}: two columns are called {column}")
    at = [names.index(column) if column in names else None for column in columns]
    padded = any(cell.startswith(" ") for cell in header)
    reader = csv.reader(file, delimiter=delimiter, strict=True, skipinitialspace=padded)
    while True:
        line = before + reader.line_num + 1  # where the row begins: a quoted text may hold breaks
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidInput(
                f"line {line}: {error}. Is a quote not closed, or doubled?"
            ) from None
        if not any(cell.strip() for cell in cells):
            continue
        if any(cell.strip() for cell in cells[len(names) :]):
            raise InvalidInput(
                f"line {line}: {len(cells)} cells, but {len(names)} columns: put a text that "
                f"contains {delimiter!r} into quotes"
            )
        yield line, [None if k is None or k >= len(cells) else cells[k] for k in at]


def read_header(file: TextIO, needed: Sequence[str]) -> tuple[int, str, list[str]]:
    """Read up to the names of the columns: the line they are on, the delimiter, the names."""
    delimiters: tuple[str, ...] = _DELIMITERS
    number = 0
    for number, line in enumerate(iter(file.readline, ""), start=1):  # noqa: B007
        if line.lower().startswith("sep=") and len(line) > 4:
            delimiters = (line[4], *_DELIMITERS)
        elif line.strip(" \r\n\ufeff,;\t|"):
            break
    else:
        raise InvalidInput("it has no pairs" if needed == NEEDED else "it is empty")
    found = [(d, next(csv.reader([line.rstrip("\r\n")], delimiter=d))) for d in delimiters]

    def missing(header: list[str]) -> list[str]:
        return _missing(needed, [_name(cell) for cell in header])

    delimiter, header = min(found, key=lambda item: len(missing(item[1])))
    if lacking := missing(header):
        raise InvalidInput(
            f"line {number}: no column {' and no column '.join(lacking)}; the first line names the "
            f"columns, here: {', '.join(header)}"
        )
    return number, delimiter, header
