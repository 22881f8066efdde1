"""How sure a share is: exact (Clopper-Pearson) confidence limits for a binomial proportion.

Of ``trials`` independent cases, ``count`` were of a kind whose true share p is unknown. The limits
hold for every p and every number of trials, also for 0 of 12, where the textbook's normal
approximation gives an interval of no width. C. J. Clopper and E. S. Pearson, "The use of
confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26 (1934).
"""

import math
from collections.abc import Callable
from functools import lru_cache

from semcache.errors import ConfigError

__all__ = ["fewest", "interval", "tail", "upper_bound"]

_STEPS = 10_000  # of the continued fraction, which takes about the root of the number of trials
_HALVINGS = 60
_MOST_TRIALS = 10_000_000


@lru_cache(maxsize=100_000)
def tail(count: int, trials: int, share: float) -> float:
    """Return the probability of at most ``count`` cases in ``trials``, each with chance ``share``.

    Args:
        count: From 0 to ``trials``.
        trials: From 0 upwards.
        share: In [0, 1].

    Raises:
        ConfigError: An argument is out of range.

    Example:
        >>> tail(1, 2, 0.5), round(tail(0, 59, 0.05), 4)
        (0.75, 0.0485)
    """
    if not 0 <= count <= trials:
        raise ConfigError(f"{count} of {trials} is no share: the count lies in 0..{trials}")
    if not 0 <= share <= 1:
        raise ConfigError(f"a share lies in [0, 1], not at {share}")
    if count == trials or share == 0:
        return 1.0
    if share == 1:
        return 0.0
    if count == 0:
        return float((1 - share) ** trials)
    return _beta(1 - share, trials - count, count + 1)


def upper_bound(count: int, trials: int, confidence: float = 0.95) -> float:
    """Return a share that the true one exceeds in at most ``1 - confidence`` of all samples.

    One-sided: all the doubt lies above. It is the share at which so few cases would be as rare as
    ``1 - confidence``.

    Raises:
        ConfigError: An argument is out of range.

    Example:
        >>> round(upper_bound(0, 59), 4)   # nothing wrong in 59, and still only "below 5 %"
        0.0495
    """
    if not 0 < confidence < 1:
        raise ConfigError(f"a confidence lies between 0 and 1, not at {confidence}")
    return _upper(count, trials, 1 - confidence)


def interval(count: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the two-sided exact limits, half of the doubt on each side.

    With no trials nothing is known: (0, 1).

    Raises:
        ConfigError: An argument is out of range.

    Example:
        >>> low, high = interval(4, 20, confidence=0.90)
        >>> round(low, 4), round(high, 4)
        (0.0714, 0.401)
    """
    half = (1 + confidence) / 2 if confidence > 0 else confidence  # which is refused below
    return 1 - upper_bound(trials - count, trials, half), upper_bound(count, trials, half)


def fewest(
    wrong: Callable[[int], int], limit: float, doubt: float, *, more_than: int = 0
) -> int | None:
    """Return the fewest trials whose upper bound is at most ``limit`` at confidence 1 - doubt.

    Args:
        wrong: How many cases there are among so many trials; grows no faster than ``limit`` times.
        limit: In (0, 1).
        doubt: In (0, 1).
        more_than: So many are known to be too few.

    Returns:
        That many trials, or ``None`` if ten million are too few.

    Example:
        >>> fewest(lambda trials: 0, 0.05, 0.05), fewest(lambda trials: 1, 0.05, 0.05)
        (59, 93)
    """

    def passes(trials: int) -> bool:
        return wrong(trials) <= trials and tail(wrong(trials), trials, limit) <= doubt

    low, high = more_than, max(1, 2 * more_than)  # needed: more than low, at most high
    while not passes(high):
        low, high = high, 2 * high
        if high > _MOST_TRIALS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high


@lru_cache(maxsize=100_000)
def _upper(count: int, trials: int, doubt: float) -> float:
    low, high = 0.0, 1.0
    if count == trials:
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if tail.__wrapped__(count, trials, middle) > doubt:  # middle values never come again
            low = middle
        else:
            high = middle
    return high


def _beta(x: float, a: int, b: int) -> float:
    """The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22)."""
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly
        return 1 - _beta(1 - x, b, a)
    log_front = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    # Lentz's method: c and d are the ratios of successive numerators and denominators.
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / _nonzero(1 + term * d), _nonzero(1 + term / c)
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return math.exp(log_front) * fraction / a


def _nonzero(value: float) -> float:
    return value if value else 1e-300
