"""A room: the answers that one audience may be given, and how one of them is found."""

import logging
from collections.abc import Sequence
from typing import Any

from semcache import sharing
from semcache.answers.callbacks import fingerprint_of
from semcache.answers.caps import Caps
from semcache.answers.directions import Directions
from semcache.answers.exact import NoExactTier
from semcache.answers.generations import Generations, Read
from semcache.answers.invalidating import Invalidation
from semcache.answers.match import Lookup, Match, Near, accepts
from semcache.answers.near_misses import NearMiss, NearMisses
from semcache.answers.options import AnswerOptions
from semcache.answers.prefixes import SharedPrefix
from semcache.answers.request import Wanted, id_of
from semcache.answers.writing import Writer
from semcache.codecs import Vector
from semcache.errors import ConfigError
from semcache.index.base import Found, Index
from semcache.policy import Policy
from semcache.ports import RedisPort
from semcache.question import NOTHING, Reply, joined
from semcache.server import is_foreign
from semcache.stats import Stats

__all__ = ["CANDIDATES", "Room"]

log = logging.getLogger("semcache")

CANDIDATES = 5  # that a verifier may be asked about: the nearest may be a trap


class Room:
    """Finds and keeps the answers of one audience; a request's state is not in here.

    Args:
        redis: The port to the server.
        index: Keeps the answers with their vectors.
        directions: Turns a question into a direction.
        options: The threshold, the verifier, the clock.
        stats: Where hits and misses are counted.
        policy: What happens when Redis fails.
        near_misses: Where those are noted that were near and not served.
        exact: What else is written with each answer.
        generations: The scope's marks of what was deleted.
        caps: What bounds how many answers there are.
        invalidation: Deletes the scope's answers by what they are.
        prefix: Told of each two questions that share an answer.
        audience: Whose answers these are.
    """

    def __init__(
        self,
        redis: RedisPort,
        index: Index,
        directions: Directions,
        options: AnswerOptions,
        stats: Stats,
        policy: Policy,
        near_misses: NearMisses,
        exact: NoExactTier,
        generations: Generations,
        caps: Caps,
        invalidation: Invalidation,
        prefix: SharedPrefix,
        audience: str,
    ) -> None:
        self.audience = audience
        self.redis, self.index, self.directions, self.options = redis, index, directions, options
        self.stats, self.policy, self.near_misses = stats, policy, near_misses
        self.exact, self.generations, self._caps = exact, generations, caps
        self.invalidation, self._prefix = invalidation, prefix
        writer = Writer(redis, index, exact, caps, policy, options)
        self.answer, self.keep, self.copy = writer.answer, writer.keep, writer.copy

    # Finding ---------------------------------------------------------------------------------

    async def lookup(self, request: Wanted, least: float) -> Lookup:
        """Look for the answer to a similar question, first trip to Redis included."""
        read = await self.policy.attempt(None, self._first_trip(request))
        if read is None:
            self.stats.count(misses=1)
            return Lookup(request.query, failed=True)
        embedding, changes, marks = read
        vector = await self.directions.of(request.query, embedding)
        return await self.find(request, vector, least, changes, marks)

    async def _first_trip(self, request: Wanted) -> tuple[Reply[Any], Reply[Any], Read | None]:
        of, read = self.mark_of(request), None
        for seen in (self.generations.question, self.generations.beginning):
            marks, embedding, changes = await self.redis.ask_all(
                seen(of) if self.near_misses.wanted else NOTHING,
                self.directions.question(request.query),
                self.index.question(),
            )
            read = marks()
            if read is not None and read.foreign:
                self.stats.count(errors=read.foreign)
            if read is None or read.has_begun:
                break
        return embedding, changes, read

    async def find(
        self,
        request: Wanted,
        vector: Vector | None,
        least: float,
        changes: Reply[object],
        marks: Read | None,
    ) -> Lookup:
        """Find the answer to a similar question, after the first trip."""
        found = await self.policy.attempt(None, self._nearest(vector, changes), refused=[])
        if found is None:  # an outage; what the index may not do the exact tier perhaps may
            self.stats.count(misses=1)
            return Lookup(request.query, vector=vector, failed=True)
        nearest = Near(found[0].answer.query, found[0].similarity) if found else None
        served = next((one for one in found if self._may_serve(request, one, least, found)), None)
        if served is None:
            self.stats.count(misses=1)
            if nearest:
                log.info("semantic miss, highest similarity %.3f", nearest.similarity)
            elif vector is None:
                log.info("semantic miss, the embedding of the question is all zeros")
            else:
                log.info("semantic miss, nothing is stored")
            if found and vector is not None:
                self._note(request, vector, found[0], marks)
            return Lookup(request.query, None, nearest, vector)
        self.stats.count(hits=1)
        if log.isEnabledFor(logging.INFO):
            log.info("semantic hit, similarity %.3f", served.similarity)
            log.info("   original question: %s", served.answer.query)
        self._prefix.look(served.answer.query, request.query, served.similarity)
        match = Match.of(request.query, served, _margin(served, found))
        return Lookup(request.query, match, nearest, vector)

    def _note(self, request: Wanted, vector: Vector, best: Found, marks: Read | None) -> None:
        if self.near_misses.wanted and marks is not None:
            miss = NearMiss(request, vector, best.answer, best.similarity, dict([marks.any]))
            self.near_misses.note(miss)

    async def _nearest(self, vector: Vector | None, changes: Reply[object]) -> list[Found]:
        if vector is None:
            return []
        try:
            return await self.index.nearest(vector, CANDIDATES, changes)
        except Exception as error:
            if not is_foreign(error):
                raise
        await self.index.heal()  # values of another type hold none of our entries
        return []

    def _may_serve(self, request: Wanted, one: Found, least: float, found: Sequence[Found]) -> bool:
        """Whether a candidate is similar enough, and the verifier accepts it."""
        if one.similarity < least:
            return False
        if self.options.verifier is None and not self.options.refuse_excess:
            return True
        margin = _margin(one, found)
        if self.accepts(one.answer.query, request.query, one.similarity, least, margin):
            return True
        log.info("refused, similarity %.3f: %s", one.similarity, one.answer.query)
        return False

    def accepts(
        self, cached: str, asked: str, similarity: float, least: float, margin: float | None = None
    ) -> bool:
        """Whether the verifier accepts; one that raises refuses, and is counted and told."""
        if self.options.refuse_excess and sharing.said_more(cached, asked):
            return False
        if self.options.verifier is None:
            return True
        try:
            return accepts(self.options.verifier, cached, asked, similarity, least, margin)
        except Exception:
            self.stats.count(errors=1)
            log.exception("the verifier failed, so it refuses")
            return False

    @property
    def acceptor(self) -> str | None:
        """What names the verifier in the copies that it accepted, if it has such a name.

        A verifier with a ``fingerprint``, a text that changes when its verdicts may, is not asked
        again about a copy that it accepted before.
        """
        try:
            return fingerprint_of(self.options.verifier)
        except ConfigError:
            self.stats.count(errors=1)
            log.exception("the verifier has no fingerprint now, so it is asked again")
            return None

    # Deleting --------------------------------------------------------------------------------

    def mark_of(self, request: Wanted) -> str:
        """Return what names a question among the marks of the scope.

        An answer that goes with a question's is on its way no longer if that one is deleted.
        """
        name = request.id if request.goes_with is None else id_of(request.goes_with)
        return f"{self.audience}:{name}"

    async def clear(self) -> None:
        """Delete all answers of this audience, in both tiers."""
        await self.redis.change(self.generations.clearing())
        await self.index.clear()
        await self.exact.clear(self.redis, self.audience)
        await self._caps.forget_all(self.audience)

    async def delete(self, request: Wanted) -> bool:
        """Delete the answer to a question in both tiers; return whether there was one.

        So also what an answer that was promoted to this question came from, and all its copies.
        """
        found = False
        for spelt in await self.exact.spellings(self.redis, request):
            one = request.asking(spelt)
            deleting = joined(await self.index.deleting([id_of(spelt)]), self.exact.deleting(one))
            marking = self.generations.deleting(self.mark_of(one))
            forgetting = self._caps.forgetting([self._caps.name_of(one)])
            replies = await self.redis.change([*deleting.commands, *marking, *forgetting])
            found |= sum(Reply(deleting, replies)()) > 0
        return found


def _margin(served: Found, found: Sequence[Found]) -> float | None:
    """How far the next candidate with another answer is behind; the nearest comes first."""
    response = served.answer.response
    for one in found:
        if one.answer.response != response:
            return round(served.similarity - one.similarity, 6)
    return None
