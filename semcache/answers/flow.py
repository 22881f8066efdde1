"""The flow of the LLM caches, written once: look, else ask the LLM, keep what it says.

::

    request ─ first trip: exact tier, embedding, what changed, what was deleted
       ├─ exact hit ───────────────────────────────────── answer
       ├─ similar enough ─ promote into the exact tier ── answer
       └─ LLM ─ keep in both tiers ────────────────────── answer

It is ``async def`` over ports: see :mod:`semcache.ports`. What a request has found out so far is in
its :class:`Looked`, and nowhere else.

A question that had an exact hit before will most likely have another: only the exact tier is asked
about it, and the rest on a second trip if that answer has gone. So repeated questions, most of an
application's hits, send one command, and the embedding stays where it is.
"""

import logging
import math
import random
import time
from typing import Any

import openai

from semcache.answers.asking import LlmCalls
from semcache.answers.exact import NoExactTier
from semcache.answers.generations import Read
from semcache.answers.looked import Looked
from semcache.answers.match import Lookup, Match
from semcache.answers.options import AnswerOptions
from semcache.answers.request import Wanted
from semcache.answers.room import Room
from semcache.answers.rooms import Rooms
from semcache.answers.wishes import Wishes
from semcache.errors import BadResponse, InvalidInput
from semcache.index.answer import Answer
from semcache.policy import Policy
from semcache.ports import RedisPort
from semcache.question import NOTHING, Reply
from semcache.stats import Stats

__all__ = ["AnswerFlow"]

log = logging.getLogger("semcache")

FAMILIAR = 10_000  # questions that are known to have had an exact hit


class AnswerFlow:
    """From a request to its answer, through two tiers and the LLM.

    Args:
        redis: The port to Redis.
        rooms: The answers, by audience.
        exact: The exact tier, or what is there in its place.
        llm_calls: Asks the LLM.
        policy: What happens when the first trip fails.
        options: Those of the cache.
        stats: Where misses by similarity are counted.
        exact_stats: Where hits and misses of the exact tier are counted.
    """

    def __init__(
        self,
        redis: RedisPort,
        rooms: Rooms,
        exact: NoExactTier,
        llm_calls: LlmCalls,
        policy: Policy,
        options: AnswerOptions,
        stats: Stats,
        exact_stats: Stats,
    ) -> None:
        self.redis, self.rooms, self.exact, self._llm_calls = redis, rooms, exact, llm_calls
        self.policy, self.stats, self.exact_stats = policy, stats, exact_stats
        self._options = options
        self.answer, self.pieces, self.keep = llm_calls.answer, llm_calls.pieces, llm_calls.keep
        self._familiar: set[str] = set()  # questions that had an exact hit

    # Looking ---------------------------------------------------------------------------------

    async def look(self, request: Wanted, wishes: Wishes) -> Looked:
        """Look in both tiers; what is found by similarity is promoted into the exact one."""
        looked = Looked(request, wishes, self.rooms.of(request.audience), time.monotonic())
        if not wishes.read and not wishes.keep:
            return looked
        looked = await self._look(looked)
        if looked.text is not None and self._options.hit_takes:
            since = time.monotonic() - looked.since
            await self.redis.sleep(max(0.0, self._options.hit_takes - since))
        if self.stats.observers and (served := looked.served()) is not None:
            self.stats.tell(served)
        return looked

    async def _look(self, looked: Looked) -> Looked:
        wishes, room = looked.wishes, looked.room
        of = room.mark_of(looked.request)
        alone = wishes.read and of in self._familiar
        read = await self.policy.attempt(None, self._first_trip(looked, of, alone))
        if read is None:  # Redis failed: do not wait for it again, neither to look nor to keep
            self.exact_stats.count(misses=1)
            self.stats.count(misses=1)
            return looked
        found, embedding, changes, marks = read
        if wishes.read and found is not None and self._may_serve(found, looked, marks):
            if self._is_stale(found):
                looked = looked._replace(spare=found)
            elif self._renews(found, looked, marks):
                return looked._replace(spare=found, marks=marks.answer, renews=True)
            else:
                self.exact_stats.count(hits=1)
                log.info("exact hit")
                if not alone:
                    self._make_familiar(of)
                    if wishes.similar and room.index.is_behind(changes):
                        await self.policy.attempt(None, room.index.keep_up(changes))
                return Looked(*looked[:4], found, found.response, "exact")  # faster than _replace
        if alone:  # it has gone meanwhile
            self._familiar.discard(of)
            return await self._look(looked)
        if self.exact.is_there:
            self.exact_stats.count(misses=1)
        if not wishes.similar:
            self.stats.count(misses=1)
            return looked._replace(marks=marks.answer)
        return await self._look_by_similarity(looked, embedding, changes, marks)

    async def _first_trip(
        self, looked: Looked, of: str, alone: bool
    ) -> tuple[Answer | None, Reply[Any], Reply[Any], Read]:
        """Ask all that is known to be wanted; read what decides how to go on.

        The exact tier is asked ``alone`` if it is likely to have the answer.
        """
        request, room = looked.request, looked.room
        similar = looked.wishes.similar and not alone
        for seen in (room.generations.question, room.generations.beginning):
            marks, exact, embedding, changes = await self.redis.ask_all(
                seen(of, looked.wishes.tags),
                self.exact.question(request),
                room.directions.question(request.query) if similar else NOTHING,
                room.index.question() if similar else NOTHING,
            )
            read = marks()
            if read.foreign:
                self.stats.count(errors=read.foreign)
            if read.has_begun:
                break  # who finds a new scope, or one that was flushed, looks again
        return exact(), embedding, changes, read

    def _make_familiar(self, of: str) -> None:
        if len(self._familiar) >= FAMILIAR:
            self._familiar.pop()  # any
        self._familiar.add(of)

    def _may_serve(self, found: Answer, looked: Looked, marks: Read) -> bool:
        """Whether an answer of the exact tier may be served to this request."""
        if found.similarity < looked.wishes.least:
            return False
        if found.source is None:  # it was given to this very question
            return True
        if found.mark != marks.mark:  # something was deleted since, perhaps its source
            return False
        room = looked.room
        if found.accepted_by is not None and found.accepted_by == room.acceptor:
            return True
        return room.accepts(
            found.source, looked.request.query, found.similarity, looked.wishes.least
        )

    def _is_stale(self, found: Answer) -> bool:
        return found.expires_at <= self._options.clock()

    def _renews(self, found: Answer, looked: Looked, marks: Read) -> bool:
        """Whether this caller renews an answer ahead of its expiry; one at a time does.

        The nearer the expiry, the likelier (probabilistic early expiration: A. Vattani, F.
        Chierichetti, K. Lowenstein, Optimal Probabilistic Cache Stampede Prevention, VLDB 2015).
        """
        ahead = self._options.renew_ahead
        if not ahead or found.source is not None or not looked.wishes.keep:
            return False
        early = -ahead * math.log(1 - random.random())
        if self._options.clock() + early < found.expires_at:
            return False
        return not self._llm_calls.is_renewing(looked._replace(marks=marks.answer))

    async def _look_by_similarity(
        self, looked: Looked, embedding: Reply[Any], changes: Reply[Any], marks: Read
    ) -> Looked:
        request, room = looked.request, looked.room
        vector, embedded = None, True
        try:
            room.directions.check(request.query)
            vector = await room.directions.of(request.query, embedding)
        except (openai.OpenAIError, BadResponse, InvalidInput) as error:
            # A cache never fails the request: the LLM may well answer what cannot be embedded.
            embedded = False
            self.stats.count(errors=1)
            unknown = isinstance(error, openai.NotFoundError | openai.BadRequestError)
            ask = " Is embedding_model one that this API has?" if unknown else ""
            log.warning(
                "the question was not embedded, so nothing similar is found: %s%s", error, ask
            )
        if not looked.wishes.read or not embedded:
            self.stats.count(misses=1)
            lookup = Lookup(request.query, vector=vector)
            return looked._replace(lookup=lookup, marks=marks.answer)
        lookup = await room.find(request, vector, looked.wishes.least, changes, marks)
        if lookup.match is None:
            may_keep = None if lookup.failed else marks.answer
            return looked._replace(lookup=lookup, marks=may_keep)
        if self.exact.is_there:
            await self._promote(room, request, lookup.match, marks)
        return Looked(*looked[:4], None, lookup.match.response, "semantic", lookup)

    async def _promote(self, room: Room, request: Wanted, match: Match, marks: Read) -> None:
        """Keep a copy in the exact tier, for as long as its source has left to live.

        What the copy carries of the marks lives as long, or it would be served no longer.
        """
        promoted = Answer(
            query=request.query,
            response=match.response,
            created_at=match.created_at,
            expires_at=match.expires_at,
            similarity=match.similarity,  # a stricter request must not be served by it
            source=match.original_query,
            accepted_by=room.acceptor,
            tags=match.tags,
            model=match.model,
            mark=marks.mark,
        )
        until = match.expires_at + self._options.stale_if_error
        lasting = room.generations.lasting(marks, until, self._options.clock())
        copying = room.copy(request, promoted, marks.any, lasting)
        if await self.policy.attempt(False, copying) and lasting:
            room.generations.lasts(marks, until)

    async def contains(self, request: Wanted) -> bool:
        """Whether the exact tier has an answer that was given to this very question."""
        found = await self.policy.guard(self.redis.ask(self.exact.question(request)))
        return found is not None and found.source is None and self.exact.is_fresh(found)

    # Deleting --------------------------------------------------------------------------------

    async def delete(self, request: Wanted) -> bool:
        """Delete the answer to a question in both tiers; return whether there was one."""
        return await self.policy.guard(self.rooms.of(request.audience).delete(request))

    async def clear(self) -> int:
        """Delete all answers of the scope; return how many keys were deleted."""
        return await self.policy.guard(self.rooms.clear(self.redis))
