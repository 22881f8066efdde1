"""Read a scope, entry by entry: its answers from whichever index has them, and its embeddings."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from semcache import codecs, keys
from semcache.embedding import entry
from semcache.errors import CodecError, ConfigError
from semcache.index.answer import Answer
from semcache.index.packed import Packed
from semcache.ports import RedisPort
from semcache.question import refuse_errors
from semcache.server import is_foreign
from semcache.transfer.format import Record, end, header, opened, row_of, text_of, write

__all__ = ["Left", "export_scope", "records"]

CHUNK = 256  # keys, or parts of one, read on one trip
_STRINGS = ("exact", "string", "compressed")


class Left(NamedTuple):
    """What an export wrote, and what it left out.

    Attributes:
        kinds: Records of each kind.
        expired: Entries whose time was over.
        damaged: Entries that cannot be read.
    """

    kinds: dict[str, int]
    expired: int
    damaged: int


async def export_scope(
    redis: RedisPort,
    scope: str,
    path: Path,
    clock: Callable[[], float],
    tell: Callable[[int], object] = lambda count: None,
) -> Left:
    """Write a scope to a file; not all of it is in memory at once.

    What is written meanwhile may be in the file or not. The file has its name only once it is
    whole.

    Args:
        redis: The port to the server.
        scope: The scope.
        path: The file; compressed if it ends in ``.gz``.
        clock: Seconds since the epoch.
        tell: Called with 1 for each record.

    Raises:
        ConfigError: The file cannot be written, or the scope has nothing.
        redis.RedisError: Redis failed.
    """
    counts: dict[str, int] = {}
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    try:
        with opened(partial, "w") as file:
            write(file, header(scope, clock()))
            async for record in records(redis, scope, clock()):
                counts[record["kind"]] = counts.get(record["kind"], 0) + 1
                if record["kind"] not in ("expired", "damaged"):
                    write(file, record)
                    tell(1)
            expired, damaged = counts.pop("expired", 0), counts.pop("damaged", 0)
            write(file, end(sum(counts.values())))
        if not counts and not expired and not damaged:
            raise ConfigError(f"there is nothing in the scope {scope!r}: is it spelt right?")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return Left(counts, expired, damaged)


async def records(redis: RedisPort, scope: str, now: float) -> AsyncIterator[Record]:
    """Yield a record for each entry; one of kind ``expired`` or ``damaged`` for what is neither."""
    prefix = keys.scope_prefix(scope)
    strings: list[str] = []
    async for name in redis.keys(prefix):
        key = name.decode()
        kind = key[len(prefix) :].partition(":")[0]
        if kind in _STRINGS:
            strings.append(key)
            if len(strings) == CHUNK:
                for record in await _strings(redis, prefix, strings, now):
                    yield record
                strings = []
        elif kind == "copies":
            yield await _copies(redis, prefix, key, now)
        elif kind == "hash":
            async for record in _fields(redis, prefix, key, now):
                yield record
        elif kind == "semantic":
            async for record in _answers(redis, prefix, key, now):
                yield record
    for record in await _strings(redis, prefix, strings, now):
        yield record


async def _strings(redis: RedisPort, prefix: str, names: Sequence[str], now: float) -> list[Record]:
    replies = await redis.send([("GET", key) for key in names])
    made = []
    for key, data in zip(names, replies, strict=True):
        if data is None:  # it has just expired
            continue
        rest = key[len(prefix) :]
        if rest.startswith("exact:"):
            made.append(_answer(data, key.encode(), now, {"kind": "exact", "rest": rest}))
        else:
            own = {"kind": "embedding", "rest": rest}
            made.append(_embedding(data, rest, rest.rpartition(":")[2], now, own))
    return made


def _answer(data: Any, owner: bytes, now: float, own: Record) -> Record:
    """Return the record of a packed answer, with its vector if it belongs to an index."""
    try:
        packed = Packed.read(data if isinstance(data, bytes) else b"", owner)
        answer: Answer = packed.answer()
    except CodecError:
        return {"kind": "damaged"}
    if packed.expires_at <= now:
        return {"kind": "expired"}
    if own["kind"] == "exact":
        return {**own, "answer": row_of(answer)}
    if not packed.numbers:
        return {"kind": "damaged"}
    return {**own, "answer": row_of(answer), "vector": text_of(packed.numbers)}


def _embedding(data: Any, rest: str, digest: str, now: float, own: Record) -> Record:
    try:
        codec = codecs.get(unquote(rest.split(":")[3]))
        found = entry.unpack(data if isinstance(data, bytes) else b"", codec, digest)
    except (CodecError, ConfigError, IndexError):
        return {"kind": "damaged"}
    if found.expires_at <= now:
        return {"kind": "expired"}
    return {**own, "data": text_of(data)}


async def _copies(redis: RedisPort, prefix: str, key: str, now: float) -> Record:
    members, left = await redis.send([("SMEMBERS", key), ("PTTL", key)])
    if isinstance(members, Exception):
        return {"kind": "damaged"}
    rests = [member.decode().removeprefix(prefix) for member in members]
    until = None if left < 0 else now + left / 1_000
    return {
        "kind": "copies",
        "rest": key[len(prefix) :],
        "members": sorted(rests),
        "expires_at": until,
    }


async def _fields(redis: RedisPort, prefix: str, key: str, now: float) -> AsyncIterator[Record]:
    rest = key[len(prefix) :]
    async for field, data in _scanned(redis, "HSCAN", key):
        digest = field.decode()
        yield _embedding(data, rest, digest, now, {"kind": "field", "rest": rest, "digest": digest})


async def _answers(redis: RedisPort, prefix: str, key: str, now: float) -> AsyncIterator[Record]:
    """Yield what is at one key of an index; nothing where another key of it has the entries."""
    namespace, _, name = key.rpartition(":")
    own = {"kind": "answer", "rest": f"{namespace[len(prefix) :]}:"}
    if name == "entries":
        async for id, data in _scanned(redis, "HSCAN", key):
            about = {**own, "index": "matrix", "id": id.decode()}
            yield _answer(data, key.encode() + id, now, about)
    elif name == "expiry":  # of a vector set: NAMESPACE dims:expiry
        whole = f"{namespace.rpartition(':')[0]}:"
        own["rest"] = whole[len(prefix) :]
        async for ids in _chunks(redis, key):
            commands = [("VGETATTR", f"{namespace}:vectors", id) for id in ids]
            for id, data in zip(ids, await redis.send(commands), strict=True):
                about = {**own, "index": "vectorset", "id": id.decode()}
                yield _answer(data, whole.encode() + id, now, about)
    elif namespace.endswith(":entry"):  # of RedisVLIndex: NAMESPACE entry:id
        (data,) = await redis.send([("HGET", key, "packed")])
        own["rest"] = f"{namespace[len(prefix) :].removesuffix('entry')}"
        yield _answer(data, key.encode(), now, {**own, "index": "redisvl", "id": name})


async def _scanned(redis: RedisPort, command: str, key: str) -> AsyncIterator[tuple[Any, Any]]:
    """Yield the pairs of a hash or of a sorted set, a chunk a trip, some perhaps twice."""
    cursor: Any = 0
    while True:
        (reply,) = await redis.send([(command, key, cursor, "COUNT", CHUNK)])
        if is_foreign(reply):
            return
        cursor, found = refuse_errors([reply])[0]
        for pair in _pairs(found):
            yield pair
        if int(cursor) == 0:
            return


def _pairs(found: Any) -> Iterator[tuple[Any, Any]]:
    yield from found.items() if isinstance(found, dict) else found


async def _chunks(redis: RedisPort, key: str) -> AsyncIterator[list[bytes]]:
    """Yield the members of a sorted set, many at a time."""
    ids: list[bytes] = []
    async for id, _ in _scanned(redis, "ZSCAN", key):
        ids.append(id)
        if len(ids) == CHUNK:
            yield ids
            ids = []
    yield ids
