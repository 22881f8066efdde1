r"""Notice when more of the answers served are wrong than was promised. Lesson 13.

Of what is served one in N is read by somebody, who says right or wrong. :class:`Drift` takes these
verdicts one by one, and may be looked at after each. The promise: *as long as at most ``max_wrong``
of what is served is wrong, the alarm is ever raised with probability at most 1 - confidence*,
however long one watches and however often one looks. A binomial test that is repeated every week
promises nothing of the kind: given time, it cries wolf.

**The test is a bet.** Somebody who says that the share of wrong answers is p > m, the limit, bets
on the next verdict: the stake is multiplied by p/m if it is wrong, by (1-p)/(1-m) if it is right.
If the share is m or less that wins nothing on average: the mean of the factor is at most
m (p/m) + (1-m) (1-p)/(1-m) = 1. So what they hold is a nonnegative supermartingale, and so is what
many hold together who divide one dollar among them: some for each of several p, and some who begin
to bet only later, since the cache may break later. By Ville's inequality (1939) the probability
that the whole ever reaches 1/alpha is at most alpha. That is the alarm, and the whole proof. It
does not need independence, only that the chance of "wrong" is at most m at each look, whatever was
seen before.

**What is divided.** A twelfth of the dollar for each of twelve p, whose odds are 1.3, 1.3^2, ...,
1.3^12 times those of the limit. Of each, the share c/((c+k-1)(c+k)) begins at look k, c = 5/m: one
half within the first c looks, all of it in the end. So months of good answers, which ruin who
has bet from the beginning, do not make the test slow: who begins at the release holds the
whole stake.

The bet is the one of I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables
by betting", JRSS B 86 (2024); dividing it by starting points is the way of J. Shin, A. Ramdas and
A. Rinaldo, "E-detectors" (2024), with weights that add up to one, so that a probability of false
alarms is promised and not a mean time between them.

**What it does not promise.** The verdicts must be those of a fair sample: see
:class:`~semcache.evaluate.sample.Sample`. A judge who errs in 2 of 100 adds up to 0.02 to the share
that they see. After an alarm the promise is used up: mend the cache, and begin a new Drift.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcache.errors import ConfigError
from semcache.evaluate.threshold import check_promise

__all__ = ["Drift"]

Stakes = NDArray[np.float64]

_ODDS = 1.3 ** np.arange(1, 13)
_BEGIN = 5.0  # c, the looks within which one half begins, is this over the limit
_MOST_LOOKS = 1_000_000


@dataclass(frozen=True)
class Drift:
    """What was seen of the answers served so far: a value, as small after a year as after a day.

    Attributes:
        max_wrong: The promised limit on wrong answers among those served, in (0, 1).
        confidence: One minus the probability of a false alarm, ever; in (0, 1).
        looked: How many answers were judged.
        wrong: How many of them were wrong.
        alarm: At which look the alarm was raised; ``None`` if it was not.
        stakes: What those hold who have begun to bet, one number for each p.

    Raises:
        ConfigError: A share that is none.

    Example:
        >>> drift = Drift(max_wrong=0.05)
        >>> for number in range(300):
        ...     drift = drift.seen(wrong=number % 40 == 0)   # 2.5 %
        >>> drift.alarm is None
        True
        >>> for number in range(300):
        ...     drift = drift.seen(wrong=number % 5 == 0)    # 20 %
        >>> print(drift)
        68 wrong of 600 looked at (11.3 %, promised 5 %): ALARM, raised at look 361
    """

    max_wrong: float
    confidence: float = 0.95
    looked: int = 0
    wrong: int = 0
    alarm: int | None = None
    stakes: tuple[float, ...] = (0.0,) * len(_ODDS)

    def __post_init__(self) -> None:
        check_promise(self.max_wrong, self.confidence)
        if not 0 <= self.wrong <= self.looked or len(self.stakes) != len(_ODDS):
            raise ConfigError(f"{self.wrong} wrong of {self.looked}: no state of a Drift")

    @property
    def evidence(self) -> float:
        """What the bets hold now, of one dollar; the alarm is raised at 1 / (1 - confidence)."""
        return float(_evidence(np.array(self.stakes), self.looked, self.max_wrong))

    def seen(self, wrong: bool) -> "Drift":
        """Return the state after one more verdict; an alarm stays."""
        looked = self.looked + 1
        counted = replace(self, looked=looked, wrong=self.wrong + bool(wrong))
        if self.alarm is not None:  # the bets are over
            return counted
        stakes = _bet(np.array(self.stakes), looked, float(bool(wrong)), self.max_wrong)
        after = replace(counted, stakes=tuple(stakes.tolist()))
        raised = after.evidence >= 1 / (1 - self.confidence)
        return replace(after, alarm=looked) if raised else after

    def needs(self, excess: float, after: int = 0, before: float | None = None) -> int | None:
        """Return how many looks it takes on average to raise the alarm.

        Computed along the average course of the bets, which is cautious: the averages of the
        simulations in ``tests/test_drift.py`` lie between 0.7 times and once this number. Times N,
        for one in N that is looked at, it is how many answers are served meanwhile.

        Args:
            excess: By how much the share of wrong answers is above the limit, as 0.05.
            after: How many looks went well before.
            before: The share of wrong answers in those; half of the limit if not given.

        Returns:
            Looks from when it broke; ``None`` if a million are too few.

        Raises:
            ConfigError: The excess is not above 0, or the share of wrong answers not below 1.

        Example:
            >>> drift = Drift(max_wrong=0.05)
            >>> drift.needs(excess=0.05), drift.needs(excess=0.05, after=1_000)
            (295, 490)
        """
        share = self.max_wrong + excess
        if not excess > 0 or not share < 1:
            raise ConfigError(
                f"excess is {excess:g}: give by how much more than {self.max_wrong:g} are wrong, "
                "with both together below 1"
            )
        good = self.max_wrong / 2 if before is None else before
        stakes, limit = np.zeros(len(_ODDS)), 1 / (1 - self.confidence)
        for look in range(1, after + 1):
            stakes = _bet(stakes, look, good, self.max_wrong)
        for look in range(after + 1, after + _MOST_LOOKS):
            stakes = _bet(stakes, look, share, self.max_wrong)
            if _evidence(stakes, look, self.max_wrong) >= limit:
                return look - after
        return None

    def as_dict(self) -> dict[str, Any]:
        """Return the state for a JSON file, so that it survives a restart."""
        return {**asdict(self), "stakes": list(self.stakes)}

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> "Drift":
        """Return what :meth:`as_dict` gave.

        Raises:
            ConfigError: It is no such state.

        Example:
            >>> import json
            >>> drift = Drift(max_wrong=0.05).seen(wrong=True)
            >>> Drift.of(json.loads(json.dumps(drift.as_dict()))) == drift
            True
        """
        try:
            return cls(**{**state, "stakes": tuple(map(float, state["stakes"]))})
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"this is no state of a Drift: {error}") from error

    def __str__(self) -> str:
        share = f"{self.wrong / self.looked:.1%}".replace("%", " %") if self.looked else "nothing"
        told = f"{self.wrong} wrong of {self.looked:,} looked at ({share}, "
        told += f"promised {self.max_wrong * 100:g} %): "
        if self.alarm is not None:
            return f"{told}ALARM, raised at look {self.alarm:,}"
        limit = 1 / (1 - self.confidence)
        return f"{told}no alarm, evidence {self.evidence:.2g} of {limit:.3g}"


def _bet(stakes: Stakes, look: int, wrong: Any, limit: float) -> Stakes:
    """Return the stakes after a look, shape (..., 12).

    Args:
        stakes: Those before it.
        look: Its number, from 1.
        wrong: 1 for a wrong answer, 0 for a right one, shape (...); a share for the average course.
        limit: The promise.
    """
    begins = _BEGIN / limit
    fresh = begins / ((begins + look - 1) * (begins + look)) / len(_ODDS)
    p = _ODDS * limit / (1 - limit + _ODDS * limit)
    logs = np.multiply.outer(wrong, np.log(p / limit))
    logs = logs + np.multiply.outer(1 - wrong, np.log((1 - p) / (1 - limit)))
    bets: Stakes = (stakes + fresh) * np.exp(logs)
    return bets


def _evidence(stakes: Stakes, looked: int, limit: float) -> Any:
    """Return what all hold together, with those who have not begun; shape (...)."""
    begins = _BEGIN / limit
    return stakes.sum(axis=-1) + begins / (begins + looked)
