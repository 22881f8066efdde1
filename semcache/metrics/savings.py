"""What hits did not cost, as far as that can be told.

An answer does not keep what it cost. So this process remembers it of the answers that it has seen
the LLM give, the last :data:`REMEMBERED`: a hit that gives such an answer again saves a *known*
number of tokens. The answer of another process, or of yesterday, is *estimated* by the mean of the
calls seen here to the same model. Before the first of these nothing is said: the hit is counted as
unpriced. A hit on an embedding is always estimated, by the mean tokens of a text.

What a hit costs itself is not subtracted: the embedding of its question is among what was spent.
"""

import logging
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from semcache import keys
from semcache.locks import Lock
from semcache.observing import Called, Served

__all__ = ["Pricing", "Savings", "per_token"]

log = logging.getLogger("semcache")

REMEMBERED = 10_000  # answers, at about 200 bytes each; their texts are not kept

Pricing = Callable[[str, int, int], float]


def per_token(prompt: float, completion: float = 0.0) -> Pricing:
    """Return the pricing of one model, or of several at one price.

    Args:
        prompt: Dollars for a token sent.
        completion: Dollars for a token written.

    Example:
        >>> pricing = per_token(prompt=0.15e-6, completion=0.60e-6)
        >>> round(pricing("any model", 1_000, 500), 6)
        0.00045
    """
    return lambda model, sent, written: sent * prompt + written * completion


class Tokens(NamedTuple):
    """Tokens of one or several calls."""

    sent: float = 0
    written: float = 0


class Mean:
    """The tokens of a model's calls, for each answer or text."""

    def __init__(self) -> None:
        self._count, self._sent, self._written = 0, 0, 0

    def add(self, call: Called) -> None:
        """Take a call into account."""
        self._count += call.texts
        self._sent += call.tokens - call.written
        self._written += call.written

    def of(self, count: int) -> Tokens | None:
        """Return what so many answers or texts would cost; ``None`` before the first call."""
        if not self._count:
            return None
        share = count / self._count
        return Tokens(self._sent * share, self._written * share)


class Savings:
    """Adds up what was spent and saved; safe to use from many threads.

    Args:
        price: Called as ``price(model, sent, written)``, tokens; returns dollars. ``None`` if only
            tokens are wanted.

    Example:
        >>> savings = Savings(per_token(0.001, 0.002))
        >>> savings.called(Called("chat", "m", 0.5, tokens=30, written=20, response="A language."))
        >>> for response in ("A language.", "From yesterday."):
        ...     savings.served(Served("semantic", "q", "p", response, 0.9, None, 0.01, "m"))
        >>> {basis: round(dollars, 3) for (_, basis), dollars in savings.dollars.items()}
        {'known': 0.05, 'estimated': 0.05}
    """

    def __init__(self, price: Pricing | None = None) -> None:
        self._price, self._lock = price, Lock()
        self._told = False
        self._known: OrderedDict[str, Tokens] = OrderedDict()
        self._means: defaultdict[tuple[str, str], Mean] = defaultdict(Mean)
        self._embedding_hits = 0  # of those that are estimated
        self._embedded_by = ""  # the model of the last call
        self.tokens: defaultdict[tuple[str, str], float] = defaultdict(float)
        self.dollars: defaultdict[tuple[str, str], float] = defaultdict(float)
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.unpriced: defaultdict[str, int] = defaultdict(int)

    @property
    def has_prices(self) -> bool:
        """Whether dollars are told."""
        return self._price is not None

    def called(self, call: Called) -> None:
        """Note what a call cost."""
        if call.error is not None or not call.tokens:
            return
        cost = Tokens(call.tokens - call.written, call.written)
        with self._lock:
            self._means[call.operation, call.model].add(call)
            if call.operation == "embeddings":
                self._embedded_by = call.model
            if call.response is not None:
                self._remember(keys.digest(call.response), cost)
            self.spent[call.operation] += self._dollars(call.model, cost) or 0.0

    def served(self, hit: Served) -> None:
        """Note what an answer that was served did not cost."""
        with self._lock:
            known = self._known.get(keys.digest(hit.response))
            if known is not None:
                self._save("chat", "known", hit.model, known)
                return
            estimated = self._means["chat", hit.model].of(1)
            if estimated is None:
                self.unpriced["chat"] += 1
            else:
                self._save("chat", "estimated", hit.model, estimated)

    def embedded(self, hits: int) -> None:
        """Note how many hits on embeddings there were so far; those new are estimated.

        They wait for the first call that tells what a text costs.
        """
        with self._lock:
            new = hits - self._embedding_hits
            saved = self._means["embeddings", self._embedded_by].of(max(0, new))
            if new < 0 or saved is not None:
                self._embedding_hits = hits
            if saved is not None and new > 0:
                self._save("embeddings", "estimated", self._embedded_by, saved)

    def saved(self) -> Iterator[tuple[str, str, float, float]]:
        """Yield operation, basis, tokens and dollars."""
        with self._lock:
            amounts = [(*key, tokens, self.dollars[key]) for key, tokens in self.tokens.items()]
        yield from amounts

    def _remember(self, answer: str, cost: Tokens) -> None:
        self._known[answer] = cost
        self._known.move_to_end(answer)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _save(self, operation: str, basis: str, model: str, tokens: Tokens) -> None:
        self.tokens[operation, basis] += tokens.sent + tokens.written
        self.dollars[operation, basis] += self._dollars(model, tokens) or 0.0

    def _dollars(self, model: str, tokens: Tokens) -> float | None:
        """Return a price; one that cannot be told is told once, and counts as nothing."""
        if self._price is None:
            return None
        try:
            return float(self._price(model, round(tokens.sent), round(tokens.written)))
        except Exception:
            if not self._told:
                self._told = True
                log.exception("no price for %r: its dollars are not counted", model)
            return None
