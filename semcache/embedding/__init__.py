"""Four caches for embeddings, one a lesson, each with a blocking and an asynchronous face."""

from typing import TYPE_CHECKING

from semcache import lazy

if TYPE_CHECKING:
    from semcache.embedding.compressed import (
        AsyncCompressedEmbeddingCache,
        CompressedEmbeddingCache,
    )
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

__getattr__, __dir__ = lazy.names(
    __name__,
    {
        "AsyncCompressedEmbeddingCache": ".compressed",
        "CompressedEmbeddingCache": ".compressed",
        "AsyncHashEmbeddingCache": ".hash",
        "HashEmbeddingCache": ".hash",
        "AsyncEmbeddingCache": ".string",
        "EmbeddingCache": ".string",
        "AsyncTieredEmbeddingCache": ".tiered",
        "TieredEmbeddingCache": ".tiered",
    },
)
