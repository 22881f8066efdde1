"""What a choice of threshold found: the tests, the threshold, or how near it came. Lesson 08."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from semcache.evaluate.binomial import tail, upper_bound
from semcache.evaluate.scored import shown

__all__ = ["Choice", "Correction", "Trial"]

Correction = Literal["fallback", "fixed-sequence", "bonferroni"]
_MOST_PAIRS = 10_000_000


class Trial(NamedTuple):
    """One threshold's test.

    Attributes:
        threshold: The threshold.
        served: How many labelled pairs it serves.
        wrong: How many of those have another answer.
        level: The chance of passing in error that this test may spend; 0 if it was not reached.
        passed: Whether the limit holds at this threshold.
    """

    threshold: float
    served: int
    wrong: int
    level: float
    passed: bool

    @property
    def bound(self) -> float:
        """Upper confidence bound, at confidence 1 - level, of wrong among served."""
        return upper_bound(self.wrong, self.served, 1 - self.level) if self.level else 1.0


@dataclass(frozen=True)
class Choice:
    """The threshold that was chosen, or the news that none can be; prints as a sentence or two.

    Attributes:
        threshold: Serve scores from here upwards; ``None``: serve nothing.
        max_wrong: The limit on wrong answers among those served.
        confidence: Of this promise. With groups it is higher than what was asked for, so that the
            promises of all groups hold at once as surely as that.
        correction: How the many tests were corrected for.
        pairs: How many labelled pairs were used.
        tests: One for each threshold of the grid, strictest first.
        groups: The choices of the groups that had enough pairs; empty if not asked for.
    """

    threshold: float | None
    max_wrong: float
    confidence: float
    correction: Correction
    pairs: int
    tests: tuple[Trial, ...]
    groups: Mapping[str, "Choice"] = field(default_factory=dict)

    def threshold_for(self, group: str) -> float | None:
        """Return the threshold of a group, or the common one if it had too few pairs.

        The common threshold's promise is about all groups together: in a group that uses it, more
        may be wrong.
        """
        return self.groups.get(group, self).threshold

    def serves(self, score: float, group: str = "") -> bool:
        """Return whether a score is high enough; never, if no threshold was found."""
        threshold = self.threshold_for(group)
        return threshold is not None and score >= threshold

    @property
    def chosen(self) -> Trial | None:
        """The chosen threshold's test."""
        return next((test for test in self.tests if test.threshold == self.threshold), None)

    @property
    def nearest(self) -> Trial | None:
        """The test that came nearest to passing, when none did: the one that wants fewest pairs."""
        if self.threshold is not None:
            return None
        return min(self.tests, key=lambda test: (self._more(test) or math.inf, test.bound))

    @property
    def more_pairs(self) -> int | None:
        """About how many more labelled pairs the nearest threshold needs, at its observed rate.

        0 if there is a threshold; ``None`` if no number would do, since the observed rate itself
        is not below the limit, or nothing was served.
        """
        return 0 if self.nearest is None else self._more(self.nearest)

    def _more(self, test: Trial) -> int | None:
        level = test.level or (1 - self.confidence) / len(self.tests)
        if not test.served or test.wrong >= self.max_wrong * test.served:
            return None
        low, high = test.served, 2 * test.served  # needed: more than low, at most high
        while not self._would_pass(test, high, level):
            low, high = high, 2 * high
            if high > _MOST_PAIRS:
                return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._would_pass(test, middle, level) else (middle, high)
        return math.ceil((high - test.served) * self.pairs / test.served)

    def _would_pass(self, test: Trial, served: int, level: float) -> bool:
        wrong = math.ceil(test.wrong * served / test.served)
        return tail(wrong, served, self.max_wrong) <= level

    def __str__(self) -> str:
        limit, sure = f"{100 * self.max_wrong:g} %", f"{100 * self.confidence:.3g} %"
        test = self.chosen
        if test is not None:
            return (
                f"Chosen threshold: {shown(test.threshold)}. With {sure} confidence, "
                f"at most {limit} of the answers served are wrong.\n"
                f"It serves {test.served:,} of {self.pairs:,} pairs, {test.wrong:,} of them "
                f"wrong; upper bound {100 * test.bound:.1f} %."
            )
        text = (
            f"Chosen threshold: none. At no threshold can it be shown with {sure} confidence that\n"
            f"at most {limit} of the answers served are wrong: serve nothing by this score alone."
        )
        return f"{text}\n{self._how_near()}"

    def _how_near(self) -> str:
        test = self.nearest
        if test is None or not test.served:
            return "No labelled pair reaches any of the thresholds."
        seen = (
            f"Nearest: {shown(test.threshold)}, where {test.wrong:,} of {test.served:,} served are "
            f"wrong ({100 * test.wrong / test.served:.1f} %; upper bound {100 * test.bound:.1f} %)."
        )
        if self.more_pairs is None:
            return f"{seen}\nMore labelled pairs would not help: the observed rate is too high."
        return f"{seen}\nAt that rate about {self.more_pairs:,} more labelled pairs would do."
