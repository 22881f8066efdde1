"""From what a server's graph takes for nearest to what is: alive, whole, and compared exactly.

A graph finds most of the nearest, by vectors that may be rounded, and knows nothing of the
cache's clock. So a few more are asked for than are wanted, and what comes back is judged here by
the vectors in half precision that are stored with the answers. That makes the similarities those
of the other indexes.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

import numpy as np
import redis

from semcache.codecs import Vector
from semcache.errors import CodecError
from semcache.index.base import Expired, Found, Index, as_similarity
from semcache.index.packed import Packed, rows_of
from semcache.question import values_of

__all__ = ["EFFORT", "SPARE", "Candidate", "candidates_of", "nearest_alive"]

SPARE = 7  # neighbours asked for beyond the count: to compare exactly, and some may have expired
EFFORT = 60  # candidates that the search keeps (EF); of 100,000 entries it then finds 99 of 100

Candidate = tuple[bytes, bytes | None]  # an entry's id and what is stored of its answer


def candidates_of(pairs: Iterable[Candidate]) -> list[Candidate]:
    """Return candidates that were read from a reply.

    Raises:
        TypeError: They are none.
    """
    found = list(pairs)
    values_of([part for pair in found for part in pair], 2 * len(found))
    return found


async def nearest_alive(
    index: Index,
    ask: Callable[[Vector, int], Awaitable[list[Candidate]]],
    owner: Callable[[bytes], bytes],
    vector: Vector,
    count: int,
) -> list[Found]:
    """Return up to ``count`` entries that have not expired, most similar first.

    Args:
        index: Its clock decides, damage is counted there, and what is useless is deleted from it.
        ask: Returns so many of what the server takes for nearest to a vector.
        owner: Returns what binds an entry's bytes to its id.
        vector: Unit length, shape (dims,), float32.
        count: How many are wanted.
    """
    while True:
        candidates = await ask(vector, count + SPARE)
        read = _Read([], [], [])
        for id, data in candidates:
            _read(read, id, data, owner(id), vector.size, index.settings.clock())
        found = _rescored(read, vector, count)
        if read.damaged:
            index.settings.count_damaged(len(read.damaged))
        useless = bool(read.damaged or read.expired)
        if not (useless and await _removed(index, read)) or len(found) >= count:
            return found  # else ask again: what is useless was in the way


class _Read(NamedTuple):
    near: list[tuple[bytes, Packed]]
    damaged: list[bytes]
    expired: Expired


def _read(read: _Read, id: bytes, data: bytes | None, owner: bytes, dims: int, now: float) -> None:
    try:
        packed = Packed.read(data or b"", owner)
    except CodecError:
        read.damaged.append(id)
        return
    if len(packed.numbers) != 2 * dims:
        read.damaged.append(id)
    elif now < packed.expires_at:
        read.near.append((id, packed))
    else:
        read.expired.append((id, packed.expires_at))


def _rescored(read: _Read, vector: Vector, count: int) -> list[Found]:
    """Return what is near; what has no answer inside joins the damaged."""
    cosines = rows_of([packed for _, packed in read.near]) @ vector if read.near else np.empty(0)
    found = []
    for i in np.argsort(-cosines, kind="stable")[:count].tolist():
        id, packed = read.near[i]
        try:
            found.append(Found(id.decode(), packed.answer(), as_similarity(cosines[i])))
        except CodecError:
            read.damaged.append(id)
    return found


async def _removed(index: Index, read: _Read) -> bool:
    try:
        removed = await index.delete(read.damaged) if read.damaged else 0
        return removed + await index.sweep(read.expired) > 0
    except redis.ResponseError:  # a replica can be read all the same
        return False
