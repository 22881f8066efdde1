"""The subjects: the floor, our caches, the tutorial's code, and the peers.

Each has a Redis database of its own, holds the same 1,000 vectors, and answers ``one`` and
``many`` with what its users get: an array from us, lists of floats from the others.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import openai
import redis

import semcache
from benchmarks import source_code
from benchmarks.workload import DIMS, MODEL, TTL, api_client
from semcache.codecs import Vector

__all__ = ["Missing", "Store", "Subject", "build"]


@dataclass(frozen=True)
class Store:
    """What a subject is built on: its database, and the API with the vectors behind it."""

    redis: redis.Redis
    openai: openai.OpenAI
    texts: list[str]
    vectors: Vector


@dataclass(frozen=True)
class Subject:
    """A filled cache.

    Attributes:
        name: What the tables call it.
        role: ``"floor"``, ``"ours"``, ``"source"`` or ``"peer"``.
        one: One text to its vector.
        many: Texts to their vectors.
        redis: A client for this subject's database.
        exact: Whether the very numbers come back that went in.
    """

    name: str
    role: str
    one: Callable[[str], Any]
    many: Callable[[list[str]], Any]
    redis: redis.Redis
    exact: bool = True


@dataclass(frozen=True)
class Missing:
    """A subject that could not be built here, and why."""

    name: str
    role: str
    reason: str


def build(url: str, texts: list[str], vectors: Vector) -> Iterator[Subject | Missing]:
    """Yield every subject, filled, each in its own database of the server at ``url``."""
    api = api_client(texts, vectors)
    for database, (name, role, make) in enumerate(SUBJECTS):
        own_database = urlsplit(url)._replace(path=f"/{database}").geturl()
        client = redis.Redis.from_url(own_database)
        try:
            one, many = make(Store(client, api, texts, vectors))
        except ImportError as error:
            yield Missing(name, role, f"not installed: {error}")
            continue
        yield Subject(name, role, one, many, client, exact="int8" not in name)


Pair = tuple[Callable[[str], Any], Callable[[list[str]], Any]]


def floor(store: Store) -> Pair:
    """Bare redis-py: no digest, no check, no count; the key is the text."""
    client: Any = store.redis
    for text, vector in zip(store.texts, store.vectors, strict=True):
        client.set(text, vector.tobytes(), ex=TTL)

    def one(text: str) -> Vector:
        return np.frombuffer(client.get(text), np.float32).copy()

    def many(texts: list[str]) -> Vector:
        joined = bytearray().join(client.mget(texts))
        return np.frombuffer(joined, np.float32).reshape(-1, DIMS)

    return one, many


def _ours(cls: Any, **options: Any) -> Callable[[Store], Pair]:
    def make(store: Store) -> Pair:
        cache = cls(store.redis, store.openai, model=MODEL, ttl=TTL, scope="bench", **options)
        cache.get_embeddings_batch(store.texts)
        return cache.get_embedding, cache.get_embeddings_batch

    return make


def source(store: Store) -> Pair:
    cache = source_code.EmbeddingCache(store.redis, store.openai)
    cache.get_embeddings_batch(store.texts)
    return cache.get_embedding, cache.get_embeddings_batch


def _redisvl(ttl: int | None) -> Callable[[Store], Pair]:
    """Without a TTL, its default, a hit is one round trip; with one, each hit renews it."""

    def make(store: Store) -> Pair:
        from redisvl.extensions.cache.embeddings import EmbeddingsCache

        cache = EmbeddingsCache(name="bench", redis_client=store.redis, ttl=ttl)
        rows = zip(store.texts, store.vectors.tolist(), strict=True)
        cache.mset([{"content": t, "model_name": MODEL, "embedding": v} for t, v in rows])

        def one(text: str) -> list[float]:
            return cache.get(text, MODEL)["embedding"]

        def many(texts: list[str]) -> list[list[float]]:
            return [entry["embedding"] for entry in cache.mget(texts, MODEL)]

        return one, many

    return make


def langchain(store: Store) -> Pair:
    from langchain_classic.embeddings import CacheBackedEmbeddings
    from langchain_community.storage import RedisStore
    from langchain_core.embeddings import Embeddings

    class Api(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            rows = store.openai.embeddings.create(model=MODEL, input=texts).data
            return [row.embedding for row in rows]

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    cache = CacheBackedEmbeddings.from_bytes_store(
        Api(), RedisStore(client=store.redis, ttl=TTL), namespace=MODEL, key_encoder="blake2b"
    )
    cache.embed_documents(store.texts)
    return lambda text: cache.embed_documents([text])[0], cache.embed_documents


SUBJECTS: tuple[tuple[str, str, Callable[[Store], Pair]], ...] = (
    ("floor: bare redis-py", "floor", floor),
    ("EmbeddingCache float32", "ours", _ours(semcache.EmbeddingCache)),
    ("EmbeddingCache int8", "ours", _ours(semcache.EmbeddingCache, codec="int8")),
    ("HashEmbeddingCache float32", "ours", _ours(semcache.HashEmbeddingCache)),
    ("TieredEmbeddingCache, in memory", "ours", _ours(semcache.TieredEmbeddingCache)),
    ("tutorial code", "source", source),
    ("RedisVL EmbeddingsCache", "peer", _redisvl(None)),
    ("RedisVL EmbeddingsCache with TTL", "peer", _redisvl(TTL)),
    ("LangChain CacheBackedEmbeddings", "peer", langchain),
)
