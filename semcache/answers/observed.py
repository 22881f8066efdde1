"""Lookups and the LLM, observed: who watches the cache is told what came out, and what it took."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from semcache.answers.asking import Llm
from semcache.answers.completion import Completion, Finished
from semcache.answers.match import Lookup
from semcache.observing import Called
from semcache.stats import Stats

__all__ = ["ObservedLlm", "observed"]

Pieces = AsyncGenerator[Any, None]


async def observed(stats: Stats, lookup: Awaitable[Lookup]) -> Lookup:
    """Wait for a lookup, and tell the observers if it may be served."""
    began = time.monotonic()
    found = await lookup
    if stats.observers and found.match is not None:
        stats.tell(found.match.served(time.monotonic() - began))
    return found


class ObservedLlm:
    """Asks another, and tells the observers; without one it only hands over.

    Args:
        llm: Asks for an answer.
        stats: Tells the observers.
    """

    def __init__(self, llm: Llm, stats: Stats) -> None:
        self._llm, self._stats = llm, stats
        self.is_outage, self.of_kept = llm.is_outage, llm.of_kept

    def whole(self, request: Any, finished: Finished) -> Pieces:
        """See :class:`~semcache.answers.asking.Llm`."""
        return self._ask(self._llm.whole, request, finished)

    def pieces(self, request: Any, finished: Finished) -> Pieces:
        """See :class:`~semcache.answers.asking.Llm`."""
        return self._ask(self._llm.pieces, request, finished)

    def _ask(
        self, ask: Callable[[Any, Finished], Pieces], request: Any, finished: Finished
    ) -> Pieces:
        if not self._stats.observers:
            return ask(request, finished)
        return self._observed(ask, request, finished)

    async def _observed(
        self, ask: Callable[[Any, Finished], Pieces], request: Any, finished: Finished
    ) -> Pieces:
        began, has_ended = time.monotonic(), False

        def tell(**more: Any) -> None:
            nonlocal has_ended
            if not has_ended:  # what fails after the end is not the LLM
                has_ended = True
                seconds = time.monotonic() - began
                self._stats.tell(Called("chat", request.model, seconds, **more))

        async def told(said: Completion) -> None:
            tell(tokens=said.tokens, written=said.written, response=said.kept)
            await finished(said)

        try:
            async with aclosing(ask(request, told)) as pieces:
                async for piece in pieces:
                    yield piece
        except Exception as error:
            tell(error=type(error).__name__)
            raise
