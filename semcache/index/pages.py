"""Every entry of a scope, a page at a time, whichever index keeps it and whoever wrote it.

A deletion by source must find all. A list of what has which tag may be evicted, and then what it
named stays; so the entries themselves are read. Keys are found by SCAN, and no command reads more
than a page: the server has time for others in between.

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
from semcache.index.base import IndexSettings
from semcache.index.packed import Packed
from semcache.index.store import Store
from semcache.ports import RedisPort
from semcache.question import Command, Question, Tolerant, only
from semcache.server import FOREIGN, is_foreign

__all__ = ["Entry", "Page", "pages", "pages_of_keys", "scanned"]

PAGE = 200  # entries


class Entry(NamedTuple):
    """An entry, where it lies.

    Attributes:
        id: Names it in its place.
        audience: Whose answer it is.
        answer: What is stored.
    """

    id: bytes
    audience: str
    answer: Answer


class Page(NamedTuple):
    """Some entries that lie together, and the commands that delete those of some ids."""

    entries: list[Entry]
    deleting: Callable[[Sequence[bytes]], Sequence[Command]]


async def pages(settings: IndexSettings, prefix: str) -> AsyncGenerator[Page, None]:
    """Yield the entries of all indexes whose keys begin with a prefix.

    What is damaged or of another type is left out: nobody is served it.
    """
    shared: list[bytes] = []

    async def alone() -> AsyncGenerator[bytes, None]:
        async for key in settings.redis.keys(prefix):
            if key.split(b":")[-1] in (b"entries", b"vectors"):
                shared.append(key)
            elif key.split(b":")[-2] == b"entry":
                yield key

    async for page in pages_of_keys(settings.redis, alone(), -3, "HGET", "packed"):
        yield page
    for key in shared:
        read = _hash if key.endswith(b":entries") else _vector_set
        async for page in read(settings, key):
            yield page


async def pages_of_keys(
    redis: RedisPort, keys: AsyncIterator[bytes], audience: int, reads: str, *field: str
) -> AsyncGenerator[Page, None]:
    """Yield entries that have a key each.

    Args:
        redis: The port to Redis.
        keys: The keys.
        audience: Which part of a key names the audience.
        reads: The command that reads an entry.
        *field: What it takes beside the key.
    """

    async def page(some: Sequence[bytes]) -> Page:
        replies = await redis.send([(reads, key, *field) for key in some])
        found = [
            entry
            for key, reply in zip(some, replies, strict=True)
            for entry in _read([(key, reply)], key.split(b":")[audience], lambda key: key)
        ]
        return Page(found, lambda ids: [("DEL", *ids)])

    some: list[bytes] = []
    async for key in keys:
        some.append(key)
        if len(some) == PAGE:
            yield await page(some)
            some = []
    if some:
        yield await page(some)


async def _hash(settings: IndexSettings, key: bytes) -> AsyncGenerator[Page, None]:
    store = Store(settings._replace(namespace=key.removesuffix(b"entries").decode()))
    async for fields in scanned(settings.redis, "HSCAN", key):
        found = _read(fields.items(), key.split(b":")[-2], lambda id: key + id)
        yield Page(found, lambda ids: store.deleting(ids).commands)


async def _vector_set(settings: IndexSettings, key: bytes) -> AsyncGenerator[Page, None]:
    namespace, _, _ = key.rsplit(b":", 2)
    expiry = key.removesuffix(b"vectors") + b"expiry"

    def deleting(ids: Sequence[bytes]) -> Sequence[Command]:
        commands: list[Command] = [*(("VREM", key, id) for id in ids), ("ZREM", expiry, *ids)]
        return [Tolerant(FOREIGN, command) for command in commands]

    async for ids in _elements(settings.redis, key, expiry):
        replies = await settings.redis.send([("VGETATTR", key, id) for id in ids])
        pairs = zip(ids, replies, strict=True)
        found = _read(pairs, namespace.split(b":")[-1], lambda id: namespace + b":" + id)
        yield Page(found, deleting)


async def _elements(
    redis: RedisPort, key: bytes, expiry: bytes
) -> AsyncGenerator[Sequence[bytes], None]:
    """Yield the ids in a vector set, which cannot be scanned: from the list of their ends.

    Only where that was evicted, and so knows fewer, is the set asked for all its ids at once.
    """
    counts = await redis.send([("VCARD", key), ("ZCARD", expiry)], transaction=True)
    elements, known = (0 if is_foreign(reply) else only([reply]) for reply in counts)
    if known < elements:
        ids = await redis.ask(Question((("VRANDMEMBER", key, elements),), only))
        for start in range(0, len(ids), PAGE):
            yield ids[start : start + PAGE]
        return
    async for pairs in scanned(redis, "ZSCAN", expiry):
        yield [pair[0] for pair in pairs]


async def scanned(redis: RedisPort, scans: str, key: bytes | str) -> AsyncGenerator[Any, None]:
    """Yield what HSCAN or ZSCAN finds in a key; nothing in one of another type."""
    cursor = None
    while cursor != 0:
        (reply,) = await redis.send([(scans, key, cursor or 0, "COUNT", PAGE)])
        if is_foreign(reply):
            return
        cursor, found = only([reply])
        if found:
            yield found


def _read(
    stored: Iterable[tuple[bytes, Any]], audience: bytes, owner: Callable[[bytes], bytes]
) -> list[Entry]:
    """Return what is whole; an error of the server is raised, or a deletion would miss some."""
    entries = []
    for id, data in stored:
        if data is None or is_foreign(data):
            continue
        try:
            answer = Packed.read(only([data]), owner(id)).answer()
        except CodecError:
            continue
        entries.append(Entry(id, unquote(audience.decode()), answer))
    return entries
