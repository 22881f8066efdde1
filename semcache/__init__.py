"""Cache embeddings and LLM answers with Redis; the package under the semcache lessons.

Importing it costs little more than redis, openai, numpy and cachetools: what the lessons stand on
(``connect`` and its like, from the ``lab`` extra), the cached client, the rules of admission, and
caches and indexes that few need, are imported when they are first asked for.
"""

from typing import TYPE_CHECKING

from semcache import codecs, errors, keys, lazy
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
from semcache.embedding.string import AsyncEmbeddingCache, EmbeddingCache
from semcache.index.choose import best_index
from semcache.index.matrix import MatrixIndex
from semcache.sharing.rule import Rule
from semcache.stats import Stats
from semcache.tokens import count_tokens

if TYPE_CHECKING:
    from semcache.client import AsyncCacheTransport, CacheTransport, cache_of, cached
    from semcache.embedding.compressed import (
        AsyncCompressedEmbeddingCache,
        CompressedEmbeddingCache,
    )
    from semcache.embedding.hash import AsyncHashEmbeddingCache, HashEmbeddingCache
    from semcache.embedding.tiered import AsyncTieredEmbeddingCache, TieredEmbeddingCache
    from semcache.index.query_engine import RedisVLIndex
    from semcache.index.scan import ScanIndex
    from semcache.index.vectorset import VectorSetIndex
    from semcache.lab.connect import Lab, connect
    from semcache.lab.costs import Scenario
    from semcache.sharing.admission import may_share
    from semcache.sharing.scope import scope_of

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

__getattr__, __dir__ = lazy.names(
    __name__,
    {
        "Lab": ".lab.connect",
        "Scenario": ".lab.costs",
        "connect": ".lab.connect",
        "AsyncCacheTransport": ".client",
        "CacheTransport": ".client",
        "cache_of": ".client",
        "cached": ".client",
        "AsyncCompressedEmbeddingCache": ".embedding.compressed",
        "CompressedEmbeddingCache": ".embedding.compressed",
        "AsyncHashEmbeddingCache": ".embedding.hash",
        "HashEmbeddingCache": ".embedding.hash",
        "AsyncTieredEmbeddingCache": ".embedding.tiered",
        "TieredEmbeddingCache": ".embedding.tiered",
        "RedisVLIndex": ".index.query_engine",
        "ScanIndex": ".index.scan",
        "VectorSetIndex": ".index.vectorset",
        "may_share": ".sharing.admission",
        "scope_of": ".sharing.scope",
    },
)
