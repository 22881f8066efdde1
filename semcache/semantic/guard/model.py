"""The guard: one calibrated probability that two questions may share an answer."""

import json
import math
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

from semcache.semantic.guard.features import Features, features

__all__ = ["NAMES", "Guard", "Verifier", "row"]

_COEFFICIENTS = Path(__file__).parents[1] / "guard.json"
NAMES = ("constant", *Features._fields)


class Verifier(Protocol):
    """Whatever can judge a match: the guard, an LLM asked to judge, a cross-encoder."""

    def __call__(self, cached: str, asked: str, similarity: float) -> float:
        """Return the probability, in [0, 1], that the two questions may share an answer."""


class Contribution(NamedTuple):
    """How far one feature moved the verdict, in log-odds."""

    name: str
    log_odds: float


def row(cached: str, asked: str, similarity: float) -> tuple[float, ...]:
    """Return the model's input, in the order of :data:`NAMES`."""
    return (1.0, *features(cached, asked, similarity))


@cache
def _shipped() -> dict[str, float]:
    fitted = json.loads(_COEFFICIENTS.read_text(encoding="utf-8"))
    return {name: float(value) for name, value in fitted["coefficients"].items()}


class Guard:
    """Looks at both texts, and not only at their similarity.

    A logistic model over the features of :mod:`semcache.semantic.guard`; its coefficients lie in
    ``semcache/semantic/guard.json`` and are fitted by ``python -m semcache.semantic.fit``. A guard
    is a :class:`Verifier`: it can be called, as any other.

    Args:
        coefficients: One for each of :data:`NAMES`; the shipped ones if not given.

    Raises:
        ValueError: A coefficient is missing, or has no feature.

    Example:
        >>> guard = Guard()
        >>> guard("enable two-factor", "disable two-factor", 0.973) < 0.4
        True
        >>> guard.explain("enable two-factor", "disable two-factor", 0.973)[0].log_odds < 0
        True
    """

    def __init__(self, coefficients: dict[str, float] | None = None) -> None:
        given = _shipped() if coefficients is None else coefficients
        if set(given) != set(NAMES):
            raise ValueError(
                f"the guard needs exactly the coefficients {', '.join(NAMES)}; "
                f"these are missing or too many: {', '.join(sorted(set(given) ^ set(NAMES)))}"
            )
        self.coefficients = {name: given[name] for name in NAMES}

    def probability(self, cached: str, asked: str, similarity: float) -> float:
        """Return the probability, in (0, 1), that the two questions may share an answer.

        Args:
            cached: The question whose answer is in the cache.
            asked: The question that arrived.
            similarity: The cosine of their embeddings.
        """
        total = math.fsum(part.log_odds for part in self.explain(cached, asked, similarity))
        return 1 / (1 + math.exp(-max(-700.0, total)))

    def explain(self, cached: str, asked: str, similarity: float) -> list[Contribution]:
        """Return what each feature adds to the log-odds, the largest first; zeros are left out."""
        values = row(cached, asked, similarity)
        parts = [
            Contribution(name, weight * value)
            for (name, weight), value in zip(self.coefficients.items(), values, strict=True)
        ]
        moved = [part for part in parts if part.log_odds]
        return sorted(moved, key=lambda part: -abs(part.log_odds))

    __call__ = probability
