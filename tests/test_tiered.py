"""TieredEmbeddingCache: what is its own: the tier in memory, its bounds, stats for each tier."""

import tracemalloc
from datetime import timedelta

import numpy as np
import pytest
from bench import Bench, round_trips
from fakes import Clock, VectorAPI

from semcache import (
    CompressedEmbeddingCache,
    EmbeddingCache,
    HashEmbeddingCache,
    TieredEmbeddingCache,
)
from semcache.errors import ConfigError
from semcache.lab.offline.model import embed

A, B, C, D = "What is Python?", "What is Rust?", "Was kostet das?", "2 + 2"


@pytest.fixture(params=["tiered-string", "tiered-hash"])
def bench(request, fakeredis_) -> Bench:
    return Bench(request.param, "float32", fakeredis_)


def test_a_hit_in_memory_does_not_go_to_redis(bench: Bench):
    cache = bench.cache()
    cache.get_embedding(A)
    with round_trips(bench.redis) as trips:
        cache.get_embedding(A)
        cache.get_embeddings_batch([A, A])
    assert trips.count == 0
    cache.get_embedding(B)
    with round_trips(bench.redis) as trips:
        cache.get_embeddings_batch([A, B, C])
    assert trips.count == 2 and bench.sent() == [(A,), (B,), (C,)]


def test_each_tier_counts_its_own(bench: Bench):
    bench.cache().get_embedding(B)
    cache = bench.cache()
    cache.get_embedding(A)  # API
    cache.get_embedding(A)  # memory
    cache.get_embedding(B)  # Redis
    cache.get_embeddings_batch([A, B, C, C, B])  # memory, memory, API, Redis' batch, memory
    memory, redis_tier, both = cache.memory_stats, cache.backing.stats, cache.stats
    assert (memory.hits, memory.misses) == (4, 4)
    assert (redis_tier.hits, redis_tier.misses) == (2, 2)
    assert (both.hits, both.misses, both.lookups) == (6, 2, 8)
    assert memory.misses == redis_tier.lookups
    assert (both.api_calls, both.tokens) == (2, redis_tier.tokens)


def test_the_tiers_add_up_also_when_the_api_fails(bench: Bench):
    cache = bench.cache()
    bench.api.fail(401, times=2)
    for ask in (lambda: cache.get_embedding(A), lambda: cache.get_embeddings_batch([A, B])):
        with pytest.raises(Exception, match="API key"):
            ask()
    assert cache.memory_stats.misses == cache.backing.stats.lookups == 3


def test_the_least_recently_used_vector_makes_room_and_is_counted(bench: Bench):
    cache = bench.cache(memory_size=2)
    for text in (A, B, A, C):  # B is the one that was not used for longest
        cache.get_embedding(text)
    assert cache.memory_stats.evictions == cache.stats.evictions == 1
    assert cache.get_memory_size() == 2
    with round_trips(bench.redis) as trips:
        cache.get_embedding(A)
        cache.get_embedding(C)
        assert trips.count == 0
        cache.get_embedding(B)
        assert trips.count == 1


def test_a_repeated_write_of_one_text_evicts_nothing(bench: Bench):
    cache = bench.cache(memory_size=2, memory_ttl=10)
    for _ in range(4):
        cache.get_embeddings_batch([A, B])
        bench.clock.advance(11)
    assert cache.memory_stats.evictions == 0


def test_a_batch_larger_than_memory_is_answered_whole(bench: Bench):
    cache = bench.cache(memory_size=2)
    for _ in range(2):
        rows = cache.get_embeddings_batch([A, B, C, D])
        assert np.array_equal(rows, [embed(text) for text in (A, B, C, D)])
    assert cache.get_memory_size() == 2 and len(bench.api.calls) == 1


def test_memory_size_zero_means_no_memory_tier(bench: Bench):
    cache = bench.cache(memory_size=0)
    for _ in range(3):
        cache.get_embedding(A)
        cache.get_embeddings_batch([A, B])
    assert cache.get_memory_size() == 0 and cache.memory_stats.evictions == 0
    assert cache.memory_stats.hits == 0 and cache.backing.stats.lookups == 9
    assert cache.delete(A) and cache.clear_cache() == 1


def test_what_another_cache_deletes_lives_in_memory_up_to_memory_ttl(bench: Bench):
    cache = bench.cache(memory_ttl=30)
    cache.get_embedding(A)
    bench.cache().delete(A)
    bench.clock.advance(29.9)
    cache.get_embedding(A)
    assert len(bench.api.calls) == 1
    bench.clock.advance(0.1)  # a hit in memory has not prolonged it
    cache.get_embedding(A)
    assert len(bench.api.calls) == 2


def test_a_batch_keeps_the_same_bound(bench: Bench):
    cache = bench.cache(memory_ttl=30)
    cache.get_embeddings_batch([A, B])
    bench.cache().clear_cache()
    bench.clock.advance(30)
    cache.get_embeddings_batch([A, B])
    assert len(bench.api.calls) == 2


@pytest.mark.parametrize("memory_ttl", [None, 300.0])
def test_memory_never_outlives_the_entry_in_redis(bench: Bench, memory_ttl):
    bench.cache(ttl=100).get_embedding(A)
    bench.clock.advance(90)
    cache = bench.cache(ttl=100, memory_ttl=memory_ttl)
    cache.get_embedding(A)  # 10 seconds are left of it, also in memory
    bench.clock.advance(9.9)
    cache.get_embedding(A)
    assert cache.memory_stats.hits == 1
    bench.clock.advance(0.1)
    cache.get_embedding(A)
    assert len(bench.api.calls) == 2


def test_deleting_and_clearing_reach_both_tiers(bench: Bench):
    cache = bench.cache()
    cache.get_embeddings_batch([A, B])
    assert cache.delete(A) is True and cache.get_memory_size() == 1
    cache.get_embedding(A)
    assert len(bench.api.calls) == 2
    assert cache.clear_cache() == 2 and cache.get_memory_size() == 0
    assert cache.memory_stats.evictions == 0, "what the caller clears is not pushed out"
    cache.get_embedding(A)
    assert len(bench.api.calls) == 3


def test_memory_is_forgotten_also_when_redis_cannot_delete(bench: Bench):
    server = bench.redis.connection_pool.connection_kwargs["server"]
    cache = bench.cache()
    cache.get_embeddings_batch([A, B])
    server.connected = False
    for forget in (lambda: cache.delete(A), cache.clear_cache):
        with pytest.raises(Exception, match="Redis failed"):
            forget()
    assert cache.get_memory_size() == 0


def test_memory_answers_while_redis_is_away(bench: Bench):
    cache = bench.cache(on_error="raise")
    cache.get_embedding(A)
    bench.redis.connection_pool.connection_kwargs["server"].connected = False
    assert np.array_equal(cache.get_embedding(A), embed(A))
    assert np.array_equal(cache.get_embeddings_batch([A]), [embed(A)])


def test_contains_asks_redis_not_memory(bench: Bench):
    cache = bench.cache()
    cache.get_embedding(A)
    bench.cache().delete(A)
    assert cache.contains([A]) == [False]


def test_expired_vectors_make_room_without_counting_as_evicted(bench: Bench):
    cache = bench.cache(memory_size=2, memory_ttl=10)
    cache.get_embeddings_batch([A, B])
    bench.clock.advance(10)
    cache.get_embeddings_batch([C, D])
    assert cache.memory_stats.evictions == 0 and cache.get_memory_size() == 2


class Ticking(Clock):
    """Every look at it is a second later: what expires between two looks shows."""

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.mark.parametrize("memory_ttl", [1, 2, 3, 5, 8])
def test_a_vector_may_expire_at_any_moment_of_a_lookup(bench: Bench, memory_ttl):
    bench.clock = Ticking()
    cache = bench.cache(memory_ttl=memory_ttl, memory_size=2, ttl=40)
    for text in (A, B, A, C, A, A, B) * 3:
        assert np.array_equal(cache.get_embedding(text), embed(text))
        assert np.array_equal(cache.get_embeddings_batch([text, A]), [embed(text), embed(A)])
        cache.delete(text)
        cache.get_memory_size()


def test_memory_holds_the_vectors_and_not_their_bytes_as_well(bench: Bench):
    """1,000 vectors of 1,536 floats are 6 MB; with the stored bytes beside them 12."""
    texts = [f"text {number}" for number in range(300)]
    api = VectorAPI().client()
    bench.cache(openai=api, model="vectors-1536").get_embeddings_batch(texts)
    cache = bench.cache(openai=api, model="vectors-1536")
    tracemalloc.start()
    for text in texts:
        cache.get_embedding(text)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert 300 * 6_144 < held < 1.4 * 300 * 6_144


@pytest.mark.parametrize(
    ("option", "values"),
    [("memory_size", (-1,)), ("memory_ttl", (0, -1, float("nan")))],
)
def test_options_of_the_memory_tier_out_of_range_are_refused(bench: Bench, option, values):
    for value in values:
        with pytest.raises(ConfigError, match=option):
            bench.cache(**{option: value})


def test_any_other_cache_can_be_the_tier_underneath(fakeredis_):
    api = VectorAPI()
    for backing in (EmbeddingCache, HashEmbeddingCache, CompressedEmbeddingCache):
        bench = Bench("tiered-string", "float32", fakeredis_)
        cache = bench.cache(backing=backing, openai=api.client(), model="vectors-4", scope="x")
        first = cache.get_embedding(A)
        plain = backing(
            *(bench.redis, api.client()),
            **{"model": "vectors-4", "scope": "x", "codec": "float32", "clock": bench.clock},
        )
        assert np.array_equal(plain.get_embedding(A), first) and plain.stats.hits == 1
        assert type(cache.backing) is backing and cache.dims == 4 and cache.model == "vectors-4"


def test_options_reach_the_cache_underneath(bench: Bench):
    with pytest.raises(ConfigError, match="time_to_live"):
        bench.cache(time_to_live=3)
    with pytest.raises(ConfigError, match="ttl"):
        bench.cache(ttl=-1)


def test_bounds_of_memory_that_cannot_work_are_refused(fakeredis_):
    clients = fakeredis_(), VectorAPI().client()
    for option in ({"memory_size": "100"}, {"memory_size": -1}, {"memory_ttl": "300"}):
        with pytest.raises(ConfigError, match=next(iter(option))):
            TieredEmbeddingCache(*clients, **option)
    cache = TieredEmbeddingCache(*clients, model="vectors-4", memory_ttl=timedelta(seconds=5))
    assert cache.get_embedding("a").shape == (4,)
