"""Read labelled pairs from a file, and divide them. Lesson 08.

A ``.jsonl`` or ``.csv`` file in UTF-8, one pair a row: ``a`` (the question in the cache), ``b``
(the one that is asked), ``same`` (whether the answer to ``a`` is right for ``b``) and, if you
like, ``language``, ``kind``, ``scope`` and ``split`` (``calibration`` or ``held-out``).
"""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from semcache.errors import ConfigError, InvalidInput

__all__ = ["CALIBRATION", "HELD_OUT", "Pair", "divide", "read_pairs", "repeated_texts"]

CALIBRATION, HELD_OUT = "calibration", "held-out"
_LABELS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Pair(NamedTuple):
    """Two questions, and whether they have the same right answer."""

    a: str
    b: str
    same: bool
    language: str = ""
    kind: str = ""
    scope: str = ""
    split: str = ""


def read_pairs(path: Path) -> list[Pair]:
    r"""Return the pairs of a file, in its order.

    ``same`` may be true / false, yes / no or 1 / 0, in any case. Other columns are ignored.

    Raises:
        ConfigError: There is no such file, or its name ends in neither ``.jsonl`` nor ``.csv``.
        InvalidInput: A row cannot be used; the message begins with the file and the line.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "mine.csv")
        ...     _ = path.write_text("a,b,same\nreset password,new password,yes\n")
        ...     read_pairs(path)[0].same
        True
    """
    readers = {".jsonl": _json_rows, ".csv": _csv_rows}
    if path.suffix.lower() not in readers:
        raise ConfigError(f"{path}: pairs are read from a .jsonl or a .csv file")
    try:
        text = path.read_text(encoding="utf-8-sig")  # spreadsheets write a byte-order mark
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8: save it as CSV UTF-8") from error
    pairs = []
    try:
        for line, row in readers[path.suffix.lower()](text):
            try:
                pairs.append(_pair(row))
            except InvalidInput as error:
                raise InvalidInput(f"line {line}: {error}") from None
    except InvalidInput as error:
        raise InvalidInput(f"{path}, {error}") from None
    if not pairs:
        raise InvalidInput(f"{path} has no pairs")
    if len({bool(pair.split) for pair in pairs}) > 1:
        raise InvalidInput(f"{path}: some rows have a split and some have none")
    return pairs


def _json_rows(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    # Not splitlines(): that would also cut at the line separators a user may type inside a text.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InvalidInput(f"line {number}: no JSON ({error})") from None
        if not isinstance(row, dict):
            raise InvalidInput(f"line {number}: not an object with a, b and same")
        yield number, row


def _csv_rows(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in ("a", "b", "same") if name not in (reader.fieldnames or ())]
    if missing:
        raise InvalidInput(f"line 1: no column {' and no column '.join(missing)}")
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise InvalidInput(f"line {reader.line_num}: {error}") from None


def _pair(row: dict[str, Any]) -> Pair:
    for name in ("a", "b"):
        if name not in row:
            raise InvalidInput(f"no {name}")
        if not isinstance(row[name], str) or not row[name].strip():
            raise InvalidInput(f"{name} has no text")
    same = _LABELS.get(str(row.get("same", "")).strip().lower())
    if same is None:
        found = repr(row["same"]) if row.get("same") is not None else "not there"
        raise InvalidInput(f"same is {found}, but it must be true or false")
    split = str(row.get("split") or "").strip().lower()
    if split not in ("", CALIBRATION, HELD_OUT):
        raise InvalidInput(f"split is {split!r}, but it must be {CALIBRATION} or {HELD_OUT}")
    groups = {name: str(row.get(name) or "").strip() for name in ("language", "kind", "scope")}
    return Pair(row["a"], row["b"], same, **groups, split=split)


def divide(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Return the calibration part and the held-out part.

    By the ``split`` of the rows if they have one. Otherwise in halves, by a hash of the texts, the
    same each time; pairs that share a text, even by way of others, stay on one side.

    Raises:
        InvalidInput: A part is empty.

    Example:
        >>> calibration, held_out = divide([Pair(f"a{i}", f"b{i}", True) for i in range(100)])
        >>> len(calibration), len(held_out)
        (54, 46)
    """
    if pairs and pairs[0].split:
        first = [pair.split == CALIBRATION for pair in pairs]
    else:
        family = _families(pairs)
        digests = (hashlib.sha256(family[pair.a].encode()).digest() for pair in pairs)
        first = [digest[0] % 2 == 0 for digest in digests]
    parts = [[p for p, f in zip(pairs, first, strict=True) if f is side] for side in (True, False)]
    if not all(parts):
        raise InvalidInput("the pairs do not divide into a calibration and a held-out part")
    return parts[0], parts[1]


def _families(pairs: Sequence[Pair]) -> dict[str, str]:
    """For each text, one text that stands for all that are tied to it."""
    leader: dict[str, str] = {}

    def find(text: str) -> str:
        while leader.setdefault(text, text) != text:
            leader[text] = leader[leader[text]]
            text = leader[text]
        return text

    for pair in pairs:
        one, two = sorted((find(pair.a), find(pair.b)))
        leader[two] = one
    return {text: find(text) for text in list(leader)}


def repeated_texts(pairs: Sequence[Pair]) -> int:
    """Return how many texts occur in more than one pair.

    Such pairs are not independent, so they count for less than as many others.

    Example:
        >>> repeated_texts([Pair("a", "b", True), Pair("a", "c", False), Pair("d", "e", True)])
        1
    """
    seen = Counter(text for pair in pairs for text in {pair.a, pair.b})
    return sum(count > 1 for count in seen.values())
