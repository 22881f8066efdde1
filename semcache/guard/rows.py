"""Labelled pairs, as a verifier is fitted on them."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcache.errors import ConfigError

__all__ = ["Row", "check"]

_FEWEST = 40  # labelled pairs


class Row(NamedTuple):
    """A pair as a lookup sees it.

    Attributes:
        cached: The question whose answer is in the cache.
        asked: The question that arrived.
        similarity: The cosine of their embeddings.
        margin: That similarity minus the one of the nearest entry with another answer; None if
            there is no such entry or nobody looked.
    """

    cached: str
    asked: str
    similarity: float
    margin: float | None = None


def check(rows: Sequence[Row], same: NDArray[np.bool_]) -> None:
    """Raise ConfigError if nothing can be fitted on these pairs."""
    if len(rows) != len(same):
        raise ConfigError(f"{len(rows)} rows need as many labels, not {len(same)}")
    if len(rows) < _FEWEST:
        raise ConfigError(f"{len(rows)} labelled pairs are too few to fit on: label {_FEWEST}")
    if same.all() or not same.any():
        raise ConfigError("all pairs have the same label: there is nothing to tell apart")
    numbers = [number for row in rows for number in row[2:] if number is not None]
    if not all(map(math.isfinite, numbers)):
        raise ConfigError("a similarity or a margin is not a finite number")
