"""The two faces of an embedding cache: the same flow, awaited or run to its end."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar, Literal, Unpack

from semcache.aio import ASYNC
from semcache.blocking import BLOCKING, run
from semcache.codecs import Codec, Vector
from semcache.embedding.api import Embedder, as_rows
from semcache.embedding.flow import ReadThrough
from semcache.embedding.layout import Layout
from semcache.embedding.options import EmbeddingOptions, RareKeywords
from semcache.locks import HoldsConnections
from semcache.options import options_of
from semcache.ports import Ports
from semcache.stats import Stats

__all__ = ["AsyncEmbeddings", "BlockingEmbeddings", "EmbeddingFace"]


class EmbeddingFace(HoldsConnections):
    """What both faces of every embedding cache have; see the subclasses for use.

    Args:
        redis_client: A client that returns bytes (``decode_responses=False``).
        openai_client: A client of any server that speaks OpenAI's protocol.
        **options: Those of :class:`~semcache.embedding.options.EmbeddingOptions`.

    Attributes:
        stats: Hits, misses, API calls and their tokens, errors.

    Raises:
        ConfigError: A client or an option that cannot work; the message says what to change.
    """

    KIND: ClassVar[str]
    PORTS: ClassVar[Ports]
    flow: Any

    def __init__(
        self,
        redis_client: Any,
        openai_client: Any,
        *,
        model: str = "text-embedding-3-small",
        dimensions: int | None = None,
        codec: str | Codec = "float32",
        scope: str = "default",
        ttl: float | timedelta | None = 86_400,
        on_error: Literal["bypass", "raise"] = "bypass",
        **options: Unpack[RareKeywords],
    ) -> None:
        own: dict[str, Any] = {
            "model": model,
            "dimensions": dimensions,
            "codec": codec,
            "scope": scope,
            "ttl": ttl,
            "on_error": on_error,
        }
        self.options = options_of(EmbeddingOptions, options, type(self), own)
        self.namespace = self.options.namespace(self.KIND)
        self.redis_client = redis_client
        redis, api = self.PORTS.redis(redis_client), self.PORTS.api(openai_client)
        layout = self._layout(self.namespace, self.options)
        embedder = Embedder(api, self.options)
        self.flow = ReadThrough(redis, embedder, self.PORTS.flights(), layout, self.options)

    def _layout(self, namespace: str, options: EmbeddingOptions) -> Layout:
        raise NotImplementedError

    @property
    def stats(self) -> Stats:
        """What the cache has done so far."""
        stats: Stats = self.flow.stats
        return stats

    @property
    def model(self) -> str:
        """The embedding model."""
        return self.options.model

    @property
    def dimensions(self) -> int | None:
        """The length asked of the API; ``None`` for the model's own."""
        return self.options.dimensions

    @property
    def dims(self) -> int | None:
        """How long a vector is; ``None`` until an unknown model has answered once."""
        dims: int | None = self.flow.dims
        return dims

    def __repr__(self) -> str:
        ttl = self.options.seconds
        life = "for ever" if ttl is None else f"{ttl:,} s"
        return f"<{type(self).__name__} {self.namespace.rstrip(':')}, ttl {life}>"


class BlockingEmbeddings(EmbeddingFace):
    """An embedding cache over ``redis.Redis`` and ``openai.OpenAI``."""

    PORTS = BLOCKING

    def get_embedding(self, text: str) -> Vector:
        """Return the embedding of ``text``, float32 of shape (dims,), the caller's own copy.

        Raises:
            InvalidInput: The text is empty, too long or not a string.
            BadResponse: The API answered with something else.
            openai.OpenAIError: The API was needed and failed; nothing is cached.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        self.flow.check([text])
        vector: Vector = run(self.flow.vector(text))
        return vector

    def get_embeddings_batch(self, texts: Iterable[str], progress: bool = False) -> Vector:
        """Return the embeddings of ``texts``, float32 of shape (n, dims), rows in order.

        One read of Redis, one API call for as many texts as the API takes at once, each
        distinct text sent once, and one write per API call: a batch that fails half-way
        keeps what has been paid for.

        Args:
            texts: The texts; repetitions cost nothing.
            progress: Whether to show a progress bar; needs tqdm.

        Raises:
            ConfigError: A progress bar is wanted, and tqdm is not installed.
            InvalidInput: Names the position of the text at fault; nothing was sent.
            BadResponse: The API answered with something else.
            openai.OpenAIError: The API failed; finished calls stay cached.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        rows: Vector = run(self.flow.rows(as_rows(texts), progress))
        return rows

    def contains(self, texts: Iterable[str]) -> list[bool]:
        """Return, for each text, whether it would be a hit; counts nothing.

        Raises:
            InvalidInput: Names the position of the text that cannot be embedded.
            CacheUnavailable: Redis failed.
        """
        return list(run(self.flow.contains(as_rows(texts))))

    def delete(self, text: str) -> bool:
        """Delete the entry of ``text``; return whether there was one.

        A vector that the API is asked for at that moment is stored when it comes.

        Raises:
            InvalidInput: The text is empty, too long or not a string.
            CacheUnavailable: Redis failed; the entry may still be there.
        """
        return bool(run(self.flow.delete(text)))

    def get_cache_size(self) -> int:
        """Return how many entries this cache has in Redis.

        Raises:
            CacheUnavailable: Redis failed.
        """
        return int(run(self.flow.size()))

    def clear_cache(self) -> int:
        """Delete all entries of this cache, and no other keys; return how many.

        Raises:
            CacheUnavailable: Redis failed; some entries may still be there.
        """
        return int(run(self.flow.clear()))


class AsyncEmbeddings(EmbeddingFace):
    """An embedding cache over ``redis.asyncio`` and ``openai.AsyncOpenAI``.

    What each method does, and raises, is said at its namesake in :class:`BlockingEmbeddings`.
    """

    PORTS = ASYNC

    async def get_embedding(self, text: str) -> Vector:
        """See :meth:`BlockingEmbeddings.get_embedding`."""
        self.flow.check([text])
        vector: Vector = await self.flow.vector(text)
        return vector

    async def get_embeddings_batch(self, texts: Iterable[str], progress: bool = False) -> Vector:
        """See :meth:`BlockingEmbeddings.get_embeddings_batch`."""
        rows: Vector = await self.flow.rows(as_rows(texts), progress)
        return rows

    async def contains(self, texts: Iterable[str]) -> list[bool]:
        """See :meth:`BlockingEmbeddings.contains`."""
        return list(await self.flow.contains(as_rows(texts)))

    async def delete(self, text: str) -> bool:
        """See :meth:`BlockingEmbeddings.delete`."""
        return bool(await self.flow.delete(text))

    async def get_cache_size(self) -> int:
        """See :meth:`BlockingEmbeddings.get_cache_size`."""
        return int(await self.flow.size())

    async def clear_cache(self) -> int:
        """See :meth:`BlockingEmbeddings.clear_cache`."""
        return int(await self.flow.clear())
