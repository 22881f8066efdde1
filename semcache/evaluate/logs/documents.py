"""The records of a file, one at a time: lines of JSON, a JSON list, a table, Parquet."""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.files import encoding, rows
from semcache.evaluate.logs.table import COLUMNS, TEXT

__all__ = ["Record", "records"]

Record = Mapping[str, Any]
_TABLES = (".csv", ".tsv", ".txt")
_ENVELOPES = ("data", "runs", "records")


def records(path: Path) -> Iterator[tuple[int, Record | str]]:
    """Yield each record with its line, or, instead of the record, what is wrong with that line.

    Records of a JSON list and of Parquet have no lines; they are numbered from 1.

    Raises:
        ConfigError: The file cannot be read, or its name says of no format that we read.
        InvalidInput: It is damaged so that nothing after some line can be read.
    """
    kind = path.suffix.lower()
    if kind in _TABLES:
        for line, cells in rows(path, COLUMNS, ("|".join(TEXT),)):
            yield line, {name: cell for name, cell in zip(COLUMNS, cells, strict=True)}
    elif kind in (".jsonl", ".ndjson", ".json"):
        yield from _json(path)
    elif kind == ".parquet":
        yield from enumerate(_parquet(path), start=1)
    else:
        raise ConfigError("logs are read from .csv, .tsv, .jsonl, .json and .parquet files")


def _json(path: Path) -> Iterator[tuple[int, Record | str]]:
    try:
        if _is_one(path):
            yield from enumerate(_listed(path), start=1)
            return
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, _parsed(line)
    except OSError as error:
        raise ConfigError(f"it cannot be read: {error.strerror or error}") from error


def _is_one(path: Path) -> bool:
    """Whether the file is one JSON value, rather than one a line."""
    with path.open("rb") as file:
        first = next((line for line in file if line.strip(b" \r\n\t\xef\xbb\xbf")), b"")
        alone = not any(line.strip() for line in file)
    if first.lstrip(b"\xef\xbb\xbf \t").startswith(b"["):
        return True
    return path.suffix.lower() == ".json" and (alone or isinstance(_parsed(first), str))


def _parsed(line: bytes) -> Record | str:
    try:
        found = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return "not UTF-8"
    except (ValueError, RecursionError) as error:
        return f"no JSON ({error})"
    return found if isinstance(found, dict) else "not an object"


def _inner(record: object) -> list[Any] | None:
    """The list of an envelope, as an API sends it: {"data": [...]}."""
    if not isinstance(record, dict):
        return None
    return next((record[k] for k in _ENVELOPES if isinstance(record.get(k), list)), None)


def _listed(path: Path) -> Iterator[Record | str]:
    try:
        found = json.loads(path.read_text(encoding=encoding(path)))
    except json.JSONDecodeError as error:
        raise InvalidInput(f"line {error.lineno}: no JSON ({error.msg})") from None
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"line 1: no JSON ({error})") from None
    inner = _inner(found)
    items = found if isinstance(found, list) else [found] if inner is None else inner
    for item in items:
        yield item if isinstance(item, dict) else "not an object"


def _parquet(path: Path) -> Iterator[Record]:
    for name, method in (("polars", "to_dicts"), ("pandas", "to_dict")):
        try:
            module = import_module(name)
        except ImportError:
            continue
        try:
            frame = module.read_parquet(path)
        except ImportError as error:  # pandas without an engine
            raise ConfigError(f"pandas cannot read Parquet: {error}") from error
        except OSError as error:
            raise ConfigError(f"it cannot be read: {error}") from error
        yield from frame.to_dicts() if method == "to_dicts" else frame.to_dict("records")
        return
    raise ConfigError(
        "a Parquet file needs polars or pandas: python -m pip install polars, or save it as CSV"
    )
