"""The indexes of semcache, and the code of the tutorial."""

import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import redis

from benchmarks import source_code
from benchmarks.lookup.corpus import Corpus, Query
from benchmarks.lookup.subject import Ask, Make, Recipe, Store
from benchmarks.workload import TTL
from semcache import keys
from semcache.answers.request import normalise
from semcache.blocking import BLOCKING, run
from semcache.index import MatrixIndex, RedisVLIndex, ScanIndex, VectorSetIndex
from semcache.index.answer import Answer
from semcache.index.base import Index, IndexSettings
from semcache.index.store import Stored

__all__ = ["OURS", "SOURCE", "entry_id", "open_index"]


def index(kind: Any) -> Make:
    """An index, filled by one object and read by another, as by another process."""

    def make(store: Store) -> Callable[[], Ask]:
        def connect() -> Any:
            return open_index(kind, store.client(), "bench:", _no_damage)

        writer = connect()
        for batch in store.batches():
            entries = list(_entries(store, batch))
            if hasattr(writer, "add_many"):
                writer.add_many(entries)
            else:
                for entry in entries:
                    run(writer.add(*entry))

        def open_() -> Ask:
            reader = connect()

            def ask(query: Query) -> str | None:
                found = run(reader.nearest(query.vector, 1))
                return found[0].answer.response if found else None

            return ask

        return open_

    return make


def open_index(
    kind: Any, client: redis.Redis, namespace: str, count_damaged: Callable[[int], None]
) -> Index:
    """An index on a client of the blocking face."""
    port = BLOCKING.redis(client)
    settings = IndexSettings(port, namespace, time.time, count_damaged, BLOCKING.flights())
    made: Index = kind(settings)
    return made


def _no_damage(count: int) -> None:
    raise AssertionError(f"{count} entries are damaged")


def _entries(store: Store, batch: range) -> Iterator[Stored]:
    now, corpus = time.time(), store.corpus
    for i in batch:
        question = corpus.questions[i]
        answer = Answer(question, corpus.answers[i], now, now + TTL)
        yield Stored(entry_id(corpus, i), answer, corpus.vectors[i])


def entry_id(corpus: Corpus, row: int) -> str:
    """What the indexes call an entry."""
    return keys.digest(normalise(corpus.questions[row]))


def source(store: Store) -> Callable[[], Ask]:
    """Filled as add_cache() fills it, through a pipeline; embeddings are in its cache already."""
    client, corpus = store.client(decode_responses=True), store.corpus
    cache = source_code.SemanticLLMCache(client, None)
    for batch in store.batches():
        values = {}
        for i in batch:
            data = {
                "query": corpus.questions[i],
                "response": corpus.answers[i],
                "embedding": corpus.vectors[i].tolist(),
                "timestamp": time.time(),
            }
            values[_md5(corpus.questions[i])] = json.dumps(data)
        flat = itertools.chain.from_iterable(values.items())
        client.hset(cache.cache_hash_key, items=list(flat))
    client.expire(cache.cache_hash_key, TTL)

    def open_() -> Ask:
        for text, vector in zip(corpus.asked, corpus.asked_vectors, strict=True):
            client.setex(f"emb:{_md5(text)}", TTL, json.dumps(vector.tolist()))

        def ask(query: Query) -> str | None:
            found = cache.lookup(query.text)
            return found["response"] if found else None

        return ask

    return open_


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


OURS = (
    Recipe("ScanIndex", "ours", index(ScanIndex), exact=True, most=10_000 * 1_536),
    Recipe("MatrixIndex", "ours", index(MatrixIndex), exact=True),
    Recipe("VectorSetIndex", "ours", index(VectorSetIndex)),
    Recipe("RedisVLIndex", "ours", index(RedisVLIndex), search=True),
)
SOURCE = (Recipe("tutorial code", "source", source, exact=True, most=100_000 * 384),)
