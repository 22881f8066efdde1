"""CompressedEmbeddingCache: the string cache with a codec that trades exactness for bytes.

Lesson 04.
"""

import json
from typing import Any

import numpy.typing as npt
import openai

from semcache.codecs import Codec
from semcache.codecs.base import as_vector
from semcache.embedding.string import EmbeddingCache
from semcache.server import RedisClient

__all__ = ["CompressedEmbeddingCache"]


class CompressedEmbeddingCache(EmbeddingCache):
    """An embedding cache that stores int8 unless told otherwise.

    A miss returns the vector as a later hit will: after compression, not before.

    Args:
        redis_client: A ``redis.Redis`` or ``RedisCluster`` that returns bytes.
        openai_client: An ``openai.OpenAI``.
        codec: ``"int8"``, ``"float16"``, ``"binary"``, or any other codec.
        **options: Those of :class:`~semcache.embedding.base.BaseEmbeddingCache`.

    Example:
        >>> from semcache import connect
        >>> lab = connect(quiet=True)
        >>> cache = CompressedEmbeddingCache(lab.redis, lab.openai, model=lab.embedding_model)
        >>> vector = cache.get_embedding("What is Python?")
        >>> cache.compression_ratio(vector) > 20  # times smaller than JSON
        True
    """

    KIND = "compressed"

    def __init__(
        self,
        redis_client: RedisClient,
        openai_client: openai.OpenAI,
        *,
        codec: str | Codec = "int8",
        **options: Any,
    ) -> None:
        super().__init__(redis_client, openai_client, codec=codec, **options)

    def compression_ratio(self, vector: npt.ArrayLike) -> float:
        """Return the bytes of ``vector`` as JSON divided by its bytes in this cache's codec.

        Raises:
            CodecError: Not a vector of shape (dims,).
        """
        array = as_vector(vector)
        return len(json.dumps(array.tolist())) / len(self._codec.encode(array))
