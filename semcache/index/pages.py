"""Every entry of a scope, a page at a time, whichever index keeps it and whoever wrote it.

A deletion by source must find all, and an export too. A list of what has which tag may be evicted,
and then what it named stays; so the entries themselves are read. Keys are found by SCAN, and no
command reads more than a page: the server has time for others in between.

A key's name tells how its entries lie::

    …:entries        one hash, of ScanIndex and MatrixIndex
    …:384:vectors    the attributes in a vector set; their ids are also in …:384:expiry
    …:entry:…        a hash for each, of RedisVLIndex
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from semcache.errors import CodecError
from semcache.index.answer import Answer
from semcache.index.packed import Packed
from semcache.index.store import deleting_from
from semcache.ports import RedisPort
from semcache.question import (
    Command,
    Question,
    Reply,
    Tolerant,
    members_of,
    number_of,
    only,
    values_of,
)
from semcache.server import FOREIGN, is_foreign

__all__ = ["Entry", "Page", "pages", "pages_of_keys", "scanned"]

PAGE = 200  # entries


class Entry(NamedTuple):
    """An entry, where it lies.

    Attributes:
        id: Names it in its place: a member, or a whole key.
        namespace: That of its index or tier and its audience; ends with ``:``.
        answer: What is stored.
        numbers: The vector's bytes, two for each dim; empty in the exact tier.
    """

    id: bytes
    namespace: str
    answer: Answer
    numbers: bytes

    @property
    def audience(self) -> str:
        """Whose answer it is."""
        return unquote(self.namespace.split(":")[-2])


class Page(NamedTuple):
    """Some entries that lie alike.

    Attributes:
        layout: The index that keeps them, by its name in an export; empty for the exact tier.
        entries: Those that are whole, expired or not.
        damaged: How many are not; nobody is served them.
        deleting: Returns the commands that delete those of some ids.
    """

    layout: str
    entries: list[Entry]
    damaged: int
    deleting: Callable[[Sequence[bytes]], Sequence[Command]]


async def pages(redis: RedisPort, prefix: str) -> AsyncGenerator[Page, None]:
    """Yield the entries of all indexes whose keys begin with a prefix."""
    shared: list[bytes] = []

    async def alone() -> AsyncGenerator[bytes, None]:
        async for key in redis.keys(prefix):
            if key.split(b":")[-1] in (b"entries", b"vectors"):
                shared.append(key)
            elif key.split(b":")[-2] == b"entry":
                yield key

    async for page in pages_of_keys(redis, alone(), "redisvl", 2, "HGET", "packed"):
        yield page
    for key in shared:
        read = _hash if key.endswith(b":entries") else _vector_set
        async for page in read(redis, key):
            yield page


async def pages_of_keys(
    redis: RedisPort, keys: AsyncIterator[bytes], layout: str, parts: int, reads: str, *field: str
) -> AsyncGenerator[Page, None]:
    """Yield entries that have a key each.

    Args:
        redis: The port to Redis.
        keys: The keys.
        layout: What keeps entries so.
        parts: How many parts of a key come after the namespace.
        reads: The command that reads an entry.
        *field: What it takes beside the key.
    """

    async def page(some: Sequence[bytes]) -> Page:
        replies = await redis.send([(reads, key, *field) for key in some])
        stored = [
            (key, f"{key.rsplit(b':', parts)[0].decode()}:", key, data)
            for key, data in zip(some, replies, strict=True)
        ]
        return Page(layout, *_read(stored), lambda ids: [("DEL", *ids)])

    some: list[bytes] = []
    async for key in keys:
        some.append(key)
        if len(some) == PAGE:
            yield await page(some)
            some = []
    if some:
        yield await page(some)


async def _hash(redis: RedisPort, key: bytes) -> AsyncGenerator[Page, None]:
    namespace = key.removesuffix(b"entries").decode()
    async for fields in scanned(redis, "HSCAN", key):
        stored = [(id, namespace, key + id, data) for id, data in fields.items()]
        yield Page("matrix", *_read(stored), lambda ids: deleting_from(namespace, ids).commands)


async def _vector_set(redis: RedisPort, key: bytes) -> AsyncGenerator[Page, None]:
    namespace = f"{key.rsplit(b':', 2)[0].decode()}:"
    expiry = key.removesuffix(b"vectors") + b"expiry"

    def deleting(ids: Sequence[bytes]) -> Sequence[Command]:
        commands: list[Command] = [*(("VREM", key, id) for id in ids), ("ZREM", expiry, *ids)]
        return [Tolerant(FOREIGN, command) for command in commands]

    async for ids in _elements(redis, key, expiry):
        replies = await redis.send([("VGETATTR", key, id) for id in ids])
        pairs = zip(ids, replies, strict=True)
        stored = [(id, namespace, namespace.encode() + id, data) for id, data in pairs]
        yield Page("vectorset", *_read(stored), deleting)


async def _elements(
    redis: RedisPort, key: bytes, expiry: bytes
) -> AsyncGenerator[Sequence[bytes], None]:
    """Yield the ids in a vector set, which cannot be scanned: from the list of their ends.

    Only where that was evicted, and so knows fewer, is the set asked for all its ids at once.
    """
    counting = Question((("VCARD", key), ("ZCARD", expiry)), _counts)
    elements, known = Reply(counting, await redis.send(counting.commands, transaction=True))()
    if known < elements:
        ids = await redis.ask(Question((("VRANDMEMBER", key, elements),), members_of))
        for start in range(0, len(ids), PAGE):
            yield ids[start : start + PAGE]
        return
    async for pairs in scanned(redis, "ZSCAN", expiry):
        yield [pair[0] for pair in pairs]


async def scanned(redis: RedisPort, scans: str, key: bytes | str) -> AsyncGenerator[Any, None]:
    """Yield what HSCAN or ZSCAN finds in a key; nothing in one of another type."""

    def read(replies: Sequence[Any]) -> tuple[int, Any]:
        if is_foreign(replies[0]):
            return 0, None
        at, found = only(replies)
        ids = [id for id, _ in (found.items() if scans == "HSCAN" else found)]
        values_of(ids, len(ids))
        return int(at), found

    cursor = None
    while cursor != 0:
        asking = (scans, key, cursor or 0, "COUNT", PAGE)
        cursor, found = await redis.ask(Question((asking,), read))
        if found:
            yield found


def _counts(replies: Sequence[Any]) -> list[int]:
    return [0 if is_foreign(reply) else number_of([reply]) for reply in replies]


def _read(stored: Iterable[tuple[bytes, str, bytes, Any]]) -> tuple[list[Entry], int]:
    """Return what is whole of rows (id, namespace, owner, bytes), and how many are not.

    An error of the server is raised, or a deletion would miss some.
    """
    entries, damaged = [], 0
    for id, namespace, owner, data in stored:
        if data is None:  # it has just gone
            continue
        try:
            packed = Packed.read(b"" if is_foreign(data) else only([data]), owner)
            entries.append(Entry(id, namespace, packed.answer(), packed.numbers))
        except CodecError:
            damaged += 1
    return entries, damaged
