"""The flow of the LLM caches, written once: look, else ask the LLM, keep what it says.

::

    request ─ first trip: exact tier, embedding, what changed, what was deleted
       ├─ exact hit ───────────────────────────────────── answer
       ├─ similar enough ─ promote into the exact tier ── answer
       └─ LLM ─ keep in both tiers ────────────────────── answer

It is ``async def`` over ports: see :mod:`semcache.ports`. What a request has found out so far is in
its :class:`Looked`, and nowhere else.
"""

import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, NamedTuple

import openai

from semcache.answers.completion import Admission, Completion, generate, stream
from semcache.answers.exact import NoExactTier
from semcache.answers.generations import Marks
from semcache.answers.match import Lookup, Match
from semcache.answers.request import Request
from semcache.answers.room import Room
from semcache.answers.rooms import Rooms
from semcache.answers.wishes import Wishes
from semcache.errors import BadResponse, InvalidInput
from semcache.flights import Flights
from semcache.index.answer import Answer
from semcache.policy import Policy
from semcache.ports import ApiPort, RedisPort
from semcache.question import Reply
from semcache.stats import Stats

__all__ = ["AnswerFlow", "Looked"]

log = logging.getLogger("semcache")


class Looked(NamedTuple):
    """What one request has found out.

    Attributes:
        request: The request.
        wishes: What it asked for.
        room: The answers that it may be given.
        since: When it began to look, by ``time.monotonic()``.
        text: The answer; ``None`` if the LLM must be asked.
        tier: Which tier has it: ``"exact"`` or ``"semantic"``.
        lookup: What the search by similarity found.
        marks: The marks of deletions at that time; ``None`` if Redis failed.
    """

    request: Request
    wishes: Wishes
    room: Room
    since: float
    text: str | None = None
    tier: str | None = None
    lookup: Lookup | None = None
    marks: Marks | None = None


class AnswerFlow:
    """From a request to its answer, through two tiers and the LLM.

    Args:
        redis: The port to Redis.
        api: The port to the LLM.
        flights: Where those meet who want the same at once.
        rooms: The answers, by audience.
        exact: The exact tier, or what is there in its place.
        policy: What happens when the first trip fails.
        stats: Where misses by similarity, LLM calls and their tokens are counted.
        exact_stats: Where hits and misses of the exact tier are counted.
        admit: Which answers may be kept.
    """

    def __init__(
        self,
        redis: RedisPort,
        api: ApiPort,
        flights: Flights,
        rooms: Rooms,
        exact: NoExactTier,
        policy: Policy,
        stats: Stats,
        exact_stats: Stats,
        admit: Admission,
    ) -> None:
        self.redis, self.api, self.rooms, self.exact = redis, api, rooms, exact
        self.policy, self.stats, self.exact_stats = policy, stats, exact_stats
        self._flights, self._admit = flights, admit

    # Looking ---------------------------------------------------------------------------------

    async def look(self, request: Request, wishes: Wishes) -> Looked:
        """Look in both tiers; what is found by similarity is promoted into the exact one."""
        room = self.rooms.of(request.audience)
        looked = Looked(request, wishes, room, time.monotonic())
        if not wishes.read and not wishes.keep:
            return looked
        read = await self.policy.attempt(
            None,
            self.redis.ask_all(
                self.exact.question(request),
                room.directions.question(request.query),
                room.index.question(),
                room.generations.question(room.mark_of(request)),
            ),
        )
        if read is None:  # Redis failed: do not wait for it again, neither to look nor to keep
            self.exact_stats.count(misses=1)
            self.stats.count(misses=1)
            return looked
        exact, embedding, changes, marks = read
        if wishes.read:
            found: Answer | None = exact()
            if found is not None and self._may_serve(found, looked):
                self.exact_stats.count(hits=1)
                log.info("exact hit")
                if room.index.is_behind(changes):
                    await self.policy.attempt(None, room.index.keep_up(changes))
                return looked._replace(text=found.response, tier="exact")
        self.exact_stats.count(misses=1)
        looked = looked._replace(marks=marks().answer)
        return await self._look_by_similarity(looked, embedding, changes, marks)

    def _may_serve(self, found: Answer, looked: Looked) -> bool:
        """Whether an answer of the exact tier may be served to this request."""
        if found.similarity < looked.wishes.least:
            return False
        if found.source is None:  # it was given to this very question
            return True
        room = looked.room
        if found.accepted_by is not None and found.accepted_by == room.acceptor:
            return True
        return room.accepts(
            found.source, looked.request.query, found.similarity, looked.wishes.least
        )

    async def _look_by_similarity(
        self, looked: Looked, embedding: Reply[Any], changes: Reply[Any], marks: Reply[Any]
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
            log.warning("the question was not embedded, so nothing similar is found: %s", error)
        if not looked.wishes.read or not embedded:
            self.stats.count(misses=1)
            return looked._replace(lookup=Lookup(request.query, vector=vector))
        lookup = await room.find(request, vector, looked.wishes.least, changes, marks)
        if lookup.match is None:
            marks_or_none = None if lookup.failed else looked.marks
            return looked._replace(lookup=lookup, marks=marks_or_none)
        await self._promote(room, request, lookup.match, marks().promotion)
        return looked._replace(text=lookup.match.response, tier="semantic", lookup=lookup)

    async def _promote(self, room: Room, request: Request, match: Match, marks: Marks) -> None:
        """Keep a copy in the exact tier, for as long as its source has left to live."""
        promoted = Answer(
            request.query,
            match.response,
            match.created_at,
            match.expires_at,
            match.similarity,  # a stricter request must not be served by it
            match.original_query,
            room.acceptor,
        )
        commands = self.exact.promoting(request, promoted)
        if commands:
            await self.policy.attempt(None, self.redis.change_if(marks, commands))

    # Asking ----------------------------------------------------------------------------------

    async def answer(self, looked: Looked) -> str:
        """Return the answer that was found, or the LLM's."""
        if looked.text is not None:
            return looked.text
        return "".join([piece async for piece in self._asked(looked, self._whole)])

    async def pieces(self, looked: Looked) -> AsyncGenerator[str, None]:
        """Yield the answer that was found in one piece, or the LLM's as it comes."""
        if looked.text is not None:
            yield looked.text
            return
        async with aclosing(self._asked(looked, self._streamed)) as pieces:
            async for piece in pieces:
                yield piece

    def _asked(
        self, looked: Looked, ask: Callable[[Looked], AsyncGenerator[str, None]]
    ) -> AsyncGenerator[str, None]:
        """Yield the LLM's answer; of those who want the same at once, one asks for all."""
        if not looked.wishes.read:  # an answer of its own was asked for
            return ask(looked)
        request, wishes = looked.request, looked.wishes
        marks = None if looked.marks is None else tuple(looked.marks.values())
        key = request.audience, request.query, wishes.ttl, wishes.keep, marks
        return self._flights.share(
            key, looked.since, lambda: ask(looked), lambda: self.stats.count(joined=1)
        )

    async def _whole(self, looked: Looked) -> AsyncGenerator[str, None]:
        completion = await generate(self.api, looked.request)
        await self._finished(looked, completion)
        yield completion.text

    async def _streamed(self, looked: Looked) -> AsyncGenerator[str, None]:
        async def finished(completion: Completion) -> None:
            await self._finished(looked, completion)

        async with aclosing(stream(self.api, looked.request, finished)) as pieces:
            async for piece in pieces:
                yield piece

    async def _finished(self, looked: Looked, completion: Completion) -> None:
        """Count an answer of the LLM, and keep it if that is wanted and right."""
        self.stats.count(api_calls=1, tokens=completion.tokens)
        log.info("LLM    %s, %d tokens", looked.request.model, completion.tokens)
        if looked.wishes.keep and looked.marks is not None and self._is_admitted(completion):
            answer = looked.room.answer(looked.request.query, completion.text, looked.wishes.ttl)
            vector = looked.lookup.vector if looked.lookup else None
            await looked.room.keep(looked.request, answer, vector, looked.marks)
            self.rooms.shrink()

    def _is_admitted(self, completion: Completion) -> bool:
        """Whether an answer may be kept; a rule that raises says no, and is counted and told."""
        if completion.calls:  # the text is only a part of the reply
            return False
        try:
            return bool(self._admit(completion))
        except Exception:
            self.stats.count(errors=1)
            log.exception("the admission rule failed, so the answer is not kept")
            return False

    # Deleting and judging --------------------------------------------------------------------

    async def delete(self, request: Request) -> bool:
        """Delete the answer to a question in both tiers; return whether there was one."""
        return await self.policy.guard(self.rooms.of(request.audience).delete(request))

    async def clear(self) -> int:
        """Delete all answers of the scope; return how many keys were deleted."""
        return await self.policy.guard(self.rooms.clear(self.redis))
