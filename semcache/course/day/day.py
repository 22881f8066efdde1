"""A day of requests that can be sent through any design, and what comes of it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcache.capacity.sizes import COPY, EXACT, embedding_bytes
from semcache.codecs import Vector
from semcache.course.day import causes, made
from semcache.errors import ConfigError
from semcache.evaluate.rate import Rate
from semcache.evaluate.tables import columns
from semcache.replay import Design, Log, Prices, Waits, read_log, requests_of
from semcache.replay.cache import LLM, SimulatedCache
from semcache.replay.figures import Figures, figures, tokens_of
from semcache.replay.memory import Sizes
from semcache.replay.simulate import simulate
from semcache.sharing import Rule
from semcache.tokens import count_tokens

__all__ = ["Day", "Outcome", "Terms", "table", "why"]

Embed = Callable[[Sequence[str]], Vector]
_HOUR = 3_600
_APART = ("tenant", "language")
_PRICES = Prices(Decimal("0.15"), Decimal("0.60"), Decimal("0.02"))
_WAITS = Waits(llm=1.2, embed=0.1, redis=0.001)
# An answer in MatrixIndex as it was measured when the lesson was written: a new measurement would
# change what the lesson prints.
_SIZES = Sizes(EXACT, COPY, answer=1_040, embedding=embedding_bytes(384))


@dataclass(frozen=True)
class Terms:
    """What a day costs, and what there is for the cache; replace each by your own figure.

    Attributes:
        prices: Of the LLM and of embeddings, for a million tokens.
        waits: Seconds.
        prompt_tokens: Sent with each question: instructions, documents.
        answer_tokens: Of an answer that the log does not have.
        node_dollars: What the node that holds the cache costs a day.
        node_mb: Its memory that the cache may take, in MB (1e6 bytes).
        sizes: Bytes that entries take beside their texts, at 384 dims.
    """

    prices: Prices = _PRICES
    waits: Waits = _WAITS
    prompt_tokens: int = 1_500
    answer_tokens: int = 200
    node_dollars: float = 0.20
    node_mb: float = 1.0
    sizes: Sizes = _SIZES


@dataclass(frozen=True)
class Outcome:
    """What one design did with the requests of a day that were counted.

    Attributes:
        name: Of the design.
        figures: Of the replay; their dollars are the API's alone.
        dollars: The API's and the node's.
        causes: How many answers were wrong, by the reason.
        wrongly: The texts that were given a wrong answer, and how often.
        evicted: What had to go for want of memory.
    """

    name: str
    figures: Figures
    dollars: float
    causes: dict[str, int]
    wrongly: Counter[str]
    evicted: int

    @property
    def wrong(self) -> Rate:
        """Wrong answers, of those served from the cache where the right one is known."""
        return self.figures.wrong

    @property
    def at_most(self) -> float:
        """The upper end of the 95 % interval of the share that is wrong; 0 if nothing is served."""
        return self.wrong.interval[1] if self.figures.hits else 0.0


class Day:
    """Requests with times, and what is needed to send them through designs.

    Args:
        log: The requests, in any order.
        embed: Takes m texts and returns their vectors, float32 of shape (m, dims).
        terms: What things cost.

    Example:
        >>> day = Day.ours()
        >>> len(day), day.known
        (3000, True)
        >>> none, exact = day.replay([Design("none", "none"), Design("exact", "exact", ttl=60)])
        >>> none.figures.hits, exact.figures.hits > 0
        (0, True)
    """

    def __init__(self, log: Log, embed: Embed, terms: Terms | None = None) -> None:
        self.terms, self._embed = terms or Terms(), embed
        self.log = _by_time(log)
        self.labels: Sequence[str | None] = self.log.label or [None] * len(log)
        self._vectors: dict[str, Vector] = {}

    @classmethod
    def ours(cls, terms: Terms | None = None) -> "Day":
        """Return the support desk's day; its embeddings lie beside it in ``data``."""
        return cls(read_log(made.LOG), _stored, terms)

    @classmethod
    def another(cls) -> "Day":
        """Return a second day of the desk, on which the same is asked with a word more."""
        rows = made.requests(other=1, beginning="well, ", ending=" thanks")
        column = {name: [row[name] for row in rows] for name in rows[0]}
        log = Log(
            column["text"],
            label=column["label"],
            time=column["time"],
            tenant=column["tenant"],
            language=column["language"],
        )
        return cls(log, _stored_or_made)

    @classmethod
    def read(cls, path: Path | str, embed: Embed, terms: Terms | None = None) -> "Day":
        """Return the day of a log: see :func:`semcache.evaluate.logs.read_log`.

        Raises:
            ConfigError: There is no such file, or its shape is none that we know.
            InvalidInput: It is damaged, or has no question.
        """
        return cls(read_log(path), embed, terms)

    def __len__(self) -> int:
        return len(self.log)

    @property
    def is_ours(self) -> bool:
        """Whether it is the support desk's."""
        return self._embed is _stored

    @property
    def known(self) -> bool:
        """Whether the log says which answer is right, by a column label."""
        return self.log.label is not None

    def summary(self) -> str:
        """Return what the day holds, and what its terms are."""
        log, terms = self.log, self.terms
        said = f"{len(self):,} requests, {len(set(log.text)):,} different texts"
        if log.tenant is not None:
            said += f", {len(set(log.tenant)):,} customers"
        (none,) = self.replay([Design("none", "none")])
        return (
            f"{said}\nwithout a cache: ${none.dollars:.2f}, {terms.waits.llm:g} s a request\n"
            f"a node for the cache: ${terms.node_dollars:.2f} a day, {terms.node_mb:g} MB"
        )

    def replay(
        self,
        designs: Sequence[Design],
        *,
        rules: Sequence[Rule] = (),
        apart: Sequence[str] = (),
        until: float | None = None,
    ) -> list[Outcome]:
        """Send the day through designs, one after the other, from an empty cache.

        Args:
            designs: What to try.
            rules: Of admission: what is not shared, or not kept.
            apart: Columns whose values share no answers: ``"tenant"``, ``"language"``.
            until: The hour, counted from the first request's midnight, at which counting stops;
                ``None`` counts all.

        Raises:
            ConfigError: A design or a rule cannot be used, or there is no such column.
        """
        if unknown := set(apart) - set(_APART):
            raise ConfigError(f"apart has {min(unknown)!r}: its columns are {' and '.join(_APART)}")
        requests = requests_of(self.log, rules=rules, apart=apart)
        terms, chosen = self.terms, self._before(until)
        tokens = tokens_of(
            requests, count_tokens, prompt=terms.prompt_tokens, answer=terms.answer_tokens
        )

        def rows(numbers: NDArray[np.int32]) -> Vector:
            return self._rows([requests.unique[number] for number in numbers.tolist()])

        done = []
        for ran in simulate(requests, designs, rows, sizes=terms.sizes):
            found = figures(requests, ran, chosen, tokens, terms.prices, terms.waits)
            done.append(self._outcome(ran, found, chosen))
        return done

    def _outcome(self, ran: SimulatedCache, found: Figures, chosen: NDArray[np.bool_]) -> Outcome:
        node = 0.0 if ran.design.kind == "none" else self.terms.node_dollars
        why, wrongly = Counter[str](), Counter[str]()
        hits = np.flatnonzero(chosen & (ran.outcomes.tier != LLM)).tolist()
        for at, origin in zip(hits, ran.outcomes.origin[hits].tolist(), strict=True):
            if reason := causes.cause(self.labels[at], self.labels[origin]):
                why[reason] += 1
                wrongly[self.log.text[at]] += 1
        counts = {reason: why[reason] for reason in causes.CAUSES}
        evicted = ran.memory.evicted if ran.memory else 0
        dollars = float(found.dollars) + node
        return Outcome(ran.design.name, found, dollars, counts, wrongly, evicted)

    def _before(self, hour: float | None) -> NDArray[np.bool_]:
        if hour is None or self.log.time is None:
            return np.ones(len(self), bool)
        time = np.asarray(self.log.time, np.float64)
        return np.asarray(time < time[0] // (24 * _HOUR) * 24 * _HOUR + hour * _HOUR)

    def _rows(self, texts: Sequence[str]) -> Vector:
        lacking = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if lacking:
            self._vectors |= zip(lacking, self._embed(lacking), strict=True)
        return np.stack([self._vectors[text] for text in texts])


def table(outcomes: Sequence[Outcome]) -> str:
    """Return a line for each outcome: hit rate, dollars, wait, wrong answers with limits."""
    head = ["design", "hit rate", "dollars", "mean wait, s", "wrong, of served", "share, % (95 %)"]
    lines = [head]
    for one in outcomes:
        mean = one.figures.wait / one.figures.requests
        wrong = [f"{one.wrong.count:,} of {one.wrong.of:,}", str(one.wrong).replace(" %", "")]
        lines.append(
            [one.name, f"{one.figures.hit_rate:.1%}", f"{one.dollars:.3f}", f"{mean:.2f}"]
            + (wrong if one.wrong.of else ["-", "-"])
        )
    return columns(lines)


def why(outcomes: Sequence[Outcome]) -> str:
    """Return a line for each outcome: how much it serves, and why how much of it is wrong."""
    lines = [["design", "served", *causes.CAUSES, "at most wrong"]]
    for one in outcomes:
        known = [*(f"{count:,}" for count in one.causes.values()), f"{one.at_most:.1%}"]
        lines.append(
            [one.name, f"{one.figures.hits:,}", *(known if one.wrong.of else ["-"] * len(known))]
        )
    return columns(lines)


def _by_time(log: Log) -> Log:
    """Return a log in the order of its times, and without answers: labels say what is right."""
    time = log.time
    order = sorted(range(len(log)), key=lambda at: 0 if time is None else time[at] or 0)

    def sort(column: Sequence[Any] | None) -> list[Any] | None:
        return None if column is None else [column[at] for at in order]

    return Log(
        [log.text[at] for at in order],
        label=sort(log.label),
        time=sort(log.time),
        tenant=sort(log.tenant),
        language=sort(log.language),
        line=sort(log.line),
    )


@cache
def _file() -> dict[str, Vector]:
    with np.load(made.VECTORS, allow_pickle=False) as stored:
        vectors = stored["vectors"].astype(np.float32)
        return dict(zip(stored["texts"].tolist(), vectors, strict=True))


def _stored(texts: Sequence[str]) -> Vector:
    stored = _file()
    return np.stack([stored[text] for text in texts])


def _stored_or_made(texts: Sequence[str]) -> Vector:
    stored = _file()
    new = [text for text in texts if text not in stored]
    known = stored | dict(zip(new, made.vectors_of(new) if new else (), strict=True))
    return np.stack([known[text] for text in texts])
