"""VectorSetIndex: the server searches its own HNSW graph. Needs Redis 8.2.

One command writes a vector together with its answer (as the element's attributes), one finds
the nearest and brings their answers back. Elements of a vector set have no TTL of their own: a
sorted set remembers when each expires, and every write sweeps some of those that have.

A vector set holds vectors of one length. Each length has a set of its own, so that a model that
answers once with another length neither fails nor takes anything away from others.

The server's graph holds the vectors in one byte a dim (Q8), which is smaller and faster, and
good enough to say which few are near. Which of them is nearest, and how near, is computed here
from the vectors in half precision that come back with the answers.

The search runs in the server's main thread (NOTHREAD). It takes a fraction of a millisecond, in
which no other client is served; a thread of its own costs more than that to wake up.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import redis

from semcache.codecs import Vector
from semcache.expiry import milliseconds
from semcache.index.answer import Answer
from semcache.index.base import Expired, Found, Index, IndexSettings
from semcache.index.packed import pack
from semcache.index.rescore import EFFORT, Candidate, candidates_of, nearest_alive
from semcache.question import Command, Question, Reply, Tolerant, members_of, only, refuse_errors
from semcache.server import FOREIGN, is_foreign

__all__ = ["VectorSetIndex"]

SWEEP = 32  # expired elements that one write removes: more than it adds


class VectorSetIndex(Index):
    """One VSIM for a lookup; memory and search stay on the server."""

    def __init__(self, settings: IndexSettings) -> None:
        super().__init__(settings)
        self._asked: set[int] = set()  # lengths of vectors, to know which keys may be ours

    async def nearest(
        self, vector: Vector, count: int = 1, changes: Reply[Any] | None = None
    ) -> list[Found]:
        """Return up to ``count`` entries that have not expired, most similar first."""
        return await nearest_alive(self, self._ask, self._owner, vector, count)

    async def _ask(self, vector: Vector, count: int) -> list[Candidate]:
        """Return the ids and stored bytes of what the server's graph takes for nearest."""
        command = (
            "VSIM", self._vectors(vector.size), "FP32", vector.tobytes(), "WITHSCORES",
            "WITHATTRIBS", "COUNT", count, "EF", max(EFFORT, count), "NOTHREAD",
        )  # fmt: skip
        return await self.redis.ask(
            Question((command,), lambda replies: candidates_of(_candidates(only(replies) or {})))
        )

    def adding(self, id: str, answer: Answer, vector: Vector) -> Question[Expired]:
        """Return the commands that store an answer; reading tells some that have expired."""
        vectors, expiry, lengths = self._keys(vector.size)
        now = self.settings.clock()
        left = milliseconds(max(0.0, answer.expires_at - now))
        data = pack(answer, vector, self._owner(id.encode()))
        commands: list[Command] = [
            # First what a full or read-only server refuses, so that it refuses all.
            ("ZADD", expiry, answer.expires_at, id),
            ("SADD", lengths, vector.size),
            ("VREM", vectors, id),  # VADD alone keeps the old attributes on fakeredis
            ("VADD", vectors, "FP32", vector.tobytes(), id, "Q8", "SETATTR", data),
        ]
        for key in (vectors, expiry, lengths):  # an abandoned scope leaves nothing
            commands += [("PEXPIRE", key, left, option) for option in ("NX", "GT")]
        over = ("ZRANGEBYSCORE", expiry, "-inf", now, "WITHSCORES", "LIMIT", 0, SWEEP)
        return Question((*commands, over), lambda replies: _ends(refuse_errors(replies)[-1]))

    async def deleting(self, ids: Sequence[str | bytes]) -> Question[int]:
        """Return the commands that delete entries; reading tells how many there were."""
        commands: list[Command] = []
        for dims in await self._lengths():
            vectors, expiry, _ = self._keys(dims)
            commands += [("VREM", vectors, id) for id in ids]
            commands.append(("ZREM", expiry, *ids))
        removals = [number for number, command in enumerate(commands) if command[0] == "VREM"]

        def read(replies: Sequence[Any]) -> int:
            replies = refuse_errors(replies)
            return sum(int(replies[number] or 0) for number in removals)

        return Question(tuple(Tolerant(FOREIGN, command) for command in commands), read)

    async def size(self) -> int:
        """Return how many entries have not expired."""
        alive = f"({self.settings.clock()}"
        counts = [("ZCOUNT", self._keys(dims)[1], alive, "+inf") for dims in await self._lengths()]
        return await self.redis.ask(Question(tuple(counts), lambda said: sum(refuse_errors(said))))

    async def clear(self) -> None:
        """Delete all entries."""
        lengths = await self._lengths()
        await self.redis.unlink([key for dims in lengths for key in self._keys(dims)])

    def probes(self) -> list[Command]:
        """Return a command for each key of ours, as far as this process has used it."""
        commands: list[Command] = [("SCARD", self._known_lengths)]
        for dims in sorted(self._asked):
            vectors, expiry, _ = self._keys(dims)
            commands += [("VCARD", vectors), ("ZCARD", expiry)]
        return commands

    async def _lengths(self) -> list[int]:
        asking = Question((("SMEMBERS", self._known_lengths),), members_of)
        try:
            members = await self.redis.ask(asking)
            return sorted(map(int, members))
        except ValueError:  # some other program's member
            return await self._lengths_of_keys()
        except redis.ResponseError as error:
            if not is_foreign(error):
                raise
            return await self._lengths_of_keys()

    async def _lengths_of_keys(self) -> list[int]:
        """Find the lengths by the keys that there are, in place of a list that is damaged."""
        self.settings.count_damaged(1)
        found = self.redis.keys(self.settings.namespace, "*:vectors")
        said = {key.split(b":")[-2] async for key in found}
        lengths = sorted(int(one) for one in said if one.isdigit())
        known: list[Command] = [("SADD", self._known_lengths, *lengths)] if lengths else []
        await self.redis.change([("UNLINK", self._known_lengths), *known])
        return lengths

    def _vectors(self, dims: int) -> str:
        return self._keys(dims)[0]

    def _keys(self, dims: int) -> tuple[str, str, str]:
        """The vectors of a length, when each of them expires, and which lengths there are."""
        own = f"{self.settings.namespace}{dims}:"
        self._asked.add(dims)
        return f"{own}vectors", f"{own}expiry", self._known_lengths

    @property
    def _known_lengths(self) -> str:
        return f"{self.settings.namespace}lengths"

    def _owner(self, id: bytes) -> bytes:
        return self.settings.namespace.encode() + id


def _candidates(reply: Any) -> Iterator[Candidate]:
    """Ids and attributes from either protocol's reply: a mapping, or a flat list."""
    if isinstance(reply, dict):
        for id, (_, attributes) in reply.items():
            yield id, attributes
    else:
        for start in range(0, len(reply), 3):
            yield reply[start], reply[start + 2]


def _ends(reply: Sequence[Any]) -> Expired:
    """Ids and scores from either protocol's reply: pairs, or a flat list."""
    if reply and not isinstance(reply[0], list | tuple):
        reply = list(zip(reply[::2], reply[1::2], strict=True))
    return [(id, float(end)) for id, end in reply]
