"""From what a server's graph takes for nearest to what is: alive, whole, and compared exactly.

A graph finds most of the nearest, by vectors that may be rounded, and knows nothing of the
cache's clock. So a few more are asked for than are wanted, and what comes back is judged here by
the vectors in half precision that are stored with the answers. That makes the similarities those
of the other indexes.
"""

from collections.abc import Callable

import numpy as np
import redis

from semcache.codecs import Vector
from semcache.errors import CodecError
from semcache.index.base import Found, IndexSettings, as_similarity
from semcache.index.packed import Packed, rows_of

__all__ = ["EFFORT", "SPARE", "Candidate", "nearest_alive"]

SPARE = 7  # neighbours asked for beyond the count: to compare exactly, and some may have expired
EFFORT = 60  # candidates that the search keeps (EF); of 100,000 entries it then finds 99 of 100

Candidate = tuple[bytes, bytes | None]  # an entry's id and what is stored of its answer


def nearest_alive(
    settings: IndexSettings,
    ask: Callable[[Vector, int], list[Candidate]],
    delete: Callable[[list[bytes]], int],
    vector: Vector,
    count: int,
) -> list[Found]:
    """Return up to ``count`` entries that have not expired, most similar first.

    Args:
        settings: Those of the index; its clock decides, and damage is counted there.
        ask: Returns so many of what the server takes for nearest to a vector.
        delete: Deletes entries by their ids; returns how many there were.
        vector: Unit length, shape (dims,), float32.
        count: How many are wanted.
    """
    while True:
        candidates = ask(vector, count + SPARE)
        found, useless, damaged = _rescored(candidates, vector, count, settings.clock())
        if damaged:
            settings.count_damaged(damaged)
        if not useless or not _removed(delete, useless) or len(found) >= count:
            return found  # else ask again: what is useless was in the way


def _rescored(
    candidates: list[Candidate], vector: Vector, count: int, now: float
) -> tuple[list[Found], list[bytes], int]:
    """Return what is near, the ids of what has expired or is damaged, how many are damaged."""
    near, useless, damaged = [], [], 0
    for id, data in candidates:
        try:
            packed = Packed.read(data or b"")
            whole = len(packed.numbers) == 2 * vector.size
        except CodecError:
            whole = False
        if whole and now < packed.expires_at:
            near.append((id, packed))
        else:
            useless.append(id)
            damaged += not whole
    cosines = rows_of([packed for _, packed in near]) @ vector if near else np.empty(0)
    found = []
    for i in np.argsort(-cosines, kind="stable")[:count].tolist():
        id, packed = near[i]
        try:
            found.append(Found(id.decode(), packed.answer(), as_similarity(cosines[i])))
        except CodecError:
            useless.append(id)
            damaged += 1
    return found, useless, damaged


def _removed(delete: Callable[[list[bytes]], int], ids: list[bytes]) -> bool:
    try:
        return delete(ids) > 0
    except redis.ResponseError:  # a replica can be read all the same
        return False
