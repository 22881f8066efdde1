"""What every LLM cache has, whichever its face: its parts, put together."""

import logging
from collections.abc import Coroutine, Iterable
from datetime import timedelta
from typing import Any, ClassVar, NamedTuple

from semcache.answers.asking import Llm, LlmCalls
from semcache.answers.callbacks import check_plain
from semcache.answers.completion import Admit, Completion, Completions, complete_answers
from semcache.answers.context import last_lookup, remember
from semcache.answers.directions import Directions, model_of
from semcache.answers.embeds import embeds_of
from semcache.answers.exact import NoExactTier
from semcache.answers.flow import AnswerFlow
from semcache.answers.generations import Generations
from semcache.answers.invalidating import Invalidation
from semcache.answers.keywords import answer_options
from semcache.answers.lease import Lease
from semcache.answers.looked import Looked
from semcache.answers.match import Embeds, Near, check_verifier
from semcache.answers.near_misses import NearMisses
from semcache.answers.observed import ObservedLlm
from semcache.answers.options import AnswerOptions, check_threshold
from semcache.answers.request import Request, Wanted
from semcache.answers.rooms import Rooms, opens_rooms
from semcache.answers.wishes import OWN, Own, Wishes
from semcache.embedding.faces import EmbeddingFace
from semcache.flights import Flights
from semcache.locks import HoldsConnections
from semcache.options import check_callable
from semcache.policy import Policy
from semcache.ports import ApiPort, Ports, RedisPort
from semcache.sharing.verdict import Verdicts
from semcache.stats import Stats

__all__ = ["TTL", "AnswersFace", "Parts", "TextAnswers"]

log = logging.getLogger("semcache")

TTL = float | timedelta | Own | None


class Parts(NamedTuple):
    """What the tiers of one LLM cache share.

    Attributes:
        redis: The port to Redis.
        llm: Asks the LLM.
        options: Those of the cache.
        embedding_cache: What embeds questions.
        stats: Hits and misses by similarity, LLM calls, errors.
        admit: Which answers may be kept.
        flights: Where those meet who want the same at once.
        near_misses: What was near and not served.
        rooms: The answers, by audience.
    """

    redis: RedisPort
    llm: Llm
    options: AnswerOptions
    embedding_cache: Embeds
    stats: Stats
    admit: Admit
    flights: Flights
    near_misses: NearMisses
    rooms: Rooms


class AnswersFace(HoldsConnections):
    """What both faces of every LLM cache have; see the subclasses for use."""

    PORTS: ClassVar[Ports]
    EMBEDDING: ClassVar[type[EmbeddingFace]]
    TAKES: ClassVar[str]  # which options: a name in semcache.answers.keywords.TAKES
    flow: AnswerFlow

    def __init__(
        self,
        redis_client: Any,
        openai_client: Any,
        *,
        embedding_cache: Embeds | None = None,
        embedding_model: str | None = None,
        embed_within: float | None = None,
        admit: Admit = complete_answers,
        **options: Any,
    ) -> None:
        redis, llm = self.PORTS.redis(redis_client), self._llm(self.PORTS.api(openai_client))
        own = answer_options(options, type(self), self.TAKES)
        check_callable("admit", admit, "a function of a completion")
        check_plain("admit", admit)
        embeddings = embeds_of(
            self.EMBEDDING,
            redis_client,
            openai_client,
            own,
            embedding_cache=embedding_cache,
            embedding_model=embedding_model,
            embed_within=embed_within,
        )
        check_verifier(own.verifier, embeddings.model)
        embedded_by = model_of(embeddings)
        exact, flights = self._exact_tier(own, embedded_by), self.PORTS.flights()
        stats, near_misses = Stats(), NearMisses(own.judge_from)
        opens = opens_rooms(
            redis=redis,
            flights=flights,
            directions=Directions(embeddings, redis_client, self.PORTS),
            model=embedded_by,
            options=own,
            stats=stats,
            near_misses=near_misses,
            exact=exact,
        )
        parts = Parts(
            redis=redis,
            llm=llm,
            options=own,
            embedding_cache=embeddings,
            stats=stats,
            admit=admit,
            flights=flights,
            near_misses=near_misses,
            rooms=Rooms(own.scope, Generations(own.scope), opens, own.is_capped),
        )
        self._adopt(parts, exact)

    @classmethod
    def of_parts(cls, parts: Parts) -> Any:
        """Return the face of what another cache has, without an exact tier."""
        face = cls.__new__(cls)
        face._adopt(parts, NoExactTier())
        return face

    def _adopt(self, parts: Parts, exact: NoExactTier) -> None:
        self._parts, self._rooms, self._near_misses = parts, parts.rooms, parts.near_misses
        self.options, self.embedding_cache = parts.options, parts.embedding_cache
        self._own = self.options.threshold, self.options.seconds
        self._usual = Wishes(*self._own)
        self._verdicts = Verdicts(self.options.rules)
        self.flow = self._flow(exact)

    def _llm(self, api: ApiPort) -> Llm:
        return Completions(api)

    def _exact_tier(self, options: AnswerOptions, embedded_by: tuple[object, ...]) -> NoExactTier:
        return NoExactTier()

    def _flow(self, exact: NoExactTier) -> AnswerFlow:
        policy = Policy(self._parts.stats, self.options.on_error, "the LLM answers")
        return self._flow_of(exact, policy, Stats())

    def _flow_of(self, exact: NoExactTier, policy: Policy, exact_stats: Stats) -> AnswerFlow:
        parts, options = self._parts, self.options
        lease = None
        if options.lease and exact.is_there:
            lease = Lease(parts.redis, exact, policy, options.scope, options.lease, parts.stats)
        llm_calls = LlmCalls(
            llm=ObservedLlm(parts.llm, parts.stats),
            flights=parts.flights,
            rooms=parts.rooms,
            lease=lease,
            stats=parts.stats,
            admit=parts.admit,
            options=options,
        )
        return AnswerFlow(
            redis=parts.redis,
            rooms=parts.rooms,
            exact=exact,
            llm_calls=llm_calls,
            policy=policy,
            options=options,
            stats=parts.stats,
            exact_stats=exact_stats,
        )

    @property
    def stats(self) -> Stats:
        """Hits, misses, LLM calls and their tokens, errors."""
        return self._parts.stats

    @property
    def last_lookup(self) -> Near | None:
        """The best candidate of this thread's or task's last request; ``None`` if there was none.

        An exact hit looks for no candidate.
        """
        lookup = last_lookup(self.flow)
        return None if lookup is None else lookup.nearest

    @property
    def near_misses(self) -> int:
        """How many near misses wait for a judge."""
        return len(self._near_misses)

    @property
    def _invalidation(self) -> Invalidation:
        return self._rooms.invalidation

    async def _looked(self, request: Wanted, wishes: Wishes) -> Looked:
        """Look, as far as the rules of admission allow it."""
        if self._verdicts.rules:
            wishes = self._admitted(request, wishes)
        looked = await self.flow.look(request, wishes)
        remember(looked.lookup, self.flow, looked.room)
        return looked

    async def _keep_given(self, request: Wanted, completion: Completion, wishes: Wishes) -> bool:
        """Keep an answer that somebody has, as far as the rules of admission allow it."""
        if self._verdicts.rules:
            wishes = self._admitted(request, wishes)
        return await self.flow.keep(request, completion, wishes)

    def _admitted(self, request: Wanted, wishes: Wishes) -> Wishes:
        """Return what the rules leave of the wishes; nothing where one of them raises."""
        try:
            admission = self._verdicts.of(request.query)
        except Exception:
            self._parts.stats.count(errors=1)
            log.exception("a rule of admission failed, so the cache is not asked")
            return wishes._replace(read=False, keep=False)
        if not admission:
            self._parts.stats.count(refused=1)
            wishes = wishes.within(admission)
        return wishes


class TextAnswers(AnswersFace):
    """A cache that is asked with a question, and answers with a text."""

    SEMANTIC: ClassVar[Any]

    def semantic_cache(
        self, model: str = "gpt-4o-mini", *, system: str | None = None, **sampling: Any
    ) -> Any:
        """Return the semantic cache of the answers of this model, system prompt and sampling.

        Raises:
            ConfigError: An argument that cannot work: see :meth:`get_or_generate`.
        """
        request = Request("any", model, system, sampling)
        request.check()
        room = self._rooms.of(request.audience)
        return self.SEMANTIC.of_room(room, self.embedding_cache, model)

    def _look(
        self,
        query: str,
        model: str,
        system: str | None,
        sampling: dict[str, Any],
        threshold: float | None,
        ttl: TTL,
        read: bool,
        keep: bool,
        tags: Iterable[str],
        asker: str | None,
    ) -> Coroutine[Any, Any, Looked]:
        semantic_threshold = sampling.pop("semantic_threshold", None)
        if threshold is None:
            threshold = semantic_threshold
        request = Request(query, model, system, sampling)
        request.check()
        if ttl is not OWN or not read or not keep or tags != () or asker is not None:
            wishes = Wishes.of(threshold, ttl, read, keep, *self._own, tags, asker)
        elif threshold is None:  # as most ask
            wishes = self._usual
        else:
            wishes = Wishes(check_threshold(threshold), self._own[1])
        return self._looked(request, wishes)
