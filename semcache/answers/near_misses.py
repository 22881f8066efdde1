"""Candidates that were near, but not served: judged later, off the request's path. Lesson 09.

A judge that takes a second (another LLM, a cross-encoder, a person) cannot stand between a question
and its answer. But a question comes again: what a lookup found near and did not serve is noted
here; later the judge decides, and what it accepts is promoted: the noted question gets the cached
answer as its own, for as long as that has left to live. The idea is that of Krites (asynchronous
verified semantic caching, arXiv:2602.13165).
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from semcache.answers.generations import Marks
from semcache.answers.request import Wanted
from semcache.codecs import Vector
from semcache.index.answer import Answer
from semcache.locks import Lock

__all__ = ["NearMiss", "NearMisses"]

KEPT = 1_000  # the oldest give way: the judge is behind, and what matters is asked again


@dataclass(frozen=True)
class NearMiss:
    """A question, and the cached answer that it nearly got.

    Attributes:
        request: Who asked what.
        vector: Its embedding at unit length, shape (dims,).
        answer: The candidate, with the question it was given to.
        similarity: Cosine of the two questions' embeddings.
        marks: What must be unchanged when it is promoted.
    """

    request: Wanted
    vector: Vector = field(compare=False)
    answer: Answer
    similarity: float
    marks: Marks = field(compare=False, default_factory=dict)


class NearMisses:
    """The newest near misses, each pair of questions once; safe to use from many threads.

    Args:
        floor: Least similarity to be noted; ``None`` to note nothing.
    """

    def __init__(self, floor: float | None) -> None:
        self._floor = floor
        self._lock = Lock()
        self._noted: OrderedDict[tuple[str, str, str], NearMiss] = OrderedDict()

    @property
    def wanted(self) -> bool:
        """Whether near misses are noted at all."""
        return self._floor is not None

    def __len__(self) -> int:
        return len(self._noted)

    def note(self, miss: NearMiss) -> None:
        """Note a near miss, or note it anew."""
        if self._floor is None or miss.similarity < self._floor:
            return
        key = miss.answer.query, miss.request.query, miss.request.audience
        with self._lock:
            self._noted.pop(key, None)
            self._noted[key] = miss
            if len(self._noted) > KEPT:
                self._noted.popitem(last=False)

    def count(self, audience: str | None = None) -> int:
        """Return how many are noted, of one audience or of all."""
        with self._lock:
            return len(self._of(audience))

    def take(self, most: int, audience: str | None = None) -> list[NearMiss]:
        """Return up to ``most`` of them, the newest first; they are noted no longer."""
        with self._lock:
            newest = self._of(audience)[::-1][:most]
            return [self._noted.pop(key) for key in newest]

    def _of(self, audience: str | None) -> list[tuple[str, str, str]]:
        return [key for key in self._noted if audience in (None, key[2])]
