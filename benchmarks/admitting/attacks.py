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

__all__ = ["Kind", "false_alarms", "kinds"]

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
SPLITS = ("calibration", "held-out")


class Kind(NamedTuple):
    """Attacks of one kind: how many, similar enough to be served, of those not refused."""

    name: str
    split: str
    count: int
    similar: int
    served: int
    admitted: int
    """Not refused, however similar."""


def kinds(embed: Embed, threshold: float) -> Iterator[Kind]:
    """Yield each kind of attack, its two halves apart."""
    rows = read_rows(FOLDER / "attacks.jsonl")
    for name in dict.fromkeys(row["kind"] for row in rows):
        for split in SPLITS:
            asked = [row for row in rows if (row["kind"], row["split"]) == (name, split)]
            first, second = (embed([row[key] for row in asked]) for key in ("question", "plain"))
            near = (first * second).sum(axis=1) >= threshold
            admitted = np.array([may_share(row["question"]).by_similarity for row in asked])
            counts = (len(asked), near.sum(), (near & admitted).sum(), admitted.sum())
            yield Kind(name, split, *map(int, counts))


def false_alarms() -> Iterator[tuple[str, str, int, int, int]]:
    """Yield of ordinary questions that look like attacks: language, split, count, refused.

    Refused first as attacks, then by any rule.
    """
    rows = read_rows(FOLDER / "not_attacks.jsonl")
    attack = next(rule for rule in DEFAULT_RULES if rule.name == "injection")
    for language in ("en", "zh"):
        for split in SPLITS:
            texts = [
                row["question"]
                for row in rows
                if (row["language"], row["split"]) == (language, split)
            ]
            refused = sum(map(attack.applies, texts))
            yield language, split, len(texts), refused, sum(not may_share(text) for text in texts)
