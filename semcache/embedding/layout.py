"""Where the entries of an embedding cache lie in Redis: a layout for each kind."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from semcache.ports import RedisPort
from semcache.question import Question

__all__ = ["Item", "Layout"]


class Item(NamedTuple):
    """What is written for one text: its digest, the stored bytes, seconds to live."""

    digest: str
    data: bytes
    ttl: float | None


class Layout(ABC):
    """Bytes under digests; every method may raise ``redis.RedisError``."""

    @abstractmethod
    def read(self, digests: Sequence[str]) -> Question[Sequence[bytes | None]]:
        """Return the question for the stored bytes of each digest; one command."""

    async def prepare(self, redis: RedisPort) -> None:  # noqa: B027
        """Refuse, before anything is paid, a server that cannot do what was asked.

        Raises:
            UnsupportedServer: Says what it lacks.
        """

    @abstractmethod
    async def write(self, redis: RedisPort, items: Sequence[Item], only_existing: bool) -> int:
        """Store items on one trip; return how many values of another type gave way."""

    @abstractmethod
    async def delete(self, redis: RedisPort, digest: str) -> bool:
        """Delete one entry; return whether there was one."""

    @abstractmethod
    async def count(self, redis: RedisPort) -> int:
        """Return how many entries there are."""

    @abstractmethod
    async def clear(self, redis: RedisPort) -> int:
        """Delete all entries; return how many there were."""
