"""Vectors that lie in a few tight clusters, where a sieve of signs tells few of them apart."""

import statistics
import time

import numpy as np

from semcache.codecs import Vector
from semcache.index.rows import Rows

__all__ = ["CLUSTERS", "against_product"]

CLUSTERS, DIMS, SPREAD = 40, 384, 0.1  # two of a cluster have a similarity of about 0.99
COUNT = 5


def against_product(entries: int, rounds: int = 200) -> float:
    """Return the median time of MatrixIndex's search over that of a product with all rows.

    The two take turns.
    """
    draw = np.random.default_rng(7)
    centres = _unit(draw.normal(size=(CLUSTERS, DIMS)))
    noise = draw.normal(size=(entries, DIMS)) * SPREAD / np.sqrt(DIMS)
    vectors = _unit(centres[draw.integers(CLUSTERS, size=entries)] + noise)
    rows = Rows(DIMS)
    for row, vector in enumerate(vectors):
        rows.put(row, vector)
    searched, multiplied = [], []
    for vector in vectors[draw.integers(entries, size=rounds)]:
        start = time.perf_counter()
        rows.nearest(vector, COUNT)
        middle = time.perf_counter()
        _product(vectors, vector)
        searched.append(middle - start)
        multiplied.append(time.perf_counter() - middle)
    return statistics.median(searched) / statistics.median(multiplied)


def _product(vectors: Vector, vector: Vector) -> list[tuple[int, float]]:
    cosines = vectors @ vector
    near = np.argpartition(cosines, -COUNT)[-COUNT:]
    best = near[np.argsort(-cosines[near])]
    return list(zip(best.tolist(), cosines[best].tolist(), strict=True))


def _unit(rows: np.ndarray) -> Vector:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
