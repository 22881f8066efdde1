"""A graph of near entries, built in the plainest way: lesson 10 walks on it."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["linked"]


def linked(rows: NDArray[np.float32], links: int = 16) -> list[set[int]]:
    """Return for each row the rows that it is linked to.

    Row by row, each new one is linked to the nearest that are there already, in both directions.
    The first rows, linked while few were there, make the long hops.

    Args:
        rows: Vectors of length 1, shape (n, dims).
        links: How many links a new row gets.

    Example:
        >>> linked(np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32), links=1)
        [{1}, {0, 2}, {1}]
    """
    graph: list[set[int]] = [set() for _ in rows]
    for new in range(1, len(rows)):
        similarities = rows[:new] @ rows[new]
        for old in np.argsort(similarities)[-links:].tolist():
            graph[new].add(old)
            graph[old].add(new)
    return graph
