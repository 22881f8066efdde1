"""A share with its exact interval: of pairs as they came, or of pairs that were drawn by weight.

**With weights.** ``python -m semcache pairs`` draws from the log by bands of similarity: n of the
N pairs of a band, each of which then stands for w = N / n. The share of wrong ones among the
*labelled* pairs is then that of the sampled mix, not of the log; the share of the log is estimated
by the sum of weights. A binomial bound does not hold for a sum of weights. This one does.

To show that at most a share ``a`` of what a threshold serves is wrong, bet against the contrary:
begin with 1, and for each pair served multiply by

    1 - f w / W            if it is wrong,
    1 + f w / W a / (1-a)  if it is right,

with W the heaviest weight there can be, and f fixed in advance in (0, 1]. If the log had ``a`` or
more wrong, the expected product would be at most 1: each factor is 1 - y with y proportional to
w (wrong - a), whose weighted sum over the log is then 0 or more; for draws without replacement
within a band, and fixed numbers by band, the mean of the product is at most the product of the
means (the inequalities of Maclaurin, and of arithmetic and geometric means). So it exceeds 1 / d
with a chance of at most d (Markov). The average of several products, each with its own f, has the
same property. I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by
betting", Journal of the Royal Statistical Society B 86 (2024).

Where all that a threshold can serve weigh the same, the pairs served are a plain sample of what the
log would serve, and the binomial bound holds; it is used there.

The promise is then about the log that was sampled, whatever depends on what in it: the only
chance that counts is the one of the draw. Unequal weights cost labels: where the heaviest weigh
twice the mean and none is wrong, 263 served show what 107 of equal weight show; with some wrong,
more.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

from semcache.evaluate.binomial import fewest, interval, tail, upper_bound

__all__ = ["Rate", "WeightedRate"]

_BETS = (1.0, 0.5, 0.25, 0.125)
_HALVINGS = 60


@dataclass(frozen=True)
class Rate:
    """A share, and how sure it is.

    Example:
        >>> rate = Rate(3, 60)
        >>> rate.value, [round(limit, 3) for limit in rate.interval]
        (0.05, [0.01, 0.139])
        >>> print(rate)
        5.0 % (1.0-13.9)
    """

    count: int
    of: int
    confidence: float = 0.95

    weighted: ClassVar[bool] = False

    @property
    def value(self) -> float:
        """The observed share; nan of nothing."""
        return self.count / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The exact two-sided limits of the true share; (0, 1) of nothing."""
        return interval(self.count, self.of, self.confidence)

    def upper(self, level: float) -> float:
        """Return a share that the true one exceeds with a chance of at most ``level``."""
        return upper_bound(self.count, self.of, 1 - level)

    def is_below(self, limit: float, level: float) -> bool:
        """Return whether the true share is shown to be at most ``limit``."""
        return self.of > 0 and tail(self.count, self.of, limit) <= level

    def __str__(self) -> str:
        if not self.of:
            return "-"
        low, high = self.interval
        return f"{100 * self.value:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


@dataclass(frozen=True)
class WeightedRate(Rate):
    """A share of the log, told from pairs that were drawn from it by weight.

    ``count`` and ``of`` are still numbers of labelled pairs.

    Attributes:
        strata: For each weight that occurs: the weight, how many pairs count, how many do not.
        heaviest: The most that a pair can weigh.

    Example:
        >>> rate = WeightedRate(1, 200, 0.95, ((1.0, 1, 99), (3.0, 0, 100)), heaviest=3.0)
        >>> rate.value, round(rate.upper(0.05), 3)
        (0.0025, 0.034)
        >>> rate.is_below(0.05, 0.05), rate.is_below(0.02, 0.05)
        (True, False)
    """

    strata: tuple[tuple[float, int, int], ...] = ()
    heaviest: float = 1.0

    weighted: ClassVar[bool] = True

    @property
    def value(self) -> float:
        """The estimated share of the log; nan of nothing."""
        total = sum(weight * (hits + misses) for weight, hits, misses in self.strata)
        return sum(weight * hits for weight, hits, _ in self.strata) / total if total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Two-sided limits of the log's share, each by half of the doubt; (0, 1) of nothing."""
        if self._is_even:
            return super().interval
        half = (1 - self.confidence) / 2
        return 1 - self._complement.upper(half), self.upper(half)

    @property
    def _is_even(self) -> bool:
        return len(self.strata) == 1 and self.strata[0][0] == self.heaviest

    @property
    def _complement(self) -> "WeightedRate":
        turned = tuple((weight, misses, hits) for weight, hits, misses in self.strata)
        return WeightedRate(self.of - self.count, self.of, self.confidence, turned, self.heaviest)

    def upper(self, level: float) -> float:
        """Return a share that the log's exceeds with a chance of at most ``level``."""
        if self._is_even:
            return super().upper(level)
        low, high = 0.0, 1.0
        if not self.of or self.count == self.of:
            return high
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if self.is_below(middle, level) else (middle, high)
        return high

    def is_below(self, limit: float, level: float) -> bool:
        """Return whether the log's share is shown to be at most ``limit``."""
        if self._is_even:
            return super().is_below(limit, level)
        if not 0 < limit < 1:
            return limit >= 1
        gains = self._gains(limit)
        most = max(gains)
        if most == -math.inf:
            return False
        average = sum(math.exp(gain - most) for gain in gains) / len(gains)
        return level > 0 and most + math.log(average) >= -math.log(level)

    def times(self, limit: float, level: float) -> float | None:
        """Return how many times as many such pairs would show it; ``None`` if none would."""
        if self._is_even:
            rate = self.count / self.of
            needed = fewest(lambda n: math.ceil(rate * n), limit, level, more_than=self.of)
            return needed and needed / self.of
        most = max(self._gains(limit))
        return (math.log(len(_BETS)) - math.log(level)) / most if most > 0 else None

    def with_another(self) -> "WeightedRate":
        """Return the same, had one more counted, of the weight that is commonest among the rest."""
        weight = max(self.strata, key=lambda stratum: stratum[2])[0]
        strata = tuple((w, h + (w == weight), m - (w == weight)) for w, h, m in self.strata)
        return WeightedRate(self.count + 1, self.of, self.confidence, strata, self.heaviest)

    def _gains(self, limit: float) -> list[float]:
        """The logarithm of each bet's product."""
        return [self._gain(bet, limit / (1 - limit)) for bet in _BETS]

    def _gain(self, bet: float, odds: float) -> float:
        total = 0.0
        for weight, hits, misses in self.strata:
            stake = bet * weight / self.heaviest
            if hits and stake >= 1:
                return -math.inf
            total += (hits * math.log1p(-stake) if hits else 0.0) + misses * math.log1p(
                stake * odds
            )
        return total
