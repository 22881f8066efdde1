"""store: the hash and the stream of changes under ScanIndex and MatrixIndex."""

import pytest
from bench import SERVERS, quick
from semantic_bench import INDEXES, SERVER_FIXTURES, Drawn, SemanticBench, at

from semcache.index import store as store_module
from semcache.index.answer import Answer
from semcache.index.base import IndexSettings, nothing_else
from semcache.index.store import EMPTY, UNKNOWN, Store
from semcache.lab.redis_server import MISSING, start_redis

needs_redis8 = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


@pytest.fixture(params=SERVERS)
def bench(request) -> SemanticBench:
    return SemanticBench("matrix", request.getfixturevalue(SERVER_FIXTURES[request.param]))


@pytest.fixture
def store(bench) -> Store:
    return Store(IndexSettings(bench.redis, "ns:", bench.clock, lambda damaged: None))


def write(store: Store, id: str, ttl: float = 100):
    now = 1_700_000_000.0
    return store.write(id, Answer(id, "x", now, now + ttl), at(1) / 3, nothing_else)[0]


def changes(bench, store: Store, since):
    pipe = bench.redis.pipeline(transaction=False)
    store.ask_changes(pipe, since)
    return store.hear_changes(pipe.execute(), since)


def ids(heard) -> list[str]:
    return [id for _, id in heard.ids]


def test_changes_are_told_in_order_from_any_place_on(bench, store):
    places = [write(store, id) for id in "abca"]
    assert places == sorted(set(places))
    assert ids(changes(bench, store, places[0])) == ["b", "c", "a"]
    assert changes(bench, store, places[3]).ids == []
    store.delete(["b"])
    heard = changes(bench, store, places[3])
    assert ids(heard) == ["b"] and heard.until > places[3]


def test_who_knows_nothing_must_read_everything_and_moves_one_change_for_it(bench, store):
    places = [write(store, id) for id in "abc"]
    pipe = bench.redis.pipeline(transaction=False)
    store.ask_changes(pipe, UNKNOWN)
    replies = pipe.execute()
    assert len(replies[0]) == 1
    heard = store.hear_changes(replies, UNKNOWN)
    assert heard.ids is None and heard.until == places[-1]


def test_who_saw_it_empty_reads_only_what_came(bench, store):
    heard = changes(bench, store, UNKNOWN)
    assert (heard.until, heard.entries) == (EMPTY, 0)
    write(store, "a")
    write(store, "b")
    assert ids(changes(bench, store, EMPTY)) == ["a", "b"]


def test_who_saw_it_empty_and_missed_a_part_reads_everything(bench, store, monkeypatch):
    monkeypatch.setattr(store_module, "CHANGES_KEPT", 3)
    for id in "abcd":
        write(store, id)
    assert changes(bench, store, EMPTY).ids is None
    bench.redis.delete("ns:changes")
    write(store, "e")
    assert changes(bench, store, EMPTY).ids is None


@pytest.mark.parametrize("behind", [1, 2, 3, 4, 50])
def test_the_stream_keeps_so_many_changes_and_a_reader_further_behind_starts_anew(
    bench, store, monkeypatch, behind
):
    monkeypatch.setattr(store_module, "CHANGES_KEPT", 3)
    place = write(store, "first")
    for number in range(behind):
        write(store, f"n{number}")
    assert bench.redis.xlen("ns:changes") == min(3, behind + 1)
    heard = changes(bench, store, place)
    if behind < 3:
        assert ids(heard) == [f"n{n}" for n in range(behind)]
    else:
        assert heard.ids is None


def test_a_stream_that_began_anew_in_the_same_millisecond_is_told_from_the_old(
    bench, store, monkeypatch
):
    """The server numbers changes by its clock: here it gives the same number twice."""
    place = write(store, "a")
    number = f"{place[0]}-{place[1]}"
    store.clear()
    bench.redis.xadd("ns:changes", {"id": "b", "token": b"other"}, id=number)
    bench.redis.hset("ns:entries", "b", "x")
    assert changes(bench, store, place).ids is None


def test_a_server_whose_clock_went_back_is_noticed(bench, store):
    place = write(store, "a")
    bench.redis.flushall()
    bench.redis.xadd("ns:changes", {"id": "b", "token": b"t"}, id="5-1")
    assert changes(bench, store, place).ids is None


def test_no_stream_but_entries_means_read_everything_each_time(bench, store):
    place = write(store, "a")
    bench.redis.delete("ns:changes")
    for since in (place, UNKNOWN, EMPTY):
        heard = changes(bench, store, since)
        assert (heard.ids, heard.until) == (None, UNKNOWN)
        assert heard.entries == (None if since == place else 1), "not asked: 0 would mean empty"


@pytest.mark.parametrize("ttls", [(100, 50), (50, 100), (100, float("inf")), (float("inf"), 100)])
def test_the_stream_lives_longer_than_every_entry(bench, store, ttls):
    for id, ttl in zip("ab", ttls, strict=True):
        write(store, id, ttl)
    left = bench.redis.pttl("ns:changes")
    longest = max(ttls)
    if longest == float("inf"):
        assert left > 10**12
    else:
        assert longest * 1_900 < left <= longest * 2_000


def test_the_server_is_asked_once_what_it_can_do(bench, store):
    asked = []

    class Counting:
        def __getattr__(self, name):
            asked.append(name)
            return getattr(bench.redis, name)

    counting = Store(IndexSettings(Counting(), "ns:", bench.clock, lambda damaged: None))
    for id in "abc":
        write(counting, id)
    assert asked.count("execute_command") == 1


@needs_redis8
def test_a_server_without_ttls_for_fields_serves_nothing_after_its_time_either():
    with (
        start_redis("--rename-command", "HPEXPIRE", "") as server,
        quick(server.url) as client,
    ):
        for index in ("scan", "matrix"):
            bench = SemanticBench(index, lambda: client)
            cache = bench.semantic(Drawn(), scope=index, on_error="raise", ttl=100)
            cache.add_cache("a@0", "short")
            cache.add_cache("b@40", "long", ttl=1_000)
            fresh = bench.semantic(Drawn(), scope=index)
            assert cache.lookup("a@0").response == "short"
            bench.clock.advance(100)
            for reader in (cache, fresh):
                assert reader.lookup("a@0", 0.5).response == "long"
            assert cache.get_cache_size() == 1
            (key,) = client.keys(f"*{index}*entries")
            assert client.hlen(key) == 1


@pytest.mark.parametrize("index", ["scan", "matrix"])
def test_a_field_that_is_no_text_is_removed_like_any_damage(bench, index):
    bench.index = INDEXES[index]
    bench.semantic(Drawn()).add_cache("a@0", "x")
    (key,) = bench.redis.keys("*entries")
    bench.redis.hset(key, b"\xff\xfe", b"foreign")
    fresh = bench.semantic(Drawn())
    assert fresh.lookup("a@0").response == "x" and fresh.stats.errors == 1
    assert bench.redis.hlen(key) == 1
