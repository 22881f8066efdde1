"""One class with one codec on one server, and what tests need to look behind it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis
from faces import asynchronous, make_async
from fakes import Clock
from redis.backoff import NoBackoff
from redis.retry import Retry

from semcache import (
    CompressedEmbeddingCache,
    EmbeddingCache,
    HashEmbeddingCache,
    Lab,
    TieredEmbeddingCache,
)
from semcache.lab.connect import RoundTrips
from semcache.lab.offline import OfflineAPI

E5 = "multilingual-e5-small"
CODECS = ("json", "float32", "float16", "int8", "binary")
SERVERS = ("fakeredis", "redis8")
KINDS: dict[str, tuple[type, dict[str, Any]]] = {
    "string": (EmbeddingCache, {}),
    "hash": (HashEmbeddingCache, {}),
    "compressed": (CompressedEmbeddingCache, {}),
    "tiered-string": (TieredEmbeddingCache, {"backing": EmbeddingCache}),
    "tiered-hash": (TieredEmbeddingCache, {"backing": HashEmbeddingCache}),
}
# Each class on each server, on both faces; every codec on one of them.
ASYNC = [f"async {kind}-float32-{server}" for kind in KINDS for server in SERVERS]
BLOCKING = [f"{kind}-{codec}-{server}" for kind in KINDS for codec in CODECS for server in SERVERS]
EVERYTHING = [*BLOCKING, *ASYNC]
ONE_CODEC = [name for name in EVERYTHING if "-float32-" in name]
# Each way of storing with every codec; the classes that share one of them, with one codec.
EVERY_STORE = [c for c in BLOCKING if c.startswith(("string", "hash")) or "-int8-" in c]
EVERY_STORE += [c for c in ASYNC if c.startswith(("async string", "async hash"))]

Connect = Callable[..., redis.Redis]


def quick(url: str, **options: Any) -> redis.Redis:
    """A client without redis-py's ten retries, which take seconds."""
    return redis.Redis.from_url(
        url, **{"socket_timeout": 5, "retry": Retry(NoBackoff(), 0), **options}
    )


@contextmanager
def round_trips(client: redis.Redis) -> Iterator[RoundTrips]:
    lab: Any = Lab(client, asynchronous(client), *[None] * 7)  # only its counter is wanted
    with lab.round_trips() as trips:
        yield trips


@dataclass(frozen=True)
class Slot:
    """Where one entry is in Redis: a key, or a field of a hash."""

    redis: redis.Redis
    key: bytes
    field: bytes | None

    def read(self) -> Any:
        return self.redis.hget(self.key, self.field) if self.field else self.redis.get(self.key)

    def write(self, data: bytes) -> None:
        if self.field:
            self.redis.hset(self.key, self.field, data)
        else:
            self.redis.set(self.key, data)

    def delete(self) -> None:
        if self.field:
            self.redis.hdel(self.key, self.field)
        else:
            self.redis.delete(self.key)

    def pttl(self) -> int:
        """Milliseconds to live; -1 for ever."""
        if not self.field:
            return self.redis.pttl(self.key)
        assert self.redis.pttl(self.key) == -1, "the whole hash would expire"
        return self.redis.hpttl(self.key, self.field)[0]

    def pexpire(self, milliseconds: int) -> None:
        if self.field:
            self.redis.hpexpire(self.key, milliseconds, self.field)
        else:
            self.redis.pexpire(self.key, milliseconds)


def slots(client: redis.Redis) -> list[Slot]:
    """Every entry in Redis, found without knowing how keys are made."""
    found, names = [], sorted(client.keys())
    types = client.pipeline(transaction=False)
    for key in names:
        types.type(key)
    for key, kind in zip(names, types.execute(), strict=True):
        if kind == b"hash":
            found += [Slot(client, key, field) for field in sorted(client.hkeys(key))]
        else:
            found.append(Slot(client, key, None))
    return found


class Bench:
    """One class with one codec on one server, the offline API, and a clock turned by hand."""

    def __init__(self, kind: str, codec: str, connect: Connect) -> None:
        self.face, _, self.kind = kind.rpartition(" ")
        self.codec, self.connect = codec, connect
        self.redis = connect()
        self.api = OfflineAPI()
        self.openai = self.api.client(max_retries=0)
        self.clock = Clock()

    @property
    def tiered(self) -> bool:
        return self.kind.startswith("tiered")

    @property
    def hashed(self) -> bool:
        return self.kind.endswith("hash")

    def cache(self, **options: Any) -> Any:
        """A new cache object, so nothing in memory, over the same Redis."""
        made_of, extra = KINDS[self.kind]
        given = {"model": E5, "codec": self.codec, "clock": self.clock, **extra, **options}
        return self.made(made_of, **given)

    def made(self, made_of: type, **options: Any) -> Any:
        """An object of a class, or of its asynchronous twin with blocking methods."""
        clients = options.pop("redis", self.redis), options.pop("openai", self.openai)
        if not self.face:
            return made_of(*clients, **options)
        return make_async(made_of, *clients, **options)

    def slot(self) -> Slot:
        (only,) = slots(self.redis)
        return only

    def sent(self) -> list[tuple[str, ...]]:
        """The texts of each API call so far."""
        return [call.inputs for call in self.api.calls]
