"""Where answers are kept with their vectors, and how the nearest are found. Lesson 10."""

from typing import TYPE_CHECKING

from semcache import lazy

if TYPE_CHECKING:
    from semcache.index.choose import best_index
    from semcache.index.matrix import MatrixIndex
    from semcache.index.query_engine import RedisVLIndex
    from semcache.index.scan import ScanIndex
    from semcache.index.vectorset import VectorSetIndex

__all__ = ["MatrixIndex", "RedisVLIndex", "ScanIndex", "VectorSetIndex", "best_index"]

__getattr__, __dir__ = lazy.names(
    __name__,
    {
        "MatrixIndex": ".matrix",
        "RedisVLIndex": ".query_engine",
        "ScanIndex": ".scan",
        "VectorSetIndex": ".vectorset",
        "best_index": ".choose",
    },
)
