"""How well scores tell pairs that may share an answer from pairs that may not."""

from collections.abc import Sequence

import numpy as np

__all__ = ["auc", "served_at", "share_served"]


def auc(scores: Sequence[float], same: Sequence[bool]) -> float:
    """Return how often a pair that may share scores above one that may not; ties count half.

    >>> auc([0.9, 0.8, 0.8], [True, True, False])
    0.75
    """
    values, label = np.asarray(scores), np.asarray(same)
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(size) - (size - 1) / 2)[group]
    positive = int(label.sum())
    pairs = positive * (len(label) - positive)
    above = rank[label].sum() - positive * (positive + 1) / 2
    return float(above / pairs) if pairs else float("nan")


def share_served(scores: Sequence[float], same: Sequence[bool], wrong: float = 0.05) -> float:
    """Return the greatest share of pairs served with at most ``wrong`` of them wrong.

    By the best threshold in hindsight: no promise, but a fair comparison of two scores.

    >>> share_served([0.9, 0.8, 0.7, 0.6], [True, True, False, True])
    0.5
    """
    values, label = np.asarray(scores), np.asarray(same)
    order = np.argsort(-values, kind="stable")
    values, mistakes = values[order], np.cumsum(~label[order])
    served = np.arange(1, len(values) + 1)
    ends = np.append(values[:-1] > values[1:], True)  # equal scores are served together
    kept = served[ends & (mistakes <= wrong * served)]
    return float(kept.max() / len(values)) if len(kept) else 0.0


def served_at(
    scores: Sequence[float], same: Sequence[bool], threshold: float
) -> tuple[float, float]:
    """Return the share served at a threshold: of pairs that may share, and of the others.

    >>> served_at([0.95, 0.8, 0.92], [True, True, False], 0.9)
    (0.5, 1.0)
    """
    served, label = np.asarray(scores) >= threshold, np.asarray(same)
    return float(served[label].mean()), float(served[~label].mean())
