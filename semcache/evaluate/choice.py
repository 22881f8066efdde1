"""What a choice of threshold found: the tests, the threshold, or how near it came. Lesson 08."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from semcache.evaluate.binomial import fewest
from semcache.evaluate.rate import Rate, WeightedRate
from semcache.evaluate.scored import percent, shown

__all__ = ["Choice", "Rule", "Trial"]

Rule = Literal["bonferroni", "fixed-sequence"]
_FAR = 1_000  # more pairs than this, and than three times those that there are, is no plan


class Trial(NamedTuple):
    """One threshold's test.

    Attributes:
        threshold: The threshold.
        served: How many labelled pairs it serves.
        wrong: How many of those have another answer.
        level: The chance of passing in error that this test may spend: its share of the doubt;
            0 if it was not reached.
        passed: Whether the limit holds at this threshold.
        weighted: The share of wrong ones in the log, if the pairs were drawn by weight.
    """

    threshold: float
    served: int
    wrong: int
    level: float
    passed: bool
    weighted: WeightedRate | None = None

    @property
    def rate(self) -> Rate:
        """Wrong among served: of the log if the pairs were drawn by weight, else of the pairs."""
        return Rate(self.wrong, self.served) if self.weighted is None else self.weighted

    @property
    def bound(self) -> float:
        """Upper confidence bound, at confidence 1 - level, of wrong among served."""
        return self.rate.upper(self.level) if self.level else 1.0


@dataclass(frozen=True)
class Choice:
    """The threshold that was chosen, or the news that none can be; prints as a few sentences.

    Attributes:
        threshold: Serve scores from here upwards; ``None``: serve nothing.
        max_wrong: The limit on wrong answers among those served.
        confidence: Of this promise. With groups it is higher than what was asked for, so that the
            promises of all groups hold at once as surely as that.
        rule: By which rule.
        pairs: How many labelled pairs were used.
        tests: One for each threshold of the grid, strictest first.
        groups: The choices of the groups that had enough pairs; empty if not asked for.
    """

    threshold: float | None
    max_wrong: float
    confidence: float
    rule: Rule
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

        0 if there is a threshold; ``None`` if nobody can tell, since the observed rate itself is
        not below the limit, or nothing was served.
        """
        return 0 if self.nearest is None else self._more(self.nearest)

    @property
    def more_if_unlucky(self) -> int | None:
        """The same, had one more of those served been wrong; ``None`` if then nobody can tell.

        The two together show how rough such a number is.
        """
        test = self.nearest
        if test is None or test.wrong >= test.served:
            return None if test else 0
        weighted = None if test.weighted is None else test.weighted.with_another()
        return self._more(test._replace(wrong=test.wrong + 1, weighted=weighted))

    @property
    def is_far(self) -> bool:
        """Whether so many more pairs are needed that the number says little."""
        return (self.more_pairs or 0) > self._far

    @property
    def _far(self) -> int:
        return max(_FAR, 3 * self.pairs)

    def _more(self, test: Trial) -> int | None:
        level = test.level or (1 - self.confidence) / len(self.tests)
        if not test.served or test.rate.value >= self.max_wrong:
            return None
        if test.weighted is not None:
            times = test.weighted.times(self.max_wrong, level)
            return None if times is None else max(1, math.ceil((times - 1) * self.pairs))
        rate = test.wrong / test.served
        needed = fewest(
            lambda served: math.ceil(rate * served), self.max_wrong, level, more_than=test.served
        )
        return needed and math.ceil((needed - test.served) * self.pairs / test.served)

    def __str__(self) -> str:
        limit, sure = percent(self.max_wrong), percent(self.confidence)
        test = self.chosen
        if test is not None:
            return (
                f"Chosen threshold: {shown(test.threshold)}. With {sure} confidence, "
                f"at most {limit} of the answers served are wrong.\n"
                f"It serves {test.served:,} of {self.pairs:,} pairs, {test.wrong:,} of them "
                f"wrong{_of_log(test)}; upper bound {100 * test.bound:.1f} %."
            )
        return "\n".join(
            (
                f"Chosen threshold: none. At no threshold can it be shown with {sure} confidence "
                f"that\nat most {limit} of the answers served are wrong: serve nothing by this "
                "score alone.",
                *self._how_near(),
            )
        )

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))  # what a notebook shows

    def _how_near(self) -> list[str]:
        served = [test for test in self.tests if test.served]
        if not served:
            return ["No labelled pair reaches any of the thresholds."]
        certain = [test for test in served if self._interval(test)[0] > self.max_wrong]
        unsure = [test for test in served if test not in certain]
        said = []
        if self.more_pairs is not None:
            said.append(self._nearest_of(served))
        elif unsure:
            said.append(self._cannot_tell(max(unsure, key=lambda test: test.served)))
        if certain:
            places = ", ".join(shown(test.threshold) for test in certain)
            if len(certain) > 1 and not unsure:
                places = "every threshold that serves a pair"
            said.append(
                f"At {places} more pairs would not help: more than {percent(self.max_wrong)} are "
                "wrong there, not by chance."
            )
        return said

    def _nearest_of(self, served: list[Trial]) -> str:
        test = self.nearest or served[0]
        return (
            f"Nearest: {shown(test.threshold)}, where {test.wrong:,} of {test.served:,} served are "
            f"wrong ({100 * test.rate.value:.1f} %{_of_log(test, 'of the log')}; upper bound "
            f"{100 * test.bound:.1f} %)."
            f"\n{self._how_many_more(test)}"
        )

    def _how_many_more(self, test: Trial) -> str:
        said = [
            "nobody could tell"
            if more is None
            else f"more than {self._far:,}"
            if more > self._far
            else f"about {more:,}"
            for more in (self.more_pairs, self.more_if_unlucky)
        ]
        return (
            f"At that rate {said[0]} more labelled pairs to choose with would do;\n"
            f"with one more of the {test.served:,} wrong, {said[1]}."
        )

    def _cannot_tell(self, test: Trial) -> str:
        low, high = self._interval(test)
        return (
            f"Cannot tell yet: at {shown(test.threshold)}, {test.wrong:,} of {test.served:,} "
            "served are wrong, which fits any true rate\nfrom "
            f"{100 * low:.1f} to {100 * high:.1f} %. Label more pairs."
        )

    def _interval(self, test: Trial) -> tuple[float, float]:
        return replace(test.rate, confidence=self.confidence).interval


def _of_log(test: Trial, said: str = "") -> str:
    """What the weights make of a test's count, in words; nothing without weights."""
    if test.weighted is None:
        return ""
    return f" {said}" if said else f", {100 * test.weighted.value:.1f} % by weight"
