"""Ask the LLM, once for all who want the same, and keep what may be kept."""

import logging
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import aclosing
from typing import Any, Protocol

from semcache.answers.callbacks import at_once
from semcache.answers.completion import Admit, Completion, Finished
from semcache.answers.generations import Marks
from semcache.answers.lease import Lease
from semcache.answers.looked import Looked
from semcache.answers.options import AnswerOptions
from semcache.answers.renewing import NotRenewed, Pauses
from semcache.answers.request import Wanted
from semcache.answers.room import Room
from semcache.answers.rooms import Rooms
from semcache.answers.wishes import Wishes
from semcache.codecs import Vector
from semcache.errors import CacheUnavailable
from semcache.flights import Flights
from semcache.index.answer import Answer
from semcache.sharing.verdict import strictest
from semcache.stats import Stats

__all__ = ["Llm", "LlmCalls"]

log = logging.getLogger("semcache")

Pieces = AsyncGenerator[Any, None]
Ask = Callable[[Looked], Pieces]


class Llm(Protocol):
    """Asks for an answer; what it yields is what the caller gets, in pieces of its own kind."""

    def whole(self, request: Any, finished: Finished) -> Pieces:
        """Yield an answer in one piece, once it was ``finished``."""

    def pieces(self, request: Any, finished: Finished) -> Pieces:
        """Yield an answer as it comes; await ``finished`` once, when it has come to its end."""

    def of_kept(self, answer: Answer) -> Any:
        """Return what the caller gets of an answer that was kept, as one piece."""

    def is_outage(self, error: Exception) -> bool:
        """Whether an error says that the LLM fails, so that an older answer may do."""


class LlmCalls:
    """The part of the flow that costs money.

    Args:
        llm: Asks the LLM.
        flights: Where those meet who want the same at once.
        rooms: The answers, by audience.
        lease: What lets one process at a time answer a question.
        stats: Where LLM calls and their tokens are counted.
        admit: Which answers may be kept.
        options: Those of the cache.
    """

    def __init__(
        self,
        llm: Llm,
        flights: Flights,
        rooms: Rooms,
        lease: Lease | None,
        stats: Stats,
        admit: Admit,
        options: AnswerOptions,
    ) -> None:
        self._llm, self._flights, self._rooms, self._lease = llm, flights, rooms, lease
        self.stats, self._admit, self._options = stats, admit, options
        self._pauses = Pauses(options.renew_ahead, options.clock)

    def is_renewing(self, looked: Looked) -> bool:
        """Whether somebody in this process renews this answer now, or has just tried."""
        key = self._renewal(looked)
        return self._pauses.holds(key) or self._flights.in_progress(key)

    def _renewal(self, looked: Looked) -> Hashable:
        return "renewal", self._key(looked)

    def _key(self, looked: Looked) -> Hashable:
        """What two requests must have in common to share one LLM call.

        The marks keep requests before and after a deletion apart.
        """
        request, wishes = looked.request, looked.wishes
        marks = None if looked.marks is None else tuple(looked.marks.values())
        return request.audience, request.flight, wishes.ttl, wishes.keep, wishes.tags, marks

    async def answer(self, looked: Looked) -> str:
        """Return the answer that was found, or the LLM's."""
        if looked.text is not None:
            return looked.text
        return "".join([piece async for piece in self._asked(looked, self._whole)])

    async def pieces(self, looked: Looked) -> Pieces:
        """Yield the answer that was found in one piece, or the LLM's as it comes."""
        if looked.text is not None:
            yield looked.text
            return
        async with aclosing(self._asked(looked, self._streamed)) as pieces:
            async for piece in pieces:
                yield piece

    async def _asked(self, looked: Looked, ask: Ask) -> Pieces:
        """Yield the LLM's answer; if it fails before the first piece, what there is to spare."""
        started = False
        try:
            async with aclosing(self._shared(looked, ask)) as pieces:
                async for piece in pieces:
                    started = True
                    yield piece
            return
        except Exception as error:
            if started and isinstance(error, NotRenewed):  # what is handed out stays so
                return
            if started or looked.spare is None or not self._spares(looked, error):
                raise
            self.stats.count(stale=1)
            log.warning("the LLM failed: %s; an older answer is served", error)
        yield self._llm.of_kept(looked.spare)

    def _spares(self, looked: Looked, error: Exception) -> bool:
        """Whether an older answer does: one that lives whatever the LLM has against the request."""
        lives = looked.renews and not isinstance(error, CacheUnavailable)
        return lives or self._llm.is_outage(error)

    def _shared(self, looked: Looked, ask: Ask) -> Pieces:
        """Yield the LLM's answer; of those who want the same at once, one asks for all."""
        if not looked.wishes.read:  # an answer of its own was asked for
            return ask(looked)
        key, how = self._key(looked), self._alone
        if looked.renews:
            key, how = self._renewal(looked), self._renewed
        return self._flights.share(
            key, looked.since, lambda: how(looked, ask), lambda: self.stats.count(joined=1)
        )

    def _whole(self, looked: Looked) -> Pieces:
        return self._llm.whole(looked.request, self._finishing(looked))

    def _streamed(self, looked: Looked) -> Pieces:
        return self._llm.pieces(looked.request, self._finishing(looked))

    def _finishing(self, looked: Looked) -> Finished:
        async def finished(completion: Completion) -> None:
            await self._finished(looked, completion)

        return finished

    async def _finished(self, looked: Looked, completion: Completion) -> None:
        """Count an answer of the LLM, and keep it if that is wanted and right."""
        self.stats.count(api_calls=1, tokens=completion.tokens)
        log.info("LLM    %s, %d tokens", looked.request.model, completion.tokens)
        if not looked.wishes.keep or looked.marks is None:
            return
        if self._is_admitted(completion):
            vector = looked.lookup.vector if looked.lookup and not completion.calls else None
            await self._write(
                looked.room,
                looked.request,
                completion,
                looked.wishes,
                vector=vector,
                unless=looked.marks,
                replaces=looked.renews or not looked.wishes.read,
            )
        elif looked.renews:
            raise NotRenewed("what it said may not be kept")

    async def keep(self, request: Wanted, completion: Completion, wishes: Wishes) -> bool:
        """Keep an answer that somebody has, in place of an older one; return whether it was kept.

        Raises:
            InvalidInput: The question is too long to be embedded.
            openai.OpenAIError: Its embedding was needed and the API failed.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        if not wishes.keep or not self._is_admitted(completion):
            return False
        room, vector = self._rooms.of(request.audience), None
        if wishes.similar and not completion.calls:
            room.directions.check(request.query)
            vector = await room.directions.of(request.query)
        return await self._write(
            room, request, completion, wishes, vector=vector, unless=None, replaces=True
        )

    async def _write(
        self,
        room: Room,
        request: Wanted,
        completion: Completion,
        wishes: Wishes,
        *,
        vector: Vector | None,
        unless: Marks | None,
        replaces: bool,
    ) -> bool:
        answer = room.answer(
            request.query, completion.kept, wishes.ttl, tags=wishes.tags, model=request.model
        )
        kept = await room.keep(request, answer, vector, unless, replaces, wishes.asker)
        self._rooms.shrink()
        return kept

    def _is_admitted(self, completion: Completion) -> bool:
        """Whether an answer may be kept; a rule that raises says no, and is counted and told."""
        if completion.calls and not self._options.keep_calls:
            return False
        try:
            if not strictest(completion.text, self._options.answer_rules):
                return False
            return bool(at_once("admit", self._admit(completion)))
        except Exception:
            self.stats.count(errors=1)
            log.exception("the admission rule failed, so the answer is not kept")
            return False

    async def _renewed(self, looked: Looked, ask: Ask) -> Pieces:
        """Ask in place of an answer that lives, which other processes may do as well."""
        try:
            async with aclosing(ask(looked)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self._pauses.begin(self._renewal(looked))

    async def _alone(self, looked: Looked, ask: Ask) -> Pieces:
        """Ask, unless another process has answered while it held the lease."""
        lease = self._lease if looked.marks is not None and looked.wishes.keep else None
        if lease is None or not looked.wishes.read:
            held = None
        else:
            held, answer = await lease.take(looked.request)
            if answer is not None:
                self.stats.count(joined=1)
                yield self._llm.of_kept(answer)
                return
        try:
            async with aclosing(ask(looked)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            if lease is not None and held is not None:
                await lease.give_back(looked.request, held)
