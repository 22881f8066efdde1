"""What ScanIndex and MatrixIndex have in common: their entries lie in a Store."""

from collections.abc import Sequence

from semcache.index.base import Index, IndexSettings
from semcache.index.store import Store
from semcache.question import Command, Question

__all__ = ["StoredIndex"]


class StoredIndex(Index):
    """Entries in one hash; see the subclasses for how they are searched."""

    def __init__(self, settings: IndexSettings) -> None:
        super().__init__(settings)
        self._store = Store(settings)

    async def prepare(self) -> None:
        """Ask the server, once, whether single fields can have a TTL."""
        await self._store.prepare()

    async def deleting(self, ids: Sequence[str | bytes]) -> Question[int]:
        """Return the commands that delete entries and announce it."""
        return self._store.deleting(ids)

    async def size(self) -> int:
        """Return how many entries have not expired."""
        return len(await self._store.read_all())

    async def clear(self) -> None:
        """Delete all entries."""
        await self._store.clear()

    def adapts_to(self, error: Exception) -> bool:
        """Whether the server refused a TTL for single fields, and is not asked for one again."""
        return self._store.adapts_to(error)

    def probes(self) -> list[Command]:
        """Return a command for each key of ours."""
        return self._store.probes()
