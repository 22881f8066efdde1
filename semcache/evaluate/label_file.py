"""A CSV file of pairs in which labels are kept: one column a reader, all else as it was."""

import csv
import io
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate import cells
from semcache.evaluate.files import encoding, read_header

__all__ = ["LabelFile", "column_of", "read_labels", "save", "write_whole"]

_SAME = "same"
_READER = re.compile(r"[\w-]{1,40}")


@dataclass(frozen=True)
class LabelFile:
    """The cells of a file.

    Attributes:
        path: Where it is.
        header: The names of the columns.
        rows: The cells, as many in each row as there are columns.
        lines: The line of each row.
        delimiter: Between the cells.
        encoding: How it is written.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    delimiter: str
    encoding: str

    def texts(self, row: int) -> tuple[str, str]:
        """Return the two texts of a row: the one in the cache, the one that is asked."""
        return self.rows[row][self._at("a")], self.rows[row][self._at("b")]

    def labels(self, column: str) -> list[str]:
        """Return the labels in a column; blank ones if there is no such column.

        Raises:
            InvalidInput: A cell holds something else; names file and line.
        """
        if column not in self._names:
            return [""] * len(self.rows)
        at = self._at(column)
        return [self._label(row[at], line) for row, line in zip(self.rows, self.lines, strict=True)]

    @property
    def readers(self) -> list[str]:
        """The columns that hold labels."""
        names = self._names
        return [name for name in names if name == _SAME or name.startswith(f"{_SAME}_")]

    def with_labels(self, column: str, labels: Sequence[str]) -> str:
        """Return the text of the file with a column of labels."""
        names, at = list(self.header), len(self.header)
        if column in self._names:
            at = self._at(column)
        else:
            names.append(column)
        file = io.StringIO()
        writer = csv.writer(file, delimiter=self.delimiter, lineterminator="\n")
        writer.writerow(names)
        for row, label in zip(self.rows, labels, strict=True):
            writer.writerow([*row[:at], label, *row[at + 1 :]])
        return file.getvalue()

    @property
    def _names(self) -> list[str]:
        return [name.strip().casefold() for name in self.header]

    def _at(self, column: str) -> int:
        return self._names.index(column)

    def _label(self, cell: str, line: int) -> str:
        if why := cells.no_label(cell):
            return cells.UNSURE if why == cells.UNSURE else ""
        try:
            return "yes" if cells.label(cell) else "no"
        except InvalidInput as error:
            raise InvalidInput(f"{self.path}, line {line}: {error}") from None


def column_of(reader: str | None) -> str:
    """Return the column that a reader's labels are in.

    Raises:
        ConfigError: The name has more than letters, digits, ``_`` and ``-``.

    Example:
        >>> column_of(None), column_of("Anna")
        ('same', 'same_anna')
    """
    if reader is None:
        return _SAME
    if not _READER.fullmatch(reader):
        raise ConfigError(f"--reader {reader!r}: a name of letters, digits, _ and -")
    return f"{_SAME}_{reader.casefold()}"


def read_labels(path: Path | str) -> LabelFile:
    """Return the cells of a file of pairs.

    Raises:
        ConfigError: There is no such file, or it is no CSV.
        InvalidInput: It is damaged, or has no columns a and b; names file and line.
    """
    path = Path(path)
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        raise ConfigError(f"{path}: labels are kept in a .csv file, as pairs writes it")
    try:
        return _read(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not UTF-8. Save it as CSV UTF-8") from error
    except InvalidInput as error:
        raise InvalidInput(f"{path}, {error}") from None


def _read(path: Path) -> LabelFile:
    code = encoding(path)
    if code == "utf-8-sig" and not path.read_bytes().startswith(b"\xef\xbb\xbf"):
        code = "utf-8"
    rows, lines = [], []
    with path.open(encoding=code, newline="") as file:
        before, delimiter, names = read_header(file, ("a", "b"))
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        line = before + 1
        try:
            for cells_ in reader:
                if any(cell.strip() for cell in cells_):
                    if len(cells_) > len(names):
                        raise InvalidInput(
                            f"line {line}: {len(cells_)} cells, but {len(names)} columns"
                        )
                    rows.append((*cells_, *[""] * (len(names) - len(cells_))))
                    lines.append(line)
                line = before + reader.line_num + 1
        except csv.Error as error:
            raise InvalidInput(f"line {line}: {error}. Is a quote not closed?") from None
    if not rows:
        raise InvalidInput("it has no pairs")
    return LabelFile(path, tuple(names), tuple(rows), tuple(lines), delimiter, code)


def save(path: Path, column: str, labels: Sequence[str]) -> None:
    """Write labels into their column; other columns stay as they are in the file at this moment.

    Raises:
        ConfigError: The file has other pairs by now, or it cannot be written.
    """
    now = read_labels(path)
    if len(now.rows) != len(labels):
        raise ConfigError(f"{path} has {len(now.rows):,} pairs by now, {len(labels):,} were shown")
    write_whole(path, now.with_labels(column, labels), now.encoding)


def write_whole(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write a file so that whoever reads it finds the whole text, or what was there before.

    Raises:
        ConfigError: It cannot be written.
    """
    path = path.resolve()  # of a link, the file that it leads to
    name = ""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding=encoding, newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, name)
        os.replace(name, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(name)
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}") from error
