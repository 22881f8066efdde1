"""The two faces of the LLM caches: the same flow, awaited or run to its end."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any, ClassVar, Literal, Unpack, overload

from semcache.aio import ASYNC
from semcache.answers.completion import Admission, complete_answers
from semcache.answers.context import last_lookup, remember
from semcache.answers.directions import Directions, model_of
from semcache.answers.exact import NoExactTier
from semcache.answers.flow import AnswerFlow, Looked
from semcache.answers.generations import Generations
from semcache.answers.judging import Judge, judge_near_misses
from semcache.answers.match import Embeds, Near
from semcache.answers.near_misses import NearMisses
from semcache.answers.options import AnswerKeywords, AnswerOptions
from semcache.answers.request import Request
from semcache.answers.rooms import Rooms, opens_rooms
from semcache.answers.semantic import AsyncSemanticCache, SemanticCache
from semcache.answers.wishes import OWN, Own, Wishes
from semcache.blocking import BLOCKING, iterate, run
from semcache.embedding.faces import EmbeddingFace
from semcache.embedding.string import AsyncEmbeddingCache, EmbeddingCache
from semcache.locks import HoldsConnections
from semcache.policy import Policy
from semcache.ports import Ports
from semcache.stats import Stats

__all__ = ["AnswersFace", "AsyncAnswers", "BlockingAnswers"]

TTL = float | timedelta | Own | None


class AnswersFace(HoldsConnections):
    """What both faces of every LLM cache have; see the subclasses for use."""

    PORTS: ClassVar[Ports]
    EMBEDDING: ClassVar[type[EmbeddingFace]]
    SEMANTIC: ClassVar[Any]

    def __init__(
        self,
        redis_client: Any,
        openai_client: Any,
        *,
        embedding_cache: Embeds | None = None,
        embedding_model: str = "text-embedding-3-small",
        admit: Admission = complete_answers,
        **options: Unpack[AnswerKeywords],
    ) -> None:
        self._redis, self._api = self.PORTS.redis(redis_client), self.PORTS.api(openai_client)
        self.options = AnswerOptions(**options)
        scope, on_error = self.options.scope, self.options.on_error
        made: Any = self.EMBEDDING(
            redis_client, openai_client, model=embedding_model, scope=scope, on_error=on_error
        )
        self.embedding_cache = made if embedding_cache is None else embedding_cache
        self._stats, self._admit = Stats(), admit
        self._exact, self._flights = self._exact_tier(), self.PORTS.flights()
        self._near_misses = NearMisses(self.options.judge_from)
        opens = opens_rooms(
            self._redis,
            self._flights,
            Directions(self.embedding_cache, redis_client, self.PORTS),
            model_of(self.embedding_cache),
            self.options,
            self._stats,
            self._near_misses,
            self._exact,
        )
        opens("")  # so that an index that cannot work is refused here
        self._rooms = Rooms(scope, Generations(scope), opens)
        self.flow = self._flow(self._exact)

    def _exact_tier(self) -> NoExactTier:
        return NoExactTier()

    def _flow(self, exact: NoExactTier) -> AnswerFlow:
        policy = Policy(self._stats, self.options.on_error, "the LLM answers")
        return self._flow_of(exact, policy, Stats())

    def _flow_of(self, exact: NoExactTier, policy: Policy, exact_stats: Stats) -> AnswerFlow:
        parts = self._redis, self._api, self._flights, self._rooms, exact, policy
        return AnswerFlow(*parts, self._stats, exact_stats, self._admit)

    @property
    def stats(self) -> Stats:
        """Hits, misses, LLM calls and their tokens, errors."""
        return self._stats

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

    def semantic_cache(
        self, model: str = "gpt-4o-mini", *, system: str | None = None, **sampling: Any
    ) -> Any:
        """Return the semantic cache of the answers of this model, system prompt and sampling."""
        request = Request("any", model, system, sampling)
        request.check()
        return self.SEMANTIC.of_room(self._rooms.of(request.audience), self.embedding_cache)

    async def _look(
        self,
        query: str,
        model: str,
        system: str | None,
        sampling: dict[str, Any],
        threshold: float | None,
        ttl: TTL,
        read: bool,
        keep: bool,
    ) -> Looked:
        semantic_threshold = sampling.pop("semantic_threshold", None)
        if threshold is None:
            threshold = semantic_threshold
        request = Request(query, model, system, sampling)
        request.check()
        own = self.options.threshold, self.options.seconds
        wishes = Wishes.of(threshold, ttl, read, keep, *own)
        looked = await self.flow.look(request, wishes)
        remember(looked.lookup, self.flow, looked.room)
        return looked


class BlockingAnswers(AnswersFace):
    """An LLM cache over ``redis.Redis`` and ``openai.OpenAI``."""

    PORTS, EMBEDDING, SEMANTIC = BLOCKING, EmbeddingCache, SemanticCache

    @overload
    def get_or_generate(
        self, query: str, model: str = ..., *, threshold: float | None = ..., ttl: TTL = ...,
        system: str | None = ..., read: bool = ..., keep: bool = ...,
        stream: Literal[False] = ..., **sampling: Any,
    ) -> str: ...  # fmt: skip

    @overload
    def get_or_generate(
        self, query: str, model: str = ..., *, threshold: float | None = ..., ttl: TTL = ...,
        system: str | None = ..., read: bool = ..., keep: bool = ...,
        stream: Literal[True], **sampling: Any,
    ) -> Iterator[str]: ...  # fmt: skip

    def get_or_generate(
        self,
        query: str,
        model: str = "gpt-4o-mini",
        *,
        threshold: float | None = None,
        ttl: TTL = OWN,
        system: str | None = None,
        read: bool = True,
        keep: bool = True,
        stream: bool = False,
        **sampling: Any,
    ) -> str | Iterator[str]:
        """Return the answer to ``query``, or with ``stream`` an iterator over its pieces.

        A question that cannot be embedded, or an embedding API that fails, is counted as an error,
        and the LLM answers.

        Args:
            query: The question.
            model: The LLM to ask, and whose answers may be served.
            threshold: Least similarity for this request; also as ``semantic_threshold``.
            ttl: Seconds the answer lives, if it is new, or a ``timedelta``; ``None`` for ever, 0
                not to keep it.
            system: The system prompt.
            read: Whether an answer of the cache will do; ``False`` asks the LLM anew, and keeps
                what it says in place of the old.
            keep: Whether a new answer may be kept.
            stream: Whether to yield the answer as it comes; a cached one comes in one piece.
            **sampling: Further arguments of the API, such as ``temperature``.

        Raises:
            InvalidInput: The question is empty or not a string, or a text has half a character.
            ConfigError: An argument that cannot work: tools, ``n`` above 1, a TTL below 0.
            BadResponse: The API answered with something else.
            openai.OpenAIError: The API was needed and failed; nothing is kept.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        looked = run(self._look(query, model, system, sampling, threshold, ttl, read, keep))
        if stream:
            return iterate(self.flow.pieces(looked))
        return run(self.flow.answer(looked))

    def judge_near_misses(self, judge: Judge, most: int = 100) -> int:
        """Do what :meth:`SemanticCache.judge_near_misses` does, for every model and prompt."""
        return run(judge_near_misses(self._near_misses, self._rooms.of, judge, most))

    def delete(
        self, query: str, model: str = "gpt-4o-mini", *, system: str | None = None, **sampling: Any
    ) -> bool:
        """Delete the answer to this very question, and all that was promoted from it.

        Give the model, system prompt and sampling of the request that it answered. If the answer
        was itself promoted from a similar question, that one's is deleted, too: it would be served
        again. Return whether there was one. An answer that is on its way is not kept.

        Raises:
            InvalidInput: The question is empty or not a string.
            CacheUnavailable: Redis failed; the answer may still be there.
        """
        request = Request(query, model, system, sampling)
        request.check()
        return run(self.flow.delete(request))

    def clear_cache(self) -> int:
        """Delete all answers of this scope; return how many keys were deleted.

        Of every LLM, prompt and sampling, also those of other processes. Answers that are on their
        way are not kept.

        Raises:
            CacheUnavailable: Redis failed; some answers may still be there.
        """
        return run(self.flow.clear())


class AsyncAnswers(AnswersFace):
    """An LLM cache over ``redis.asyncio`` and ``openai.AsyncOpenAI``.

    What each method does, and raises, is said at its namesake in :class:`BlockingAnswers`.
    """

    PORTS, EMBEDDING, SEMANTIC = ASYNC, AsyncEmbeddingCache, AsyncSemanticCache

    @overload
    async def get_or_generate(
        self, query: str, model: str = ..., *, threshold: float | None = ..., ttl: TTL = ...,
        system: str | None = ..., read: bool = ..., keep: bool = ...,
        stream: Literal[False] = ..., **sampling: Any,
    ) -> str: ...  # fmt: skip

    @overload
    async def get_or_generate(
        self, query: str, model: str = ..., *, threshold: float | None = ..., ttl: TTL = ...,
        system: str | None = ..., read: bool = ..., keep: bool = ...,
        stream: Literal[True], **sampling: Any,
    ) -> AsyncIterator[str]: ...  # fmt: skip

    async def get_or_generate(
        self,
        query: str,
        model: str = "gpt-4o-mini",
        *,
        threshold: float | None = None,
        ttl: TTL = OWN,
        system: str | None = None,
        read: bool = True,
        keep: bool = True,
        stream: bool = False,
        **sampling: Any,
    ) -> str | AsyncIterator[str]:
        """See :meth:`BlockingAnswers.get_or_generate`.

        As with the client, a stream is awaited and then iterated:
        ``async for piece in await cache.get_or_generate(query, stream=True)``.
        """
        looked = await self._look(query, model, system, sampling, threshold, ttl, read, keep)
        if stream:
            return self.flow.pieces(looked)
        return await self.flow.answer(looked)

    async def judge_near_misses(
        self, judge: Judge | Callable[..., Awaitable[bool]], most: int = 100
    ) -> int:
        """See :meth:`BlockingAnswers.judge_near_misses`; the judge may be asynchronous."""
        return await judge_near_misses(self._near_misses, self._rooms.of, judge, most)

    async def delete(
        self, query: str, model: str = "gpt-4o-mini", *, system: str | None = None, **sampling: Any
    ) -> bool:
        """See :meth:`BlockingAnswers.delete`."""
        request = Request(query, model, system, sampling)
        request.check()
        return await self.flow.delete(request)

    async def clear_cache(self) -> int:
        """See :meth:`BlockingAnswers.clear_cache`."""
        return await self.flow.clear()
