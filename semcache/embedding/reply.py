"""What a reply of the embedding API holds: its vectors in order, and what they cost.

Compatible servers number rows in ways of their own, or not at all, and send base64 unasked. What
has one meaning is taken; where rows could be mistaken for each other, nothing is.
"""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from semcache.codecs import Vector
from semcache.tokens import as_count

__all__ = ["tokens_of", "vectors_of"]


def vectors_of(rows: Sequence[Any], count: int) -> list[Vector]:
    """Return the vectors of a reply's rows, in the order of the texts, each a float32 array.

    Raises:
        ValueError: Another number of rows, an order that cannot be told, a damaged vector; or
            another error of reading what is no row.

    Example:
        >>> from types import SimpleNamespace as Row
        >>> rows = [Row(index=1, embedding="AACAPwAAAEA="), Row(index=0, embedding=[3.0, 4.0])]
        >>> [vector.tolist() for vector in vectors_of(rows, 2)]
        [[3.0, 4.0], [1.0, 2.0]]
    """
    if len(rows) != count:
        raise ValueError(f"asked for {count}, got {len(rows)}")
    with np.errstate(over="ignore"):  # too large for float32 becomes inf, refused by the caller
        return [_vector(row.embedding) for row in _in_order(rows)]


def tokens_of(usage: Any) -> int:
    """What was charged, as far as the reply says: some compatible servers leave it out."""
    total = as_count(getattr(usage, "total_tokens", None))
    return total or as_count(getattr(usage, "prompt_tokens", None))


def _vector(said: Any) -> Vector:
    """Read a list of numbers, or text: the base64 of float32, least significant byte first.

    openai reads base64 itself only where it asks for it of its own accord.
    """
    if not isinstance(said, str):
        return np.asarray(said, dtype=np.float32)
    data = base64.b64decode("".join(said.split()), validate=True)
    return np.frombuffer(data, "<f4").astype(np.float32)


def _in_order(rows: Sequence[Any]) -> Sequence[Any]:
    """Sort rows by their numbers, from 0 or from another.

    Where a row has none, as where a server leaves out zeros, they must have come in order: each
    number that is there is its row's place in the list.
    """
    said = [getattr(row, "index", None) for row in rows]
    if len(rows) < 2 or all(index is None for index in said):
        return rows
    numbers = [None if index is None else _number(index) for index in said]
    known = [number for number in numbers if number is not None]
    if len(known) < len(rows):
        if all(number in (None, place) for place, number in enumerate(numbers)):
            return rows
        raise ValueError(f"its rows are numbered {said[:9]}")
    order = sorted(range(len(rows)), key=known.__getitem__)
    least = known[order[0]]
    if [known[row] for row in order] != list(range(least, least + len(rows))):
        raise ValueError(f"asked for {len(rows)}, got rows {said[:9]}")
    return [rows[row] for row in order]


def _number(index: Any) -> int:
    """Read a row's number: a whole one, perhaps as a float or as text."""
    is_whole = type(index) is int or (isinstance(index, float) and index.is_integer())
    if is_whole and index >= 0:
        return int(index)
    if isinstance(index, str) and index.isascii() and index.isdecimal():
        return int(index)
    raise ValueError(f"a row is numbered {str(index)[:30]!r}")
