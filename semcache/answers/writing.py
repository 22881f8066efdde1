"""How an answer is kept: in both tiers, at once, and not if it was deleted meanwhile."""

import logging
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from semcache.answers.caps import Caps
from semcache.answers.exact import NoExactTier
from semcache.answers.generations import Mark, Marks
from semcache.answers.options import AnswerOptions
from semcache.answers.request import Wanted, id_of
from semcache.codecs import Vector
from semcache.expiry import end_of
from semcache.index.answer import Answer
from semcache.index.base import Index
from semcache.policy import Policy
from semcache.ports import RedisPort
from semcache.question import Command, Question, Reply, joined
from semcache.server import is_foreign

__all__ = ["Writer"]

log = logging.getLogger("semcache")

_REFUSED: Sequence[Any] = ("refused",)  # in place of replies


class _New(NamedTuple):
    """An answer, and what is written with it."""

    request: Wanted
    answer: Answer
    vector: Vector | None
    unless: Marks | None
    also: Sequence[Command]


class Writer:
    """Writes the answers of one audience.

    Args:
        redis: The port to the server.
        index: Keeps the answers with their vectors.
        exact: What else is written with each answer.
        caps: What bounds how many there are.
        policy: What happens when Redis fails.
        options: The clock, the jitter.
    """

    def __init__(
        self,
        redis: RedisPort,
        index: Index,
        exact: NoExactTier,
        caps: Caps,
        policy: Policy,
        options: AnswerOptions,
    ) -> None:
        self._redis, self._index, self._exact, self._caps = redis, index, exact, caps
        self._policy, self._options = policy, options

    def answer(
        self,
        query: str,
        response: str,
        ttl: float | None,
        tags: tuple[str, ...] = (),
        model: str = "",
    ) -> Answer:
        """Return an answer that lives from now on."""
        now = self._options.clock()
        if ttl is not None and self._options.jitter:
            ttl *= 1 - self._options.jitter * random.random()
        return Answer(query, response, now, end_of(ttl, now), tags=tags, model=model)

    async def keep(
        self,
        request: Wanted,
        answer: Answer,
        vector: Vector | None,
        unless: Marks | None,
        replaces: bool = False,
        asker: str | None = None,
    ) -> bool:
        """Write an answer in both tiers, at once; return whether it was written.

        Args:
            request: What it answers.
            answer: The answer.
            vector: The question's direction; without one only the exact tier can have it.
            unless: Marks that somebody may have changed meanwhile; ``None`` to write anyway.
            replaces: Whether there may be an older answer, whose copies go.
            asker: Who asked for it.
        """
        capping = self._caps.adding(request, answer, asker)
        new = _New(request, answer, vector, unless, capping.commands)
        replies = await self._policy.attempt(None, self._keep(new, replaces), _REFUSED)
        if replies is _REFUSED:  # perhaps what is the index's alone
            alone, replies = new._replace(vector=None), None
            if new.vector is not None:
                replies = await self._policy.attempt(None, self._keep(alone, False))
        if replies:
            enforced = self._caps.enforce(Reply(capping, replies), asker)
            await self._policy.attempt(None, enforced)
        return replies is not None

    async def copy(self, request: Wanted, copy: Answer, mark: Mark, lasting: int) -> bool:
        """Write a copy in the exact tier; return whether it was. May raise a Redis error.

        What it is given is said at :meth:`semcache.answers.exact.ExactTier.copying`.
        """
        copying = self._exact.copying(request, copy, mark, lasting)
        try:
            return await self._redis.ask(copying)
        except Exception as error:
            if not is_foreign(error):
                raise
        await self._exact.heal(self._redis, request, copy)
        return await self._redis.ask(copying)

    async def _keep(self, new: _New, replaces: bool) -> Sequence[Any] | None:
        if replaces:  # as the write does, only while the marks stand
            await self._redis.change(self._exact.deleting(new.request, new.unless).commands)
        try:
            return await self._write(new)
        except Exception as error:
            if not self._index.adapts_to(error):
                if not is_foreign(error):
                    raise
                await self._index.heal()
                await self._exact.heal(self._redis, new.request, new.answer)
        return await self._write(new)

    async def _write(self, new: _New) -> Sequence[Any] | None:
        """Return the replies to what is written also; ``None`` if nothing was written."""
        writing: Question[Any] = self._exact.writing(new.request, new.answer)
        if new.vector is not None:
            await self._index.prepare()
            index = self._index.adding(id_of(new.answer.query), new.answer, new.vector)
            writing = joined(index, writing)
        if not writing.commands:
            return None
        replies = await self._changed([*writing.commands, *new.also], new.unless)
        if replies is None:
            log.info("not kept: it was deleted meanwhile")
            return None
        read = Reply(writing, replies)()
        if new.vector is not None:
            await self._index.sweep(read[0])
        return replies[len(writing.commands) :]

    async def _changed(
        self, commands: Sequence[Command], unless: Marks | None
    ) -> Sequence[Any] | None:
        if unless is None:
            return await self._redis.change(commands)
        return await self._redis.change_if(unless, commands)
