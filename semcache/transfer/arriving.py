"""Write what was exported into a scope: packed anew, since bytes are bound to their keys."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np

from semcache import codecs, keys
from semcache.embedding import entry
from semcache.errors import CodecError, ConfigError, InvalidInput, UnsupportedServer
from semcache.expiry import milliseconds
from semcache.flights import Flights
from semcache.index import RedisVLIndex, ScanIndex, VectorSetIndex
from semcache.index.base import Index, IndexSettings
from semcache.index.packed import pack
from semcache.ports import RedisPort
from semcache.question import Command
from semcache.server import knows
from semcache.transfer.format import Record, answer_of, bytes_of, read

__all__ = ["INDEXES", "Arrived", "import_scope"]

# ScanIndex stores as MatrixIndex does, and keeps no copy in this process.
INDEXES: dict[str, Callable[[IndexSettings], Index]] = {
    "matrix": ScanIndex,
    "vectorset": VectorSetIndex,
    "redisvl": RedisVLIndex,
}
BATCH = 64  # records written in one transaction


class Arrived(NamedTuple):
    """What an import wrote, and what it left out.

    Attributes:
        kinds: Records of each kind.
        expired: Records whose time is over.
    """

    kinds: dict[str, int]
    expired: int


async def import_scope(
    redis: RedisPort,
    path: Path,
    scope: str,
    clock: Callable[[], float],
    flights: Flights,
    *,
    index: str | None = None,
    tell: Callable[[int], object] = lambda count: None,
) -> Arrived:
    """Write a file into a scope; what is there under the same question is replaced.

    The file is read twice: first as a whole, so that a damaged one changes nothing.

    Args:
        redis: The port to the server.
        path: The file.
        scope: The scope, which may be another than that of the export.
        clock: Seconds since the epoch.
        flights: An empty board of them, as an index wants one.
        index: Where answers go: one of :data:`INDEXES`; the index they came from if not given.
        tell: Called with the number of records that were written.

    Raises:
        ConfigError: The file is no export, or cannot be read.
        InvalidInput: A record is damaged; names the line, and nothing was written.
        UnsupportedServer: The server cannot hold such an index.
        redis.RedisError: Redis failed; a part may have been written.
    """
    scribe = _Scribe(redis, keys.scope_prefix(scope), clock, flights, index)
    for line, record in read(path):
        scribe.check(record, f"{path}, line {line}")
    await scribe.refuse_server()
    counts, expired = dict[str, int](), 0
    waiting: list[Command] = []
    held = 0
    for line, record in read(path):
        commands = await scribe.commands(record, f"{path}, line {line}")
        if commands:
            counts[record["kind"]] = counts.get(record["kind"], 0) + 1
        else:
            expired += 1
        waiting += commands
        held += 1
        if held == BATCH:
            await _send(redis, waiting)
            tell(held)
            waiting, held = [], 0
    await _send(redis, waiting)
    tell(held)
    return Arrived(counts, expired)


async def _send(redis: RedisPort, commands: Sequence[Command]) -> None:
    if commands:
        await redis.change(commands)


class _Scribe:
    """Turns records into commands for one scope."""

    def __init__(
        self,
        redis: RedisPort,
        prefix: str,
        clock: Callable[[], float],
        flights: Flights,
        index: str | None,
    ) -> None:
        if index is not None and index not in INDEXES:
            raise ConfigError(f"there is no index {index!r}; there are: {', '.join(INDEXES)}")
        self._redis, self._prefix, self._clock, self._flights = redis, prefix, clock, flights
        self._index = index
        self._indexes: dict[tuple[str, str], Index] = {}
        self._seen: set[str] = set()

    def check(self, record: Record, where: str) -> None:
        """Refuse what cannot be written.

        Raises:
            InvalidInput: Names the line.
        """
        kind = record["kind"]
        if kind in ("answer", "exact"):
            answer_of(record, where)
        if kind == "answer":
            _vector(record, where)
            if (self._index or record["index"]) not in INDEXES:
                raise InvalidInput(f"{where}: there is no index {record['index']!r}")
            self._seen.add(self._index or record["index"])
        if kind in ("embedding", "field"):
            _embedding(record, where)
            self._seen.add(kind)
        if kind == "copies" and not all(isinstance(member, str) for member in record["members"]):
            raise InvalidInput(f"{where}: a name of a copy is no text")

    async def refuse_server(self) -> None:
        """Refuse a server that lacks what the records need, before anything is written.

        Raises:
            UnsupportedServer: Says what.
        """
        for what, command, instead in (
            ("vectorset", "VSIM", "--index matrix"),
            ("redisvl", "FT.SEARCH", "--index matrix"),
            ("field", "HPEXPIRE", "a newer server"),
        ):
            if what in self._seen and not await self._redis.ask(knows(command, self._prefix)):
                raise UnsupportedServer(f"this server has no {command}: use {instead}")

    async def commands(self, record: Record, where: str) -> list[Command]:
        """Return the commands that write a record; none if its time is over."""
        kind, now = record["kind"], self._clock()
        key = f"{self._prefix}{record['rest']}"
        if kind == "answer":
            return await self._adding(record, where, now)
        if kind == "exact":
            answer = answer_of(record, where)
            left = answer.expires_at - now
            data = pack(answer, None, key.encode())
            return [("SET", key, data, "PX", milliseconds(left))] if left > 0 else []
        if kind == "copies":
            return self._copies(record, key, now)
        data = bytes_of(record["data"], where)
        left = _embedding(record, where).expires_at - now
        if left <= 0:
            return []
        if kind == "embedding":
            return [("SET", key, data, "PX", milliseconds(left))]
        digest = record["digest"]
        expiring = ("HPEXPIRE", key, milliseconds(left), "FIELDS", 1, digest)
        return [("HSET", key, digest, data), expiring]

    async def _adding(self, record: Record, where: str, now: float) -> list[Command]:
        answer = answer_of(record, where)
        if answer.expires_at <= now:
            return []
        index = await self._index_of(self._index or record["index"], record["rest"])
        return list(index.adding(record["id"], answer, _vector(record, where)).commands)

    async def _index_of(self, name: str, rest: str) -> Index:
        if (name, rest) not in self._indexes:
            namespace = f"{self._prefix}{rest}"
            settings = IndexSettings(
                self._redis, namespace, self._clock, lambda damaged: None, self._flights
            )
            index = self._indexes[name, rest] = INDEXES[name](settings)
            await index.prepare()
        return self._indexes[name, rest]

    def _copies(self, record: Record, key: str, now: float) -> list[Command]:
        until = record["expires_at"]
        if (until is not None and until <= now) or not record["members"]:
            return []
        members = [f"{self._prefix}{member}" for member in record["members"]]
        left = milliseconds(None if until is None else until - now)
        lives: list[Command] = [("PEXPIRE", key, left, option) for option in ("NX", "GT")]
        return [("SADD", key, *members), *lives]


def _vector(record: Record, where: str) -> Any:
    data = bytes_of(record["vector"], where)
    if not data or len(data) % 2:
        raise InvalidInput(f"{where}: no vector")
    vector = np.frombuffer(data, "<f2").astype(np.float32)
    if not np.isfinite(vector).all() or not vector.any():
        raise InvalidInput(f"{where}: no vector with a direction")
    return vector


def _embedding(record: Record, where: str) -> entry.Entry:
    digest = record.get("digest") or record["rest"].rpartition(":")[2]
    try:
        codec = codecs.get(unquote(record["rest"].split(":")[3]))
        return entry.unpack(bytes_of(record["data"], where), codec, digest)
    except (CodecError, ConfigError, IndexError) as error:
        raise InvalidInput(f"{where}: no embedding: {error}") from None
