"""A server or a proxy that shakes hands and then answers with something else: it is an outage."""

import contextlib
from functools import partial
from typing import Any

import fakeredis
import numpy as np
import pytest
import redis
import redis.asyncio
from faces import make_async
from fakes import VectorAPI, vector_of
from semantic_bench import INDEXES, ChatAPI, Drawn

from semcache import (
    CompressedEmbeddingCache,
    EmbeddingCache,
    HashEmbeddingCache,
    HybridLLMCache,
    SemanticLLMCache,
    TieredEmbeddingCache,
)
from semcache.errors import CacheUnavailable

NONSENSE = [
    1, True, None, 2.5, b"OK", "text", [], [1], ["text"], [b"x", b"y", b"z"], {b"a": b"b"},
    {"a": 1}, [0, []], [0, [b"semcache:entry:a:entries"]], [[]], [None, 5], [0, 7], [0, [3]],
    [b"0", b"x"], [[b"1-1", None]], {b"1": [1.0, "x"]},
]  # fmt: skip


class Odd(redis.Redis):
    """Answers every command alike."""

    said: Any = None

    def execute_command(self, *args: Any, **options: Any) -> Any:
        return self.said

    def pipeline(self, *args: Any, **options: Any) -> Any:
        return Pipe(self.said)


class AsyncOdd(redis.asyncio.Redis):
    said: Any = None

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        return self.said

    def pipeline(self, *args: Any, **options: Any) -> Any:
        return AsyncPipe(self.said)


class Pipe:
    def __init__(self, said: Any) -> None:
        self.said, self.count = said, 0

    def execute_command(self, *args: Any) -> None:
        self.count += 1

    def execute(self, raise_on_error: bool) -> list[Any]:
        return [self.said] * self.count


class AsyncPipe(Pipe):
    async def execute(self, raise_on_error: bool) -> list[Any]:
        return [self.said] * self.count


@pytest.fixture(params=["blocking", "async"])
def make(request: pytest.FixtureRequest) -> Any:
    """Makes a cache over a Redis that always says the same."""

    def made(made_of: type, api: Any, said: Any, **options: Any) -> Any:
        client: Any = Odd() if request.param == "blocking" else AsyncOdd()
        client.said = said
        maker = made_of if request.param == "blocking" else partial(make_async, made_of)
        return maker(client, api.client(), **options)

    return made


@pytest.mark.parametrize("said", NONSENSE, ids=repr)
@pytest.mark.parametrize(
    "made_of",
    [EmbeddingCache, HashEmbeddingCache, CompressedEmbeddingCache, TieredEmbeddingCache],
)
def test_embeddings_come_from_the_api(made_of, said, make):
    exact = made_of is not CompressedEmbeddingCache
    for options in ({}, {"refresh_on_read": True}):
        cache = make(made_of, VectorAPI(), said, model="m-4", **options)
        for rows in ([cache.get_embedding("a")], cache.get_embeddings_batch(["a", "b"])):
            wanted = [vector_of("m-4", text, 4) for text in "ab"][: len(rows)]
            assert np.allclose(rows, wanted, atol=1e-6 if exact else 0.1)
    for ask in (
        lambda: cache.contains(["a"]),
        lambda: cache.delete("a"),
        cache.get_cache_size,
        cache.clear_cache,
    ):
        with contextlib.suppress(CacheUnavailable):
            assert ask() in (0, 1, 2, [False])  # where it was a reply that Redis might give


@pytest.mark.parametrize("said", [1, b"OK", [], {b"a": b"b"}], ids=repr)
@pytest.mark.parametrize("made_of", [EmbeddingCache, HashEmbeddingCache, TieredEmbeddingCache])
def test_nonsense_raises_one_error_of_ours_where_that_was_wanted(made_of, said, make):
    cache = make(made_of, VectorAPI(), said, model="m-4", on_error="raise")
    for ask in (lambda: cache.get_embedding("a"), lambda: cache.get_embeddings_batch(["a"])):
        with pytest.raises(CacheUnavailable):
            ask()


def over(made_of: type, index: str, api: ChatAPI, said: Any, make: Any, **options: Any) -> Any:
    if index == "redisvl":
        pytest.importorskip("redisvl")
    given = {"embedding_cache": Drawn(), "index": INDEXES[index], **options}
    return make(made_of, api, said, **given)


@pytest.mark.parametrize("said", NONSENSE, ids=repr)
@pytest.mark.parametrize("index", INDEXES)
@pytest.mark.parametrize("made_of", [HybridLLMCache, SemanticLLMCache])
def test_answers_come_from_the_llm(made_of, index, said, make):
    api = ChatAPI()
    cache = over(made_of, index, api, said, make, max_entries=1, max_entries_per_asker=1)
    for number in range(3):
        wishes = {"model": "any", "asker": "somebody", "tags": ["tag"]}
        assert cache.get_or_generate("a@1", **wishes) == f"answer {number + 1}"
    assert "".join(cache.get_or_generate("a@1", model="any", stream=True)) == "answer4"


@pytest.mark.parametrize("said", NONSENSE, ids=repr)
@pytest.mark.parametrize("index", INDEXES)
def test_what_is_asked_by_name_is_answered_or_unavailable(index, said, make):
    cache = over(HybridLLMCache, index, ChatAPI(), said, make)
    room = cache.semantic_cache(model="any")
    for ask in (
        lambda: cache.delete("a@1", model="any"),
        lambda: cache.invalidate(tag="tag"),
        lambda: room.delete("a@1"),
        lambda: room.search("a@1"),
        lambda: room.add_cache("a@1", "an answer"),
        room.get_cache_size,
        room.clear_cache,
        cache.clear_cache,
    ):
        with contextlib.suppress(CacheUnavailable):
            ask()


def test_a_reply_of_the_right_shape_is_taken():
    client = fakeredis.FakeRedis()
    cache = EmbeddingCache(client, VectorAPI().client(), model="m-4")
    assert cache.get_embeddings_batch(["a", "b"]).shape == (2, 4)
    assert cache.contains(["a", "c"]) == [True, False] and cache.clear_cache() == 2
