"""Fill a Redis server in each layout, and read ``used_memory`` before and after."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from hashlib import md5
from itertools import cycle, islice
from typing import Any

import numpy as np
import redis

from semcache import EmbeddingCache, HashEmbeddingCache, codecs
from semcache.course.memory.record import Eviction, Measurement, Row
from semcache.lab.offline import OfflineAPI
from semcache.lab.traffic import load_phrasings

__all__ = ["ENTRIES", "measure"]

ENTRIES = 1_000
CODECS = ("json", "float32", "int8")
TINY = (8, 16, 32, 48, 64, 65, 80, 100, 128, 192, 256)
LAYOUTS = ("key_ttl", "key", "field_ttl", "field")
_MODEL, _DAY = "multilingual-e5-small", 86_400
_NAMES = [md5(f"semcache memory {n}".encode()).hexdigest() for n in range(ENTRIES)]
_LIMITS = ("hash-max-listpack-entries", "hash-max-listpack-value")


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
    for layout in LAYOUTS:  # plain fields last, for their encoding
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
    """Names as in the tutorial code: ``emb:`` and 32 characters, or 32 characters in a hash."""
    name, key = _NAMES[at], f"emb:{_NAMES[at // fields]}"
    if layout == "key_ttl":
        client.set(f"emb:{name}", value, ex=_DAY)
    elif layout == "key":
        client.set(f"emb:{name}", value)
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
                keys: Any = client.dbsize() if layout == "key_ttl" else client.hlen(key)
                counts.append(keys)
        client.config_set("maxmemory", 0)
        _empty(client)
        return counts, refused

    strings, hashed = run("allkeys-lru", "key_ttl")[0], run("allkeys-lru", "field")[0]
    return Eviction(every, strings, hashed, refused=run("volatile-lru", "field_ttl")[1])
