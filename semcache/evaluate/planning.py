"""How many pairs to label until a promise can be made, and whether it can be at all. Lesson 08.

The rule of :mod:`semcache.evaluate.threshold`, read backwards. With a doubt a, divided among k
thresholds, one of them passes with w wrong among n served as soon as

    P(binomial(n, max_wrong) <= w) <= a / k

For w = 0 that is ``(1 - max_wrong) ** n <= a / k``: at 5 % and 95 %, 59 for one threshold that was
fixed in advance, 107 for each of twelve. The pairs are those that *are served*: a cache that
serves a third of what it is asked needs three times as many pairs to choose with, and the tool puts
as many aside to check on.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from semcache.errors import ConfigError
from semcache.evaluate.binomial import fewest, tail
from semcache.evaluate.scored import percent
from semcache.evaluate.threshold import check_promise

__all__ = ["Plan", "Step", "most_served", "plan"]

_SHARES = (0.1, 0.3, 0.5)  # shown when nobody says how much is served
_OFTEN = 0.9
_TRULY = (0.2, 0.4, 0.6)  # of the limit: so many of the served may really be wrong


@dataclass(frozen=True)
class Step:
    """What it takes if so many of the served pairs turn out wrong.

    Attributes:
        wrong: How many are wrong.
        served: How many pairs a threshold must serve then.
    """

    wrong: int
    served: int

    def pairs(self, share: float) -> int:
        """Return how many pairs to choose with, if a share of them in (0, 1] is served."""
        return math.ceil(round(self.served / share, 9))


@dataclass(frozen=True)
class Plan:
    """How many pairs to label; prints as a table and a few sentences.

    Attributes:
        max_wrong: The limit on wrong answers among those served.
        confidence: Of the promise.
        thresholds: How many of them share the doubt.
        served: The share of the pairs that is expected to be served, if somebody said it.
        same: The share of the pairs with the same answer, if somebody said it.
        parts: Into how many parts the file is divided: one chooses, one checks, one may fit.
        steps: One for each number of wrong answers.
    """

    max_wrong: float
    confidence: float
    thresholds: int
    served: float | None
    same: float | None
    parts: int
    steps: tuple[Step, ...]

    @property
    def reachable(self) -> bool | None:
        """Whether any score could serve that share within the limit; ``None``: not enough said."""
        if self.same is None or self.served is None:
            return None
        return self.served <= most_served(1 - self.same, self.max_wrong) + 1e-12

    def __str__(self) -> str:
        return "\n".join((self._head(), "", *self._table(), "", *self._notes()))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))  # what a notebook shows

    def _head(self) -> str:
        among = (
            "at a threshold fixed in advance"
            if self.thresholds == 1
            else (f"at the lowest of {self.thresholds} thresholds that passes")
        )
        return (
            f"To show with {percent(self.confidence)} confidence that at most "
            f"{percent(self.max_wrong)} of the answers served are wrong,\n{among}:"
        )

    def _table(self) -> list[str]:
        head = ["wrong", "served"]
        if self.served is None:
            head += [f"pairs if {percent(share)} are served" for share in _SHARES]
            rows = [
                [s.wrong, s.served, *(self.parts * s.pairs(x) for x in _SHARES)] for s in self.steps
            ]
        else:
            names = ["to fit on"] * (self.parts > 2) + ["to choose with", "to check on"]
            head += [*names, "pairs in all"]
            each = [step.pairs(self.served) for step in self.steps]
            rows = [
                [step.wrong, step.served, *[n] * self.parts, self.parts * n]
                for step, n in zip(self.steps, each, strict=True)
            ]
        return [
            "   ".join(head),
            *("   ".join(f"{n:{len(h)},}" for n, h in zip(row, head, strict=True)) for row in rows),
        ]

    def suffices(self, rate: float) -> Step:
        """Return a step with which a file passes nine times in ten, if ``rate`` of them is wrong.

        Args:
            rate: The true share of wrong answers among those served, below ``max_wrong``.

        Raises:
            ConfigError: The rate is not below the limit.

        Example:
            >>> plan(0.05, 0.95).suffices(0.02)
            Step(wrong=16, served=591)
        """
        if not 0 <= rate < self.max_wrong:
            raise ConfigError(f"a rate of {rate:g} cannot be shown to be below {self.max_wrong:g}")
        doubt, wrong, served = (1 - self.confidence) / self.thresholds, 0, 0
        while True:
            so_many = partial(_constant, wrong)
            needed = fewest(so_many, self.max_wrong, doubt, more_than=served)
            if needed is None:
                raise ConfigError(f"a rate of {rate:g} is too near to the limit to be shown")
            served = needed
            if tail(wrong, served, rate) >= _OFTEN:
                return Step(wrong, served)
            wrong, served = wrong + 1, served - 1

    def _often(self, share: float) -> list[str]:
        """What it takes since some of the served will be wrong, a line for each true rate."""
        said = ["Some of the served will be wrong, and a file is one draw. For nine of ten to do:"]
        for part in _TRULY:
            rate = part * self.max_wrong
            total = self.parts * self.suffices(rate).pairs(share)
            said.append(f"  {total:,} pairs in all, if {percent(rate)} are really wrong")
        return said

    def _notes(self) -> list[str]:
        alone = fewest(lambda _: 0, self.max_wrong, 1 - self.confidence)
        notes = []
        if self.thresholds > 1:
            notes.append(
                f"The {self.thresholds} thresholds share the doubt, "
                f"{100 * (1 - self.confidence) / self.thresholds:.2g} % each. One threshold fixed "
                f"in advance has all of it: {alone:,} served without an error."
            )
        if self.served is None:
            notes.append(
                "Pairs in all: served / share served, to choose with, and as many to check on."
            )
        else:
            notes.append(self._chance(self.steps[0], self.served))
            notes += self._often(self.served)
        return [*notes, *self._whether()]

    def _chance(self, step: Step, share: float) -> str:
        n = step.pairs(share)
        enough = n
        while step.served and tail(step.served - 1, enough, share) > 1 - _OFTEN:
            enough += max(1, n // 200)
        return (
            f"Of {n:,} pairs, {percent(share)} are {step.served:,}, more or less: with {enough:,} "
            "to choose with there are enough nine times in ten."
        )

    def _whether(self) -> list[str]:
        limit = percent(self.max_wrong)
        if self.same is not None:
            most = most_served(1 - self.same, self.max_wrong)
            said = (
                f"If {percent(self.same)} of the pairs have the same answer, no score whatever can "
                f"serve more than {percent(most)} with {limit} wrong."
            )
            if self.reachable is False:
                said += f" So {percent(self.served or 0)} cannot be reached."
            return [said]
        if self.served is not None:
            least = percent(self.served * (1 - self.max_wrong))
            return [
                f"Can it be reached? Only if at least {least} of the pairs have the same answer: "
                "so many right ones must be among the served."
            ]
        return []


def plan(
    max_wrong: float = 0.05,
    confidence: float = 0.95,
    *,
    served: float | None = None,
    thresholds: int = 12,
    same: float | None = None,
    wrong: Iterable[int] = (0, 1, 2, 5, 10),
    fit: bool = False,
) -> Plan:
    """Return how many pairs to label until :func:`choose_threshold` can keep its promise.

    Args:
        max_wrong: The limit on wrong answers among those served, in (0, 1).
        confidence: Of the promise, in (0, 1).
        served: The share of the labelled pairs that you expect to serve, in (0, 1]. Of a file that
            was drawn by bands it is larger than that of the log.
        thresholds: How many are tested: the length of the grid.
        same: The share of the pairs with the same answer, as a first look at some shows it.
        wrong: For so many wrong answers among the served: a step each.
        fit: Whether a third part is to fit a verifier on.

    Raises:
        ConfigError: An option out of its range, or a limit so small that ten million served
            pairs do not show it.

    Example:
        >>> [(step.wrong, step.served) for step in plan(0.05, 0.95, wrong=[0, 1]).steps]
        [(0, 107), (1, 150)]
        >>> plan(0.05, 0.95, thresholds=1).steps[0].served
        59
        >>> plan(0.02, 0.90, served=0.3).steps[0].pairs(0.3)
        790
    """
    check_promise(max_wrong, confidence)
    for name, share in (("served", served), ("same", same)):
        if share is not None and not 0 < share <= 1:
            raise ConfigError(
                f"{name} is {share:g}, but a share lies above 0, up to 1: 0.3 is 30 %"
            )
    if thresholds < 1:
        raise ConfigError(f"{thresholds} thresholds are none to choose from: at least 1")
    numbers = sorted(set(wrong))
    if not numbers or numbers[0] < 0:
        raise ConfigError("wrong says how many wrong answers to plan for: one or more, from 0 up")
    doubt, steps = (1 - confidence) / thresholds, []
    for count in numbers:
        needed = fewest(partial(_constant, count), max_wrong, doubt)
        if needed is None:
            raise ConfigError(f"max_wrong {max_wrong:g} is too small: no such file can show it")
        steps.append(Step(count, needed))
    return Plan(max_wrong, confidence, thresholds, served, same, 3 if fit else 2, tuple(steps))


def _constant(wrong: int, trials: int) -> int:
    return wrong


def most_served(wrong: float, max_wrong: float) -> float:
    """Return the largest share that any score can serve within a limit on wrong answers.

    If a share ``wrong`` of the pairs have another answer, those served hold at most all the right
    ones, and with them ``max_wrong`` of wrong ones. So any method that knows nothing else must
    abstain on at least ``(wrong - max_wrong) / (1 - max_wrong)`` (arXiv:2606.29054).

    Args:
        wrong: The share of all pairs that have another answer, in [0, 1].
        max_wrong: The limit, in [0, 1).

    Example:
        >>> round(most_served(0.62, 0.05), 2), most_served(0.03, 0.05)
        (0.4, 1.0)
    """
    return min(1.0, (1 - wrong) / (1 - max_wrong))
