"""The entries of ScanIndex and MatrixIndex: one hash, and a stream that says what changed.

Each write appends the entry's id to the stream in the same transaction, so that a process that
holds a copy reads what is new instead of everything. The stream keeps the last
:data:`CHANGES_KEPT` changes. A reader looks for the change that it read last: when that is gone,
because it has fallen further behind or the stream was cleared, it reads everything again.
"""

import contextlib
import math
import os
from collections.abc import Iterable
from typing import Any, NamedTuple

import redis

from semcache.codecs import Vector
from semcache.errors import CodecError
from semcache.index.answer import Answer
from semcache.index.base import Also, IndexSettings
from semcache.index.packed import Packed, pack, rows_of
from semcache.server import knows

__all__ = ["EMPTY", "FOREVER", "UNKNOWN", "Changes", "Place", "Store", "Stored"]

CHANGES_KEPT = 10_000
FOREVER = 10**13  # milliseconds: three centuries

# In the stream: milliseconds, a counter, and a token, since a stream that was cleared begins anew
# and may give the same two numbers to another change within the same millisecond.
Place = tuple[int, int, bytes]
UNKNOWN: Place = (0, 0, b"")  # nothing was read yet
EMPTY: Place = (0, 1, b"")  # there was nothing to read


class Stored(NamedTuple):
    """An entry as it was read; the vector has unit length."""

    id: str
    answer: Answer
    vector: Vector


class Changes(NamedTuple):
    """What happened after one place in the stream and up to another.

    Attributes:
        since: The place that was asked about.
        until: The newest place; EMPTY or UNKNOWN if there is no stream.
        ids: Which entry changed where; ``None`` if only reading everything can tell.
        entries: How many entries there were; ``None`` if nobody had to know.
    """

    since: Place
    until: Place
    ids: list[tuple[Place, str]] | None
    entries: int | None


class Store:
    """Reads and writes the entries; knows nothing of similarity."""

    def __init__(self, settings: IndexSettings) -> None:
        self._redis = settings.redis
        self._entries = f"{settings.namespace}entries"
        self._changes = f"{settings.namespace}changes"
        self._clock = settings.clock
        self._count_damaged = settings.count_damaged
        self._field_ttl: bool | None = None  # asked of the server at the first write

    def write(self, id: str, answer: Answer, vector: Vector, also: Also) -> tuple[Place, Stored]:
        """Store one entry and announce it, in one transaction.

        Return its place in the stream, and the entry as a reader will read it.
        """
        if self._field_ttl is None:
            self._field_ttl = knows(self._redis, "HPEXPIRE", self._entries)
        ttl = answer.expires_at - self._clock()
        milliseconds = max(1, math.ceil(ttl * 1000)) if math.isfinite(ttl) else FOREVER
        pipe = self._redis.pipeline(transaction=True)
        data = pack(answer, vector)
        pipe.hset(self._entries, id, data)
        token = self._announce(pipe, [id])
        also(pipe)
        if self._field_ttl and milliseconds < FOREVER:
            pipe.hpexpire(self._entries, milliseconds, id)
        if self._field_ttl:
            # The stream outlives the last entry, so that an abandoned scope leaves nothing.
            pipe.pexpire(self._changes, 2 * milliseconds, nx=True)
            pipe.pexpire(self._changes, 2 * milliseconds, gt=True)
        place = _place(pipe.execute()[1], token)
        return place, Stored(id, answer, rows_of([Packed.read(data)])[0])

    def delete(self, ids: list[str]) -> int:
        """Delete entries and announce it, in one transaction; return how many there were."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.hdel(self._entries, *ids)
        # Without a stream every reader reads everything: none need be made, never to expire.
        self._announce(pipe, ids, nomkstream=True)
        deleted: int = pipe.execute()[0]
        return deleted

    def clear(self) -> None:
        """Delete everything; readers notice that the stream is gone."""
        self._redis.unlink(self._entries, self._changes)

    def read_all(self) -> list[Stored]:
        """Return every usable entry; damaged and expired ones are deleted."""
        return self._usable(self._redis.hgetall(self._entries).items())

    def read(self, ids: list[str]) -> list[Stored]:
        """Return those of the entries that are there and usable."""
        values = self._redis.hmget(self._entries, ids)
        pairs = zip((id.encode() for id in ids), values, strict=True)
        return self._usable((id, data) for id, data in pairs if data is not None)

    def ask_changes(self, pipe: Any, since: Place) -> None:
        """Queue the question what was written or deleted after a place."""
        if since == UNKNOWN:
            pipe.xrevrange(self._changes, count=1)
        else:
            pipe.execute_command(*self._range(since))
        if since <= EMPTY:  # else the change at that place is still there, and says enough
            pipe.hlen(self._entries)

    def fetch_changes(self, since: Place) -> list[Any]:
        """Return the replies to :meth:`ask_changes`, on a trip of their own."""
        if since > EMPTY:  # one command, which a pipeline would only make slower
            return [self._redis.execute_command(*self._range(since))]
        pipe = self._redis.pipeline(transaction=False)
        self.ask_changes(pipe, since)
        replies: list[Any] = pipe.execute()
        return replies

    def hear_changes(self, replies: list[Any], since: Place) -> Changes:
        """Return the answer to :meth:`ask_changes`."""
        changes, entries = replies if since <= EMPTY else (*replies, None)
        if not changes:  # never written, cleared, expired or evicted
            return Changes(since, EMPTY if entries == 0 else UNKNOWN, None, entries)
        try:
            ids = [(_place(id, change[b"token"]), change[b"id"].decode()) for id, change in changes]
        except KeyError:  # some other program's stream: nothing can be told from it
            return Changes(since, UNKNOWN, None, None)
        until = ids[-1][0]
        if ids[0][0] == since:
            return Changes(since, until, ids[1:], entries)
        whole = len(ids) < CHANGES_KEPT and len({id for _, id in ids}) >= (entries or 0)
        return Changes(since, until, ids if since == EMPTY and whole else None, entries)

    def _range(self, since: Place) -> tuple[str, ...]:
        return "XRANGE", self._changes, f"{since[0]}-{since[1]}", "+"

    def _announce(self, pipe: Any, ids: list[str], nomkstream: bool = False) -> bytes:
        token = os.urandom(6)
        for id in ids:
            pipe.xadd(
                self._changes,
                {"id": id, "token": token},
                maxlen=CHANGES_KEPT,
                approximate=False,
                nomkstream=nomkstream,
            )
        return token

    def _usable(self, items: Iterable[tuple[bytes, bytes]]) -> list[Stored]:
        now = self._clock()
        usable, vectors, expired, damaged = [], [], [], []
        for id, data in items:
            try:
                packed = Packed.read(data)
                answer = packed.answer()
            except CodecError:
                damaged.append(id)
                continue
            if not packed.numbers:
                damaged.append(id)
            elif now >= packed.expires_at:
                expired.append(id)
            else:
                usable.append((id.decode(errors="replace"), answer))
                vectors.append(packed)
        if damaged:
            self._count_damaged(len(damaged))
        if damaged or expired:
            with contextlib.suppress(redis.ResponseError):  # a replica can be read all the same
                self._redis.hdel(self._entries, *damaged, *expired)
        pairs = zip(usable, _unit_vectors(vectors), strict=True)
        return [Stored(id, answer, vector) for (id, answer), vector in pairs]


def _unit_vectors(entries: list[Packed]) -> list[Vector]:
    """The vectors of entries of any lengths, each length unpacked in one go."""
    lengths: dict[int, list[int]] = {}
    for position, entry in enumerate(entries):
        lengths.setdefault(len(entry.numbers), []).append(position)
    vectors: dict[int, Vector] = {}
    for positions in lengths.values():
        rows = rows_of([entries[position] for position in positions])
        vectors.update(zip(positions, rows, strict=True))
    return [vectors[position] for position in range(len(entries))]


def _place(id: bytes, token: bytes) -> Place:
    milliseconds, counter = id.split(b"-")
    return int(milliseconds), int(counter), token
