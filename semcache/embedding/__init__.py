"""Four caches for embeddings, one a lesson."""

from semcache.embedding.base import BaseEmbeddingCache
from semcache.embedding.compressed import CompressedEmbeddingCache
from semcache.embedding.hash import HashEmbeddingCache
from semcache.embedding.string import EmbeddingCache
from semcache.embedding.tiered import TieredEmbeddingCache

__all__ = [
    "BaseEmbeddingCache",
    "CompressedEmbeddingCache",
    "EmbeddingCache",
    "HashEmbeddingCache",
    "TieredEmbeddingCache",
]
