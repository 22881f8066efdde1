"""HashEmbeddingCache: all vectors of one cache as fields of one Redis hash. Lesson 03."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal, Unpack

import redis as redis_py

from semcache.embedding.faces import AsyncEmbeddings, BlockingEmbeddings, EmbeddingFace
from semcache.embedding.layout import Item, Layout
from semcache.embedding.options import EmbeddingKeywords, EmbeddingOptions
from semcache.errors import ConfigError, UnsupportedServer
from semcache.expiry import milliseconds
from semcache.ports import RedisPort
from semcache.question import Command, Question, Reply, number_of, only, refuse_errors, values_of
from semcache.server import is_foreign, knows

log = logging.getLogger("semcache")

__all__ = ["AsyncHashEmbeddingCache", "Fields", "HashEmbeddingCache"]


class Fields(Layout):
    """A field of one hash for each entry; what another type of value holds is none of ours."""

    def __init__(
        self, namespace: str, options: EmbeddingOptions, ttl_scope: Literal["field", "hash"]
    ) -> None:
        if ttl_scope not in ("field", "hash"):
            raise ConfigError(f"ttl_scope is {ttl_scope!r}: give 'field' or 'hash'")
        self.key = namespace.rstrip(":")
        self._ttl = options.seconds
        self._field_ttl = ttl_scope == "field" and options.seconds is not None
        self._has_hsetex: bool | None = None  # asked of the server at the first miss

    def read(self, digests: Sequence[str]) -> Question[Sequence[bytes | None]]:
        """Return the question for the stored bytes of each digest."""

        def fields(replies: Sequence[Any]) -> list[bytes | None]:
            if is_foreign(replies[0]):
                return [None] * len(digests)
            return values_of(only(replies), len(digests))

        return Question((("HMGET", self.key, *digests),), fields)

    async def prepare(self, redis: RedisPort) -> None:
        """Refuse a server without TTLs for single fields, if they are needed."""
        if not self._field_ttl or self._has_hsetex is not None:
            return
        has_hsetex = await redis.ask(knows("HSETEX", self.key))
        if not has_hsetex and not await redis.ask(knows("HPEXPIRE", self.key)):
            raise UnsupportedServer(
                "this Redis has no TTL for single fields, which came with Redis 7.4: use a "
                "newer server, or choose ttl=None or ttl_scope='hash'"
            )
        self._has_hsetex = has_hsetex

    async def write(self, redis: RedisPort, items: Sequence[Item], only_existing: bool) -> int:
        """Store items on one trip; return 1 if a value of another type gave way, else 0."""
        commands, transaction = self._writing(items, only_existing)
        try:
            refuse_errors(await redis.send(commands, transaction))
        except redis_py.ResponseError as error:
            if self._has_hsetex and "hsetex" in str(error).lower():
                self._has_hsetex = False
                replaced = await self.write(redis, items, only_existing)
                log.warning("Redis failed: %s; HSET and HPEXPIRE do its work", error)
                return replaced
            if not is_foreign(error):
                raise
            await redis.unlink([self.key])  # replaced, as SET replaces any type
            refuse_errors(await redis.send(commands, transaction))
            return 1
        return 0

    def _writing(self, items: Sequence[Item], only_existing: bool) -> tuple[list[Command], bool]:
        """Return the commands, and whether they need a transaction."""
        if self._field_ttl:
            return self._with_field_ttl(items, only_existing), not self._has_hsetex
        # HSET and EXPIRE in one transaction: a crash between them would leave a hash for ever.
        pairs = [part for digest, data, _ in items for part in (digest, data)]
        # Another cache may have given the hash a TTL.
        ttl: Command = ("PERSIST", self.key)
        if self._ttl is not None:
            ttl = ("PEXPIRE", self.key, milliseconds(self._ttl))
        return [("HSET", self.key, *pairs), ttl], True

    def _with_field_ttl(self, items: Sequence[Item], only_existing: bool) -> list[Command]:
        # One command per distinct TTL; for a refresh one per field, since FXX is all or nothing.
        by_ttl: dict[tuple[int, str], dict[str, bytes]] = defaultdict(dict)
        for digest, data, ttl in items:
            by_ttl[milliseconds(ttl), digest if only_existing else ""][digest] = data
        commands: list[Command] = []
        for (left, _), fields in by_ttl.items():
            pairs = [part for pair in fields.items() for part in pair]
            if self._has_hsetex:
                existing = ("FXX",) if only_existing else ()
                commands.append(
                    ("HSETEX", self.key, *existing, "PX", left, "FIELDS", len(fields), *pairs)
                )
            else:  # Redis 7.4: two commands, in a transaction
                commands.append(("HSET", self.key, *pairs))
                commands.append(("HPEXPIRE", self.key, left, "FIELDS", len(fields), *fields))
        return commands

    async def delete(self, redis: RedisPort, digest: str) -> bool:
        """Delete one entry; return whether there was one."""
        return await redis.ask(Question((("HDEL", self.key, digest),), _number)) > 0

    async def count(self, redis: RedisPort) -> int:
        """Return how many entries there are."""
        return await redis.ask(Question((("HLEN", self.key),), _number))

    async def clear(self, redis: RedisPort) -> int:
        """Delete all entries; return how many there were."""

        def cleared(replies: Sequence[Any]) -> int:
            if number_of(replies[1:]) not in (0, 1):
                raise TypeError("more keys are gone than there were")
            return _number(replies[:1])

        clearing = Question((("HLEN", self.key), ("UNLINK", self.key)), cleared)
        return Reply(clearing, await redis.send(clearing.commands, transaction=True))()


def _number(replies: Sequence[Any]) -> int:
    """Read how many entries there are; a value of another type holds none of ours."""
    return 0 if is_foreign(replies[0]) else int(refuse_errors(replies)[0])


class _Hash(EmbeddingFace):
    KIND = "hash"

    def __init__(
        self,
        redis_client: Any,
        openai_client: Any,
        *,
        ttl_scope: Literal["field", "hash"] = "field",
        **options: Unpack[EmbeddingKeywords],
    ) -> None:
        self._ttl_scope = ttl_scope
        super().__init__(redis_client, openai_client, **options)

    def _layout(self, namespace: str, options: EmbeddingOptions) -> Fields:
        return Fields(namespace, options, self._ttl_scope)


class HashEmbeddingCache(_Hash, BlockingEmbeddings):
    """An embedding cache that keeps all its vectors in one hash.

    One key to look at, to size (HLEN) and to delete. Each field has its own TTL, which needs
    Redis 7.4 or newer.

    Args:
        redis_client: A ``redis.Redis`` or ``RedisCluster`` that returns bytes.
        openai_client: An ``openai.OpenAI``.
        ttl_scope: What the server expires: each ``"field"`` alone, or the whole ``"hash"`` one
            TTL after its last write, which works on any server. Either way no entry is served
            after its own TTL; with ``"hash"`` its memory is freed only with the whole hash.
        **options: Those of :class:`~semcache.embedding.options.EmbeddingOptions`.

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


class AsyncHashEmbeddingCache(_Hash, AsyncEmbeddings):
    """:class:`HashEmbeddingCache` for ``redis.asyncio`` and ``AsyncOpenAI``."""
