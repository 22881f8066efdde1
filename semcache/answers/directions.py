"""From a question to its direction: the embedding at unit length."""

import inspect
import math
from typing import Any

import numpy as np
import openai

from semcache.answers.match import Embeds
from semcache.codecs import Vector
from semcache.embedding.faces import EmbeddingFace
from semcache.errors import BadResponse, ConfigError, SemcacheError
from semcache.ports import Ports
from semcache.question import NOTHING, Question, Reply

__all__ = ["Directions", "model_of"]


class Directions:
    """Asks an embedding cache, on the same trip as other questions where that can be.

    Args:
        cache: Any of ours, or another with ``model`` and ``get_embedding``.
        redis_client: The client of the answers.
        ports: The face of the answers; a cache of ours must be of the same.

    Raises:
        ConfigError: The embedding cache is of the other face.
    """

    def __init__(self, cache: Embeds, redis_client: object, ports: Ports) -> None:
        self._cache = cache
        ours = isinstance(cache, EmbeddingFace)
        if ours and cache.PORTS is not ports:  # type: ignore[attr-defined]
            raise ConfigError(
                f"embedding_cache is {type(cache).__name__}: a blocking cache takes a blocking "
                "one, an asynchronous cache an asynchronous one"
            )
        self._flow: Any = cache.flow if ours else None  # type: ignore[attr-defined]
        self._together = ours and cache.redis_client is redis_client  # type: ignore[attr-defined]

    def check(self, query: str) -> None:
        """Refuse what cannot be embedded, before anything is asked.

        Raises:
            InvalidInput: The question is empty, too long or not a string.
        """
        if self._flow is not None:
            self._flow.check([query])

    def question(self, query: str) -> Question[Any]:
        """Return what :meth:`of` would read, if that is asked of the same server."""
        question = self._flow.question(query) if self._together else None
        return NOTHING if question is None else question

    async def of(self, query: str, reply: Reply[Any] | None = None) -> Vector | None:
        """Return the direction, float32 of shape (dims,); ``None`` for one of zeros.

        ``reply`` is that to :meth:`question`.

        Raises:
            BadResponse: A cache that is not ours failed, or returned no vector.
            InvalidInput, openai.OpenAIError, CacheUnavailable: What a cache of ours raises.
        """
        if self._flow is not None:
            asked = reply is not None and reply.question is not NOTHING
            vector = await self._flow.vector(query, reply if asked else None)
        else:
            vector = await self._others(query)
        wide = vector.astype(np.float64)
        length = math.sqrt(wide @ wide)
        return (wide / length).astype(np.float32) if 0 < length < math.inf else None

    async def _others(self, query: str) -> Any:
        """Ask a cache that is not ours: a model of one's own may run out of memory."""
        try:
            given: Any = self._cache.get_embedding(query)
            if inspect.isawaitable(given):
                given = await given
            vector: Any = np.asarray(given, np.float64)
        except (SemcacheError, openai.OpenAIError):
            raise
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise BadResponse(f"{type(self._cache).__name__} embedded nothing: {said}") from error
        if vector.ndim == 2 and len(vector) == 1:  # as many libraries return one text's
            vector = vector[0]
        if vector.ndim != 1 or not vector.size:
            raise BadResponse(f"{type(self._cache).__name__} returned no vector of shape (dims,)")
        return vector


def model_of(cache: Embeds) -> tuple[object, ...]:
    """What made the vectors: vectors of another model, length or revision are not comparable."""
    options = getattr(cache, "options", None)
    revision = getattr(options, "revision", None)
    own = cache.model, getattr(cache, "dimensions", None) or "full"
    return own if revision is None else (*own, revision)
