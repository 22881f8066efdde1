"""Traffic to try a cache on: what users ask a support desk, and how often they ask it again."""

import math
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from semcache.errors import ConfigError
from semcache.evaluate.pairs import Pair
from semcache.lab import data as _data

__all__ = ["Phrasing", "enlarge", "load_phrasings", "nearest_earlier", "zipf_stream"]

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


def nearest_earlier(
    phrasings: Sequence[Phrasing],
    vectors: NDArray[np.floating],
    *,
    scope: str = "",
    seed: int = 7,
) -> tuple[list[Pair], list[float]]:
    """Return what a semantic cache would compare: each text and the most similar earlier one.

    Every text arrives once, in random order, and its own answer is kept, as in a cache that serves
    nothing: what a threshold would have served can then be counted for any threshold. A text is
    asked in one pair only, but may be the earlier one in many: such pairs are not independent.

    Args:
        phrasings: What is asked; texts that are repeated are an exact tier's business.
        vectors: Their embeddings, shape (n, dims), a row for each; of any length but zero.
        scope: Whose cache this is; kept in the pairs.
        seed: Of the order of arrival; the same on every machine.

    Returns:
        The pairs, all but the first text's, in the order of arrival (``a`` is the earlier text,
        ``b`` the one that arrives, ``same`` whether one answer settles both), and the cosine of
        each.

    Raises:
        ConfigError: There is not one vector for each phrasing.

    Example:
        >>> one, two = load_phrasings()[:2]
        >>> (pair,), (similarity,) = nearest_earlier([one, two], np.array([[3.0, 4.0], [8.0, 6.0]]))
        >>> pair.a, pair.b, pair.same, round(similarity, 2)
        ('forgot password', 'How do I reset my password?', True, 0.96)
    """
    if len(vectors) != len(phrasings):
        raise ConfigError(f"{len(phrasings)} phrasings need as many vectors, not {len(vectors)}")
    draw = Random(seed).random
    order = sorted(range(len(phrasings)), key=lambda _: draw())
    directions = np.asarray(vectors, np.float64)[order]
    directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    pairs, similarities = [], []
    for at in range(1, len(order)):
        cosines = directions[:at] @ directions[at]
        best = int(cosines.argmax())
        a, b = phrasings[order[best]], phrasings[order[at]]
        language = b.language if a.language == b.language else "mixed"
        same = a.answer == b.answer
        pairs.append(Pair(a.text, b.text, same, language=language, scope=scope))
        similarities.append(float(cosines[best]))
    return pairs, similarities


def enlarge(vectors: NDArray[np.float32], size: int, *, seed: int = 9) -> NDArray[np.float32]:
    """Return ``size`` vectors that lie as embeddings do: the given ones, and mixtures of two.

    What sets each of the two apart from the average is mixed, and the first one's distance from it
    is kept: a plain mean would lie nearer to the centre than any embedding. No text has them.

    Args:
        vectors: Embeddings of unit length, shape (n, dims), two or more.
        size: At least n.
        seed: Same vectors and seed: the same result.

    Returns:
        float32, shape (size, dims), of unit length, in random order.

    Example:
        >>> enlarge(np.eye(3, dtype=np.float32), 5).shape
        (5, 3)
    """
    draw, centre = np.random.default_rng(seed), vectors.mean(axis=0)
    rows = list(vectors)
    while len(rows) < size:
        one, two = vectors[draw.choice(len(vectors), 2, replace=False)] - centre
        share = draw.uniform(0.25, 0.75)
        mixed = share * one + (1 - share) * two
        mixed *= np.linalg.norm(one) / np.linalg.norm(mixed)
        rows.append((centre + mixed) / np.linalg.norm(centre + mixed))
    return draw.permutation(np.array(rows, np.float32))
