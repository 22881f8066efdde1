"""The file that a scope is moved in: JSON Lines, each line with its checksum; gzip if it ends so.

The first line says what it is, the last how many records came between, so that a file that was cut
short is noticed. A record is what one entry of the cache means, not the bytes that Redis holds:
those are bound to their key, and are packed anew for the key that they go to.

Version 2 has the tags of an answer and its LLM. Version 1, which had neither, is read, too; its
copies, which no cache would serve under another scope, are passed over.
"""

import base64
import binascii
import gzip
import json
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from semcache.errors import ConfigError, InvalidInput
from semcache.index.answer import Answer

__all__ = [
    "Record",
    "answer_of",
    "bytes_of",
    "end",
    "fields_of",
    "header",
    "opened",
    "read",
    "text_of",
    "write",
]

FORMAT, VERSION = "semcache scope", 2
_READABLE = (1, VERSION)
Record = dict[str, Any]
_ROW = 5  # values of an answer; a copy had more in version 1, and is in no other
_FIELDS: dict[str, dict[str, Any]] = {  # of each kind of record, with their types
    "answer": {"index": str, "rest": str, "id": str, "answer": list, "vector": str},
    "exact": {"rest": str, "answer": list},
    "copies": {"rest": str, "members": list, "expires_at": (int, float, type(None))},
    "embedding": {"rest": str, "data": str},
    "field": {"rest": str, "digest": str, "data": str},
}


@contextmanager
def opened(path: Path, mode: str) -> Iterator[TextIO]:
    """Open a file of this format, compressed if its name ends in ``.gz``.

    Raises:
        ConfigError: It cannot be opened.
        InvalidInput: It is no text, or not compressed as its name says.
    """
    try:
        with _open(path, mode) as file:
            yield file
    except (gzip.BadGzipFile, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: it is damaged, or no export: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error


def _open(path: Path, mode: str) -> TextIO:
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, f"{mode}t", encoding="ascii"))
    return cast("TextIO", path.open(mode, encoding="ascii", newline="\n"))


def write(file: TextIO, record: Record) -> None:
    """Write one line; the checksum is that of the record's own JSON."""
    text = _canonical(record)
    file.write(f'{{"record": {text}, "crc32": {zlib.crc32(text.encode())}}}\n')


def header(scope: str, now: float) -> Record:
    """Return the first record."""
    return {"format": FORMAT, "version": VERSION, "scope": scope, "exported_at": now}


def end(records: int) -> Record:
    """Return the last record."""
    return {"end": records}


def read(path: Path) -> Iterator[tuple[int, Record]]:
    """Yield the records between the first and the last, each with its line.

    Raises:
        ConfigError: The file cannot be opened, or is of another format or version.
        InvalidInput: A line is damaged, or the end is missing; the message names file and line.
    """
    number, count, ended = 0, 0, False
    with opened(path, "r") as file:
        for number, line in enumerate(file, start=1):
            record = _checked(line, f"{path}, line {number}", number == 1)
            if number == 1:
                _check_header(record, path)
            elif ended:
                raise InvalidInput(f"{path}, line {number}: there is something after the end")
            elif "end" in record:
                ended = True
                if record["end"] != count:
                    raise InvalidInput(
                        f"{path}, line {number}: {count:,} records, but {record['end']:,} were "
                        "written: lines are missing"
                    )
            else:
                _check_fields(record, f"{path}, line {number}")
                count += 1
                if len(record.get("answer", ())) <= _ROW:
                    yield number, record
    if not ended:
        raise InvalidInput(f"{path}, line {number + 1}: the end is missing: the file was cut short")


def _canonical(record: Record) -> str:
    return json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _checked(line: str, where: str, first: bool) -> Record:
    try:
        outer = json.loads(line)
        record, checksum = outer["record"], outer["crc32"]
        right = zlib.crc32(_canonical(record).encode()) == checksum
    except (ValueError, TypeError, KeyError, RecursionError):
        if first:
            raise ConfigError(f"{where}: this is no export of semcache") from None
        raise InvalidInput(f"{where}: it is damaged: no record with a checksum") from None
    if not right or not isinstance(record, dict):
        raise InvalidInput(f"{where}: it is damaged: its checksum is wrong")
    return record


def _check_header(record: Record, path: Path) -> None:
    if record.get("format") != FORMAT:
        raise ConfigError(f"{path}, line 1: this is no export of semcache")
    if record.get("version") not in _READABLE:
        raise ConfigError(
            f"{path}, line 1: version {record.get('version')}, and this program reads "
            f"{' and '.join(map(str, _READABLE))}: export it anew"
        )


def _check_fields(record: Record, where: str) -> None:
    fields = _FIELDS.get(record.get("kind", ""))
    if fields is None:
        raise InvalidInput(f"{where}: a record of kind {record.get('kind')!r} is not known")
    for name, kind in fields.items():
        if name not in record or not isinstance(record[name], kind):
            raise InvalidInput(f"{where}: {name} is missing, or of another type")


# What is in a record -----------------------------------------------------------------------------


def fields_of(answer: Answer) -> Record:
    """Return what a record says of an answer: a row, and its labels where it has some.

    Example:
        >>> fields_of(Answer("Refund?", "In 14 days.", 0.0, 60.0, tags=("doc:42",)))
        {'answer': ['Refund?', 'In 14 days.', 0.0, 60.0, 1.0], 'tags': ['doc:42']}
    """
    until = None if math.isinf(answer.expires_at) else answer.expires_at
    row = [answer.query, answer.response, answer.created_at, until, answer.similarity]
    labels = {"tags": list(answer.tags), "model": answer.model}
    return {"answer": row, **{name: label for name, label in labels.items() if label}}


def answer_of(record: Record, where: str) -> Answer:
    """Return the answer in a record.

    Raises:
        InvalidInput: There is none.
    """
    try:
        query, response, created, until, similarity = record["answer"]
        tags, model = record.get("tags", []), record.get("model", "")
        if not all(isinstance(text, str) for text in (query, response, model, *tags)):
            raise TypeError("a question, an answer, a tag or the name of an LLM is no text")
        if not isinstance(tags, list):
            raise TypeError("tags are no list")
        numbers = float(created), math.inf if until is None else float(until), float(similarity)
        return Answer(query, response, *numbers, tags=tuple(tags), model=model)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{where}: no answer: {error}") from None


def text_of(data: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(data).decode()


def bytes_of(text: str, where: str) -> bytes:
    """Return the bytes in a text.

    Raises:
        InvalidInput: There are none.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput(f"{where}: no bytes: {error}") from None
