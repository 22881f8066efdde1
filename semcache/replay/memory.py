"""A bound on memory: when it is full, what was used least recently goes.

Each answer, copy and embedding is taken to go by itself. Redis evicts whole keys, and the answers
of one scope's index are one key: it does no better than this.
"""

import heapq
import math
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Key", "Memory", "Sizes"]

Key = tuple[str, int]  # what it is, and its number


class Sizes(NamedTuple):
    """Bytes that Redis takes, beside those of the texts.

    Attributes:
        exact: For an answer in the exact tier.
        copy: For a copy there, of an answer that was found by similarity.
        answer: For an answer with its vector, in an index.
        embedding: For an embedding.
    """

    exact: float
    copy: float
    answer: float
    embedding: float


class Memory:
    """What a design holds, in the order of its last use.

    Args:
        limit: Bytes.
        forget: Called with each key that must go.
    """

    def __init__(self, limit: float, forget: Callable[[Key], None]) -> None:
        self.limit, self.used, self.evicted = limit, 0.0, 0
        self._forget = forget
        self._held: OrderedDict[Key, tuple[float, float]] = OrderedDict()  # bytes, end
        self._ends: list[tuple[float, Key]] = []

    def put(self, key: Key, size: float, until: float, now: float) -> None:
        """Hold something until it expires; what is least recently used gives way."""
        self.drop(key)
        self._expire(now)
        self._held[key] = size, until
        self.used += size
        if until < math.inf:
            heapq.heappush(self._ends, (until, key))
        while self.used > self.limit:
            oldest = next(iter(self._held))
            self.drop(oldest)
            self.evicted += 1
            self._forget(oldest)

    def touch(self, key: Key) -> None:
        """Note that something was used."""
        if key in self._held:
            self._held.move_to_end(key)

    def drop(self, key: Key) -> None:
        """Hold something no longer."""
        size, _ = self._held.pop(key, (0.0, 0.0))
        self.used -= size

    def _expire(self, now: float) -> None:
        while self._ends and self._ends[0][0] <= now:
            until, key = heapq.heappop(self._ends)
            if self._held.get(key, (0.0, math.nan))[1] == until:
                self.drop(key)
