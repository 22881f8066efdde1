"""What an embedding cache asks of Redis, and what happens when Redis fails."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import redis

from semcache import keys
from semcache.errors import CacheUnavailable
from semcache.stats import Stats

__all__ = ["Storage"]

log = logging.getLogger("semcache")
T = TypeVar("T")

READ_CHUNK = 4_096  # keys in one read: at 1,536 dims a reply of 25 MB


class Storage(ABC):
    """Bytes under digests in Redis; a subclass says where they lie.

    Operations that callers ask for by name raise :class:`CacheUnavailable` when Redis fails.
    Those on the way to a vector count the failure and let the API answer, unless the caller
    chose ``on_error="raise"``.
    """

    def __init__(self, client: redis.Redis, namespace: str, on_error: str) -> None:
        self._redis: Any = client  # the stubs of redis-py mix sync and async replies
        self._namespace = namespace
        self._raise_on_error = on_error == "raise"
        self._warned = False
        self.stats = Stats()

    def get_cache_size(self) -> int:
        """Return how many entries this cache has in Redis.

        Raises:
            CacheUnavailable: Redis failed.
        """
        return self._guard(self._count)

    def clear_cache(self) -> int:
        """Delete all entries of this cache, and no other keys; return how many.

        Raises:
            CacheUnavailable: Redis failed; some entries may still be there.
        """
        return self._guard(self._clear)

    def _read_texts(self, texts: Sequence[str]) -> list[bytes | None]:
        """Return the stored bytes of each text, in one round trip unless there are very many."""
        digests = [keys.digest(text) for text in texts]
        blobs: list[bytes | None] = []
        for start in range(0, len(digests), READ_CHUNK):
            blobs += self._read(digests[start : start + READ_CHUNK])
        return blobs

    def _guard(self, operation: Callable[..., T], *args: Any) -> T:
        try:
            return operation(*args)
        except (redis.RedisError, OSError) as error:
            raise CacheUnavailable(f"Redis failed: {error}") from error

    def _attempt(self, operation: Callable[..., T], *args: Any) -> T | None:
        """Return the result, or ``None`` if Redis failed and the API is to answer."""
        try:
            return self._guard(operation, *args)
        except CacheUnavailable as error:
            self.stats.count(errors=1)
            if self._raise_on_error:
                raise
            if not self._warned:
                self._warned = True
                log.warning("%s; answering from the API until it works again", error)
            return None

    def _check_server(self) -> bool:
        """Refuse, before anything is paid, a server that cannot do what was asked."""
        return True

    @abstractmethod
    def _read(self, digests: list[str]) -> Sequence[bytes | None]:
        """Return the stored bytes for each digest, in one round trip."""

    @abstractmethod
    def _write(self, items: list[tuple[str, bytes, float | None]], only_existing: bool) -> bool:
        """Store (digest, bytes, TTL in seconds) in one round trip; return True."""

    @abstractmethod
    def _delete(self, digest: str) -> bool: ...

    @abstractmethod
    def _count(self) -> int: ...

    @abstractmethod
    def _clear(self) -> int: ...
