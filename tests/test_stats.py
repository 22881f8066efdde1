"""Stats: counters that add up, also from many threads."""

import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import pytest

from semcache import Stats

NAMES = [field.name for field in fields(Stats) if not field.name.startswith("_")]


def test_everything_starts_at_zero():
    assert Stats().as_dict() == dict.fromkeys(NAMES, 0)
    assert (Stats().lookups, Stats().hit_rate) == (0, 0.0)


def test_each_counter_counts_itself_and_nothing_else():
    for name in NAMES:
        stats = Stats()
        stats.count(**{name: 3})
        stats.count(**{name: 4})
        assert stats.as_dict() == {**dict.fromkeys(NAMES, 0), name: 7}
        assert getattr(stats, name) == 7


def test_the_hit_rate_is_hits_over_lookups():
    stats = Stats()
    stats.count(misses=1)
    assert stats.hit_rate == 0.0
    stats.count(hits=3)
    assert (stats.lookups, stats.hit_rate) == (4, 0.75)


def test_reset_sets_every_counter_to_zero():
    stats = Stats(*range(1, len(NAMES) + 1))
    stats.reset()
    assert stats == Stats()


def test_stats_compare_and_print_by_their_counters():
    assert Stats(hits=1) == Stats(hits=1) != Stats(hits=2)
    assert repr(Stats(hits=1)).startswith("Stats(hits=1, misses=0,") and "lock" not in repr(Stats())


def test_a_dictionary_is_a_copy():
    stats = Stats()
    stats.as_dict()["hits"] = 5
    assert stats.hits == 0


@pytest.fixture
def often_interrupted():
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_sixteen_threads_lose_no_count(often_interrupted):
    stats = Stats()
    with ThreadPoolExecutor(16) as pool:
        for _ in range(16):
            pool.submit(lambda: [stats.count(hits=1, misses=1, tokens=2) for _ in range(1_000)])
    assert (stats.hits, stats.misses, stats.tokens) == (16_000, 16_000, 32_000)


def test_a_reader_never_sees_half_of_a_count(often_interrupted):
    stats, done = Stats(), threading.Event()

    def write() -> None:
        while not done.is_set():
            stats.count(hits=1, misses=1)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    seen = [stats.as_dict()]
    while stats.hits == 0:  # the writers may not have had their turn yet
        seen.append(stats.as_dict())
    seen += [stats.as_dict() for _ in range(2_000)]
    done.set()
    for writer in writers:
        writer.join()
    assert all(one["hits"] == one["misses"] for one in seen)


def test_stats_travel_as_numbers():
    stats = Stats()
    stats.count(hits=3, evictions=2)
    stats.observe(print)
    there = pickle.loads(pickle.dumps(stats))
    there.count(hits=1)
    assert (there.hits, there.evictions, there.observers, stats.hits) == (4, 2, (), 3)
