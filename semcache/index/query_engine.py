"""RedisVLIndex: the Redis Query Engine searches, asked through RedisVL. Needs its extra.

An answer is a hash of its own, which Redis itself lets expire. The engine, a module of the server
that Redis 8 and Redis Stack bring along, keeps an HNSW graph of the hashes' vectors outside the
keyspace, and brings it up to date within the command that writes or deletes a hash.

Every write asks to create the search index, in its own transaction; the server declines if it
is there. So an index that others have dropped or flushed away is back before the next answer,
and no answer is ever written where no search finds it. A lookup without an index finds nothing.

Each length of vectors has its own search index, over the same hashes: the engine leaves out those
whose vector has another length. A search index whose answers have all expired stays, empty and
small, until the cache is cleared.

All keys of a scope share a hash tag, here too, so that other keys can be written in the same
transaction: one scope lives on one node.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import redis
from redis.asyncio import RedisCluster as AsyncRedisCluster
from redis.cluster import RedisCluster

from semcache.codecs import Vector
from semcache.errors import ConfigError
from semcache.expiry import FOREVER, milliseconds
from semcache.index.answer import Answer
from semcache.index.base import Expired, Found, Index, IndexSettings
from semcache.index.packed import pack
from semcache.index.rescore import EFFORT, Candidate, candidates_of, nearest_alive
from semcache.question import Command, Question, Reply, Tolerant, members_of, only, refuse_errors

__all__ = ["RedisVLIndex"]

T = TypeVar("T")


class RedisVLIndex(Index):
    """One FT.SEARCH for a lookup; memory and search stay on the server.

    RedisVL describes the search index and the query; they are sent with the cache's own questions.

    Raises:
        ConfigError: RedisVL is not installed, or the engine does not serve such a client.
    """

    def __init__(self, settings: IndexSettings) -> None:
        super().__init__(settings)
        _check(settings.redis.client)
        self._vl = _redisvl()
        self._names = f"{settings.namespace}index:"  # of search indexes; followed by the dims
        self._prefix = f"{settings.namespace}entry:"

    def adding(self, id: str, answer: Answer, vector: Vector) -> Question[Expired]:
        """Return the commands that store an answer; Redis itself lets it expire."""
        key = self._key(id)
        left = milliseconds(max(0.0, answer.expires_at - self.settings.clock()))
        commands: list[Command] = [
            self._creating(vector.size),
            ("DEL", key),  # with its TTL, and whatever type it is of
            (
                "HSET", key, "packed", pack(answer, vector, key), "vector", vector.tobytes(),
                "expires_at", answer.expires_at,
            ),
        ]  # fmt: skip
        if left < FOREVER:
            commands.append(("PEXPIRE", key, left))

        def read(replies: Sequence[Any]) -> Expired:
            refuse_errors(replies)
            return []

        return Question(tuple(commands), read)

    def _creating(self, dims: int) -> Command:
        graph = {"dims": dims, "algorithm": "hnsw", "distance_metric": "cosine"}
        schema = self._vl.schema.IndexSchema.from_dict(
            {
                "index": {"name": self._name(dims), "prefix": self._prefix},
                "fields": [
                    {"name": "vector", "type": "vector", "attrs": {**graph, "datatype": "float32"}},
                    {"name": "expires_at", "type": "numeric"},
                ],
            }
        )
        fields = [part for field in schema.redis_fields for part in field.redis_args()]
        plain = [getattr(part, "value", part) for part in fields]
        command = "FT.CREATE", self._name(dims), "ON", "HASH", "PREFIX", 1, self._prefix, "SCHEMA"
        return Tolerant("already exists", (*command, *plain))

    async def nearest(
        self, vector: Vector, count: int = 1, changes: Reply[Any] | None = None
    ) -> list[Found]:
        """Return up to ``count`` entries that have not expired, most similar first."""
        return await nearest_alive(self, self._ask, self._key, vector, count)

    async def _ask(self, vector: Vector, count: int) -> list[Candidate]:
        """Return the ids and stored bytes of what the server's graph takes for nearest."""
        query = self._vl.query.VectorQuery(
            vector.tobytes(), "vector", num_results=count, ef_runtime=max(EFFORT, count)
        )
        # By the distance RedisVL tells an entry that has just expired from one without an answer.
        query.return_fields("packed", query.DISTANCE_ID, skip_decode=["packed"])
        parameters = [part for pair in query.params.items() for part in pair]
        searching = self._searching(
            vector.size, query.get_args(), "PARAMS", len(parameters), *parameters
        )
        skip, distance = len(self._prefix), query.DISTANCE_ID.encode()

        def read(replies: Sequence[Any]) -> list[Candidate]:
            return candidates_of(
                (id[skip:], fields.get(b"packed"))
                for id, fields in _documents(_found(replies, {}))
                if distance in fields
            )

        return await self.redis.ask(Question((searching,), read))

    def _searching(self, dims: int, query: Sequence[Any], *more: Any) -> Command:
        return ("FT.SEARCH", self._name(dims), *query, *more)

    async def deleting(self, ids: Sequence[str | bytes]) -> Question[int]:
        """Return the command that deletes entries, also from the engine's graph, at once."""
        return Question((("DEL", *map(self._key, ids)),), only)

    async def size(self) -> int:
        """Return how many entries have not expired."""
        alive = self._vl.query.filter.Num("expires_at") > self.settings.clock()
        query = self._vl.query.CountQuery(alive).get_args()
        counts = tuple(self._searching(dims, query) for dims in await self._existing())
        return await self.redis.ask(
            Question(counts, lambda said: sum(_total(_found([one], 0)) for one in said))
        )

    async def clear(self) -> None:
        """Drop the search indexes, which hides all entries at once; then delete the entries.

        Not by the engine (DD): it deletes only what it has indexed, and serves nobody meanwhile.
        """
        for dims in await self._existing():
            _found(await self.redis.send([("FT.DROPINDEX", self._name(dims))]), None)
        await self.redis.delete_all(self._prefix)

    def probes(self) -> list[Command]:
        """A foreign value at an entry's key is not found, and gives way to the next answer."""
        return []

    def _key(self, id: str | bytes) -> bytes:
        return self._prefix.encode() + (id.encode() if isinstance(id, str) else id)

    def _name(self, dims: int) -> str:
        return f"{self._names}{dims}"

    async def _existing(self) -> list[int]:
        """The lengths for which the server has a search index of this cache."""
        names = await self.redis.ask(Question((("FT._LIST",),), members_of))
        own = [name.decode().removeprefix(self._names) for name in names]
        return sorted(int(dims) for dims in own if dims.isdecimal())


def _found(replies: Sequence[Any], otherwise: T) -> Any | T:
    """Return the reply, or ``otherwise`` without an index; raise what else the server said."""
    (reply,) = replies
    if isinstance(reply, redis.ResponseError) and _is_missing(reply):
        return otherwise
    return only(replies)


def _documents(reply: Any) -> Iterator[tuple[bytes, dict[bytes, Any]]]:
    """Ids and fields from either protocol's reply to FT.SEARCH."""
    if isinstance(reply, dict):
        for document in reply.get(b"results", ()):
            yield document[b"id"], document[b"extra_attributes"]
    else:
        for id, fields in zip(reply[1::2], reply[2::2], strict=True):
            yield id, dict(zip(fields[::2], fields[1::2], strict=True)) if fields else {}


def _total(reply: Any) -> int:
    if isinstance(reply, dict):
        return int(reply[b"total_results"])
    return int(reply[0]) if isinstance(reply, list) else int(reply)


def _check(client: Any) -> None:
    if isinstance(client, RedisCluster | AsyncRedisCluster):
        raise ConfigError(
            "RedisVLIndex makes its search index in the transaction that writes an answer, and a "
            "RedisCluster cannot: pass a redis.Redis, or take MatrixIndex or VectorSetIndex"
        )
    options = client.get_connection_kwargs()
    if options.get("db"):
        raise ConfigError(
            f"the client is for database {options['db']}: the search module knows only database 0"
        )


def _is_missing(error: redis.ResponseError) -> bool:
    """Whether there is no such search index; versions of the engine say so differently."""
    said = str(error).lower()
    return any(words in said for words in ("no such index", "unknown index", "index not found"))


def _redisvl() -> Any:
    try:
        import redisvl.query.filter
        import redisvl.schema
    except ImportError as error:
        raise ConfigError(
            "RedisVLIndex needs RedisVL, which is not installed: pip install redisvl"
        ) from error
    return redisvl
