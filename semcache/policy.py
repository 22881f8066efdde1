"""What a cache does when Redis fails: go on without it, or raise. One policy for every cache."""

import logging
import re
from collections.abc import Coroutine
from typing import Any, TypeVar

from semcache.errors import CacheUnavailable
from semcache.failures import FAILURES, OUTAGES, LeftAlone, Overloaded
from semcache.ports import insists
from semcache.server import lacks
from semcache.stats import Stats

__all__ = ["Policy"]

log = logging.getLogger("semcache")
T = TypeVar("T")
_COMMAND = re.compile(r"Command # \d+ \((\w+)|'(\w+)' command")  # as redis-py and Redis name it


class Policy:
    """What a cache does when Redis fails.

    What a caller asked for by name is *guarded*: it raises :class:`CacheUnavailable`. What stands
    on the way to an answer is *attempted*: a failure is counted, told once, and passed over,
    unless the caller chose ``on_error="raise"``.

    Args:
        stats: Where failures are counted.
        on_error: ``"bypass"`` or ``"raise"``.
        instead: What happens without Redis; ends the warning.
    """

    def __init__(self, stats: Stats, on_error: str, instead: str) -> None:
        self._stats, self._instead = stats, instead
        self._raises = on_error == "raise"
        self._told: set[tuple[str, ...]] = set()

    async def guard(self, operation: Coroutine[Any, Any, T]) -> T:
        """Return the result.

        Raises:
            CacheUnavailable: Redis failed.
        """
        insisting = insists.set(True)
        try:
            return await operation
        except FAILURES as error:
            raise CacheUnavailable(f"Redis failed: {error}") from error
        finally:
            insists.reset(insisting)

    async def attempt(
        self, otherwise: T, operation: Coroutine[Any, Any, T], refused: T | None = None
    ) -> T:
        """Return the result, or ``otherwise`` if Redis failed.

        Where ``refused`` is given, it is returned instead if Redis works, but lacks a command, or
        this user the right to it.

        Raises:
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        try:
            return await operation
        except FAILURES as error:
            self._count(error)
            if self._raises:
                raise CacheUnavailable(f"Redis failed: {error}") from error
            return refused if refused is not None and lacks(error) else otherwise

    def _count(self, error: Exception) -> None:
        """Count a failure; tell what the breaker does not tell, once of each kind."""
        if isinstance(error, LeftAlone):
            self._stats.count(bypassed=1)
            return
        if isinstance(error, Overloaded):
            self._stats.count(overloads=1)
        else:
            self._stats.count(errors=1)
        kind = _kind(error)
        if not isinstance(error, OUTAGES) and kind not in self._told:
            self._told.add(kind)
            log.warning("Redis failed: %s; %s where it does", error, self._instead)


def _kind(error: Exception) -> tuple[str, ...]:
    """What is told once: the error's class, its first word, such as MISCONF, and the command."""
    said = str(error)
    command = _COMMAND.search(said)
    name = "" if command is None else (command[1] or command[2]).upper()
    return type(error).__name__, said.rpartition("caused error: ")[2].partition(" ")[0], name
