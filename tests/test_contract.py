"""What every embedding cache promises, over every class, every codec and both servers.

What is one class' own is in the file of its module; Redis failing is in
test_contract_redis_failing.py.
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import openai
import pytest
import redis.asyncio
from bench import CODECS, E5, EVERY_STORE, KINDS, ONE_CODEC, SERVERS, Bench, round_trips, slots
from fakeredis import FakeAsyncRedis
from fakes import Tripwire, VectorAPI, answers, refuses, vector_of

from semcache import codecs, keys
from semcache.errors import ConfigError, InvalidInput
from semcache.lab.offline.model import embed
from semcache.lab.redis_server import MISSING, start_redis

A, B, C = "What is Python?", "Python是什么？", "What is Rust?"
DAY = 86_400
one_codec = pytest.mark.parametrize("bench", ONE_CODEC, indirect=True)
every_store = pytest.mark.parametrize("bench", EVERY_STORE, indirect=True)
one_tier = pytest.mark.parametrize(
    "bench",
    [f"{kind}-float32-{server}" for kind in ("string", "hash", "compressed") for server in SERVERS],
    indirect=True,
)
large = pytest.mark.parametrize(
    "bench",
    ["string-float32-fakeredis", "hash-float32-fakeredis", "tiered-hash-float32-redis8"],
    indirect=True,
)


def stored_as(codec: str, text: str) -> np.ndarray:
    """What a cache of this codec must answer for a text: the model's vector, coded and decoded."""
    coder = codecs.get(codec)
    return coder.decode(coder.encode(embed(text)))


# Reading ---------------------------------------------------------------------------------------


def test_a_hit_and_the_miss_that_filled_it_return_the_same_bits(bench: Bench):
    cache = bench.cache()
    miss, hit, elsewhere = cache.get_embedding(A), cache.get_embedding(A), bench.cache()
    assert miss.dtype == np.float32 and miss.shape == (384,)
    assert miss.tobytes() == hit.tobytes() == elsewhere.get_embedding(A).tobytes()
    assert miss.tobytes() == stored_as(bench.codec, A).tobytes()
    assert len(bench.api.calls) == 1


def test_an_answer_is_the_models_vector_within_the_codecs_bound(bench: Bench):
    error = np.abs(bench.cache().get_embedding(A).astype(float) - embed(A)).max()
    assert error <= codecs.get(bench.codec).error_bound(embed(A))


def test_what_a_caller_does_to_an_answer_never_reaches_the_cache(bench: Bench):
    cache, want = bench.cache(), stored_as(bench.codec, A).tobytes()
    for _ in range(3):  # the miss, a hit, and once more
        answer = cache.get_embedding(A)
        assert answer.tobytes() == want
        answer[:] = 7  # raises if the answer is read-only
    for _ in range(2):
        batch = cache.get_embeddings_batch([A, B, A])
        assert batch[0].tobytes() == batch[2].tobytes() == want
        batch[0] = 7
        assert batch[2].tobytes() == want
        batch[:] = 7
    assert bench.cache().get_embedding(A).tobytes() == want


def test_a_batch_has_a_row_for_each_text_in_order(bench: Bench):
    bench.cache().get_embedding(B)
    texts = [C, A, B, A, C]
    for cache in (bench.cache(), bench.cache()):  # B alone is there, then all
        batch = cache.get_embeddings_batch(iter(texts))
        assert batch.shape == (5, 384) and batch.dtype == np.float32
        for row, text in zip(batch, texts, strict=True):
            assert row.tobytes() == stored_as(bench.codec, text).tobytes()
            assert row.tobytes() == cache.get_embedding(text).tobytes()


def test_a_batch_sends_each_distinct_missing_text_once_in_one_call(bench: Bench):
    cache = bench.cache()
    cache.get_embedding(B)
    cache.get_embeddings_batch([C, A, B, A, C])
    assert bench.sent() == [(B,), (C, A)]
    cache.get_embeddings_batch([C, A, B, A, C])
    assert len(bench.api.calls) == 2


def test_a_batch_is_one_read_and_one_write(bench: Bench):
    cache = bench.cache()
    cache.get_embedding(B)  # a hash asks once what its server can do
    with round_trips(bench.redis) as trips:
        cache.get_embeddings_batch([A, B, C, A])
    assert trips.count == 2
    with round_trips(bench.redis) as trips:
        bench.cache().get_embeddings_batch([A, B, C])
    assert trips.count == 1


def test_an_empty_batch_has_the_right_shape_and_costs_nothing(bench: Bench):
    cache = bench.cache()
    with round_trips(bench.redis) as trips:
        batch = cache.get_embeddings_batch([])
    assert batch.shape == (0, 384) and batch.dtype == np.float32
    assert trips.count == 0 and not bench.api.calls


@one_codec
def test_a_progress_bar_is_shown_only_when_asked_for(bench: Bench, capfd):
    bench.cache().get_embeddings_batch([A])
    assert capfd.readouterr() == ("", "")
    bench.cache().get_embeddings_batch([A, B], progress=True)
    out, err = capfd.readouterr()
    assert "2/2" in err and not out


# Texts that cannot be embedded -----------------------------------------------------------------

BAD_TEXTS = {
    "empty": "",
    "none": None,
    "number": 5,
    "bytes": b"What is Python?",
    "list": [A],
    "half a character": "a\ud800b",
    "too long": "word " * 9_000,
}


@one_codec
@pytest.mark.parametrize("bad", BAD_TEXTS.values(), ids=BAD_TEXTS.keys())
def test_a_text_at_fault_is_named_before_anything_is_sent_or_stored(bench: Bench, bad: str):
    cache = bench.cache()
    with round_trips(bench.redis) as trips:
        with pytest.raises(InvalidInput, match="text 2 "):
            cache.get_embeddings_batch([A, B, bad, C])
        with pytest.raises(InvalidInput, match="text 0 "):
            cache.get_embedding(bad)
        with pytest.raises(InvalidInput, match="text 1 "):
            cache.contains([A, bad])
        with pytest.raises(InvalidInput, match="text 0 "):
            cache.delete(bad)
    assert trips.count == 0 and not bench.api.calls and not bench.redis.dbsize()
    assert not any(cache.stats.as_dict().values())


@one_codec
def test_one_string_is_not_taken_for_a_batch_of_letters(bench: Bench):
    for method in (bench.cache().get_embeddings_batch, bench.cache().contains):
        with pytest.raises(InvalidInput, match="list of texts"):
            method("What is Python?")
    assert not bench.api.calls


@one_codec
def test_texts_that_look_alike_are_different_texts(bench: Bench):
    variants = ["caf\u00e9", "cafe\u0301", "caf\u00e9 ", "Caf\u00e9", "\tcaf\u00e9", "caf\u00e9\0"]
    cache = bench.cache()
    cache.get_embeddings_batch(variants)
    assert bench.sent() == [tuple(variants)] and cache.get_cache_size() == 6


# Many texts, and the API failing ---------------------------------------------------------------


def many(count: int) -> list[str]:
    return [f"text {number}" for number in range(count)]


@large
def test_more_texts_than_a_call_takes_are_split_and_stay_in_order(bench: Bench):
    api = VectorAPI()
    cache = bench.cache(openai=api.client(), model="vectors-4")
    texts = many(5_000)
    cache.get_embedding(texts[0])
    with round_trips(bench.redis) as trips:
        batch = cache.get_embeddings_batch(texts)
    assert [len(call) for call in api.calls] == [1, 2048, 2048, 903]
    assert trips.count == 2 + 3  # reads come in chunks of 4,096 keys
    assert np.array_equal(batch, [vector_of("vectors-4", text, 4) for text in texts])
    assert cache.get_cache_size() == 5_000
    assert cache.clear_cache() == 5_000 and not bench.redis.dbsize()


@large
def test_a_batch_that_fails_in_its_third_call_keeps_the_first_two(bench: Bench):
    api = VectorAPI()
    cache = bench.cache(openai=api.client(), model="vectors-4")
    api.script.extend([None, None, refuses(400)])
    with pytest.raises(openai.BadRequestError):
        cache.get_embeddings_batch(many(5_000))
    assert cache.get_cache_size() == 4_096
    assert (cache.stats.api_calls, cache.stats.tokens) == (2, 4_096)
    assert cache.get_embeddings_batch(many(5_000)).shape == (5_000, 4)
    assert [len(call) for call in api.calls] == [2048, 2048, 904, 904]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (401, openai.AuthenticationError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        ("timeout", openai.APITimeoutError),
        ("disconnect", openai.APIConnectionError),
    ],
)
@one_codec
def test_the_apis_own_error_comes_through_and_nothing_is_cached(bench: Bench, fault, error):
    cache = bench.cache()
    bench.api.fail(fault, times=2)
    with pytest.raises(error):
        cache.get_embedding(A)
    with pytest.raises(error):
        cache.get_embeddings_batch([A, B])
    assert cache.get_cache_size() == 0 and not bench.redis.dbsize()
    assert (cache.stats.api_calls, cache.stats.tokens, cache.stats.errors) == (0, 0, 0)
    assert cache.get_embedding(A).tobytes() == stored_as(bench.codec, A).tobytes()


@one_codec
def test_the_clients_own_retries_run_and_count_as_one_call(bench: Bench):
    cache = bench.cache(openai=bench.api.client())
    bench.api.fail(429, retry_after=0.001)
    cache.get_embedding(A)
    assert [call.status for call in bench.api.calls] == [429, 200]
    assert cache.stats.api_calls == 1


# Time ------------------------------------------------------------------------------------------


def test_each_entry_has_its_own_ttl(bench: Bench):
    bench.cache(ttl=1_000).get_embedding(A)
    bench.cache(ttl=50.5).get_embedding(B)
    short, long = sorted(slot.pttl() for slot in slots(bench.redis))
    assert 40_500 < short <= 50_500 < 990_000 < long <= 1_000_000


def test_ttl_none_means_for_ever(bench: Bench):
    cache = bench.cache(ttl=None)
    cache.get_embedding(A)
    assert bench.slot().pttl() == -1
    bench.clock.advance(1e9)
    bench.cache(ttl=None).get_embedding(A)
    assert len(bench.api.calls) == 1


@one_codec
def test_jitter_only_shortens_and_differs_from_entry_to_entry(bench: Bench):
    cache = bench.cache(openai=VectorAPI().client(), model="vectors-4", ttl=1_000, jitter=0.5)
    cache.get_embeddings_batch(many(60))
    ttls = [slot.pttl() for slot in slots(bench.redis)]
    assert min(ttls) > 490_000 and max(ttls) <= 1_000_000
    assert len(set(ttls)) > 50 and max(ttls) - min(ttls) > 250_000


@one_codec
def test_without_jitter_all_entries_of_a_batch_live_equally_long(bench: Bench):
    bench.cache(ttl=1_000).get_embeddings_batch([A, B, C])
    bench.clock.advance(999.9)
    assert bench.cache().contains([A, B, C]) == [True] * 3
    bench.clock.advance(0.2)
    assert bench.cache().contains([A, B, C]) == [False] * 3


def test_an_entry_is_served_until_its_ttl_by_the_caches_own_clock(bench: Bench):
    cache = bench.cache(ttl=100, **({"memory_ttl": None} if bench.tiered else {}))
    cache.get_embedding(A)
    bench.clock.advance(99.9)
    cache.get_embedding(A)
    bench.cache(ttl=100).get_embedding(A)
    assert len(bench.api.calls) == 1
    bench.clock.advance(0.1)
    assert bench.cache().contains([A]) == [False]
    cache.get_embedding(A)
    assert len(bench.api.calls) == 2 and cache.stats.errors == 0
    bench.clock.advance(99.9)
    bench.cache(ttl=100).get_embedding(A)
    assert len(bench.api.calls) == 2


def test_a_read_leaves_the_ttl_alone(bench: Bench):
    bench.cache().get_embedding(A)
    slot = bench.slot()
    before = slot.read()
    slot.pexpire(5_000)
    bench.cache().get_embedding(A)
    bench.cache().get_embeddings_batch([A])
    bench.cache().contains([A])
    assert slot.read() == before and 0 < slot.pttl() <= 5_000


def test_a_read_refreshes_the_ttl_when_asked_to(bench: Bench):
    bench.cache(ttl=100).get_embedding(A)
    for method in ("get_embedding", "get_embeddings_batch"):
        bench.slot().pexpire(5_000)
        bench.clock.advance(60)
        cache = bench.cache(ttl=100, refresh_on_read=True)
        getattr(cache, method)(A if method == "get_embedding" else [A])
        assert 90_000 < bench.slot().pttl() <= 100_000
    bench.clock.advance(99)  # 219 s after the write
    bench.cache().get_embedding(A)
    assert len(bench.api.calls) == 1


def test_refreshing_does_not_change_a_bit(bench: Bench):
    texts = [A, B, C, "Was kostet das?", "2 + 2"]
    first = bench.cache().get_embeddings_batch(texts)
    for _ in range(4):
        again = bench.cache(refresh_on_read=True).get_embeddings_batch(texts)
        assert again.tobytes() == first.tobytes()
    assert bench.cache().get_embeddings_batch(texts).tobytes() == first.tobytes()


@one_tier
def test_refreshing_never_brings_back_what_was_deleted_meanwhile(bench: Bench):
    bench.cache().get_embedding(A)
    bench.clock = clock = Tripwire()
    clock.action = bench.slot().delete  # by another program, between our read and our write
    bench.cache(refresh_on_read=True).get_embedding(A)
    assert clock.action is None and not bench.redis.dbsize()


@one_tier
def test_one_entry_deleted_meanwhile_does_not_stop_the_others_from_being_refreshed(bench: Bench):
    bench.cache(ttl=100).get_embeddings_batch([A, B])
    gone, kept = slots(bench.redis)
    kept.pexpire(5_000)
    bench.clock = clock = Tripwire()
    clock.action = gone.delete
    bench.cache(ttl=100, refresh_on_read=True).get_embeddings_batch([A, B])
    assert gone.read() is None and kept.pttl() > 90_000


# Entries that cannot be used -------------------------------------------------------------------


def assert_replaced(bench: Bench, damaged: object, errors: int = 1) -> None:
    """A damaged entry is counted, asked for anew, overwritten, and good from then on."""
    cache, calls = bench.cache(), len(bench.api.calls)
    assert cache.get_embedding(A).tobytes() == stored_as(bench.codec, A).tobytes(), damaged
    assert len(bench.api.calls) == calls + 1, f"served: {damaged}"
    assert (cache.stats.hits, cache.stats.misses, cache.stats.errors) == (0, 1, errors), damaged
    again = bench.cache()
    assert again.get_embedding(A).tobytes() == stored_as(bench.codec, A).tobytes()
    assert (again.stats.hits, again.stats.errors) == (1, 0), f"not replaced: {damaged}"
    assert 0 < bench.slot().pttl() <= DAY * 1000


@every_store
def test_a_flipped_bit_anywhere_in_an_entry_is_noticed(bench: Bench):
    bench.cache().get_embedding(A)
    whole = bench.slot().read()
    for position in {*range(32), len(whole) // 2, len(whole) - 1}:
        bit = 1 << position * 3 % 8
        damaged = bytearray(whole)
        damaged[position] ^= bit
        bench.slot().write(bytes(damaged))
        assert_replaced(bench, f"byte {position} of {len(whole)} ^ {bit}")


@every_store
def test_an_entry_cut_short_or_too_long_is_noticed(bench: Bench):
    bench.cache().get_embedding(A)
    whole = bench.slot().read()
    for size in (0, 1, 7, 8, 9, 11, 12, 15, 19, 20, 21, 28, len(whole) - 4, len(whole) - 1):
        bench.slot().write(whole[:size])
        assert_replaced(bench, f"{size} bytes of {len(whole)}")
    bench.slot().write(whole + b"\0")
    assert_replaced(bench, "one byte too many")


@every_store
def test_an_entry_written_by_something_else_is_noticed(bench: Bench):
    bench.cache().get_embedding(A)
    whole, dims = bench.slot().read(), 384
    head = len(whole) - len(codecs.get(bench.codec).encode(embed(A)))
    others = {codec: codecs.get(codec).encode(embed(A)) for codec in CODECS if codec != bench.codec}
    for codec, blob in others.items():
        bench.slot().write(whole[:head] + blob)
        assert_replaced(bench, f"a blob of {codec}")
    for name, data in {
        "text": b"an answer in words",
        "JSON": b"[0.1, 0.2]",
        "raw floats": embed(A).tobytes(),
        "zeros": bytes(dims * 4),
        "a blob without its expiry": whole[head:],
        "another version": whole[: head + 2] + b"\x02" + whole[head + 3 :],
    }.items():
        bench.slot().write(data)
        assert_replaced(bench, name)


def test_an_entry_of_other_dimensions_is_noticed(bench: Bench):
    api = VectorAPI()
    bench.cache(openai=api.client(), model="vectors-16").get_embedding(A)
    other = bench.slot().read()
    bench.redis.flushall()
    bench.cache().get_embedding(A)
    bench.slot().write(other)  # a whole, valid entry, of 16 dimensions
    assert_replaced(bench, "16 dimensions")


@one_codec
def test_a_model_that_changed_its_dimensions_is_embedded_anew(bench: Bench):
    """A local server may serve another model under the old name: its vectors tell."""
    old, new = VectorAPI(), VectorAPI()
    model = "local-8"
    bench.cache(openai=old.client(), model=model).get_embeddings_batch([A, B])
    entries = [slot.read() for slot in slots(bench.redis)]
    bench.redis.flushall()
    sixteen = bench.cache(openai=new.client(), model="local-16")
    sixteen.get_embeddings_batch([A, B])
    for slot, entry in zip(slots(bench.redis), entries, strict=True):
        slot.write(entry)  # now the 8-dimensional vectors are where 16 belong
    cache = bench.cache(openai=new.client(), model="local-16")
    assert cache.get_embeddings_batch([A, B, A, C]).shape == (4, 16)
    stats = cache.stats
    assert (stats.hits, stats.misses, stats.errors) == (1, 3, 2)
    assert bench.cache(openai=new.client(), model="local-16").get_embedding(A).shape == (16,)


@one_codec
def test_cached_vectors_of_two_lengths_never_reach_numpy(bench: Bench):
    """Nothing says which length is right before the API has answered: ask it."""
    api = VectorAPI()
    bench.cache(openai=api.client(), model="local-8").get_embedding(A)
    eight = bench.slot().read()
    bench.redis.flushall()
    bench.cache(openai=api.client(), model="local-16").get_embeddings_batch([A, B])
    slots(bench.redis)[0].write(eight)
    cache = bench.cache(openai=api.client(), model="local-16")
    assert cache.get_embeddings_batch([A, B]).shape == (2, 16)
    assert cache.stats.errors >= 1
    again = bench.cache(openai=api.client(), model="local-16")
    assert again.get_embeddings_batch([A, B]).shape == (2, 16) and again.stats.hits == 2


@one_codec
def test_one_early_reply_of_another_length_is_asked_for_again(bench: Bench):
    api = VectorAPI()
    api.script.append(answers(lambda body: body["data"][0].update(embedding=[1.0] * 5)))
    cache = bench.cache(openai=api.client(), model="vectors-4")
    for text in (A, B):
        cache.get_embedding(text)
    for _ in range(2):
        assert cache.get_embeddings_batch([A, B, C, A]).shape == (4, 4)


@one_codec
def test_a_text_that_comes_twice_in_a_batch_that_failed_is_no_hit(bench: Bench):
    bench.api.fail(401)
    cache = bench.cache()
    with pytest.raises(openai.OpenAIError):
        cache.get_embeddings_batch([A, B, A])
    assert cache.stats.hits == 0


@one_codec
@pytest.mark.parametrize("on_error", ["bypass", "raise"])
def test_another_type_of_value_at_the_key_is_a_miss_and_replaced(bench: Bench, on_error: str):
    """Redis is well, the value is foreign: not a reason to raise CacheUnavailable."""
    bench.cache().get_embedding(A)
    key = bench.slot().key
    bench.redis.delete(key)
    if bench.hashed:
        bench.redis.set(key, "not a hash")
    else:
        bench.redis.rpush(key, "not", "a", "string")
    cache = bench.cache(on_error=on_error)
    assert cache.contains([A]) == [False]
    cache.get_embedding(A)
    again = bench.cache(on_error="raise")
    again.get_embedding(A)
    assert again.stats.hits == 1 and len(bench.api.calls) == 2


@one_codec
def test_another_type_of_value_does_not_keep_clear_cache_from_clearing(bench: Bench):
    bench.cache().get_embedding(A)
    key = bench.slot().key
    bench.redis.delete(key)
    bench.redis.sadd(key, "neither a string nor a hash")
    bench.cache().clear_cache()
    assert not bench.redis.dbsize()


# Counting, deleting, looking -------------------------------------------------------------------


def test_stats_count_a_batch_as_if_its_texts_had_been_asked_one_by_one(bench: Bench):
    cache = bench.cache()
    cache.get_embedding(A)
    cache.get_embeddings_batch([A, B, B, C])
    cache.get_embedding(C)
    one_by_one = Bench(bench.kind, bench.codec, bench.connect).cache(scope="another")
    for text in [A, A, B, B, C, C]:
        one_by_one.get_embedding(text)
    for stats in (cache.stats, one_by_one.stats):
        assert (stats.hits, stats.misses, stats.lookups) == (3, 3, 6)
        assert stats.hit_rate == 0.5
        assert (stats.errors, stats.evictions, stats.tokens) == (0, 0, bench.api.tokens)
    assert (cache.stats.api_calls, one_by_one.stats.api_calls) == (2, 3)


def test_stats_are_each_caches_own(bench: Bench):
    one, two = bench.cache(), bench.cache()
    one.get_embedding(A)
    assert two.stats.lookups == 0 and two.stats.hit_rate == 0.0


def test_delete_removes_one_entry_and_says_whether_there_was_one(bench: Bench):
    cache = bench.cache()
    assert cache.delete(A) is False
    cache.get_embeddings_batch([A, B])
    assert cache.delete(A) is True and cache.delete(A) is False
    assert cache.contains([A, B]) == [False, True] and cache.get_cache_size() == 1
    cache.get_embedding(A)
    assert bench.sent() == [(A, B), (A,)]


def test_contains_says_what_would_be_a_hit_and_counts_nothing(bench: Bench):
    cache = bench.cache(ttl=100)
    assert cache.contains([]) == []
    cache.get_embedding(B)
    bench.clock.advance(50)
    cache.get_embedding(A)
    before = cache.stats.as_dict()
    with round_trips(bench.redis) as trips:
        assert cache.contains(iter([A, C, B, A])) == [True, False, True, True]
    assert trips.count == 1
    bench.clock.advance(50)
    assert cache.contains([A, B]) == [True, False]
    assert cache.stats.as_dict() == before


@one_codec
def test_contains_does_not_count_a_damaged_entry_either(bench: Bench):
    bench.cache().get_embedding(A)
    bench.slot().write(b"damaged")
    cache = bench.cache()
    assert cache.contains([A]) == [False]
    assert not any(cache.stats.as_dict().values())
    assert bench.slot().read() == b"damaged", "a look must not write"


SCOPES = [
    *("app", "ap", "app2", "app:string", "app:", "APP", " app", "default", "None"),
    *(
        "*",
        "a*",
        "a?p",
        "[app]",
        "{app}",
        "{",
        "}",
        "a\\p",
        "%2A",
        "a%70p",
        "客服",
        "客服机器人",
        "é",
    ),
    *(f"app:string:{E5}:full:float32", "\n", "\0", "a/b", "🤖"),
]


@one_codec
def test_size_and_clear_see_the_own_scope_only(bench: Bench):
    caches = {scope: bench.cache(scope=scope) for scope in SCOPES}
    for cache in caches.values():
        cache.get_embeddings_batch([A, B])
    assert len(bench.api.calls) == len(SCOPES), "an entry was shared"
    foreign = bench.redis.dbsize()
    for key in [slot.key for slot in slots(bench.redis)][:6]:
        bench.redis.set(b"x" + key, "foreign")
        bench.redis.set(key.replace(b"semcache", b"semcachf"), "foreign")
        bench.redis.set(key.rpartition(b":")[0], "foreign", nx=True)
    bench.redis.mset({"app": "1", "*": "1", "semcache": "1", "semcache:app": "1"})
    foreign = bench.redis.dbsize() - foreign
    for scope, cache in caches.items():
        assert cache.contains([A, B]) == [True, True], f"{scope!r} was cleared with another"
        assert cache.get_cache_size() == 2, scope
        assert cache.clear_cache() == 2, scope
        assert cache.get_cache_size() == 0 and cache.clear_cache() == 0
    assert bench.redis.dbsize() == foreign


@one_codec
@pytest.mark.parametrize("more", [{"revision": "2026-11"}, {"extra_body": {"input_type": "query"}}])
def test_size_and_clear_leave_those_of_another_revision_alone(bench: Bench, more):
    given = {"openai": VectorAPI().client(), "model": "vectors-4"}
    plain, other = bench.cache(**given), bench.cache(**given, **more)
    other.get_embeddings_batch([A, B])
    plain.get_embedding(A)
    assert (plain.get_cache_size(), plain.clear_cache()) == (1, 1)
    assert (other.get_cache_size(), other.contains([A, B])) == (2, [True, True])


@pytest.mark.parametrize("server", ["fakeredis_", "redis8"])
def test_caches_of_any_class_codec_model_scope_or_dimensions_share_nothing(server: str, request):
    connect, api = request.getfixturevalue(server), VectorAPI()
    classes = [KINDS[kind][0] for kind in ("string", "hash", "compressed")]
    models, dimensions = ("model-8", "model-9"), (None, 5, 8)
    client, openai_client = connect(), api.client()
    caches = [
        made_of(
            client, openai_client, codec=codec, model=model, scope=scope, dimensions=dims, ttl=None
        )
        for made_of, codec, model, scope, dims in product(
            classes, CODECS, models, ("app", "app2"), dimensions
        )
    ]
    answers = [cache.get_embedding(A).tobytes() for cache in caches]
    assert len(api.calls) == len(caches) == len(slots(client))
    assert all(cache.get_cache_size() == 1 for cache in caches)
    assert [cache.get_embedding(A).tobytes() for cache in caches] == answers
    assert all(cache.stats.errors == 0 and cache.stats.hits == 1 for cache in caches)
    for number, cache in enumerate(caches):
        assert cache.delete(A) if number % 2 else cache.clear_cache() == 1
        assert len(slots(client)) == len(caches) - number - 1


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_needs_keys_or_any_other_command_that_blocks_a_server(kind: str):
    forbidden = ("KEYS", "FLUSHDB", "FLUSHALL", "DEL", "HGETALL", "HKEYS", "HVALS", "SORT")
    options = [part for name in forbidden for part in ("--rename-command", name, "")]
    with start_redis(*options) as server, redis.Redis.from_url(server.url) as client:
        with pytest.raises(redis.ResponseError, match="unknown command"):
            client.keys()
        bench = Bench(kind, "float32", lambda: client)
        cache = bench.cache(on_error="raise", refresh_on_read=True)
        for _ in range(2):
            cache.get_embeddings_batch([A, B])
            assert cache.contains([A]) == [True] and cache.delete(A)
            assert cache.get_cache_size() == 1 == cache.clear_cache()
        assert cache.stats.errors == 0 and client.dbsize() == 0


@one_codec
def test_keys_say_whose_they_are_and_never_show_the_text(bench: Bench):
    bench.cache(scope="app").get_embedding(A)
    key = bench.slot().key.decode()
    assert key.startswith(keys.scope_prefix("app"))
    assert E5 in key and "float32" in key and "Python" not in key
    assert A not in str(bench.slot().field)


# Clients and options ---------------------------------------------------------------------------

every_class = pytest.mark.parametrize("kind", KINDS)


@every_class
def test_clients_that_cannot_work_are_refused_at_construction(kind: str, fakeredis_):
    made_of, extra = KINDS[kind]
    good_redis, api = fakeredis_(), VectorAPI()
    with pytest.raises(ConfigError, match="decode_responses=False"):
        made_of(fakeredis_(decode_responses=True), api.client(), **extra)
    asynchronous = [
        FakeAsyncRedis(),
        redis.asyncio.Redis(),
        redis.asyncio.RedisCluster(host="127.0.0.1", port=1),
    ]
    for client in (*asynchronous, None, "redis://127.0.0.1", good_redis.pipeline):
        with pytest.raises(ConfigError, match=r"redis\.Redis"):
            made_of(client, api.client(), **extra)
    for client in (openai.AsyncOpenAI(api_key="x"), None, "sk-secret"):
        with pytest.raises(ConfigError, match=r"openai\.OpenAI") as caught:
            made_of(good_redis, client, **extra)
        assert "sk-secret" not in str(caught.value)


@every_class
@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("ttl", (0, -1, float("nan"), float("inf"), "60", True)),
        ("jitter", (-0.1, 1, 1.5, float("nan"), "0.1", None)),
        ("texts_per_call", (0, "64", 1.5, None)),
        ("model", ("", None, "\ud800")),
        ("revision", ("", "\ud800")),
        ("on_error", ("ignore", None)),
        ("codec", ("zip", "", None)),
        ("dimensions", (0, -1, "8", True)),
    ],
)
def test_options_out_of_range_are_refused_at_construction(kind: str, option, values, fakeredis_):
    made_of, extra = KINDS[kind]
    for value in values:
        with pytest.raises(ConfigError, match=option):
            made_of(fakeredis_(), VectorAPI().client(), **{option: value}, **extra)


@every_class
@pytest.mark.parametrize("ttl", [sys.float_info.max, 1e306, 10**307, np.int64(60), np.float32(60)])
def test_a_ttl_of_any_number_and_length_works(kind: str, ttl, fakeredis_):
    made_of, extra = KINDS[kind]
    sizes = {"dimensions": np.int64(4), "texts_per_call": np.int32(8), "ttl": ttl}
    clients = fakeredis_(), VectorAPI().client()
    cache = made_of(*clients, model="vectors-4", **sizes, **extra)
    assert cache.get_embedding(A).shape == cache.get_embedding(A).shape == (4,)
    assert cache.stats.hits == 1


@one_codec
def test_dimensions_are_asked_of_the_api(bench: Bench):
    cache = bench.cache(openai=VectorAPI().client(), model="vectors-32", dimensions=5)
    assert cache.get_embeddings_batch([]).shape == (0, 5)
    assert cache.get_embedding(A).shape == cache.get_embedding(A).shape == (5,)


# Threads ---------------------------------------------------------------------------------------

THREADS, ROUNDS = 16, 15


def in_threads(work) -> None:
    together = threading.Barrier(THREADS)

    def start(number: int) -> None:
        together.wait()
        work(np.random.default_rng(number))

    with ThreadPoolExecutor(THREADS) as pool:
        for result in [pool.submit(start, number) for number in range(THREADS)]:
            result.result()


@one_codec
def test_sixteen_threads_that_read_and_write_lose_nothing(bench: Bench):
    api, texts = VectorAPI(), many(60)
    cache = bench.cache(
        openai=api.client(), model="vectors-4", **({"memory_size": 20} if bench.tiered else {})
    )
    want = {text: vector_of("vectors-4", text, 4).tobytes() for text in texts}

    def work(rng: np.random.Generator) -> None:
        for _ in range(ROUNDS):
            batch = list(rng.choice(texts, 4))
            rows = cache.get_embeddings_batch(batch)
            assert [row.tobytes() for row in rows] == [want[text] for text in batch]
            answer = cache.get_embedding(batch[0])
            assert answer.tobytes() == want[batch[0]]
            answer[:] = rows[:] = 9

    in_threads(work)
    stats = cache.stats
    assert stats.lookups == THREADS * ROUNDS * 5 and stats.errors == 0
    assert stats.misses - stats.joined == stats.tokens == sum(map(len, api.calls))
    assert stats.api_calls == len(api.calls)
    seen = {text for call in api.calls for text in call}
    assert cache.contains(sorted(seen)) == [True] * len(seen) == [True] * cache.get_cache_size()


@one_codec
def test_sixteen_threads_that_also_delete_and_clear_raise_nothing(bench: Bench):
    api, texts = VectorAPI(), many(12)
    cache = bench.cache(
        openai=api.client(), model="vectors-4", **({"memory_size": 5} if bench.tiered else {})
    )
    want = {text: vector_of("vectors-4", text, 4).tobytes() for text in texts}
    reads = [0] * THREADS

    def work(rng: np.random.Generator) -> None:
        mine = 0
        for action in rng.choice(["get", "batch", "delete", "clear", "look"], ROUNDS * 2):
            text = str(rng.choice(texts))
            if action == "get":
                assert cache.get_embedding(text).tobytes() == want[text]
                mine += 1
            elif action == "batch":
                rows = cache.get_embeddings_batch([text, texts[0]])
                assert [row.tobytes() for row in rows] == [want[text], want[texts[0]]]
                mine += 2
            elif action == "delete":
                assert cache.delete(text) in (True, False)
            elif action == "clear":
                assert cache.clear_cache() >= 0
            else:
                assert 0 <= cache.get_cache_size() <= len(texts)
                assert len(cache.contains(texts)) == len(texts)
        reads[rng.bit_generator.seed_seq.entropy] = mine

    in_threads(work)
    assert cache.stats.lookups == sum(reads) and cache.stats.errors == 0
    assert cache.stats.misses - cache.stats.joined == sum(map(len, api.calls))
    assert sum(cache.contains(texts)) == cache.get_cache_size()
