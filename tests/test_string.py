"""EmbeddingCache: what is its own: one Redis string for each vector."""

import pytest
from bench import Bench, slots
from fakes import VectorAPI

from semcache import keys


@pytest.fixture
def bench(request) -> Bench:
    return Bench("string", "float32", request.getfixturevalue("fakeredis_"))


def test_each_vector_has_a_key_of_its_own_in_the_documented_place(bench: Bench):
    bench.cache(scope="app").get_embeddings_batch(["a", "b"])
    prefix = keys.namespace("app", "string", "multilingual-e5-small", "full", "float32")
    found = {key.decode() for key in bench.redis.scan_iter()}
    assert found == {prefix + keys.digest(text) for text in ("a", "b")}
    assert {bench.redis.type(key) for key in found} == {b"string"}


def test_an_entry_of_384_floats_takes_little_more_than_its_floats(bench: Bench):
    bench.cache().get_embedding("a")
    assert 384 * 4 <= len(bench.slot().read()) <= 384 * 4 + 24


def test_a_scan_that_meets_thousands_of_foreign_keys_still_finds_its_own(bench: Bench):
    cache = bench.cache(openai=VectorAPI().client(), model="vectors-4")
    texts = [f"text {number}" for number in range(1_500)]
    cache.get_embeddings_batch(texts)
    bench.redis.mset({f"foreign:{number}": 1 for number in range(2_500)})
    assert cache.get_cache_size() == 1_500
    assert cache.clear_cache() == 1_500
    assert bench.redis.dbsize() == 2_500


def test_ttls_below_a_millisecond_are_rounded_up(bench: Bench):
    cache = bench.cache(ttl=1e-9)
    cache.get_embedding("a")
    assert cache.stats.errors == 0


def test_dimensions_asked_for_are_part_of_the_key(bench: Bench):
    api = VectorAPI()
    for dimensions in (None, 8, 4):
        options = {"openai": api.client(), "model": "vectors-8", "dimensions": dimensions}
        bench.cache(**options).get_embedding("a")
    assert len(api.calls) == 3 == len(slots(bench.redis))
