"""Which index a cache gets, by the number of its answers and by what the server can do.

Measured (``benchmarks/semantic_lookup.py``): up to 100,000 answers MatrixIndex is the fastest of
the three and misses the fewest neighbours, on any server. What it costs is memory in every
process, 1.5 kB an answer at 384 dims and 6 kB at 1,536, and the time to fill it at the start.
Beyond that the vectors belong on the server, and its graph finds them: VectorSetIndex.
"""

import logging
from collections.abc import Callable
from functools import cache

from semcache.errors import CacheUnavailable
from semcache.fallback import Fallback
from semcache.index.base import Index, IndexSettings
from semcache.index.matrix import COMFORTABLE, MatrixIndex
from semcache.index.vectorset import VectorSetIndex
from semcache.server import knows
from semcache.stats import Stats

__all__ = ["best_index"]

log = logging.getLogger("semcache")


def best_index(expected_entries: int = 0) -> Callable[[IndexSettings], Index]:
    """Return what makes the index that suits so many answers; says which, once, at level DEBUG.

    Entries of one index are not seen by another: to change, clear the cache, or use another scope.

    Args:
        expected_entries: How many answers one scope, model and prompt may come to hold.

    Example:
        >>> from semcache import EmbeddingCache, SemanticCache, connect
        >>> lab = connect(quiet=True)
        >>> embeddings = EmbeddingCache(lab.redis, lab.openai, model=lab.embedding_model)
        >>> type(SemanticCache(lab.redis, embeddings).index).__name__
        'MatrixIndex'
        >>> cache = SemanticCache(lab.redis, embeddings, index=best_index(10_000_000))
        >>> type(cache.index).__name__
        'VectorSetIndex'
    """

    def make(settings: IndexSettings) -> Index:
        if expected_entries <= COMFORTABLE:
            _tell("MatrixIndex: all vectors in this process, up to 100,000 answers")
            return MatrixIndex(settings)
        if _has_vector_sets(settings):
            _tell("VectorSetIndex: the server holds and searches the vectors")
            return VectorSetIndex(settings)
        _tell("MatrixIndex: this server has no vector sets (Redis 8.2), so every process holds all")
        return MatrixIndex(settings)

    return make


def _has_vector_sets(settings: IndexSettings) -> bool:
    fallback = Fallback(Stats(), "raise", "")
    try:
        return fallback.guard(knows, settings.redis, "VSIM", f"{settings.namespace}vectors")
    except CacheUnavailable as error:
        log.warning("%s; it could not be asked for vector sets", error)
        return True  # the newest server is the likeliest, and an older one will say so


@cache
def _tell(text: str) -> None:
    log.debug("index  %s", text)
