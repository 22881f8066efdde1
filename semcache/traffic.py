"""Traffic to try a cache on: what users ask a support desk, and how often they ask it again."""

import math
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import TypeVar

from semcache import _data
from semcache.errors import ConfigError

__all__ = ["Phrasing", "load_phrasings", "zipf_stream"]

Item = TypeVar("Item")


@dataclass(frozen=True)
class Phrasing:
    """One way to ask for something, as a user typed it.

    Attributes:
        id: Unique, made of intent, language and a number: ``reset-password.en.1``.
        text: What was typed, typing errors included.
        language: ``en`` or ``zh``; a mixed text counts as ``zh`` once it has a Chinese character.
        intent: What the user wants.
        answer: The id of the answer that settles it. Two intents may share one.
    """

    id: str
    text: str
    language: str
    intent: str
    answer: str


def load_phrasings() -> tuple[Phrasing, ...]:
    """Return every row of ``data/phrasings.jsonl``, in the order of the file.

    The file is ordered by topic: all rows of an intent stand together. ``data/README.md`` says how
    the rows were made and what they cannot show.

    Raises:
        ConfigError: The data folder is missing, as it is in an installed wheel.

    Example:
        >>> first = load_phrasings()[0]
        >>> first.id, first.text
        ('reset-password.en.1', 'How do I reset my password?')
    """
    return tuple(Phrasing(**row) for row in _data.read_rows(_data.FOLDER / "phrasings.jsonl"))


def zipf_stream(
    items: Sequence[Item], size: int, *, exponent: float = 1.1, seed: int = 7
) -> list[Item]:
    """Draw ``size`` items with repetition, the first item most often: a Zipf-like stream.

    The item at position r (counted from 1) is drawn with probability

        p(r) = r ** -exponent / (1 ** -exponent + 2 ** -exponent + ... + n ** -exponent)

    and each draw is independent of those before it. Exponent 1 is Zipf's law, which G. K. Zipf
    described for the words of a text ("Human Behavior and the Principle of Least Effort", 1949).
    Breslau, Cao, Fan, Phillips and Shenker found the same shape in the requests that reach web
    caches, with an exponent that varies from trace to trace ("Web Caching and Zipf-like
    Distributions: Evidence and Implications", IEEE INFOCOM 1999). The default 1.1 is a choice, not
    a measurement: try your own, since hit rates depend on it.

    Args:
        items: What is drawn from, most popular first.
        size: How many are drawn.
        exponent: How steep popularity falls, from 0 (all items alike) upwards.
        seed: Same items, size, exponent and seed: same stream, on every machine.

    Returns:
        A list of ``size`` items, in the order in which they arrive.

    Raises:
        ConfigError: Nothing to draw from, a negative size, or an exponent below 0.

    Example:
        >>> zipf_stream(["refund", "invoice", "dark mode"], 6)
        ['refund', 'refund', 'invoice', 'refund', 'refund', 'refund']
    """
    if size < 0:
        raise ConfigError(f"size is {size}, but a stream cannot have fewer than 0 items")
    if not (math.isfinite(exponent) and exponent >= 0):
        raise ConfigError(f"exponent is {exponent}, but it must be a number from 0 upwards")
    if not items:
        raise ConfigError("there are no items to draw from")
    bounds = list(accumulate(rank**-exponent for rank in range(1, len(items) + 1)))
    # Of the random module, only the sequence of random() is promised to stay the same in every
    # version of Python, so choices() is not used.
    draw, last = Random(seed).random, len(items) - 1
    return [items[bisect(bounds, draw() * bounds[-1], hi=last)] for _ in range(size)]
