"""What every semantic cache has, whichever its face: one room, and what is asked of it."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any, ClassVar, Unpack

from semcache.answers.context import last_lookup, remember
from semcache.answers.directions import Directions, model_of
from semcache.answers.embeds import check_embeds
from semcache.answers.exact import NoExactTier
from semcache.answers.invalidating import Invalidation
from semcache.answers.judging import Judge, judge_near_misses
from semcache.answers.keywords import SemanticKeywords, answer_options
from semcache.answers.match import Embeds, Lookup, Near, check_verifier
from semcache.answers.near_misses import NearMisses
from semcache.answers.observed import observed
from semcache.answers.options import check_threshold
from semcache.answers.request import Request
from semcache.answers.room import Room
from semcache.answers.rooms import opens_rooms
from semcache.answers.wishes import Own, check_tags
from semcache.codecs import Vector
from semcache.embedding.api import check_texts
from semcache.errors import ConfigError, InvalidInput
from semcache.expiry import check_ttl
from semcache.locks import HoldsConnections
from semcache.options import check_label
from semcache.ports import Ports
from semcache.stats import Stats

__all__ = ["SemanticFace"]


class SemanticFace(HoldsConnections):
    """What both faces of a semantic cache have; see the subclasses for use."""

    PORTS: ClassVar[Ports]

    def __init__(
        self,
        redis_client: Any,
        embedding_cache: Embeds,
        *,
        audience: str = "",
        stats: Stats | None = None,
        **options: Unpack[SemanticKeywords],
    ) -> None:
        redis = self.PORTS.redis(redis_client)
        own = answer_options(options, type(self), "SemanticCache")
        check_embeds(embedding_cache)
        if audience != "":
            check_label("audience", audience)
        if not isinstance(stats, Stats | None):
            raise ConfigError(f"stats is {stats!r}: give those of another cache, or None")
        check_verifier(own.verifier, embedding_cache.model)
        directions = Directions(embedding_cache, redis_client, self.PORTS)
        opens = opens_rooms(
            redis=redis,
            flights=self.PORTS.flights(),
            directions=directions,
            model=model_of(embedding_cache),
            options=own,
            stats=Stats() if stats is None else stats,
            near_misses=NearMisses(own.judge_from),
            exact=NoExactTier(),
        )
        self._adopt(opens(audience), embedding_cache)

    @classmethod
    def of_room(cls, room: Room, embedding_cache: Embeds, model: str) -> Any:
        """Return the face of a room of an LLM cache, for the answers of one LLM."""
        face = cls.__new__(cls)
        face._adopt(room, embedding_cache, model)
        return face

    def _adopt(self, room: Room, embedding_cache: Embeds, model: str = "") -> None:
        self.room, self.embedding_cache, self._model = room, embedding_cache, model
        self.stats = room.stats

    @property
    def _invalidation(self) -> Invalidation:
        return self.room.invalidation

    @property
    def threshold(self) -> float:
        """Least similarity to serve an answer."""
        return self.room.options.threshold

    @property
    def last_lookup(self) -> Near | None:
        """The best candidate of this thread's or task's last lookup; ``None`` if there was none.

        :meth:`search` returns it together with the match.
        """
        lookup = last_lookup(self.room)
        return None if lookup is None else lookup.nearest

    @property
    def near_misses(self) -> int:
        """How many near misses wait for a judge."""
        return self.room.near_misses.count(self.room.audience)

    async def _judge(self, judge: Judge | Callable[..., Awaitable[bool]], most: int) -> int:
        room = self.room
        return await judge_near_misses(room.near_misses, lambda _: room, judge, most, room.audience)

    def _request(self, query: str) -> Request:
        return Request(query, "", of=self.room.audience)

    async def _search(self, query: str, threshold: float | None) -> Lookup:
        least = self.threshold if threshold is None else check_threshold(threshold)
        check_texts([query])
        remember(Lookup(query), self.room)
        self.room.directions.check(query)
        lookup = await observed(self.stats, self.room.lookup(self._request(query), least))
        remember(lookup, self.room)
        return lookup

    async def _add(
        self,
        query: str,
        response: str,
        ttl: float | timedelta | Own | None,
        tags: Iterable[str],
    ) -> None:
        seconds = self.room.options.seconds if isinstance(ttl, Own) else check_ttl(ttl)
        labels = check_tags(tags), self._model
        check_texts([query])
        if not isinstance(response, str):
            raise InvalidInput(f"response is {type(response).__name__}, not str")
        last = last_lookup(self.room)
        if last is not None and last.query == query and last.vector is not None:
            vector: Vector | None = last.vector  # the lookup before this has just embedded it
        else:
            self.room.directions.check(query)
            vector = await self.room.directions.of(query)
        if vector is None:  # no direction, so never similar to anything
            self.stats.count(errors=1)
            return
        answer = self.room.answer(query, response, seconds, *labels)
        await self.room.keep(self._request(query), answer, vector, None, replaces=True)

    async def _delete(self, query: str) -> bool:
        check_texts([query])
        return await self.room.policy.guard(self.room.delete(self._request(query)))
