"""HashEmbeddingCache: what is its own: one hash, fields with a TTL of their own, old servers."""

from collections.abc import Iterator

import pytest
from bench import Bench, quick, round_trips, slots
from fakes import VectorAPI

from semcache import HashEmbeddingCache
from semcache.errors import ConfigError, UnsupportedServer
from semcache.lab.redis_server import MISSING, start_redis

A, B = "What is Python?", "What is Rust?"
needs_redis8 = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


def without(*commands: str) -> Iterator[Bench]:
    """A bench on a server that lacks commands, as older servers do."""
    options = [part for command in commands for part in ("--rename-command", command, "")]
    with start_redis(*options) as server, quick(server.url) as client:
        yield Bench("hash", "float32", lambda: client)


@pytest.fixture(params=["fakeredis_", "redis8"])
def bench(request) -> Bench:
    return Bench("hash", "float32", request.getfixturevalue(request.param))


@pytest.fixture
def redis_7_4() -> Iterator[Bench]:
    yield from without("HSETEX")


@pytest.fixture
def redis_7_2() -> Iterator[Bench]:
    yield from without("HSETEX", "HPEXPIRE", "HEXPIRE")


def test_all_vectors_are_fields_of_one_hash(bench: Bench):
    cache = bench.cache()
    cache.get_embeddings_batch([A, B])
    (key,) = bench.redis.keys()
    assert bench.redis.type(key) == b"hash" and bench.redis.hlen(key) == 2
    cache.clear_cache()
    assert not bench.redis.dbsize()


def test_a_write_leaves_the_ttl_of_the_other_fields_alone(bench: Bench):
    cache = bench.cache(ttl=1_000)
    cache.get_embedding(A)
    bench.slot().pexpire(5_000)
    cache.get_embedding(B)
    short, long = sorted(slot.pttl() for slot in slots(bench.redis))
    assert 0 < short <= 5_000 and 990_000 < long <= 1_000_000


def test_one_short_lived_entry_does_not_take_the_others_with_it(bench: Bench):
    bench.cache(ttl=1_000).get_embedding(A)
    bench.cache(ttl=1).get_embedding(B)
    (key,) = bench.redis.keys()
    assert bench.redis.pttl(key) == -1
    bench.clock.advance(2)
    assert bench.cache().contains([A, B]) == [True, False]


def test_the_server_is_asked_once_what_it_can_do_and_only_when_it_matters(bench: Bench):
    cache = bench.cache()
    counts = []
    for text in (A, B, "2 + 2", A):
        with round_trips(bench.redis) as trips:
            cache.get_embedding(text)
        counts.append(trips.count)
    assert counts == [3, 2, 2, 1]
    for options in ({"ttl": None}, {"ttl_scope": "hash"}):
        with round_trips(bench.redis) as trips:
            bench.cache(scope="other", **options).get_embedding(A)
        assert trips.count <= 2


def test_the_whole_hash_expires_one_ttl_after_its_last_write(bench: Bench):
    cache = bench.cache(ttl=1_000, ttl_scope="hash")
    cache.get_embedding(A)
    (key,) = bench.redis.keys()
    assert 990_000 < bench.redis.pttl(key) <= 1_000_000
    bench.redis.pexpire(key, 5_000)
    cache.get_embedding(A)
    assert bench.redis.pttl(key) <= 5_000, "a read is no write"
    cache.get_embedding(B)
    assert 990_000 < bench.redis.pttl(key) <= 1_000_000


def test_with_one_ttl_for_the_hash_no_entry_is_served_after_its_own(bench: Bench):
    cache = bench.cache(ttl=100, ttl_scope="hash")
    cache.get_embedding(A)
    bench.clock.advance(60)
    cache.get_embedding(B)
    bench.clock.advance(60)
    assert cache.contains([A, B]) == [False, True]
    cache.get_embedding(A)
    assert len(bench.api.calls) == 3


def test_ttl_scope_hash_refreshes_when_asked_to(bench: Bench):
    cache = bench.cache(ttl=100, ttl_scope="hash", refresh_on_read=True)
    cache.get_embedding(A)
    for _ in range(3):
        bench.clock.advance(60)
        cache.get_embedding(A)
    assert len(bench.api.calls) == 1


@needs_redis8
@pytest.mark.parametrize("options", [{}, {"refresh_on_read": True}, {"jitter": 0.5}])
def test_redis_7_4_has_ttls_for_fields_in_two_commands(redis_7_4: Bench, options):
    bench, cache = redis_7_4, redis_7_4.cache(ttl=1_000, **options)
    cache.get_embedding(A)
    bench.slot().pexpire(5_000)
    cache.get_embeddings_batch([A, B])
    short, long = sorted(slot.pttl() for slot in slots(bench.redis))
    assert 490_000 < long <= 1_000_000
    assert short <= 5_000 or "refresh_on_read" in options
    assert cache.stats.errors == 0 and len(bench.api.calls) == 2
    with round_trips(bench.redis) as trips:
        cache.get_embedding("2 + 2")
    assert trips.count == 2


@needs_redis8
def test_an_older_server_is_refused_before_anything_is_paid(redis_7_2: Bench):
    bench = redis_7_2
    for cache in (bench.cache(), bench.cache(on_error="raise")):
        for ask in (
            lambda c=cache: c.get_embedding(A),
            lambda c=cache: c.get_embeddings_batch([A]),
        ):
            with pytest.raises(UnsupportedServer, match=r"7\.4.*ttl=None.*ttl_scope='hash'"):
                ask()
    assert not bench.api.calls and not bench.redis.dbsize()


@needs_redis8
@pytest.mark.parametrize("options", [{"ttl": None}, {"ttl_scope": "hash"}])
def test_an_older_server_will_do_without_ttls_for_fields(redis_7_2: Bench, options):
    bench, cache = redis_7_2, redis_7_2.cache(refresh_on_read=True, **options)
    cache.get_embedding(A)
    cache.get_embedding(A)
    assert (cache.stats.hits, cache.stats.errors, len(bench.api.calls)) == (1, 0, 1)
    assert cache.delete(A) and cache.clear_cache() == 0


@needs_redis8
def test_an_older_server_that_was_replaced_is_asked_again(redis_7_2: Bench, redis8):
    cache = redis_7_2.cache()
    with pytest.raises(UnsupportedServer):
        cache.get_embedding(A)
    redis_7_2.redis.connection_pool = redis8().connection_pool  # the address after an upgrade
    cache.get_embedding(A)
    assert cache.get_cache_size() == 1


def test_a_cache_without_expiry_is_not_ended_by_another_ones_ttl_for_the_hash(bench: Bench):
    """Both write the same hash; what the second stored for ever must not go after 100 s."""
    bench.cache(ttl=100, ttl_scope="hash").get_embedding(A)
    bench.cache(ttl=None).get_embedding(B)
    (key,) = bench.redis.keys()
    assert bench.redis.pttl(key) == -1


def test_clear_reports_how_many_fields_there_were(bench: Bench):
    cache = bench.cache(openai=VectorAPI().client(), model="vectors-4")
    cache.get_embeddings_batch([f"text {number}" for number in range(500)])
    assert cache.get_cache_size() == 500 == cache.clear_cache()


def test_an_unknown_ttl_scope_is_refused(fakeredis_):
    with pytest.raises(ConfigError, match="ttl_scope"):
        HashEmbeddingCache(fakeredis_(), VectorAPI().client(), ttl_scope="key")
