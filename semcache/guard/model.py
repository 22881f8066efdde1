"""The guard: one calibrated probability that two questions may share an answer."""

import json
import math
from functools import cache
from pathlib import Path
from typing import NamedTuple

from semcache.errors import ConfigError
from semcache.guard.features import Features, features

__all__ = ["NAMES", "Guard", "row"]

_COEFFICIENTS = Path(__file__).with_name("guard.json")
NAMES = ("constant", *Features._fields)


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

    A logistic model over the features of :mod:`semcache.guard`; its coefficients lie in
    ``semcache/guard/guard.json`` and are fitted by ``python -m semcache.guard.fit``. A guard
    can be the ``verifier`` of a semantic cache, beside a similarity threshold and not in its
    place: of two texts about different things it may know nothing that speaks against them.

    Args:
        coefficients: One for each of :data:`NAMES`; the shipped ones if not given.
        threshold: Least probability to allow a match. At 0.7 the shipped guard serves about six
            in ten held-out paraphrases of ``data/pairs.jsonl``, and one in ten traps.

    Raises:
        ConfigError: A coefficient is missing, or has no feature; a threshold outside [0, 1].

    Example:
        >>> guard = Guard()
        >>> guard("enable two-factor", "disable two-factor", 0.973)
        False
        >>> guard("How do I reset my password?", "how can I reset my passwrod", 0.95)
        True
        >>> guard.explain("enable two-factor", "disable two-factor", 0.973)[0].log_odds < 0
        True
    """

    def __init__(
        self, coefficients: dict[str, float] | None = None, *, threshold: float = 0.7
    ) -> None:
        given = _shipped() if coefficients is None else coefficients
        if set(given) != set(NAMES):
            raise ConfigError(
                f"the guard needs exactly the coefficients {', '.join(NAMES)}; "
                f"these are missing or too many: {', '.join(sorted(set(given) ^ set(NAMES)))}"
            )
        if not 0 <= threshold <= 1:
            raise ConfigError(f"threshold is {threshold}: a probability lies between 0 and 1")
        self.coefficients = {name: given[name] for name in NAMES}
        self.threshold = threshold

    def __call__(self, cached: str, asked: str, similarity: float) -> bool:
        """Return whether the answer to ``cached`` may be given to ``asked``."""
        return self.probability(cached, asked, similarity) >= self.threshold

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
