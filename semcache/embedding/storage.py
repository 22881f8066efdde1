"""What an embedding cache asks of Redis, and what happens when Redis fails."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from semcache import keys
from semcache.fallback import Fallback
from semcache.server import RedisClient
from semcache.stats import Stats

__all__ = ["Storage"]

READ_CHUNK = 4_096  # keys in one read: at 1,536 dims a reply of 25 MB


class Storage(ABC):
    """Bytes under digests in Redis; a subclass says where they lie.

    Operations that callers ask for by name raise :class:`CacheUnavailable` when Redis fails.
    Those on the way to a vector count the failure and let the API answer, unless the caller
    chose ``on_error="raise"``.
    """

    def __init__(self, client: RedisClient, namespace: str, on_error: str) -> None:
        self._redis: Any = client  # the stubs of redis-py mix sync and async replies
        self._namespace = namespace
        self._ahead = threading.local()
        self.stats = Stats()
        self._fallback = Fallback(self.stats, on_error, "answering from the API")

    @property
    def redis_client(self) -> RedisClient:
        """The client, to tell whether another cache asks the same server."""
        client: RedisClient = self._redis
        return client

    def ask_ahead(self, pipe: Any, text: str) -> bool:
        """Queue on a pipeline of the same client what :meth:`get_embedding` would read.

        Saves a trip to who has something to ask anyway. Return whether a command was queued.
        """
        self._queue_read(pipe, keys.digest(text))
        return True

    def hear_ahead(self, text: str, reply: Any) -> None:
        """Take the reply to :meth:`ask_ahead`, for this thread's next read of ``text``."""
        if not isinstance(reply, Exception):  # an error is met again, and told, by the read
            self._ahead.heard = text, reply

    def forget_ahead(self) -> None:
        """Drop a reply to :meth:`ask_ahead` that nobody read."""
        self._ahead.heard = None

    def get_cache_size(self) -> int:
        """Return how many entries this cache has in Redis.

        Raises:
            CacheUnavailable: Redis failed.
        """
        return self._fallback.guard(self._count)

    def clear_cache(self) -> int:
        """Delete all entries of this cache, and no other keys; return how many.

        Raises:
            CacheUnavailable: Redis failed; some entries may still be there.
        """
        return self._fallback.guard(self._clear)

    def _read_texts(self, texts: Sequence[str]) -> list[bytes | None]:
        """Return the stored bytes of each text, in one round trip unless there are very many."""
        heard, self._ahead.heard = getattr(self._ahead, "heard", None), None
        if heard is not None and [heard[0]] == texts:
            return [heard[1]]
        digests = [keys.digest(text) for text in texts]
        blobs: list[bytes | None] = []
        for start in range(0, len(digests), READ_CHUNK):
            blobs += self._read(digests[start : start + READ_CHUNK])
        return blobs

    def _check_server(self) -> bool:
        """Refuse, before anything is paid, a server that cannot do what was asked."""
        return True

    @abstractmethod
    def _read(self, digests: list[str]) -> Sequence[bytes | None]:
        """Return the stored bytes for each digest, in one round trip."""

    @abstractmethod
    def _queue_read(self, pipe: Any, digest: str) -> None:
        """Queue one command that reads one digest's bytes."""

    @abstractmethod
    def _write(self, items: list[tuple[str, bytes, float | None]], only_existing: bool) -> bool:
        """Store (digest, bytes, TTL in seconds) in one round trip; return True."""

    @abstractmethod
    def _delete(self, digest: str) -> bool: ...

    @abstractmethod
    def _count(self) -> int: ...

    @abstractmethod
    def _clear(self) -> int: ...
