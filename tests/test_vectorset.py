"""VectorSetIndex: what is its own: the server searches, a sorted set remembers the times."""

import math
import time
from typing import Any

import numpy as np
import pytest
from bench import SERVERS, round_trips
from fakes import Clock
from semantic_bench import SERVER_FIXTURES, Drawn, SemanticBench, Spy, at, embed_once, real_texts
from test_contract_redis_failing import needs_redis8
from test_store import Ran, settings

from semcache.index import VectorSetIndex
from semcache.index.answer import Answer
from semcache.index.rescore import SPARE
from semcache.index.vectorset import SWEEP

VECTORS, EXPIRY, LENGTHS = "ns:2:vectors", "ns:2:expiry", "ns:lengths"


@pytest.fixture(params=SERVERS)
def bench(request) -> SemanticBench:
    return SemanticBench("vectorset", request.getfixturevalue(SERVER_FIXTURES[request.param]))


def index_of(bench, **options: Any) -> Any:
    return Ran(VectorSetIndex(settings(bench, **options)))


@pytest.fixture
def index(bench) -> Any:
    return index_of(bench)


def add(bench, index, id: str, degrees: float, ttl: float = 100) -> None:
    now = bench.clock()
    index.add(id, Answer(id, f"to {id}", now, now + ttl), at(degrees) / 3)


def test_similarity_is_a_cosine_and_not_the_servers_score(bench, index):
    add(bench, index, "a", 0)
    assert [index.nearest(at(d) / 3)[0].similarity for d in (0, 60, 90, 180)] == [
        1.0,
        0.5,
        0.0,
        -1.0,
    ]


def test_several_neighbours_come_most_similar_first(bench, index):
    for degrees in (70, 10, 40, 0, 90):
        add(bench, index, f"at {degrees}", degrees)
    found = index.nearest(at(12) / 3, count=3)
    assert [f.id for f in found] == ["at 10", "at 0", "at 40"]


@pytest.mark.parametrize("expired", [1, SPARE, SPARE + 1, 5 * SPARE])
def test_any_number_of_expired_neighbours_is_got_out_of_the_way(bench, index, expired):
    for number in range(expired):
        add(bench, index, f"old {number}", 0, ttl=10)
    add(bench, index, "alive", 45)
    bench.clock.advance(11)
    assert [f.id for f in index.nearest(at(0) / 3)] == ["alive"]
    assert index.size() == 1
    if expired > SPARE:  # else it was found at once
        assert bench.redis.zcard(EXPIRY) <= 1 + SPARE


def test_what_is_useless_is_removed_and_counted_once_also_if_enough_was_found(bench):
    damaged = []
    index = index_of(bench, damaged=damaged.append)
    add(bench, index, "old", 1, ttl=10)
    add(bench, index, "alive", 0)
    element = ("VADD", VECTORS, "FP32", (at(2) / 3).tobytes(), "bad", "Q8", "SETATTR", b"{")
    bench.redis.execute_command(*element)
    bench.clock.advance(11)
    for _ in range(3):
        assert [f.id for f in index.nearest(at(0) / 3)] == ["alive"]
    assert sum(damaged) == 1, "and not again at each lookup"
    assert bench.redis.execute_command("VCARD", VECTORS) == 1


def test_what_has_expired_by_a_wrong_clock_only_is_left_for_the_others(bench):
    """One machine's clock is an hour ahead; what it takes for old lives for everybody else."""
    bench.clock = Clock(time.time())
    good = index_of(bench)
    for id, degrees, ttl in (("alive", 0, 100), ("gone", 10, 0.001)):
        now = bench.clock() - 1
        good.add(id, Answer(id, "x", now, now + ttl), at(degrees) / 3)
    bench.clock = Clock(time.time() + 3_600)
    wrong = index_of(bench)
    assert wrong.nearest(at(0) / 3, 5) == [] and wrong.size() == 0
    add(bench, wrong, "b", 90)
    assert [f.id for f in good.nearest(at(0) / 3, 5)] == ["alive", "b"]
    assert bench.redis.zrange(EXPIRY, 0, -1) == [b"alive", b"b"]


def test_a_write_sweeps_more_than_it_adds(bench, index):
    for number in range(SWEEP + 5):
        add(bench, index, f"old {number}", number, ttl=10)
    bench.clock.advance(11)
    add(bench, index, "new", 0)
    assert bench.redis.zcard(EXPIRY) == bench.redis.execute_command("VCARD", VECTORS) == 6
    add(bench, index, "newer", 0)
    assert bench.redis.zcard(EXPIRY) == bench.redis.execute_command("VCARD", VECTORS) == 2


def test_what_is_written_again_is_not_swept_for_its_old_time(bench, index):
    add(bench, index, "a", 0, ttl=10)
    add(bench, index, "a", 0, ttl=500)
    bench.clock.advance(11)
    add(bench, index, "b", 90)
    assert [f.id for f in index.nearest(at(0) / 3)] == ["a"] and index.size() == 2


@pytest.mark.parametrize("ttls", [(100, 50), (50, 100), (100, math.inf), (math.inf, 100)])
def test_all_keys_live_as_long_as_the_longest_entry(bench, index, ttls):
    for id, ttl in zip("ab", ttls, strict=True):
        add(bench, index, id, 0, ttl)
    longest = max(ttls)
    for key in (VECTORS, EXPIRY, LENGTHS):
        left = bench.redis.pttl(key)
        if longest == math.inf:
            assert left > 10**12
        else:
            assert longest * 990 < left <= longest * 1_000


def test_each_length_of_vectors_has_keys_of_its_own_and_shares_its_ids(bench, index):
    """A model that answers once with another length takes nothing from the others."""
    now = bench.clock()
    three = np.array([0, 0, 1], np.float32)
    add(bench, index, "a", 0, ttl=200)
    add(bench, index, "c", 80, ttl=200)
    index.add("b", Answer("b", "three dims", now, now + 10), three)
    own = {b"ns:2:vectors", b"ns:2:expiry", b"ns:3:vectors", b"ns:3:expiry", b"ns:lengths"}
    assert set(bench.redis.keys()) == own
    assert bench.redis.pttl("ns:3:vectors") <= 10_000 < bench.redis.pttl(LENGTHS)
    fresh = index_of(bench)
    assert [f.id for f in fresh.nearest(three, 5)] == ["b"] and fresh.size() == 3
    assert [f.id for f in fresh.nearest(at(0) / 3, 5)] == ["a", "c"]
    assert fresh.delete(["a", "b", "neither"]) == 2 and index.size() == 1
    fresh.clear()
    assert not bench.redis.dbsize()


@pytest.mark.parametrize("attributes", [None, b"", b"{", b"[]", b"sa\x02\0 cut"])
def test_an_element_without_a_usable_answer_is_counted_and_removed(bench, index, attributes):
    cache = bench.semantic(Drawn(), threshold=0.5)
    cache.add_cache("far@40", "good")
    for number in range(SPARE + 3):
        setattr_ = [] if attributes is None else ["SETATTR", attributes]
        (key,) = bench.redis.keys("*:vectors")
        bench.redis.execute_command(
            "VADD", key, "FP32", (at(0) / 3).tobytes(), f"bad {number}", "Q8", *setattr_
        )
    assert cache.lookup("q@0").response == "good"
    assert cache.stats.errors == SPARE + 3
    assert bench.redis.execute_command("VCARD", key) == 1
    assert cache.lookup("q@0") and cache.stats.errors == SPARE + 3


def test_a_lookup_is_one_trip_and_a_write_too_unless_it_sweeps(bench, index):
    def trips(work) -> int:
        with round_trips(bench.redis) as counted:
            work()
        return counted.count

    assert trips(lambda: index.nearest(at(0) / 3)) == 1
    assert trips(lambda: add(bench, index, "a", 0, ttl=10)) == 1
    assert trips(lambda: index.nearest(at(0) / 3)) == 1
    bench.clock.advance(11)
    assert trips(lambda: add(bench, index, "b", 0)) == 4, "the time there, the lengths, the sweep"
    assert trips(lambda: add(bench, index, "c", 0)) == 1


def test_an_entry_replaced_between_search_and_clean_up_costs_one_miss_at_most(bench):
    """The clean-up of what has expired may take a newer answer with it, never serve an old one."""
    plain = bench.semantic(Drawn(), ttl=10)
    plain.add_cache("q@0", "old")
    bench.clock.advance(11)

    searched = []

    def between(name, client) -> None:
        if name == "execute_command":
            searched.append(name)
        elif name == "pipeline" and searched:  # the clean-up
            plain.add_cache("q@0", "new", ttl=100)

    spied = bench.semantic(Drawn(), redis=Spy(bench.redis, between))
    assert spied.lookup("q@0") is None
    match = plain.lookup("q@0")
    assert match is None or match.response == "new"


@needs_redis8
def test_the_servers_graph_finds_the_nearest_of_real_questions(redis8):
    bench = SemanticBench("vectorset", redis8)
    texts = real_texts()
    stored, asked = texts[::2], texts[1::2]
    cache = bench.semantic(threshold=-1)
    for text in stored:
        cache.add_cache(text, text)
    rows = np.stack([embed_once(text) for text in stored])
    for text in asked:
        best = float((rows @ embed_once(text)).max())
        assert cache.lookup(text).similarity == pytest.approx(best, abs=5e-5)
