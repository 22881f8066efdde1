"""store: the hash and the stream of changes under ScanIndex and MatrixIndex."""

import inspect
import math
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from bench import SERVERS, quick
from fakes import Clock
from semantic_bench import INDEXES, SERVER_FIXTURES, Drawn, SemanticBench, at

from semcache.blocking import BLOCKING, BlockingRedis, run
from semcache.index import store as store_module
from semcache.index.answer import Answer
from semcache.index.base import IndexSettings
from semcache.index.store import EMPTY, UNKNOWN, Store
from semcache.lab.redis_server import MISSING, start_redis

needs_redis8 = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


class Ran:
    """An index or a store over a blocking port, whose flows are run to their end."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.inner, name)
        if not callable(value):
            return value

        def call(*args: Any, **options: Any) -> Any:
            result = value(*args, **options)
            return run(result) if inspect.iscoroutine(result) else result

        return call


class Watched(BlockingRedis):
    """A port that calls functions with the names of commands, before it sends them and after."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self.before: Callable[[list[str]], object] = lambda names: None
        self.after = self.before

    async def send(self, commands: Any, transaction: bool = False) -> list[Any]:
        names = [command[0] for command in commands]
        self.before(names)
        replies = await super().send(commands, transaction)
        self.after(names)
        return replies


def once(name: str, action: Callable[[], object]) -> Callable[[list[str]], None]:
    """For a watched port: do something the first time that a command is sent."""
    waiting = [action]

    def hook(names: list[str]) -> None:
        if name in names and waiting:
            waiting.pop()()

    return hook


def settings(bench: Any, port: Any = None, damaged: Any = lambda damaged: None) -> IndexSettings:
    port = port or BLOCKING.redis(bench.redis)
    return IndexSettings(port, "ns:", bench.clock, damaged, BLOCKING.flights())


@pytest.fixture(params=SERVERS)
def bench(request) -> SemanticBench:
    return SemanticBench("matrix", request.getfixturevalue(SERVER_FIXTURES[request.param]))


@pytest.fixture
def store(bench) -> Ran:
    return Ran(Store(settings(bench)))


def write(store: Any, id: str, ttl: float = 100, now: float = 1_700_000_000.0):
    store.prepare()
    writing = store.writing(id, Answer(id, "x", now, now + ttl), at(1) / 3)
    place, stored = writing.read(run(store._redis.change(writing.commands)))
    assert (stored.id, stored.answer.query) == (id, id)
    return place


def delete(store: Any, *ids: str) -> int:
    deleting = store.deleting(ids)
    return deleting.read(run(store._redis.change(deleting.commands)))


def changes(store: Any, since):
    return run(store._redis.ask(store.changes(since)))


def ids(heard) -> list[str]:
    return [id for _, id in heard.ids]


def test_changes_are_told_in_order_from_any_place_on(store):
    places = [write(store, id) for id in "abca"]
    assert places == sorted(set(places))
    assert ids(changes(store, places[0])) == ["b", "c", "a"]
    assert changes(store, places[3]).ids == []
    assert delete(store, "b", "not there") == 1
    heard = changes(store, places[3])
    assert ids(heard) == ["b", "not there"] and heard.until > places[3]


def test_who_knows_nothing_must_read_everything_and_moves_one_change_for_it(store):
    places = [write(store, id) for id in "abc"]
    question = store.changes(UNKNOWN)
    replies = run(store._redis.send(question.commands))
    assert len(replies[0]) == 1
    heard = question.read(replies)
    assert heard.ids is None and heard.until == places[-1]


def test_who_saw_it_empty_reads_only_what_came(store):
    heard = changes(store, UNKNOWN)
    assert (heard.until, heard.entries) == (EMPTY, 0)
    write(store, "a")
    write(store, "b")
    assert ids(changes(store, EMPTY)) == ["a", "b"]


def test_who_saw_it_empty_and_missed_a_part_reads_everything(bench, store, monkeypatch):
    monkeypatch.setattr(store_module, "CHANGES_KEPT", 3)
    for id in "abcd":
        write(store, id)
    assert changes(store, EMPTY).ids is None
    bench.redis.delete("ns:changes")
    write(store, "e")
    assert changes(store, EMPTY).ids is None


@pytest.mark.parametrize("behind", [1, 2, 3, 4, 50])
def test_the_stream_keeps_so_many_changes_and_a_reader_further_behind_starts_anew(
    bench, store, monkeypatch, behind
):
    monkeypatch.setattr(store_module, "CHANGES_KEPT", 3)
    place = write(store, "first")
    for number in range(behind):
        write(store, f"n{number}")
    assert bench.redis.xlen("ns:changes") == min(3, behind + 1)
    heard = changes(store, place)
    if behind < 3:
        assert ids(heard) == [f"n{n}" for n in range(behind)]
    else:
        assert heard.ids is None


def test_a_stream_that_began_anew_in_the_same_millisecond_is_told_from_the_old(bench, store):
    """The server numbers changes by its clock: here it gives the same number twice."""
    place = write(store, "a")
    number = f"{place[0]}-{place[1]}"
    store.clear()
    bench.redis.xadd("ns:changes", {"id": "b", "token": b"other"}, id=number)
    bench.redis.hset("ns:entries", "b", "x")
    assert changes(store, place).ids is None


def test_a_server_whose_clock_went_back_is_noticed(bench, store):
    place = write(store, "a")
    bench.redis.flushall()
    bench.redis.xadd("ns:changes", {"id": "b", "token": b"t"}, id="5-1")
    assert changes(store, place).ids is None


def test_no_stream_but_entries_means_read_everything(bench, store):
    place = write(store, "a")
    bench.redis.delete("ns:changes")
    for since in (place, UNKNOWN, EMPTY):
        heard = changes(store, since)
        assert (heard.ids, heard.until) == (None, UNKNOWN)
        assert heard.entries == (None if since == place else 1), "not asked: 0 would mean empty"
        assert heard.lost is (since != place), "known to be lost only if there are entries"


def test_a_lost_stream_begins_anew_for_who_has_read_everything(bench, store):
    """Else every reader would read everything at each lookup, until somebody writes."""
    write(store, "a", ttl=100)
    write(store, "b", ttl=50)
    bench.redis.delete("ns:changes")
    store.read_all()
    assert not bench.redis.exists("ns:changes"), "who does not know that it is lost makes none"
    assert {stored.id for stored in store.read_all(lost=True)} == {"a", "b"}
    assert 190_000 < bench.redis.pttl("ns:changes") <= 200_000
    heard = changes(store, UNKNOWN)
    assert heard.ids is None and not heard.lost, "what came before it nobody can tell"
    assert changes(store, heard.until).ids == []
    write(store, "c")
    assert ids(changes(store, heard.until)) == ["c"]


def test_a_lost_stream_is_not_made_for_nothing(bench, store):
    write(store, "a", ttl=100)
    bench.redis.delete("ns:changes", "ns:entries")
    assert store.read_all(lost=True) == [] and not bench.redis.dbsize()


@pytest.mark.parametrize("ttls", [(100, 50), (50, 100), (100, math.inf), (math.inf, 100)])
def test_the_stream_lives_longer_than_every_entry(bench, store, ttls):
    for id, ttl in zip("ab", ttls, strict=True):
        write(store, id, ttl)
    left = bench.redis.pttl("ns:changes")
    longest = max(ttls)
    if longest == math.inf:
        assert left > 10**12
    else:
        assert longest * 1_900 < left <= longest * 2_000


def test_the_server_is_asked_once_what_it_can_do(bench):
    asked = []
    port = Watched(bench.redis)
    port.before = asked.append
    counting = Ran(Store(settings(bench, port)))
    for id in "abc":
        write(counting, id)
    assert asked.count(["HPEXPIRE"]) == 1 and len(asked) == 4


def test_what_has_expired_by_a_wrong_clock_only_is_left_for_the_others(bench, store):
    """One machine's clock is an hour ahead; what it takes for old lives for everybody else."""
    bench.clock = Clock(time.time())
    good, damaged = Ran(Store(settings(bench))), []
    write(good, "a", now=bench.clock())
    write(good, "gone", ttl=0.001, now=bench.clock() - 1)
    bench.redis.hpersist("ns:entries", "gone")  # as on a server without TTLs for fields
    bench.clock = Clock(time.time() + 3_600)
    wrong = Ran(Store(settings(bench, damaged=damaged.append)))
    assert wrong.read_all() == wrong.read(["a", "gone"]) == []
    assert [stored.id for stored in good.read_all()] == ["a"]
    assert bench.redis.hkeys("ns:entries") == [b"a"] and not damaged


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


@needs_redis8
def test_a_user_without_the_right_to_hpexpire_can_write_all_the_same(caplog):
    with start_redis() as server, quick(server.url) as admin:
        admin.acl_setuser(
            "r", enabled=True, nopass=True, keys=["*"], commands=["-hpexpire"],
            categories=["+@all"],
        )  # fmt: skip
        with quick(server.url, username="r", password="any") as client:
            cache = SemanticBench("matrix", lambda: client).semantic(Drawn(), on_error="raise")
            for question in ("a@0", "b@40"):
                cache.add_cache(question, "x")
            assert cache.lookup("a@0").response == "x" and cache.stats.errors == 0
    assert caplog.text.count("HPEXPIRE") == 1


@pytest.mark.parametrize("index", ["scan", "matrix"])
def test_a_field_that_is_no_text_is_removed_like_any_damage(bench, index):
    bench.index = INDEXES[index]
    bench.semantic(Drawn()).add_cache("a@0", "x")
    (key,) = bench.redis.keys("*entries")
    bench.redis.hset(key, b"\xff\xfe", b"foreign")
    fresh = bench.semantic(Drawn())
    assert fresh.lookup("a@0").response == "x" and fresh.stats.errors == 1
    assert bench.redis.hlen(key) == 1


@pytest.mark.parametrize("index", ["scan", "matrix"])
def test_entries_that_were_swapped_are_damaged(bench, index):
    """Each would be a whole answer, with its vector, to a question that nobody asked."""
    bench.index = INDEXES[index]
    cache = bench.semantic(Drawn())
    for question in ("a@0", "b@40", "c@80"):
        cache.add_cache(question, f"to {question}")
    (key,) = bench.redis.keys("*entries")
    by_query = {value.split(b'"')[1]: (id, value) for id, value in bench.redis.hgetall(key).items()}
    (one, its), (two, others) = by_query[b"a@0"], by_query[b"b@40"]
    bench.redis.hset(key, mapping={one: others, two: its})
    fresh = bench.semantic(Drawn())
    for question, response in (("a@0", None), ("b@40", None), ("c@80", "to c@80")):
        match = fresh.lookup(question)
        assert (match and match.response) == response
    assert fresh.stats.errors == 2 and bench.redis.hlen(key) == 1


def test_an_error_of_the_server_comes_through_when_it_is_read(bench, store):
    write(store, "a")
    bench.redis.delete("ns:changes")
    bench.redis.set("ns:changes", "foreign")
    question = store.changes(UNKNOWN)
    replies = run(store._redis.send(question.commands))
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        question.read(replies)
