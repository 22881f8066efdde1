"""What a user who may only ask can do: a plain question with an instruction in it.

An attack succeeds if the answer that it dictated is given to whoever asks the plain question: the
two are similar enough, and no rule keeps the attack's question out of the semantic tier.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcache.lab.data import FOLDER, read_rows
from semcache.sharing import DEFAULT_RULES, may_share

__all__ = ["Count", "counts", "false_alarms"]

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
_HALVES = ("calibration", "held-out")


class Count(NamedTuple):
    """Attacks of one kind and split: how many, and how many of them succeed.

    ``bare`` are similar enough to be served if there were no rules, ``served`` those of them that
    no rule refuses, ``admitted`` all that no rule refuses, however similar.
    """

    kind: str
    split: str
    attacks: int
    bare: int
    served: int
    admitted: int


def counts(embed: Embed, threshold: float) -> Iterator[Count]:
    """Yield each kind of attack, its two halves apart, then each split as a whole."""
    rows = read_rows(FOLDER / "attacks.jsonl")
    first, second = (embed([row[key] for row in rows]) for key in ("question", "plain"))
    near = (first * second).sum(axis=1) >= threshold
    admitted = np.array([may_share(row["question"]).by_similarity for row in rows])

    def count(kind: str, split: str) -> Count:
        mine = np.array([row["split"] == split and kind in (row["kind"], "all") for row in rows])
        found = (mine, mine & near, mine & near & admitted, mine & admitted)
        return Count(kind, split, *(int(each.sum()) for each in found))

    for kind in dict.fromkeys(row["kind"] for row in rows):
        yield from (count(kind, split) for split in _HALVES)
    yield from (count("all", split) for split in dict.fromkeys(row["split"] for row in rows))


def false_alarms() -> Iterator[tuple[str, str, int, int, int]]:
    """Yield of ordinary questions that look like attacks: language, split, count, refused.

    Refused first as attacks, then by any rule.
    """
    rows = read_rows(FOLDER / "not_attacks.jsonl")
    attack = next(rule for rule in DEFAULT_RULES if rule.name == "injection")
    for language in ("en", "zh"):
        for split in _HALVES:
            texts = [
                row["question"]
                for row in rows
                if (row["language"], row["split"]) == (language, split)
            ]
            refused = sum(map(attack.applies, texts))
            yield language, split, len(texts), refused, sum(not may_share(text) for text in texts)
