"""HashEmbeddingCache: all vectors of one cache as fields of one Redis hash. Lesson 03."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Literal

import openai
import redis
from redis.commands.core import HashDataPersistOptions

from semcache.embedding.base import BaseEmbeddingCache
from semcache.errors import ConfigError, UnsupportedServer
from semcache.server import RedisClient, knows

__all__ = ["HashEmbeddingCache"]


class HashEmbeddingCache(BaseEmbeddingCache):
    """An embedding cache that keeps all its vectors in one hash.

    One key to look at, to size (HLEN) and to delete. Each field has its own TTL, which needs
    Redis 7.4 or newer.

    Args:
        redis_client: A ``redis.Redis`` or ``RedisCluster`` that returns bytes.
        openai_client: An ``openai.OpenAI``.
        ttl_scope: What the server expires: each ``"field"`` alone, or the whole ``"hash"`` one
            TTL after its last write, which works on any server. Either way no entry is served
            after its own TTL; with ``"hash"`` its memory is freed only with the whole hash.
        **options: Those of :class:`~semcache.embedding.base.BaseEmbeddingCache`.

    Raises:
        UnsupportedServer: At the first miss, before anything is paid, when the server has no
            per-field TTL and the options need it.

    Example:
        >>> from semcache import connect
        >>> lab = connect(quiet=True)
        >>> cache = HashEmbeddingCache(lab.redis, lab.openai, model=lab.embedding_model)
        >>> cache.get_embeddings_batch(["What is Python?", "What is Rust?"]).shape
        (2, 384)
        >>> cache.get_cache_size(), lab.redis.dbsize()
        (2, 1)
    """

    KIND = "hash"

    def __init__(
        self,
        redis_client: RedisClient,
        openai_client: openai.OpenAI,
        *,
        ttl_scope: Literal["field", "hash"] = "field",
        **options: Any,
    ) -> None:
        super().__init__(redis_client, openai_client, **options)
        if ttl_scope not in ("field", "hash"):
            raise ConfigError(f"ttl_scope is {ttl_scope!r}: give 'field' or 'hash'")
        self._field_ttl = ttl_scope == "field" and self._ttl is not None
        self._hash_key = self._namespace.rstrip(":")
        self._has_hsetex: bool | None = None  # asked of the server at the first miss

    def _read(self, digests: list[str]) -> Sequence[bytes | None]:
        nothing = [None] * len(digests)
        found: list[bytes | None] = self._ask(nothing, self._redis.hmget, digests)
        return found

    def _ask(self, if_foreign: Any, command: Callable[..., Any], *args: Any) -> Any:
        """Ask our key; a value of another type there holds none of our entries."""
        try:
            return command(self._hash_key, *args)
        except redis.ResponseError as error:
            if not _is_foreign(error):
                raise
            return if_foreign

    def _queue_read(self, pipe: Any, digest: str) -> None:
        pipe.execute_command("HGET", self._hash_key, digest)

    def _write(self, items: list[tuple[str, bytes, float | None]], only_existing: bool) -> bool:
        write = self._write_with_field_ttl if self._field_ttl else self._write_with_hash_ttl
        try:
            write(items, only_existing)
        except redis.ResponseError as error:
            if not _is_foreign(error):
                raise
            self.stats.count(errors=1)
            self._redis.unlink(self._hash_key)  # replaced, as SET replaces any type
            write(items, only_existing)
        return True

    def _write_with_hash_ttl(
        self, items: list[tuple[str, bytes, float | None]], only_existing: bool
    ) -> None:
        # HSET and EXPIRE in one transaction: a crash between them would leave a hash for ever.
        pipe = self._redis.pipeline(transaction=True)
        pipe.hset(self._hash_key, mapping={digest: blob for digest, blob, _ in items})
        if self._ttl is not None:
            pipe.pexpire(self._hash_key, math.ceil(self._ttl * 1000))
        else:
            pipe.persist(self._hash_key)  # another cache may have given the hash a TTL
        pipe.execute()

    def _write_with_field_ttl(
        self, items: list[tuple[str, bytes, float | None]], only_existing: bool
    ) -> None:
        # One command per distinct TTL; for a refresh one per field, since FXX is all or nothing.
        by_ttl: dict[tuple[int, str], dict[str, bytes]] = defaultdict(dict)
        for digest, blob, ttl in items:
            by_ttl[math.ceil((ttl or 0) * 1000), digest if only_existing else ""][digest] = blob
        pipe = self._redis.pipeline(transaction=not self._has_hsetex)
        option = HashDataPersistOptions.FXX if only_existing else None
        for (milliseconds, _), fields in by_ttl.items():
            if self._has_hsetex:
                pipe.hsetex(
                    self._hash_key, mapping=fields, px=milliseconds, data_persist_option=option
                )
            else:  # Redis 7.4: two commands, in a transaction
                pipe.hset(self._hash_key, mapping=fields)
                pipe.hpexpire(self._hash_key, milliseconds, *fields)
        pipe.execute()

    def _check_server(self) -> bool:
        if self._field_ttl and self._has_hsetex is None:
            has_hsetex = knows(self._redis, "HSETEX", self._hash_key)
            if not has_hsetex and not knows(self._redis, "HPEXPIRE", self._hash_key):
                raise UnsupportedServer(
                    "this Redis has no TTL for single fields, which came with Redis 7.4: use a "
                    "newer server, or choose ttl=None or ttl_scope='hash'"
                )
            self._has_hsetex = has_hsetex
        return True

    def _delete(self, digest: str) -> bool:
        return bool(self._ask(0, self._redis.hdel, digest))

    def _count(self) -> int:
        count: int = self._ask(0, self._redis.hlen)
        return count

    def _clear(self) -> int:
        pipe = self._redis.pipeline(transaction=True)
        pipe.hlen(self._hash_key)
        pipe.unlink(self._hash_key)
        count = pipe.execute(raise_on_error=False)[0]  # of another type, it held none of ours
        return count if isinstance(count, int) else 0


def _is_foreign(error: redis.ResponseError) -> bool:
    return "WRONGTYPE Operation" in str(error)  # no key can contain this: keys have no spaces
