"""From what happened to each request to what is reported: rates, calls, dollars, waits."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcache.errors import ConfigError
from semcache.evaluate.rate import Rate
from semcache.replay.cache import EXACT, LLM, SEMANTIC, Outcomes, SimulatedCache
from semcache.replay.designs import DAY
from semcache.replay.requests import Requests

__all__ = [
    "Figures",
    "Prices",
    "Tokens",
    "Waits",
    "counted_from",
    "days_of",
    "figures",
    "tokens_of",
]

Mask = NDArray[np.bool_]
MILLION = 1_000_000


class Tokens(NamedTuple):
    """Tokens, as columns: of each distinct text, and of each answer by its number.

    Attributes:
        texts: Of ``requests.unique``, shape (u,).
        answers: Of ``requests.answers``, shape (a,).
        prompt: Sent with each question: instructions, documents.
    """

    texts: NDArray[np.int64]
    answers: NDArray[np.int64]
    prompt: int = 0


@dataclass(frozen=True)
class Prices:
    """What is paid, in dollars.

    Attributes:
        input: For a million tokens that the LLM reads.
        output: For a million that it writes.
        embedding: For a million that are embedded.
        call: For a call of the LLM, whatever its tokens; ``None`` to pay by the token.
    """

    input: Decimal = Decimal(0)
    output: Decimal = Decimal(0)
    embedding: Decimal = Decimal(0)
    call: Decimal | None = None


class Waits(NamedTuple):
    """Seconds that each takes: a call of the LLM, of the embedding API, a trip to Redis."""

    llm: float = 0.0
    embed: float = 0.0
    redis: float = 0.0

    def check(self) -> "Waits":
        """Return the waits.

        Raises:
            ConfigError: One of them is below 0 or no number.
        """
        for name, seconds in self._asdict().items():
            if not 0 <= seconds < math.inf:
                raise ConfigError(f"the wait for {name} is {seconds}: give seconds, from 0 up")
        return self


@dataclass(frozen=True)
class Figures:
    """What one design did with some requests.

    Attributes:
        requests: How many.
        exact_hits: Answered by the exact tier.
        semantic_hits: Answered by similarity.
        llm_calls: Answered by the LLM.
        embedding_calls: Texts that were embedded.
        refused: Kept from the cache, or from similarity, by a rule.
        input_tokens: That the LLM read.
        output_tokens: That it wrote.
        embedding_tokens: That were embedded.
        dollars: All of them, at the given prices.
        wait: Seconds, the sum of all requests'.
        wait_median: Of a request.
        wait_95: That 95 % of the requests did not exceed.
        wrong: Served with another answer than the right one, of those where that is known.
    """

    requests: int
    exact_hits: int
    semantic_hits: int
    llm_calls: int
    embedding_calls: int
    refused: int
    input_tokens: int
    output_tokens: int
    embedding_tokens: int
    dollars: Decimal
    wait: float
    wait_median: float
    wait_95: float
    wrong: Rate

    @property
    def hits(self) -> int:
        """Answered by either tier."""
        return self.exact_hits + self.semantic_hits

    @property
    def hit_rate(self) -> float:
        """Hits of all requests; 0 of none."""
        return self.hits / self.requests if self.requests else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON takes them."""
        low, high = self.wrong.interval
        own = {name: value for name, value in vars(self).items() if name != "wrong"}
        return {
            **own,
            "dollars": float(self.dollars),
            "hit_rate": self.hit_rate,
            "wrong_served": self.wrong.count,
            "wrong_of": self.wrong.of,
            "wrong_interval": [low, high],
        }


def figures(
    requests: Requests,
    cache: SimulatedCache,
    chosen: Mask,
    tokens: Tokens,
    prices: Prices,
    waits: Waits,
    confidence: float = 0.95,
) -> Figures:
    """Return what a design did with those requests that are chosen."""
    done = cache.outcomes.of(chosen)
    rows = np.array([text.row for text in requests.texts], np.int64)[requests.text[chosen]]
    called, embedded = done.tier == LLM, done.embedded
    read = int(tokens.texts[rows[called]].sum()) + tokens.prompt * int(called.sum())
    written = int(tokens.answers[requests.said[chosen][called]].sum())
    sent = int(tokens.texts[rows[embedded]].sum())
    each = prices.call
    llm = (
        (read * prices.input + written * prices.output) / MILLION
        if each is None
        else each * int(called.sum())
    )
    seconds = waits.llm * called + waits.embed * embedded + waits.redis * done.trips
    return Figures(
        int(chosen.sum()),
        int((done.tier == EXACT).sum()),
        int((done.tier == SEMANTIC).sum()),
        int(called.sum()),
        int(embedded.sum()),
        int(done.refused.sum()),
        read,
        written,
        sent,
        llm + sent * prices.embedding / MILLION,
        float(seconds.sum()),
        float(np.median(seconds)) if len(seconds) else 0.0,
        float(np.quantile(seconds, 0.95)) if len(seconds) else 0.0,
        _wrong(requests, done, chosen, confidence),
    )


def _wrong(requests: Requests, done: Outcomes, chosen: Mask, confidence: float) -> Rate:
    wanted, given = requests.label[chosen], requests.label[done.origin]
    known = (done.tier != LLM) & (wanted >= 0) & (given >= 0)
    return Rate(int((known & (wanted != given)).sum()), int(known.sum()), confidence)


def days_of(requests: Requests, counted: Mask) -> list[tuple[str, Mask]]:
    """Return the days of the requests that are counted, by UTC, and which requests are theirs."""
    if not requests.timed:
        return []
    days = np.floor(requests.time / DAY).astype(np.int64)
    return [
        (datetime.fromtimestamp(int(day) * DAY, UTC).date().isoformat(), counted & (days == day))
        for day in np.unique(days[counted]).tolist()
    ]


def tokens_of(
    requests: Requests, count: Callable[[str], int], *, prompt: int, answer: int
) -> Tokens:
    """Count the tokens of all texts, and of all answers that the log has.

    Args:
        requests: The requests.
        count: Returns the tokens of a text.
        prompt: Tokens sent with each question.
        answer: Tokens of an answer that the log does not have.
    """
    texts = [count(text) for text in requests.unique]
    answers = [answer if text is None else count(text) for text in requests.answers]
    return Tokens(np.array(texts, np.int64), np.array(answers, np.int64), prompt)


def counted_from(requests: Requests, warm_days: float) -> Mask:
    """Return which requests are counted: all but those of the first days, which fill the caches.

    Raises:
        ConfigError: There are no times, or nothing is left to count.
    """
    if not warm_days:
        return np.ones(len(requests), bool)
    if not requests.timed:
        raise ConfigError("--warm needs times, and the log has none: a column time holds them")
    counted = requests.time >= requests.time[0] + warm_days * DAY
    if warm_days < 0 or not counted.any():
        raise ConfigError(f"--warm {warm_days:g} leaves nothing to count: the log is shorter")
    return np.asarray(counted)
