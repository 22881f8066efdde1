"""The two faces of the LLM caches: the same flow, awaited or run to its end."""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Literal, overload

from semcache.answers.base import TTL, TextAnswers
from semcache.answers.keeper import AsyncKeeper, BlockingKeeper
from semcache.answers.request import Request
from semcache.answers.semantic import AsyncSemanticCache, SemanticCache
from semcache.answers.wishes import OWN
from semcache.blocking import iterate, run

__all__ = ["AsyncAnswers", "BlockingAnswers"]


class BlockingAnswers(TextAnswers, BlockingKeeper):
    """An LLM cache over ``redis.Redis`` and ``openai.OpenAI``."""

    SEMANTIC = SemanticCache

    @overload
    def get_or_generate(
        self, query: str, model: str = ..., *, threshold: float | None = ..., ttl: TTL = ...,
        system: str | None = ..., read: bool = ..., keep: bool = ..., tags: Iterable[str] = ...,
        asker: str | None = ..., stream: Literal[False] = ..., **sampling: Any,
    ) -> str: ...  # fmt: skip

    @overload
    def get_or_generate(
        self, query: str, model: str = ..., *, threshold: float | None = ..., ttl: TTL = ...,
        system: str | None = ..., read: bool = ..., keep: bool = ..., tags: Iterable[str] = ...,
        asker: str | None = ..., stream: Literal[True], **sampling: Any,
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
        tags: Iterable[str] = (),
        asker: str | None = None,
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
            tags: What a new answer is made from, such as ``["doc:42"]``, at most 64 texts, for
                :meth:`invalidate`. What is served does not depend on them.
            asker: Who asks, such as a user's id, for ``max_entries_per_asker``; kept as a digest.
            stream: Whether to yield the answer as it comes; a cached one comes in one piece.
            **sampling: Further arguments of the API, such as ``temperature``.

        Raises:
            InvalidInput: The question is empty or not a string, or a text has half a character.
            ConfigError: An argument that cannot work: tools, ``n`` above 1, a TTL below 0, a tag
                that is no text.
            BadResponse: The API answered with something else.
            openai.OpenAIError: The API was needed and failed; nothing is kept.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        wishes = threshold, ttl, read, keep, tags, asker
        looked = run(self._look(query, model, system, sampling, *wishes))
        if stream:
            return iterate(self.flow.pieces(looked))
        return run(self.flow.answer(looked)) if looked.text is None else looked.text

    def delete(
        self, query: str, model: str = "gpt-4o-mini", *, system: str | None = None, **sampling: Any
    ) -> bool:
        """Delete the answer to this very question, and all that was promoted from it.

        Give the model, system prompt and sampling of the request that it answered. If the answer
        was itself promoted from a similar question, that one's is deleted, too: it would be served
        again. Return whether there was one. An answer that is on its way is not kept.

        Raises:
            InvalidInput: The question is empty or not a string.
            ConfigError: An argument that cannot be part of a request.
            CacheUnavailable: Redis failed; the answer may still be there.
        """
        request = Request(query, model, system, sampling)
        request.check()
        return run(self.flow.delete(request))


class AsyncAnswers(TextAnswers, AsyncKeeper):
    """An LLM cache over ``redis.asyncio`` and ``openai.AsyncOpenAI``.

    What each method does, and raises, is said at its namesake in :class:`BlockingAnswers`.
    """

    SEMANTIC = AsyncSemanticCache

    @overload
    async def get_or_generate(
        self, query: str, model: str = ..., *, threshold: float | None = ..., ttl: TTL = ...,
        system: str | None = ..., read: bool = ..., keep: bool = ..., tags: Iterable[str] = ...,
        asker: str | None = ..., stream: Literal[False] = ..., **sampling: Any,
    ) -> str: ...  # fmt: skip

    @overload
    async def get_or_generate(
        self, query: str, model: str = ..., *, threshold: float | None = ..., ttl: TTL = ...,
        system: str | None = ..., read: bool = ..., keep: bool = ..., tags: Iterable[str] = ...,
        asker: str | None = ..., stream: Literal[True], **sampling: Any,
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
        tags: Iterable[str] = (),
        asker: str | None = None,
        stream: bool = False,
        **sampling: Any,
    ) -> str | AsyncIterator[str]:
        """See :meth:`BlockingAnswers.get_or_generate`.

        As with the client, a stream is awaited and then iterated:
        ``async for piece in await cache.get_or_generate(query, stream=True)``.
        """
        wishes = threshold, ttl, read, keep, tags, asker
        looked = await self._look(query, model, system, sampling, *wishes)
        if stream:
            return self.flow.pieces(looked)
        return await self.flow.answer(looked)

    async def delete(
        self, query: str, model: str = "gpt-4o-mini", *, system: str | None = None, **sampling: Any
    ) -> bool:
        """See :meth:`BlockingAnswers.delete`."""
        request = Request(query, model, system, sampling)
        request.check()
        return await self.flow.delete(request)
