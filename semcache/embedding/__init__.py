"""Four caches for embeddings, one a lesson, each with a blocking and an asynchronous face."""

from semcache.embedding.compressed import AsyncCompressedEmbeddingCache, CompressedEmbeddingCache
from semcache.embedding.hash import AsyncHashEmbeddingCache, HashEmbeddingCache
from semcache.embedding.string import AsyncEmbeddingCache, EmbeddingCache
from semcache.embedding.tiered import AsyncTieredEmbeddingCache, TieredEmbeddingCache

__all__ = [
    "AsyncCompressedEmbeddingCache",
    "AsyncEmbeddingCache",
    "AsyncHashEmbeddingCache",
    "AsyncTieredEmbeddingCache",
    "CompressedEmbeddingCache",
    "EmbeddingCache",
    "HashEmbeddingCache",
    "TieredEmbeddingCache",
]
