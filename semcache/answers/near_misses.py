"""Candidates that were near, but not served: judged later, off the request's path. Lesson 08.

A judge that takes a second (another LLM, a cross-encoder, a person) cannot stand between a question
and its answer. But a question comes again: what a lookup found near and did not serve is noted
here; later the judge decides, and what it accepts is promoted: the noted question gets the cached
answer as its own, for as long as that has left to live. The idea is that of Krites (asynchronous
verified semantic caching, arXiv:2602.13165).
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from semcache.codecs import Vector
from semcache.index.answer import Answer

__all__ = ["NearMiss", "NearMisses"]

KEPT = 1_000  # the oldest give way: the judge is behind, and what matters is asked again


@dataclass(frozen=True)
class NearMiss:
    """A question, and the cached answer that it nearly got.

    Attributes:
        asked: The question.
        vector: Its embedding at unit length, shape (dims,).
        answer: The candidate, with the question it was given to.
        similarity: Cosine of the two questions' embeddings.
        also: Queues on a pipeline what else is written when it is promoted.
    """

    asked: str
    vector: Vector = field(compare=False)
    answer: Answer
    similarity: float
    also: Callable[[Any, Answer], object] = field(compare=False)


class NearMisses:
    """The newest near misses, each pair of questions once; safe to use from many threads.

    Args:
        floor: Least similarity to be noted.
    """

    def __init__(self, floor: float) -> None:
        self.floor = floor
        self._lock = threading.Lock()
        self._noted: OrderedDict[tuple[str, str], NearMiss] = OrderedDict()

    def __len__(self) -> int:
        return len(self._noted)

    def note(self, miss: NearMiss) -> None:
        """Note a near miss, or note it anew."""
        key = miss.answer.query, miss.asked
        with self._lock:
            self._noted.pop(key, None)
            self._noted[key] = miss
            if len(self._noted) > KEPT:
                self._noted.popitem(last=False)

    def take(self, most: int) -> list[NearMiss]:
        """Return up to ``most`` of them, the newest first; they are noted no longer."""
        with self._lock:
            return [self._noted.popitem()[1] for _ in range(min(most, len(self._noted)))]
