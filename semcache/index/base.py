"""What every index offers, and which one a server gets.

An index keeps answers with their vectors in Redis and finds the nearest. ScanIndex compares every
entry. The other three may miss the nearest one: MatrixIndex from 3,000 entries on, the two that
search a graph always. Whichever finds an entry, its similarity is the same.

=================  ==========================================  ===============================
index              a lookup                                    needs
=================  ==========================================  ===============================
ScanIndex          reads and decodes every entry               any Redis
MatrixIndex        a sieve and a product in this process       any Redis; memory per process
VectorSetIndex     one command; the server searches            Redis 8.2
RedisVLIndex       the same, asked through RedisVL             a search module; RedisVL
=================  ==========================================  ===============================

Writes are values, too: what :meth:`Index.adding` returns is sent by the caller, together with what
else belongs into the same transaction.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from semcache.codecs import Vector
from semcache.flights import Flights
from semcache.index.answer import Answer
from semcache.ports import RedisPort
from semcache.question import NOTHING, Command, Question, Reply
from semcache.server import is_foreign, server_time

__all__ = ["Expired", "Found", "Index", "IndexSettings", "as_similarity"]


class Found(NamedTuple):
    """An entry near a vector."""

    id: str
    answer: Answer
    similarity: float


Expired = list[tuple[bytes, float]]  # ids of entries, each with its end in seconds


class IndexSettings(NamedTuple):
    """What a cache tells its index.

    Attributes:
        redis: The port to the server.
        namespace: Where the entries lie.
        clock: Seconds since the epoch.
        count_damaged: Called with the number of damaged entries that were found.
        flights: Where those meet who would all read everything.
    """

    redis: RedisPort
    namespace: str
    clock: Callable[[], float]
    count_damaged: Callable[[int], None]
    flights: Flights


def as_similarity(product: float) -> float:
    """Return a product of unit vectors as a cosine in [-1, 1], without the noise of its sum.

    The indexes add up in another order each: their last digits differ, and the product of
    a vector with itself is not quite 1.

    Example:
        >>> as_similarity(1.0000001), as_similarity(0.99999994), as_similarity(0.93581234)
        (1.0, 1.0, 0.935812)
    """
    similarity = round(float(product), 6)
    return similarity if -1.0 <= similarity <= 1.0 else math.copysign(1.0, similarity)


class Index(ABC):
    """Vectors have unit length and shape (dims,); every method may raise ``redis.RedisError``."""

    def __init__(self, settings: IndexSettings) -> None:
        self.settings = settings
        self.redis = settings.redis

    def question(self) -> Question[Any]:
        """Return what a lookup would ask before it knows the vector; nothing, for most."""
        return NOTHING

    @abstractmethod
    async def nearest(
        self, vector: Vector, count: int = 1, changes: Reply[Any] | None = None
    ) -> list[Found]:
        """Return up to ``count`` entries that have not expired, most similar first.

        ``changes`` is the reply to :meth:`question`, if that was asked ahead.
        """

    def is_behind(self, changes: Reply[Any]) -> bool:
        """Whether a reply to :meth:`question` says so much that :meth:`keep_up` should take it."""
        return False

    async def keep_up(self, changes: Reply[Any]) -> None:  # noqa: B027
        """Take the reply to :meth:`question` of a request that was answered without the index."""

    async def prepare(self) -> None:  # noqa: B027
        """Ask the server, once, what :meth:`adding` has to know of it."""

    @abstractmethod
    def adding(self, id: str, answer: Answer, vector: Vector) -> "Question[Expired]":
        """Return the commands that store an answer, or replace the one of this id.

        To be sent in one transaction, after :meth:`prepare`. Reading the replies returns some
        entries that have expired, for :meth:`sweep`.
        """

    @abstractmethod
    async def deleting(self, ids: Sequence[str | bytes]) -> Question[int]:
        """Return the commands that delete entries; reading tells how many there were."""

    @abstractmethod
    async def size(self) -> int:
        """Return how many entries have not expired."""

    @abstractmethod
    async def clear(self) -> None:
        """Delete all entries."""

    @abstractmethod
    def probes(self) -> list[Command]:
        """Return a command for each key of ours, which the server refuses if it is not ours."""

    def adapts_to(self, error: Exception) -> bool:
        """Whether a write that was refused should be tried once more, in another way."""
        return False

    def held(self) -> int:
        """Return how many vectors are in this process' memory."""
        return 0

    async def add(self, id: str, answer: Answer, vector: Vector) -> None:
        """Store an answer with its vector, at once or not at all."""
        await self.prepare()
        writing = self.adding(id, answer, vector)
        await self.sweep(Reply(writing, await self.redis.change(writing.commands))())

    async def sweep(self, expired: Expired) -> int:
        """Delete entries that have expired by the server's clock, too; return how many.

        One machine's clock may be wrong, and the entries live for the others.
        """
        if not expired:
            return 0
        now = await self.redis.ask(server_time(f"{self.settings.namespace}entries"))
        ids = [id for id, end in expired if end <= now]
        return await self.delete(ids) if ids else 0

    async def delete(self, ids: Sequence[str | bytes]) -> int:
        """Delete entries; return how many there were."""
        deleting = await self.deleting(ids)
        return Reply(deleting, await self.redis.change(deleting.commands))()

    async def heal(self) -> None:
        """Delete values of another type at our keys, and count them: they hold none of ours."""
        probes = self.probes()
        replies = await self.redis.send(probes)
        foreign = [
            command[1] for command, reply in zip(probes, replies, strict=True) if is_foreign(reply)
        ]
        if foreign:
            self.settings.count_damaged(len(foreign))
            await self.redis.unlink(foreign)
