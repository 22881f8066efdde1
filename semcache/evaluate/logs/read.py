"""Read a log: recognise who wrote it, take each question, count what is left out."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.logs import langsmith, openai, table
from semcache.evaluate.logs.documents import Record, records
from semcache.evaluate.logs.entry import Entry, LeftOut, Log
from semcache.evaluate.scored import percent

__all__ = ["FORMATS", "faults", "read_log", "remarks"]

# In this order: a run of LangSmith may have messages, and either may have a column named query.
FORMATS: Mapping[str, ModuleType] = {"langsmith": langsmith, "openai": openai, "table": table}
_LOOKED_AT = 50
_INSIDE = "inside another run of the file"
_SHOWN = 5


class _Reader(NamedTuple):
    name: str
    read: Callable[[Mapping[str, Any]], Entry]


def read_log(path: Path | str, format: str | None = None) -> Log:
    r"""Return the questions of a log that a cache could answer by similarity, in order.

    In order of time if every question has one, otherwise in that of the file.

    Args:
        path: A file of one of the shapes of :mod:`semcache.evaluate.logs`.
        format: One of :data:`FORMATS`; if not given it is recognised by its first records.

    Raises:
        ConfigError: There is no such file or format, or its shape is none that we know.
        InvalidInput: It is damaged, most of it cannot be read, or it has no question.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "log.csv")
        ...     _ = path.write_text("query,time\nlater,2026-11-29\nfirst,2026-11-28\n,2026-11-30\n")
        ...     log = read_log(path)
        >>> [entry.text for entry in log.entries], dict(log.left_out)
        (['first', 'later'], {'no text': 1})
    """
    path = Path(path)
    try:
        found = records(path)
        head = list(islice(found, _LOOKED_AT))
        return _log(chain(head, found), _reader(head, format))
    except (InvalidInput, ConfigError) as error:
        raise type(error)(f"{path}, {error}") from None


def _reader(head: list[tuple[int, Record | str]], format: str | None) -> _Reader:
    if format is not None:
        if format not in FORMATS:
            raise ConfigError(f"there is no format {format!r}: there are {', '.join(FORMATS)}")
        return _Reader(format, FORMATS[format].read)
    sound = [record for _, record in head if not isinstance(record, str)]
    for name, module in FORMATS.items():
        if any(map(module.fits, sound)):
            return _Reader(name, module.read)
    if not sound:
        line, fault = next(iter(head), (1, "it is empty"))
        raise InvalidInput(f"line {line}: {fault}")
    raise ConfigError(
        f"its shape is none that we know (the first record has {', '.join(sound[0]) or 'nothing'}):"
        f" it wants a column {' or '.join(table.TEXT)}, or messages, or inputs and run_type"
    )


def _log(found: Iterator[tuple[int, Record | str]], reader: _Reader) -> Log:
    entries: list[Entry] = []
    left_out, faults, seen = Counter[str](), list[str](), 0
    for line, record in found:
        seen += 1
        try:
            if isinstance(record, str):
                raise InvalidInput(record)
            entries.append(reader.read(record)._replace(line=line))
        except LeftOut as reason:
            left_out[str(reason)] += 1
        except InvalidInput as error:
            faults.append(f"line {line}: {error}")
    if 2 * len(faults) > seen:
        raise InvalidInput(f"{faults[0]}; {len(faults):,} of {seen:,} records cannot be read")
    entries = _outermost(entries, left_out)
    if not entries:
        why = "; ".join(f"{reason}: {count:,}" for reason, count in left_out.most_common())
        raise InvalidInput(f"it has no question that a cache could answer by similarity ({why})")
    ordered = not any(math.isnan(entry.time) for entry in entries)
    if ordered:
        entries.sort(key=lambda entry: entry.time)
    return Log(tuple(entries), reader.name, left_out, tuple(faults), ordered)


def _outermost(entries: list[Entry], left_out: Counter[str]) -> list[Entry]:
    ids = {entry.id for entry in entries if entry.id}
    outer = [entry for entry in entries if entry.parent not in ids]
    if len(outer) < len(entries):
        left_out[_INSIDE] += len(entries) - len(outer)
    return outer


def remarks(log: Log) -> Iterator[str]:
    """Yield what was left out of a log, by reason, and what could not be read, by line."""
    total = len(log.entries) + sum(log.left_out.values())
    for reason, count in sorted(log.left_out.items(), key=lambda item: -item[1]):
        yield f"Left out: {count:,} ({percent(count / total)}) with {reason}"
    yield from faults("could not be read", log.faults)


def faults(what: str, found: Sequence[str]) -> Iterator[str]:
    """Yield how many faults there are, and the first few."""
    if found:
        yield f"{len(found):,} {what}:"
        yield from (f"  {fault}" for fault in found[:_SHOWN])
        if len(found) > _SHOWN:
            yield f"  and {len(found) - _SHOWN:,} more"
