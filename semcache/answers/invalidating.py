"""Delete the answers that something is true of: made from a source, of an LLM, too old.

What an answer was made from changes: a document, a price list. Then all answers that it shaped go,
in both tiers, with their copies, whichever process wrote them and whoever may be given them. The
scope's entries are all read for it: see :mod:`semcache.index.pages` for why.
"""

import logging
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta

from semcache import keys
from semcache.answers.caps import Caps
from semcache.answers.exact import exact_pages
from semcache.answers.generations import Generations
from semcache.answers.which import Which
from semcache.blocking import run
from semcache.index.answer import Answer
from semcache.index.base import IndexSettings
from semcache.index.pages import Entry, Page, pages
from semcache.policy import Policy

__all__ = ["AsyncInvalidates", "Invalidates", "Invalidation"]

log = logging.getLogger("semcache")

ROUNDS = 3  # what was copied while the first round deleted, the second finds; then nothing is left


class Invalidation:
    """Deletes answers of one scope by what they are.

    Args:
        settings: The port to Redis and the clock; the rest is not used.
        scope: Whose answers they are.
        generations: The scope's marks of what was deleted.
        caps: What counts the answers.
        policy: What happens when Redis fails.
    """

    def __init__(
        self,
        settings: IndexSettings,
        scope: str,
        generations: Generations,
        caps: Caps,
        policy: Policy,
    ) -> None:
        self._settings, self._redis, self._scope = settings, settings.redis, scope
        self._generations, self._caps, self._policy = generations, caps, policy

    async def __call__(
        self,
        tag: str | None,
        model: str | None,
        older_than: float | timedelta | None,
        where: Callable[[Answer], object] | None,
        dry_run: bool,
    ) -> int:
        """Do what :meth:`Invalidates.invalidate` promises."""
        wanted = Which.of(tag, model, older_than, where, self._settings.clock())
        return await self._policy.guard(self._delete(wanted, dry_run))

    async def _delete(self, wanted: Which, dry_run: bool) -> int:
        seen: set[tuple[str, str, float]] = set()
        for _ in range(1 if dry_run else ROUNDS):
            if not dry_run:
                await self._redis.change(self._generations.invalidating(wanted.tag))
            if not await self._round(wanted, seen, dry_run):
                break
        log.info("answers %s: %d", "to invalidate" if dry_run else "invalidated", len(seen))
        return len(seen)

    async def _round(self, wanted: Which, seen: set[tuple[str, str, float]], dry_run: bool) -> bool:
        """Go through all there is once; return whether anything was to go."""
        found_any = False
        for source, is_exact in (
            (pages(self._redis, keys.namespace(self._scope, "semantic")), False),
            (exact_pages(self._redis, self._scope), True),
        ):
            async with aclosing(source):
                async for page in source:
                    found = [entry for entry in page.entries if wanted.holds(entry.answer)]
                    seen.update(self._named(found))
                    found_any |= bool(found)
                    if found and not dry_run:
                        await self._go(page, found, is_exact)
        return found_any

    def _named(self, found: list[Entry]) -> set[tuple[str, str, float]]:
        """What names an answer and its copies alike, of those that are still to be served."""
        now = self._settings.clock()
        return {
            (one.audience, one.answer.source or one.answer.query, one.answer.created_at)
            for one in found
            if now < one.answer.expires_at
        }

    async def _go(self, page: Page, found: list[Entry], is_exact: bool) -> None:
        counted = [
            self._caps.name_at(
                one.audience,
                one.answer.query,
                one.id.split(b":")[-1].decode() if is_exact else None,
            )
            for one in found
            if one.answer.source is None  # a copy is not counted
        ]
        deleting = page.deleting([one.id for one in found])
        await self._redis.change([*deleting, *self._caps.forgetting(counted)])


class _HasAnswers:
    @property
    def _invalidation(self) -> Invalidation:
        raise NotImplementedError


class Invalidates(_HasAnswers):
    """What a blocking cache of answers can do."""

    def invalidate(
        self,
        tag: str | None = None,
        *,
        model: str | None = None,
        older_than: float | timedelta | None = None,
        where: Callable[[Answer], object] | None = None,
        dry_run: bool = False,
    ) -> int:
        """Delete the answers of the scope of which all that is given holds; return how many.

        In both tiers and with their copies, also those of other processes, other LLMs and prompts,
        and other embedding models. An answer counts once, however many copies it has; expired ones
        go uncounted. An answer that is on its way is not kept: with ``tag`` if it would have that
        tag, else whatever it is. Every entry of the scope is read, in small pages.

        Args:
            tag: One that the request gave in ``tags``.
            model: The LLM that gave the answer.
            older_than: Seconds or a ``timedelta`` since the answer was given.
            where: Called with each :class:`~semcache.index.answer.Answer` of which the rest holds.
            dry_run: Whether to count only, and leave all as it is.

        Raises:
            ConfigError: Nothing is given, or something that cannot be.
            CacheUnavailable: Redis failed; some answers may still be there.
        """
        return run(self._invalidation(tag, model, older_than, where, dry_run))


class AsyncInvalidates(_HasAnswers):
    """What an asynchronous cache of answers can do."""

    async def invalidate(
        self,
        tag: str | None = None,
        *,
        model: str | None = None,
        older_than: float | timedelta | None = None,
        where: Callable[[Answer], object] | None = None,
        dry_run: bool = False,
    ) -> int:
        """See :meth:`Invalidates.invalidate`."""
        return await self._invalidation(tag, model, older_than, where, dry_run)
