"""What a cache with given settings would serve of labelled pairs. Lesson 13."""

from typing import Any

import numpy as np

from semcache.answers.match import accepts
from semcache.errors import ConfigError
from semcache.evaluate.pairs import Pairs
from semcache.evaluate.scoring import arguments_of

__all__ = ["wrong_share"]


def wrong_share(pairs: Pairs, threshold: float, verifier: Any = None) -> float:
    """Return the share of wrong answers among those that a cache would serve, by weight.

    A test of a deployment can ask it of the settings that are about to go live.

    Args:
        pairs: n labelled pairs with similarities, and margins if the verifier wants them.
        threshold: The cache's least similarity.
        verifier: The cache's verifier.

    Returns:
        Between 0 and 1; 0.0 if nothing would be served.

    Raises:
        ConfigError: The pairs have no similarities.

    Example:
        >>> from dataclasses import replace
        >>> import numpy as np
        >>> from semcache.evaluate import Pair, Pairs
        >>> pairs = Pairs.of([Pair("a", "b", same=True), Pair("a", "c", same=False)])
        >>> pairs = replace(pairs, similarity=np.array([0.95, 0.92]))
        >>> wrong_share(pairs, threshold=0.90), wrong_share(pairs, threshold=0.94)
        (0.5, 0.0)
    """
    if pairs.similarity is None:
        raise ConfigError("the pairs have no similarities: see semcache.evaluate.similarities")
    served = wrong = 0.0
    weights = np.ones(len(pairs)) if pairs.weight is None else pairs.weight
    rows = arguments_of(pairs, pairs.similarity, margin=True)
    for row, weight, same in zip(rows, weights, pairs.same, strict=True):
        cached, asked, similarity, margin = row
        if similarity < threshold:
            continue
        if verifier is None or accepts(verifier, cached, asked, similarity, threshold, margin):
            served += weight
            wrong += 0.0 if same else weight
    return float(wrong / served) if served else 0.0
