"""CompressedEmbeddingCache: the string cache with a codec that trades exactness for bytes.

Lesson 04.
"""

import json
from typing import Any, Unpack

import numpy.typing as npt

from semcache.codecs.base import as_vector
from semcache.embedding.faces import AsyncEmbeddings, BlockingEmbeddings
from semcache.embedding.options import EmbeddingKeywords
from semcache.embedding.string import StringFace

__all__ = ["AsyncCompressedEmbeddingCache", "CompressedEmbeddingCache"]


class _Compressed(StringFace):
    KIND = "compressed"

    def __init__(
        self, redis_client: Any, openai_client: Any, **options: Unpack[EmbeddingKeywords]
    ) -> None:
        options.setdefault("codec", "int8")
        super().__init__(redis_client, openai_client, **options)

    def compression_ratio(self, vector: npt.ArrayLike) -> float:
        """Return the bytes of ``vector`` as JSON divided by its bytes in this cache's codec.

        Raises:
            CodecError: Not a vector of shape (dims,).
        """
        array = as_vector(vector)
        return len(json.dumps(array.tolist())) / len(self.options.coder.encode(array))


class CompressedEmbeddingCache(_Compressed, BlockingEmbeddings):
    """An embedding cache that stores int8 unless told otherwise.

    A miss returns the vector as a later hit will: after compression, not before.

    Args:
        redis_client: A ``redis.Redis`` or ``RedisCluster`` that returns bytes.
        openai_client: An ``openai.OpenAI``.
        **options: Those of :class:`~semcache.embedding.options.EmbeddingOptions`; ``codec`` is
            ``"int8"`` if not given.

    Example:
        >>> from semcache import connect
        >>> lab = connect(quiet=True)
        >>> cache = CompressedEmbeddingCache(lab.redis, lab.openai, model=lab.embedding_model)
        >>> vector = cache.get_embedding("What is Python?")
        >>> cache.compression_ratio(vector) > 20  # times smaller than JSON
        True
    """


class AsyncCompressedEmbeddingCache(_Compressed, AsyncEmbeddings):
    """:class:`CompressedEmbeddingCache` for ``redis.asyncio`` and ``AsyncOpenAI``."""
