"""VectorSetIndex: the server searches its own HNSW graph. Needs Redis 8.

One command writes a vector together with its answer (as the element's attributes), one finds
the nearest and brings their answers back. Elements of a vector set have no TTL of their own: a
sorted set remembers when each expires, and every write sweeps some of those that have.

The server's graph holds the vectors in one byte a dim (Q8), which is smaller and faster, and
good enough to say which few are near. Which of them is nearest, and how near, is computed here
from the vectors in half precision that come back with the answers.

The search runs in the server's main thread (NOTHREAD). It takes a fraction of a millisecond, in
which no other client is served; a thread of its own costs more than that to wake up.
"""

import math
from collections.abc import Sequence
from typing import Any

import redis

from semcache.codecs import Vector
from semcache.index.answer import Answer
from semcache.index.base import Also, Found, IndexSettings, nothing_else
from semcache.index.packed import pack
from semcache.index.rescore import EFFORT, Candidate, nearest_alive
from semcache.index.store import FOREVER

__all__ = ["VectorSetIndex"]

SWEEP = 32  # expired elements that one write removes: more than it adds


class VectorSetIndex:
    """One VSIM for a lookup; memory and search stay on the server."""

    def __init__(self, settings: IndexSettings) -> None:
        self._settings, self._redis = settings, settings.redis
        self._vectors = f"{settings.namespace}vectors"
        self._expiry = f"{settings.namespace}expiry"
        self._clock = settings.clock
        self._count_damaged = settings.count_damaged

    def ask_ahead(self, pipe: Any) -> bool:
        """Queue nothing: the server is asked with the vector."""
        return False

    def hear_ahead(self, replies: list[Any]) -> bool:
        """Nothing was asked, so nothing is known."""
        return False

    def add(self, id: str, answer: Answer, vector: Vector, also: Also = nothing_else) -> None:
        """Store an answer with its vector, in one transaction."""
        try:
            over = self._add(id, answer, vector, also)
        except (redis.ResponseError, ValueError) as error:
            if not _is_foreign(error):
                raise
            # The model decides how long a vector is, and we how it is kept: the rest is of no use.
            self._count_damaged(1)
            self.clear()
            over = self._add(id, answer, vector, also)
        if over:
            self.delete(over)

    def _add(self, id: str, answer: Answer, vector: Vector, also: Also) -> list[bytes]:
        """Return the ids of some entries that have expired."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.execute_command("VREM", self._vectors, id)  # VADD alone keeps the old on fakeredis
        pipe.execute_command(
            "VADD", self._vectors, "FP32", vector.tobytes(), id,
            "Q8", "SETATTR", pack(answer, vector),
        )  # fmt: skip
        pipe.zadd(self._expiry, {id: answer.expires_at})
        also(pipe)
        left = answer.expires_at - self._clock()
        milliseconds = max(1, math.ceil(left * 1000)) if math.isfinite(left) else FOREVER
        for key in (self._vectors, self._expiry):  # an abandoned scope leaves nothing
            pipe.pexpire(key, milliseconds, nx=True)
            pipe.pexpire(key, milliseconds, gt=True)
        pipe.zrangebyscore(self._expiry, "-inf", self._clock(), start=0, num=SWEEP)
        over: list[bytes] = pipe.execute()[-1]
        return over

    def nearest(self, vector: Vector, count: int = 1, heard: bool = False) -> list[Found]:
        """Return up to ``count`` entries that have not expired, most similar first."""
        return nearest_alive(self._settings, self._ask, self.delete, vector, count)

    def _ask(self, vector: Vector, count: int) -> list[Candidate]:
        """Return the ids and stored bytes of what the server's graph takes for nearest."""
        try:
            reply = self._redis.execute_command(
                "VSIM", self._vectors, "FP32", vector.tobytes(), "WITHSCORES", "WITHATTRIBS",
                "COUNT", count, "EF", max(EFFORT, count), "NOTHREAD",
            )  # fmt: skip
        except (redis.ResponseError, ValueError) as error:
            if not _is_foreign(error):
                raise
            return []
        return [(id, attributes) for id, (_, attributes) in (reply or {}).items()]

    def delete(self, ids: Sequence[str | bytes]) -> int:
        """Delete entries; return how many there were."""
        pipe = self._redis.pipeline(transaction=True)
        for id in ids:
            pipe.execute_command("VREM", self._vectors, id)
        pipe.zrem(self._expiry, *ids)
        return sum(map(int, pipe.execute()[:-1]))

    def size(self) -> int:
        """Return how many entries have not expired."""
        count: int = self._redis.zcount(self._expiry, f"({self._clock()}", "+inf")
        return count

    def clear(self) -> None:
        """Delete all entries."""
        self._redis.unlink(self._vectors, self._expiry)


def _is_foreign(error: Exception) -> bool:
    """Whether the set is of other vectors; fakeredis complains about lengths in numpy's words."""
    complaints = ("dimension mismatch", "quantization mismatch", "core dimension")
    return any(complaint in str(error) for complaint in complaints)
