"""Divide labelled pairs: one part chooses, another checks, a third may fit. Lesson 08."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.labelled import Pair, Pairs

__all__ = ["CALIBRATION", "HELD_OUT", "Division", "divide"]

CALIBRATION, HELD_OUT = "calibration", "held-out"


@dataclass(frozen=True)
class Division:
    """The parts of a file; unpacks into them.

    Attributes:
        parts: The part to choose with and the part to check on; before them the one to fit on,
            if three were asked for.
        how: In a sentence, how they were divided.
    """

    parts: tuple[Pairs, ...]
    how: str

    def __iter__(self) -> Iterator[Pairs]:
        return iter(self.parts)

    def __getitem__(self, part: int) -> Pairs:
        return self.parts[part]


def divide(pairs: Iterable[Pair], parts: int = 2) -> Division:
    """Return the calibration part and the held-out part; of three parts, the first is to fit on.

    - By time, where the pairs have one: the earlier ones choose, the later ones check. That is
      how a threshold is used.
    - Otherwise by the ``split`` of the rows, if they have one.
    - Otherwise by a hash of the texts, the same each time; pairs that share a text, even by way
      of others, stay together. If nearly all pairs are tied to one another so, as in a log where
      each question is paired with the nearest before it, then only those that share ``a`` do.

    Raises:
        ConfigError: Neither two parts nor three.
        InvalidInput: A part would be empty.

    Example:
        >>> calibration, held_out = divide([Pair(f"a{i}", f"b{i}", True) for i in range(100)])
        >>> len(calibration), len(held_out)
        (53, 47)
    """
    pairs = Pairs.of(pairs)
    if parts not in (2, 3):
        raise ConfigError(f"pairs are divided into 2 parts or 3, not {parts}")
    if pairs.time is not None:
        part, how = _by_time(pairs.time, parts), "by time: the earlier choose, the later check"
    elif len(pairs) and pairs.groups.get("split", np.array([""]))[0]:
        held_out = pairs.groups["split"] == HELD_OUT
        part, how = np.where(held_out, parts - 1, 0), "as the column split says"
        if parts == 3:
            part[~held_out] = _by_chance(pairs[~held_out], 2)[0]
    else:
        part, how = _by_chance(pairs, parts)
    if np.bincount(part, minlength=parts).min() == 0:
        raise InvalidInput(
            f"the {len(pairs):,} pairs, divided {how.split(';')[0]}, leave one of {parts} parts "
            "empty: label more that are unlike, or divide them otherwise"
        )
    return Division(tuple(pairs[part == k] for k in range(parts)), how)


def _by_time(time: NDArray[np.float64], parts: int) -> NDArray[np.intp]:
    """Equal parts; what has the same time stays together."""
    ordered, cuts = np.sort(time), [0]
    edges = np.flatnonzero(np.diff(ordered)) + 1  # where a later time begins
    for k in range(1, parts):
        later = edges[edges > cuts[-1]]
        if len(later):
            cuts.append(int(later[np.abs(later - len(time) * k / parts).argmin()]))
    return np.searchsorted(ordered[cuts[1:]], time, side="right")


def _by_chance(pairs: Pairs, parts: int) -> tuple[NDArray[np.intp], str]:
    digests = (hashlib.sha256(text.strip().encode()).digest()[:8] for text in pairs.texts)
    numbers = np.frombuffer(b"".join(digests), np.uint64)
    part = (_families(pairs, numbers)[pairs.a] % parts).astype(np.intp)
    if np.bincount(part, minlength=parts).min() * 4 * parts >= len(pairs):
        return part, "by chance; pairs that share a text stay together"
    part = (numbers[pairs.a] % parts).astype(np.intp)
    return part, (
        "by chance; nearly all pairs are tied to one another by texts that they share, so that "
        "some texts are in several parts, which flatters"
    )


def _families(pairs: Pairs, numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """For each text, the least number of all texts that are tied to it."""
    least = numbers.copy()
    twins: dict[str, int] = {}  # texts that differ in the blanks around them
    a, b = pairs.a, pairs.b
    bare = enumerate(map(str.strip, pairs.texts))
    same = ((k, twin) for k, text in bare if (twin := twins.setdefault(text, k)) != k)
    tied = np.array(list(same), np.int32).reshape(-1, 2)
    a, b = np.concatenate([a, tied[:, 0]]), np.concatenate([b, tied[:, 1]])
    root = np.arange(len(numbers))
    while True:  # hook each root to the least neighbour's root, then point everyone at its root
        low = np.minimum(root[a], root[b])
        merged = root.copy()
        np.minimum.at(merged, root[a], low)
        np.minimum.at(merged, root[b], low)
        while not np.array_equal(merged, merged[merged]):
            merged = merged[merged]
        if np.array_equal(merged, root):
            break
        root = merged
    np.minimum.at(least, root, numbers)
    return least[root]
