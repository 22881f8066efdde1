"""A log sent through designs: the one call that does it all, and what it returns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from semcache.errors import ConfigError
from semcache.replay.cache import SimulatedCache
from semcache.replay.designs import Design
from semcache.replay.figures import (
    Figures,
    Prices,
    Tokens,
    Waits,
    counted_from,
    days_of,
    figures,
    tokens_of,
)
from semcache.replay.memory import Sizes
from semcache.replay.requests import Requests
from semcache.replay.simulate import Rows, simulate

__all__ = ["Replayed", "replay"]


@dataclass(frozen=True)
class Replayed:
    """What each design did with a log.

    Attributes:
        designs: What was tried.
        totals: What each did with all requests that are counted.
        days: The days, and what each design did on each of them; none without times.
        warmed: How many requests came first, to fill the caches, and are not counted.
        evicted: What each design had to let go of for want of memory.
        known: By what wrong answers are known: ``"label"``, ``"answer"`` or ``None``.
    """

    designs: list[Design]
    totals: list[Figures]
    days: list[tuple[str, list[Figures]]]
    warmed: int
    evicted: list[int]
    known: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        rows = []
        for at, design in enumerate(self.designs):
            days = [{"day": day, **found[at].as_dict()} for day, found in self.days]
            own = {"threshold": design.threshold, "ttl": design.ttl, "memory": design.memory}
            own["embedding_ttl"] = design.embedding_ttl
            about = {"name": design.name, "kind": design.kind, **own, "evicted": self.evicted[at]}
            rows.append({**about, **self.totals[at].as_dict(), "days": days})
        return {"warmed": self.warmed, "wrong_known_by": self.known, "designs": rows}


def replay(
    requests: Requests,
    designs: Sequence[Design],
    rows: Rows,
    *,
    count: Callable[[str], int] = lambda text: 0,
    answer_tokens: int = 0,
    prompt_tokens: int = 0,
    prices: Prices | None = None,
    waits: Waits | None = None,
    warm_days: float = 0.0,
    confidence: float = 0.95,
    sizes: Sizes | None = None,
    progress: bool = False,
) -> Replayed:
    """Send requests through designs, one after the other; nothing is asked or stored.

    Callers at the same moment are not joined, as the real caches join them, and no call fails.

    Args:
        requests: See :func:`~semcache.replay.requests.requests_of`.
        designs: What to try.
        rows: Returns embeddings, float32 of shape (m, dims), by their numbers in
            ``requests.unique``; called only if a design looks by similarity.
        count: Returns the tokens of a text.
        answer_tokens: Of an answer that the log does not have.
        prompt_tokens: Sent with each question.
        prices: What is paid.
        waits: Seconds.
        warm_days: The first days fill the caches and are not counted.
        confidence: Of the limits for wrong answers.
        sizes: Bytes that things take, for designs whose memory is bound.
        progress: Whether to show a bar.

    Raises:
        ConfigError: Something cannot be used; says what.

    Example:
        >>> import numpy as np
        >>> from semcache.replay.log import Log
        >>> from semcache.replay.requests import requests_of
        >>> asked = requests_of(Log(["refund", "refund", "my money back"], label=["r"] * 3))
        >>> vectors = np.array([[1.0, 0.0], [0.95, 0.31]], np.float32)
        >>> designs = [Design(kind, kind) for kind in ("exact", "hybrid")]
        >>> done = replay(asked, designs, lambda numbers: vectors[numbers])
        >>> [(one.hits, one.llm_calls, one.wrong.count) for one in done.totals]
        [(1, 2, 0), (2, 1, 0)]
    """
    if any(design.memory for design in designs) and sizes is None:
        raise ConfigError("a design's memory is bound, so the sizes of what it holds are needed")
    prices, waits = prices or Prices(), (waits or Waits()).check()
    counted = counted_from(requests, warm_days)
    tokens = tokens_of(requests, count, prompt=prompt_tokens, answer=answer_tokens)
    caches = simulate(requests, designs, rows, sizes=sizes, progress=progress)

    def all_of(chosen: Any) -> list[Figures]:
        given: tuple[Tokens, Prices, Waits, float] = tokens, prices, waits, confidence
        return [figures(requests, cache, chosen, *given) for cache in caches]

    return Replayed(
        list(designs),
        all_of(counted),
        [(day, all_of(chosen)) for day, chosen in days_of(requests, counted)],
        int((~counted).sum()),
        [_evicted(cache) for cache in caches],
        requests.known,
    )


def _evicted(cache: SimulatedCache) -> int:
    return cache.memory.evicted if cache.memory else 0
