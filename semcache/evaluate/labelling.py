"""Labelling pairs, one key at a time, as a value: what the terminal and the notebook share."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from semcache.evaluate.cells import UNSURE

__all__ = ["BACK", "KEYS", "Agreement", "Labelling", "agreement"]

KEYS = {"y": "yes", "n": "no", "u": UNSURE}
BACK = "b"


@dataclass(frozen=True)
class Labelling:
    """The labels so far, and which pair is shown.

    Attributes:
        labels: For each pair ``"yes"``, ``"no"``, ``"unsure"`` or nothing yet.
        order: The pairs in the order in which they are shown.
        at: Which of these is shown; past the last, if all are labelled.

    Example:
        >>> labelling = Labelling.of(["", "", "no"])
        >>> labelling.current, labelling.press("y").current, labelling.press("y").labels
        (0, 1, ('yes', '', 'no'))
        >>> labelling.press("y").press("b").current, labelling.press("y").press("u").current
        (0, None)
    """

    labels: tuple[str, ...]
    order: tuple[int, ...]
    at: int

    @classmethod
    def of(cls, labels: Sequence[str], seed: int | None = None) -> "Labelling":
        """Go on where labels end.

        Args:
            labels: As far as there are any.
            seed: Shuffle the pairs by this seed, the same each time; ``None``: do not.
        """
        order = list(range(len(labels)))
        if seed is not None:
            random.Random(seed).shuffle(order)
        return cls(tuple(labels), tuple(order), -1)._onwards()

    @property
    def current(self) -> int | None:
        """The pair that is shown; ``None`` if all are labelled."""
        return self.order[self.at] if self.at < len(self.order) else None

    @property
    def done(self) -> int:
        """How many are labelled."""
        return sum(map(bool, self.labels))

    @property
    def number(self) -> int:
        """Which pair is shown, counting those that are labelled: after ``b`` one less."""
        places = range(self.at, len(self.order))
        onwards = next((k for k in places if not self.labels[self.order[k]]), len(self.order))
        return self.done - (onwards - self.at) + 1

    def press(self, key: str) -> "Labelling":
        """Return what a key makes of it: y, n and u label the pair that is shown, b goes back.

        Any other key changes nothing.
        """
        key = key.casefold()
        if key == BACK:
            return replace(self, at=max(0, self.at - 1))
        if key not in KEYS or self.current is None:
            return self
        labels = list(self.labels)
        labels[self.current] = KEYS[key]
        return replace(self, labels=tuple(labels))._onwards()

    def _onwards(self) -> "Labelling":
        places = range(self.at + 1, len(self.order))
        at = next((k for k in places if not self.labels[self.order[k]]), len(self.order))
        return replace(self, at=at)


class Agreement(NamedTuple):
    """How far two readers agree.

    Attributes:
        both: So many pairs both labelled yes or no.
        alike: So many of them alike.
        kappa: Cohen's kappa; nan if chance alone would make them agree always, or of nothing.
    """

    both: int
    alike: int
    kappa: float


def agreement(first: Sequence[str], second: Sequence[str]) -> Agreement:
    """Return how far two readers agree on the pairs of which both were sure.

    Cohen's kappa is the agreement beyond that of two readers who say yes as often as these, but by
    chance: 0 if there is none, 1 if they always agree. J. Cohen, "A coefficient of agreement for
    nominal scales", Educational and Psychological Measurement 20 (1960).

    Args:
        first: Labels of n pairs, as in :class:`Labelling`.
        second: Of the same pairs.

    Example:
        >>> agreement(["yes", "yes", "no", "no", "unsure"], ["yes", "no", "no", "no", "yes"])
        Agreement(both=4, alike=3, kappa=0.5)
    """
    sure = [(a, b) for a, b in zip(first, second, strict=True) if {a, b} <= {"yes", "no"}]
    n, alike = len(sure), sum(a == b for a, b in sure)
    yes = [sum(labels[reader] == "yes" for labels in sure) for reader in (0, 1)]
    by_chance = yes[0] * yes[1] + (n - yes[0]) * (n - yes[1])  # of n * n
    if by_chance == n * n:
        return Agreement(n, alike, math.nan)
    return Agreement(n, alike, (n * alike - by_chance) / (n * n - by_chance))
