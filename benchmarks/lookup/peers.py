"""The peers that keep their entries in Redis, each given the vector at hand as its API allows.

All find an entry from similarity NEAR upwards a hit. None has a TTL: with one, RedisVL and
betterdb-semantic-cache would renew it at every hit, which takes another round trip.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from benchmarks.lookup.corpus import NEAR, Query
from benchmarks.lookup.gptcache import gptcache
from benchmarks.lookup.subject import Ask, Recipe, Store

__all__ = ["PEERS"]

DISTANCE = 1 - NEAR


def redisvl(store: Store) -> Callable[[], Ask]:
    """Filled through its own batch call; asked with the vector, which must be a list."""
    cache = _redisvl(store)
    _load(store, cache, store.corpus.answers, {})
    vectors = _as_lists(store)

    def ask(query: Query) -> str | None:
        hits = cache.check(vector=vectors[query.text])
        return hits[0]["response"] if hits else None

    return lambda: ask


def _redisvl(store: Store) -> Any:
    from redisvl.extensions.cache.llm import SemanticCache
    from redisvl.utils.vectorize import CustomVectorizer

    probe = store.corpus.vectors[0].tolist()
    return SemanticCache(
        name="bench",
        vectorizer=CustomVectorizer(embed=lambda text: probe),
        redis_client=store.client(),
        distance_threshold=DISTANCE,
    )


def _load(store: Store, cache: Any, responses: list[str], more: dict[str, Any]) -> None:
    from redisvl.extensions.cache.llm.schema import CacheEntry

    corpus = store.corpus
    for batch in store.batches():
        entries = [
            CacheEntry(
                prompt=corpus.questions[i],
                response=responses[i],
                prompt_vector=corpus.vectors[i].tolist(),
                **more,
            ).to_dict("float32")
            for i in batch
        ]
        cache.index.load(entries, id_field="entry_id")


def langchain(store: Store) -> Callable[[], Ask]:
    """Filled through the RedisVL cache inside it; asked with a text, embedded by a dictionary."""
    from langchain_core.embeddings import Embeddings
    from langchain_core.load.dump import dumps
    from langchain_core.outputs import Generation
    from langchain_redis import RedisSemanticCache

    vectors, probe = _as_lists(store), store.corpus.vectors[0].tolist()

    class AtHand(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [self.embed_query(text) for text in texts]

        def embed_query(self, text: str) -> list[float]:
            return vectors.get(text, probe)

    cache = RedisSemanticCache(
        AtHand(), redis_client=store.client(), distance_threshold=DISTANCE, name="bench"
    )
    responses = [json.dumps([dumps(Generation(text=a))]) for a in store.corpus.answers]
    _load(store, cache.cache, responses, {"metadata": {"llm_string": "llm"}})

    def ask(query: Query) -> str | None:
        found = cache.lookup(query.text, "llm")
        return found[0].text if found else None

    return lambda: ask


def betterdb(store: Store) -> Callable[[], Ask]:
    """Filled by 50 store() at a time; asked with a text, embedded by a dictionary.

    Its own embedding cache is off: the embedding is at hand. So are its reports to its makers.
    """
    corpus, probe = store.corpus, store.corpus.vectors[0].tolist()
    vectors = dict(zip(corpus.questions, corpus.vectors, strict=True))
    asked = _as_lists(store)

    async def embed(text: str) -> list[float]:
        return vectors[text].tolist() if text in vectors else probe

    async def at_hand(text: str) -> list[float]:
        return asked.get(text, probe)

    async def fill() -> None:
        cache = await _betterdb(store, embed)
        for batch in store.batches(50):
            await asyncio.gather(
                *(cache.store(corpus.questions[i], corpus.answers[i]) for i in batch)
            )
        await cache.shutdown()

    asyncio.run(fill())

    def open_() -> Ask:
        loop = asyncio.new_event_loop()
        cache = loop.run_until_complete(_betterdb(store, at_hand))

        def ask(query: Query) -> str | None:
            found = loop.run_until_complete(cache.check(query.text))
            return found.response if found.hit else None

        return ask

    return open_


async def _betterdb(store: Store, embed: Any) -> Any:
    import valkey.asyncio
    from betterdb_semantic_cache import SemanticCache, types

    cache = SemanticCache(
        types.SemanticCacheOptions(
            client=valkey.asyncio.from_url(store.url.replace("redis://", "valkey://")),
            embed_fn=embed,
            default_threshold=DISTANCE,
            embedding_cache=types.EmbeddingCacheOptions(enabled=False),
            analytics=types.AnalyticsOptions(disabled=True),
        )
    )
    await cache.initialize()
    return cache


def _as_lists(store: Store) -> dict[str, list[float]]:
    """The vectors of what will be asked, as an embeddings API gives them."""
    corpus = store.corpus
    return dict(zip(corpus.asked, corpus.asked_vectors.tolist(), strict=True))


PEERS = (
    Recipe("RedisVL SemanticCache", "peer", redisvl, exact=True, search=True),
    Recipe("langchain-redis RedisSemanticCache", "peer", langchain, exact=True, search=True),
    Recipe("betterdb-semantic-cache", "peer", betterdb, search=True),
    Recipe("GPTCache, SQLite and Faiss", "peer", gptcache, exact=True),
)
