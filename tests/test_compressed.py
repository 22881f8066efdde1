"""CompressedEmbeddingCache: what is its own: int8 unless told otherwise, the ratio, any codec."""

import json

import numpy as np
import pytest
from bench import E5, Bench, slots
from fakes import VectorAPI, vector_of

from semcache import CompressedEmbeddingCache, codecs
from semcache.codecs import Binary
from semcache.errors import CodecError
from semcache.lab.offline.model import embed

TEXTS = ["What is Python?", "What is Rust?", "Was kostet das?", "2 + 2"]


@pytest.fixture
def bench(fakeredis_) -> Bench:
    return Bench("compressed", "int8", fakeredis_)


def test_int8_is_the_default(bench: Bench):
    cache = CompressedEmbeddingCache(bench.redis, bench.openai, model=E5)
    cache.get_embedding(TEXTS[0])
    assert b":int8:" in bench.slot().key
    assert len(bench.slot().read()) <= codecs.get("int8").bytes_per_vector(384) + 12


@pytest.mark.parametrize("codec", ["float32", "float16", "int8", "binary"])
def test_the_ratio_is_the_bytes_of_json_over_the_codecs(bench: Bench, codec):
    vector = embed(TEXTS[0])
    ratio = bench.cache(codec=codec).compression_ratio(vector)
    text = json.dumps([float(number) for number in vector])
    assert ratio == len(text) / codecs.get(codec).bytes_per_vector(384)
    assert bench.cache(codec=codec).compression_ratio(vector.tolist()) == ratio


def test_the_ratio_of_no_vector_is_an_error_of_ours(bench: Bench):
    for wrong in ([], [[1.0]], [float("nan")], "text", None):
        with pytest.raises(CodecError):
            bench.cache().compression_ratio(wrong)


def test_a_codec_object_works_as_its_name_does(bench: Bench):
    first = bench.cache(codec="float16").get_embedding(TEXTS[0])
    again = bench.cache(codec=codecs.get("float16"))
    assert np.array_equal(again.get_embedding(TEXTS[0]), first) and again.stats.hits == 1


def test_caches_around_different_means_share_nothing(bench: Bench):
    rows = np.array([embed(text) for text in TEXTS])
    means = [None, rows.mean(axis=0), rows[:2].mean(axis=0)]
    caches = [bench.cache(codec=Binary(mean)) for mean in means]
    answers = [cache.get_embedding(TEXTS[0]) for cache in caches]
    assert len(bench.api.calls) == 3 == len(slots(bench.redis))
    for cache, answer in zip(caches, answers, strict=True):
        assert np.array_equal(cache.get_embedding(TEXTS[0]), answer) and cache.stats.errors == 0


def test_refreshing_does_not_change_a_bit_around_a_mean_either(bench: Bench):
    codec = Binary(np.mean([embed(text) for text in TEXTS], axis=0))
    first = bench.cache(codec=codec).get_embeddings_batch(TEXTS)
    for _ in range(3):
        again = bench.cache(codec=codec, refresh_on_read=True).get_embeddings_batch(TEXTS)
        assert again.tobytes() == first.tobytes()
    assert bench.cache(codec=codec).get_embeddings_batch(TEXTS).tobytes() == first.tobytes()


def test_refreshing_keeps_the_very_bytes_that_were_stored(bench: Bench):
    """Coding a second time could lose a second time: only the expiry may change."""
    for codec in ("json", "float32", "float16", "int8", "binary"):
        size = codecs.get(codec).encode(embed(TEXTS[0]))
        cache = bench.cache(codec=codec, scope=codec, refresh_on_read=True)
        cache.get_embedding(TEXTS[0])
        bench.clock.advance(10)
        cache.get_embedding(TEXTS[0])
        assert any(slot.read().endswith(size) for slot in slots(bench.redis))


def test_neighbours_stay_neighbours_in_int8(bench: Bench):
    """The use of it all: similarities of real embeddings change in the third digit at most."""
    rows = bench.cache().get_embeddings_batch(TEXTS)
    exact = np.array([embed(text) for text in TEXTS])
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    assert np.abs(unit @ unit.T - exact @ exact.T).max() < 2e-3


def test_a_codec_of_ones_own_can_be_passed(bench: Bench):
    class Reversed(codecs.Float32):
        name = "reversed"

        def _pack(self, vector):
            return super()._pack(vector[::-1])

        def _unpack(self, payload, dims):
            return super()._unpack(payload, dims)[::-1].copy()

    api = VectorAPI()
    cache = bench.cache(codec=Reversed(), openai=api.client(), model="vectors-4")
    for _ in range(2):
        assert np.array_equal(cache.get_embedding("a"), vector_of("vectors-4", "a", 4))
    assert len(api.calls) == 1
