"""What every index offers, and which one a server gets.

An index keeps answers with their vectors in Redis and finds the nearest. The four give the
same matches on the same entries; they differ in what a lookup moves and computes.

=================  ==========================================  ===============================
index              a lookup                                    needs
=================  ==========================================  ===============================
ScanIndex          reads and decodes every entry               any Redis
MatrixIndex        one product in this process' memory         any Redis; memory per process
VectorSetIndex     one command; the server searches            Redis 8
RedisVLIndex       the same, asked through RedisVL             a search module; RedisVL
=================  ==========================================  ===============================
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from semcache.codecs import Vector
from semcache.index.answer import Answer

__all__ = ["Also", "Found", "Index", "IndexSettings", "as_similarity", "nothing_else"]


class Found(NamedTuple):
    """An entry near a vector."""

    id: str
    answer: Answer
    similarity: float


class IndexSettings(NamedTuple):
    """What a cache tells its index: where to keep entries, what time it is, what went wrong."""

    redis: Any
    namespace: str
    clock: Callable[[], float]
    count_damaged: Callable[[int], None]


Also = Callable[[Any], object]


def nothing_else(pipe: Any) -> None:
    """Queue nothing more."""


def as_similarity(product: float) -> float:
    """Return a product of unit vectors as a cosine in [-1, 1], without the noise of its sum.

    The indexes add up in another order each: their last digits differ, and the product of
    a vector with itself is not quite 1.

    Example:
        >>> as_similarity(1.0000001), as_similarity(0.99999994), as_similarity(0.93581234)
        (1.0, 1.0, 0.935812)
    """
    return max(-1.0, min(1.0, round(float(product), 6)))


class Index(Protocol):
    """Vectors have unit length and shape (dims,); every method may raise ``redis.RedisError``."""

    def __init__(self, settings: IndexSettings) -> None: ...

    def ask_ahead(self, pipe: Any) -> bool:
        """Queue on a pipeline what this thread's next lookup would ask; return whether it did."""

    def hear_ahead(self, replies: list[Any]) -> bool:
        """Take the replies to :meth:`ask_ahead`, which may be errors; return whether they do."""

    def add(self, id: str, answer: Answer, vector: Vector, also: Also = nothing_else) -> None:
        """Store an answer with its vector, at once or not at all; replace the one of this id.

        What ``also`` queues on the pipeline is done in the same transaction.
        """

    def nearest(self, vector: Vector, count: int = 1, heard: bool = False) -> list[Found]:
        """Return up to ``count`` entries that have not expired, most similar first.

        With ``heard``, :meth:`hear_ahead` has just returned True to this thread: nothing is
        asked again.
        """

    def delete(self, ids: list[str]) -> int:
        """Delete entries; return how many there were."""

    def size(self) -> int:
        """Return how many entries have not expired."""

    def clear(self) -> None:
        """Delete all entries."""
