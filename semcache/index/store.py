"""The entries of ScanIndex and MatrixIndex: one hash, and a stream that says what changed.

Each write appends the entry's id to the stream in the same transaction, so that a process that
holds a copy reads what is new instead of everything. The stream keeps the last
:data:`CHANGES_KEPT` changes. A reader looks for the change that it read last: when that is gone,
because it has fallen further behind or the stream was cleared, it reads everything again.
"""

import logging
import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from redis.exceptions import NoPermissionError

from semcache.codecs import Vector
from semcache.errors import CodecError
from semcache.expiry import FOREVER, milliseconds
from semcache.index.answer import Answer
from semcache.index.base import IndexSettings
from semcache.index.packed import Packed, pack, rows_of
from semcache.question import Command, Question, Tolerant, only, refuse_errors, values_of
from semcache.server import FOREIGN, knows, server_time

log = logging.getLogger("semcache")

__all__ = ["EMPTY", "UNKNOWN", "Changes", "Place", "Store", "Stored", "deleting_from"]

CHANGES_KEPT = 10_000

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
        lost: Whether there are entries but no stream of ours, so that it must begin anew.
        copy: For which of the copies that a reader made one after the other it was asked.
    """

    since: Place
    until: Place
    ids: list[tuple[Place, str]] | None
    entries: int | None
    lost: bool = False
    copy: int = 0


class Read(NamedTuple):
    """What reading entries brought: the usable ones, the damaged, the old with their ends."""

    stored: list[Stored]
    damaged: list[bytes]
    expired: list[tuple[bytes, float]]


class Store:
    """Reads and writes the entries; knows nothing of similarity."""

    def __init__(self, settings: IndexSettings) -> None:
        self._settings, self._redis = settings, settings.redis
        self._entries = f"{settings.namespace}entries"
        self._changes = f"{settings.namespace}changes"
        self._now = settings.clock
        self._field_ttl: bool | None = None  # asked of the server before the first write

    async def prepare(self) -> None:
        """Ask the server, once, whether single fields can have a TTL."""
        if self._field_ttl is None:
            self._field_ttl = await self._redis.ask(knows("HPEXPIRE", self._entries))

    def adapts_to(self, error: Exception) -> bool:
        """Whether this user may not use HPEXPIRE; then answers keep their memory, and are told."""
        refused = isinstance(error, NoPermissionError) or "no permissions" in str(error).lower()
        if not (self._field_ttl and refused and "hpexpire" in str(error).lower()):
            return False
        log.warning("Redis failed: %s; expired answers keep their memory", error)
        self._field_ttl = False
        return True

    def writing(self, id: str, answer: Answer, vector: Vector) -> Question[tuple[Place, Stored]]:
        """Return the commands that store one entry and announce it, for one transaction.

        Reading tells its place in the stream, and the entry as a reader will read it.
        """
        left = milliseconds(max(0.0, answer.expires_at - self._now()))
        data = pack(answer, vector, self._owner(id))
        announced, token = _announcing(self._changes, [id])
        commands: list[Command] = [("HSET", self._entries, id, data), *announced]
        if self._field_ttl:
            if left < FOREVER:
                commands.append(("HPEXPIRE", self._entries, left, "FIELDS", 1, id))
            commands += self._keeping_changes(left)

        def read(replies: Sequence[Any]) -> tuple[Place, Stored]:
            place = _place(refuse_errors(replies)[1], token)
            return place, Stored(id, answer, rows_of([Packed.read(data, self._owner(id))])[0])

        return Question(tuple(commands), read)

    def deleting(self, ids: Sequence[str | bytes]) -> Question[int]:
        """Return the commands that delete entries and announce it; reading tells how many."""
        return deleting_from(self._settings.namespace, ids)

    async def clear(self) -> None:
        """Delete everything; readers notice that the stream is gone."""
        await self._redis.unlink([self._entries, self._changes])

    def probes(self) -> list[Command]:
        """Return a command for each key, which the server refuses if it is not ours."""
        return [("HLEN", self._entries), ("XLEN", self._changes)]

    async def read_all(self, lost: bool = False) -> list[Stored]:
        """Return every usable entry; damaged and expired ones are deleted.

        Args:
            lost: Whether the stream was lost, and begins anew with what is read.
        """
        items = await self._redis.ask(Question((("HGETALL", self._entries),), _items))
        read = self._read(items)
        await self._clean(read)
        if lost and read.stored:
            last = max(stored.answer.expires_at for stored in read.stored)
            announced, _ = _announcing(self._changes, [read.stored[0].id])
            left = milliseconds(max(0.0, last - self._now()))
            await self._redis.send([*announced, *self._keeping_changes(left)], transaction=True)
        return read.stored

    async def read(self, ids: Sequence[str]) -> list[Stored]:
        """Return those of the entries that are there and usable."""
        reading = ("HMGET", self._entries, *ids)
        values = await self._redis.ask(
            Question((reading,), lambda replies: values_of(only(replies), len(ids)))
        )
        pairs = zip((id.encode() for id in ids), values, strict=True)
        read = self._read((id, data) for id, data in pairs if data is not None)
        await self._clean(read)
        return read.stored

    def changes(self, since: Place, copy: int = 0) -> Question[Changes]:
        """Return the question what was written or deleted after a place."""
        place = f"{since[0]}-{since[1]}"
        unchanged, id = Changes(since, since, [], None, copy=copy), place.encode()

        def read(replies: Sequence[Any]) -> Changes:
            if since > EMPTY and isinstance(replies[0], list) and len(replies[0]) == 1:
                ((newest, change),) = replies[0]
                if newest == id and change.get(b"token") == since[2]:  # as nearly always
                    return unchanged
            return self._changed(replies, since, copy)

        after = ("XRANGE", self._changes, place, "+")
        if since > EMPTY:  # the change at that place is still there, and says enough
            return Question((after,), read)
        newest = ("XREVRANGE", self._changes, "+", "-", "COUNT", 1)
        size = ("HLEN", self._entries)
        return Question((newest if since == UNKNOWN else after, size), read)

    def _changed(self, replies: Sequence[Any], since: Place, copy: int) -> Changes:
        changes, entries, *_ = (*refuse_errors(replies), None)
        if not changes:  # never written, cleared, expired or evicted
            until = EMPTY if entries == 0 else UNKNOWN
            return Changes(since, until, None, entries, bool(entries), copy)
        try:
            ids = [(_place(id, change[b"token"]), change[b"id"].decode()) for id, change in changes]
        except (KeyError, ValueError):  # some other program's change tells nothing: begin anew
            self._settings.count_damaged(1)
            return Changes(since, UNKNOWN, None, None, True, copy)
        until = ids[-1][0]
        if ids[0][0] == since:
            return Changes(since, until, ids[1:], entries, False, copy)
        whole = len(ids) < CHANGES_KEPT and len({id for _, id in ids}) >= (entries or 0)
        told = ids if since == EMPTY and whole else None
        return Changes(since, until, told, entries, False, copy)

    def _keeping_changes(self, left: int) -> list[Command]:
        # The stream outlives the last entry, so that an abandoned scope leaves nothing.
        return [("PEXPIRE", self._changes, 2 * left, option) for option in ("NX", "GT")]

    def _read(self, items: Iterable[tuple[bytes, bytes]]) -> Read:
        now = self._now()
        usable, vectors = [], []
        read = Read([], [], [])
        for id, data in items:
            try:
                packed = Packed.read(data, self._owner(id))
                answer = packed.answer()
            except CodecError:
                read.damaged.append(id)
                continue
            if not packed.numbers:
                read.damaged.append(id)
            elif now >= packed.expires_at:
                read.expired.append((id, packed.expires_at))
            else:
                usable.append((id.decode(errors="replace"), answer))
                vectors.append(packed)
        pairs = zip(usable, _unit_vectors(vectors), strict=True)
        read.stored.extend(Stored(id, answer, vector) for (id, answer), vector in pairs)
        return read

    async def _clean(self, read: Read) -> None:
        """Delete what is damaged, and what has expired by the server's clock, too."""
        if read.damaged:
            self._settings.count_damaged(len(read.damaged))
        useless = [*read.damaged]
        if read.expired:
            now = await self._redis.ask(server_time(self._entries))
            useless += [id for id, end in read.expired if end <= now]
        if useless:  # an error is no matter: a replica can be read all the same
            await self._redis.send([("HDEL", self._entries, *useless)])

    def _owner(self, id: str | bytes) -> bytes:
        """What binds an entry's bytes to its place, so that swapped values are noticed."""
        return self._entries.encode() + (id.encode() if isinstance(id, str) else id)


def _items(replies: Sequence[Any]) -> list[tuple[bytes, bytes]]:
    """Read the fields of a hash with their values."""
    items = list(only(replies).items())
    values_of([part for item in items for part in item], 2 * len(items))
    return items


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


def deleting_from(namespace: str, ids: Sequence[str | bytes]) -> Question[int]:
    """Return the commands that delete entries of a namespace and announce it; reading counts."""
    # Without a stream every reader reads everything: none need be made, never to expire.
    announced, _ = _announcing(f"{namespace}changes", ids, "NOMKSTREAM")
    commands: list[Command] = [("HDEL", f"{namespace}entries", *ids), *announced]
    return Question(
        tuple(Tolerant(FOREIGN, command) for command in commands),
        lambda replies: int(refuse_errors(replies)[0] or 0),
    )


def _announcing(
    changes: str, ids: Sequence[str | bytes], *options: str
) -> tuple[list[Command], bytes]:
    token = os.urandom(6)
    head = ("XADD", changes, *options, "MAXLEN", CHANGES_KEPT, "*")
    return [(*head, "id", id, "token", token) for id in ids], token


def _place(id: bytes, token: bytes) -> Place:
    milliseconds, counter = id.split(b"-")
    return int(milliseconds), int(counter), token
