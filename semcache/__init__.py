"""Cache embeddings and LLM answers with Redis; the package under the semcache lessons."""

from semcache import codecs, errors, keys
from semcache.connect import Lab, connect
from semcache.costs import Scenario
from semcache.embedding import (
    CompressedEmbeddingCache,
    EmbeddingCache,
    HashEmbeddingCache,
    TieredEmbeddingCache,
)
from semcache.semantic import HybridLLMCache, Match, SemanticCache, SemanticLLMCache
from semcache.stats import Stats
from semcache.tokens import count_tokens

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
    "Match",
    "SemanticCache",
    "SemanticLLMCache",
    "HybridLLMCache",
]
