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

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import redis
from redis.cluster import RedisCluster
from redis.commands.search.index_definition import IndexDefinition, IndexType

from semcache.codecs import Vector
from semcache.errors import ConfigError
from semcache.index.answer import Answer
from semcache.index.base import Also, Found, IndexSettings, nothing_else
from semcache.index.packed import pack
from semcache.index.rescore import EFFORT, Candidate, nearest_alive
from semcache.server import unlink_all

__all__ = ["RedisVLIndex"]

T = TypeVar("T")


class RedisVLIndex:
    """One FT.SEARCH for a lookup; memory and search stay on the server.

    Raises:
        ConfigError: RedisVL is not installed, or the engine does not serve such a client.
    """

    def __init__(self, settings: IndexSettings) -> None:
        _check(settings.redis)
        self._vl = _redisvl()
        self._settings, self._redis = settings, settings.redis
        self._names = f"{settings.namespace}index:"  # of search indexes; followed by the dims
        self._prefix = f"{settings.namespace}entry:"
        self._made: dict[int, Any] = {}  # RedisVL's own objects, by dims; they hold no entries

    def ask_ahead(self, pipe: Any) -> bool:
        """Queue nothing: the server is asked with the vector."""
        return False

    def hear_ahead(self, replies: list[Any]) -> bool:
        """Nothing was asked, so nothing is known."""
        return False

    def add(self, id: str, answer: Answer, vector: Vector, also: Also = nothing_else) -> None:
        """Store an answer with its vector, in one transaction."""
        key, index = self._key(id), self._index(vector.size)
        left = answer.expires_at - self._settings.clock()
        pipe = self._redis.pipeline(transaction=True)
        # What SearchIndex.create() sends after asking whether there is one.
        hashes = IndexDefinition([self._prefix], index_type=IndexType.HASH)  # type: ignore[no-untyped-call]
        pipe.ft(index.name).create_index(index.schema.redis_fields, definition=hashes)
        pipe.delete(key)  # with its TTL, and whatever type it is of
        fields = {
            "packed": pack(answer, vector),
            "vector": vector.tobytes(),
            "expires_at": answer.expires_at,
        }
        pipe.hset(key, mapping=fields)
        if math.isfinite(left):
            pipe.pexpire(key, max(1, math.ceil(left * 1000)))
        also(pipe)
        created, *replies = pipe.execute(False)
        if "already exists" not in str(created):
            replies.append(created)
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply

    def nearest(self, vector: Vector, count: int = 1, heard: bool = False) -> list[Found]:
        """Return up to ``count`` entries that have not expired, most similar first."""
        return nearest_alive(self._settings, self._ask, self.delete, vector, count)

    def _ask(self, vector: Vector, count: int) -> list[Candidate]:
        """Return the ids and stored bytes of what the server's graph takes for nearest."""
        query = self._vl.query.VectorQuery(
            vector.tobytes(), "vector", num_results=count, ef_runtime=max(EFFORT, count)
        )
        # By the distance RedisVL tells an entry that has just expired from one without an answer.
        query.return_fields("packed", query.DISTANCE_ID, skip_decode=["packed"])
        documents: list[Any] = self._attempt([], self._index(vector.size).query, query)
        skip = len(self._prefix)
        return [(found["id"][skip:].encode(), found.get("packed")) for found in documents]

    def delete(self, ids: Sequence[str | bytes]) -> int:
        """Delete entries, also from the engine's graph, at once; return how many there were."""
        deleted: int = self._redis.delete(*map(self._key, ids))
        return deleted

    def size(self) -> int:
        """Return how many entries have not expired."""
        alive = self._vl.query.filter.Num("expires_at") > self._settings.clock()
        count = self._vl.query.CountQuery(alive)
        return sum(self._attempt(0, index.query, count) for index in self._existing())

    def clear(self) -> None:
        """Drop the search indexes, which hides all entries at once; then delete the entries.

        Not by the engine (DD): it deletes only what it has indexed, and serves nobody meanwhile.
        """
        for index in self._existing():
            self._attempt(None, index.delete, False)
        unlink_all(self._redis, self._prefix)

    def _key(self, id: str | bytes) -> bytes:
        return self._prefix.encode() + (id.encode() if isinstance(id, str) else id)

    def _index(self, dims: int) -> Any:
        """RedisVL's object for vectors of one length; nothing is asked of the server."""
        if dims not in self._made:
            graph = {"dims": dims, "algorithm": "hnsw", "distance_metric": "cosine"}
            schema = {
                "index": {"name": f"{self._names}{dims}", "prefix": self._prefix},
                "fields": [
                    {"name": "vector", "type": "vector", "attrs": {**graph, "datatype": "float32"}},
                    {"name": "expires_at", "type": "numeric"},
                ],
            }
            made = self._vl.schema.IndexSchema.from_dict(schema)
            self._made[dims] = self._vl.index.SearchIndex(made, redis_client=self._redis)
        return self._made[dims]

    def _existing(self) -> list[Any]:
        """The search indexes that the server has for this cache."""
        names = (name.decode() for name in self._redis.execute_command("FT._LIST"))
        dims = (name.removeprefix(self._names) for name in names if name.startswith(self._names))
        return [self._index(int(number)) for number in dims]

    def _attempt(self, otherwise: T, operation: Callable[..., T], *args: Any) -> T:
        """Return the result, or ``otherwise`` without an index; raise what redis-py raised."""
        try:
            return operation(*args)
        except self._vl.exceptions.RedisSearchError as error:
            cause = error.__cause__ or error
            if isinstance(cause, redis.ResponseError) and _is_missing(cause):
                return otherwise
            raise cause from None


def _check(client: Any) -> None:
    if isinstance(client, RedisCluster):
        raise ConfigError(
            "RedisVLIndex makes its search index in the transaction that writes an answer, and a "
            "RedisCluster cannot: pass a redis.Redis, or take MatrixIndex or VectorSetIndex"
        )
    options = client.get_connection_kwargs()
    if options.get("db"):
        raise ConfigError(
            f"the client is for database {options['db']}: the search module knows only database 0"
        )
    if options.get("protocol") in (3, "3") and options.get("legacy_responses", True):
        raise ConfigError(
            "RedisVL cannot read the replies to a client made with protocol=3: leave that out, or "
            "add legacy_responses=False"
        )


def _is_missing(error: redis.ResponseError) -> bool:
    """Whether there is no such search index; versions of the engine say so differently."""
    said = str(error).lower()
    return any(words in said for words in ("no such index", "unknown index", "index not found"))


def _redisvl() -> Any:
    try:
        import redisvl.exceptions
        import redisvl.index
        import redisvl.query.filter
        import redisvl.schema
    except ImportError as error:
        raise ConfigError(
            "RedisVLIndex needs RedisVL, which is not installed: pip install "
            "'semcache[query-engine]'"
        ) from error
    return redisvl
