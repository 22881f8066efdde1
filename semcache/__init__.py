"""Cache embeddings and LLM answers with Redis; the package under the semcache lessons.

Importing it costs what redis, openai and numpy cost: what the lessons stand on (``connect`` and its
like, from the ``lab`` extra), and the cached client, are imported when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from semcache import codecs, errors, keys
from semcache.answers import (
    AsyncHybridLLMCache,
    AsyncSemanticCache,
    AsyncSemanticLLMCache,
    HybridLLMCache,
    Lookup,
    Match,
    SemanticCache,
    SemanticLLMCache,
)
from semcache.clients import redis_client
from semcache.embedding import (
    AsyncCompressedEmbeddingCache,
    AsyncEmbeddingCache,
    AsyncHashEmbeddingCache,
    AsyncTieredEmbeddingCache,
    CompressedEmbeddingCache,
    EmbeddingCache,
    HashEmbeddingCache,
    TieredEmbeddingCache,
)
from semcache.index import MatrixIndex, RedisVLIndex, ScanIndex, VectorSetIndex, best_index
from semcache.sharing import Rule, may_share, scope_of
from semcache.stats import Stats
from semcache.tokens import count_tokens

if TYPE_CHECKING:
    from semcache.client import AsyncCacheTransport, CacheTransport, cache_of, cached
    from semcache.lab.connect import Lab, connect
    from semcache.lab.costs import Scenario

__all__ = [
    # lesson 00
    "Lab",
    "connect",
    # lesson 01
    "Scenario",
    "count_tokens",
    # lesson 02
    "EmbeddingCache",
    "Stats",
    "errors",
    "keys",
    # lessons 03 to 05
    "HashEmbeddingCache",
    "CompressedEmbeddingCache",
    "codecs",
    "TieredEmbeddingCache",
    # lessons 06 and 07
    "Lookup",
    "Match",
    "SemanticCache",
    "SemanticLLMCache",
    "HybridLLMCache",
    # lesson 10
    "MatrixIndex",
    "RedisVLIndex",
    "ScanIndex",
    "VectorSetIndex",
    "best_index",
    # lesson 11
    "redis_client",
    "AsyncEmbeddingCache",
    "AsyncHashEmbeddingCache",
    "AsyncCompressedEmbeddingCache",
    "AsyncTieredEmbeddingCache",
    "AsyncSemanticCache",
    "AsyncSemanticLLMCache",
    "AsyncHybridLLMCache",
    # lesson 12
    "AsyncCacheTransport",
    "CacheTransport",
    "Rule",
    "cache_of",
    "cached",
    "may_share",
    "scope_of",
]

_LAZY = {
    "Lab": "semcache.lab.connect",
    "Scenario": "semcache.lab.costs",
    "connect": "semcache.lab.connect",
    "AsyncCacheTransport": "semcache.client",
    "CacheTransport": "semcache.client",
    "cache_of": "semcache.client",
    "cached": "semcache.client",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
