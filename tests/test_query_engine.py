"""RedisVLIndex: what is its own: a hash for each answer, which the Redis Query Engine indexes."""

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import redis
from bench import quick, round_trips
from redis.asyncio import RedisCluster as AsyncRedisCluster
from redis.cluster import RedisCluster
from semantic_bench import Drawn, SemanticBench, at, embed_once, real_texts
from test_store import Ran, settings

from semcache import keys
from semcache.blocking import BLOCKING, run
from semcache.breaker import breaker_of
from semcache.errors import CacheUnavailable, ConfigError
from semcache.index import RedisVLIndex
from semcache.index.answer import Answer
from semcache.index.rescore import SPARE


@pytest.fixture
def bench(redis_with_search) -> SemanticBench:
    return SemanticBench("redisvl", redis_with_search)


def index_of(bench: Any, client: Any = None) -> Any:
    return Ran(RedisVLIndex(settings(bench, BLOCKING.redis(client or bench.redis))))


@pytest.fixture
def index(bench) -> Any:
    return index_of(bench)


def add(bench, index, id: str, degrees: float, ttl: float = 100) -> None:
    now = bench.clock()
    index.add(id, Answer(id, f"to {id}", now, now + ttl), at(degrees) / 3)


def search_indexes(bench) -> list[bytes]:
    return sorted(bench.redis.execute_command("FT._LIST"))


# Without what it needs -------------------------------------------------------------------------


def test_without_redisvl_it_says_what_to_install(monkeypatch, fakeredis_):
    monkeypatch.setitem(sys.modules, "redisvl", None)
    bench = SemanticBench("redisvl", fakeredis_)
    with pytest.raises(ConfigError, match="pip install redisvl"):
        bench.semantic()


def test_semcache_is_imported_without_redisvl():
    code = "import sys, semcache.index; sys.exit('redisvl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("cluster", [RedisCluster, AsyncRedisCluster])
def test_a_cluster_is_refused(fakeredis_, cluster):
    client = cluster.__new__(cluster)  # one that is connected takes three servers
    port: Any = SimpleNamespace(client=client)
    with pytest.raises(ConfigError, match="RedisCluster"):
        RedisVLIndex(settings(SemanticBench("redisvl", fakeredis_), port))


def test_a_database_that_the_engine_does_not_know_is_refused(search_server):
    with quick(search_server.url.replace("/0", "/1")) as client:
        with pytest.raises(redis.ResponseError, match="db != 0"):
            client.execute_command("FT.CREATE", "i", "SCHEMA", "n", "NUMERIC")
        with pytest.raises(ConfigError, match="database 1"):
            index_of(SemanticBench("redisvl", lambda: client))


@pytest.mark.parametrize("server", ["fakeredis_", "redis8"])
def test_on_a_server_without_the_search_module_nothing_is_half_written(server, request):
    pytest.importorskip("redisvl")
    bench = SemanticBench("redisvl", request.getfixturevalue(server))
    cache = bench.semantic(Drawn())
    cache.add_cache("q@0", "x")
    assert cache.lookup("q@0") is None and cache.stats.errors == 2
    assert not bench.redis.dbsize()
    with pytest.raises(CacheUnavailable, match=r"(?i)unknown command.*ft\."):
        bench.semantic(Drawn(), on_error="raise").lookup("q@0")


# The search index ------------------------------------------------------------------------------


def test_reading_an_empty_cache_makes_no_search_index_and_writing_makes_one(bench, index):
    assert index.nearest(at(0) / 3) == [] and index.size() == 0
    index.clear()
    assert index.delete(["a"]) == 0 and search_indexes(bench) == []
    add(bench, index, "a", 0)
    add(bench, index_of(bench), "b", 90)
    assert search_indexes(bench) == [b"ns:index:2"] and index.size() == 2


@pytest.mark.parametrize(
    "loss", ["FLUSHALL", "FT.DROPINDEX ns:index:2", "FT.DROPINDEX ns:index:2 DD"]
)
def test_a_search_index_that_others_dropped_is_back_with_the_next_answer(bench, index, loss):
    add(bench, index, "a", 0)
    bench.redis.execute_command(*loss.split(" "))
    assert index.nearest(at(0) / 3) == []
    add(bench, index, "b", 10)
    assert [f.id for f in index.nearest(at(10) / 3)] == ["b"], "found at once"
    index.clear()
    assert not bench.redis.dbsize() and search_indexes(bench) == []


def test_what_was_cleared_does_not_come_back_with_the_next_search_index(bench, index):
    """The engine indexes what it finds when an index is made: nothing may be left to be found."""
    for number in range(300):
        add(bench, index, f"{number}", number / 10)
    bench.redis.execute_command("FT.DROPINDEX", "ns:index:2")  # without its hashes
    bench.redis.set("ns:entry", "another's")
    index.clear()
    assert bench.redis.keys() == [b"ns:entry"]
    add(bench, index, "new", 90)
    assert [f.id for f in index.nearest(at(0) / 3, 5)] == ["new"] and index.size() == 1


def test_each_length_of_vectors_has_a_search_index_over_the_same_hashes(bench, index):
    now = bench.clock()
    three, answer = np.array([0, 0, 1], np.float32), Answer("q", "r", now, now + 9)
    add(bench, index, "a", 0)
    index.add("b", answer, three)
    assert search_indexes(bench) == [b"ns:index:2", b"ns:index:3"] and index.size() == 2
    assert [f.id for f in index.nearest(three)] == ["b"]
    index.add("a", answer, three)  # the same question, now of another model
    assert index.nearest(at(0) / 3) == [] and index.size() == 2 == bench.redis.dbsize()
    index_of(bench).clear()
    assert not bench.redis.dbsize() and search_indexes(bench) == []


NAMES = [
    "app",
    "app:x",
    "a b",
    "*",
    "app}:{x",
    "100%",
    "@v:{x}",
    "50%:{*}",
    "naïve-中文",
    '"|-~$[]()\\',
]


def test_names_that_the_query_language_would_read_are_only_names(bench):
    caches = [
        bench.semantic(Drawn(), scope=scope, audience=audience)
        for scope in NAMES
        for audience in ("", "*", "{x}%")
    ]
    for number, cache in enumerate(caches):
        cache.add_cache("q@0", str(number))
    for number, cache in enumerate(caches):
        assert cache.lookup("r@1").response == str(number) and cache.get_cache_size() == 1
    caches[0].clear_cache()
    assert [cache.get_cache_size() for cache in caches] == [0] + [1] * (len(caches) - 1)


def test_a_search_index_that_the_engine_does_not_make_is_an_error(search_server):
    """On a connection that somebody has moved to another database, which no option tells."""
    with quick(search_server.url, max_connections=1) as client:
        client.execute_command("SELECT", 1)
        cache = SemanticBench("redisvl", lambda: client).semantic(Drawn(), on_error="raise")
        with pytest.raises(CacheUnavailable, match="db != 0"):
            cache.add_cache("q@0", "x")
        client.flushdb()


# Entries ---------------------------------------------------------------------------------------


def test_similarity_is_a_cosine_and_not_the_engines_distance(bench, index):
    add(bench, index, "a", 0)
    found = [index.nearest(at(degrees) / 3)[0].similarity for degrees in (0, 60, 90, 180)]
    assert found == [1.0, 0.5, 0.0, -1.0]


def test_several_neighbours_come_most_similar_first(bench, index):
    for degrees in (70, 10, 40, 0, 90):
        add(bench, index, f"at {degrees}", degrees)
    found = index.nearest(at(12) / 3, count=3)
    assert [f.id for f in found] == ["at 10", "at 0", "at 40"]


@pytest.mark.parametrize("expired", [1, SPARE, SPARE + 1, 5 * SPARE])
def test_any_number_of_expired_neighbours_is_got_out_of_the_way(bench, index, expired):
    for number in range(expired):
        add(bench, index, f"old {number}", number / 100, ttl=10)
    add(bench, index, "alive", 45)
    bench.clock.advance(11)
    assert index.size() == 1
    assert [f.id for f in index.nearest(at(0) / 3)] == ["alive"]


def test_an_answer_is_over_at_the_very_moment_it_expires(bench, index):
    add(bench, index, "a", 0, ttl=16)
    bench.clock.advance(16)
    assert index.size() == 0 and index.nearest(at(0) / 3) == []


def test_an_answer_that_redis_let_expire_is_gone_from_the_graph_too(bench, index):
    add(bench, index, "short", 0)
    add(bench, index, "long", 5)
    (key,) = bench.redis.keys("*short")
    assert 99_000 < bench.redis.pttl(key) <= 100_000
    bench.redis.pexpireat(key, 1)  # at once
    assert [f.id for f in index.nearest(at(0) / 3)] == ["long"] and index.size() == 1


def test_a_deleted_answer_is_gone_from_the_graph_at_once(bench, index):
    for number in range(50):
        add(bench, index, f"{number}", number)
    assert index.delete([str(number) for number in range(10, 50)]) == 40
    assert {f.id for f in index.nearest(at(30) / 3, 50)} == {str(n) for n in range(10)}
    assert index.size() == 10 == bench.redis.dbsize()


def test_a_key_of_a_foreign_type_is_not_found_and_gives_way_to_the_next_answer(bench):
    cache = bench.semantic(Drawn())
    cache.add_cache("q@0", "x")
    (key,) = bench.redis.keys("*:entry:*")
    bench.redis.delete(key)
    bench.redis.rpush(key, "foreign")
    assert cache.lookup("q@0") is None and cache.get_cache_size() == 0
    cache.add_cache("q@0", "y")
    assert cache.lookup("q@0").response == "y" and cache.stats.errors == 0


@pytest.mark.parametrize(
    "change", [{"vector": b"short"}, {"vector": b""}, {"expires_at": "soon"}], ids=str
)
def test_what_the_engine_cannot_index_is_never_found_and_can_be_replaced(bench, change):
    cache = bench.semantic(Drawn(), threshold=-1)
    cache.add_cache("q@0", "x")
    (key,) = bench.redis.keys("*:entry:*")
    bench.redis.hset(key, mapping=change)
    assert cache.lookup("q@0") is None and cache.get_cache_size() == 0
    cache.add_cache("q@0", "y")
    assert cache.lookup("q@0").response == "y"


@pytest.mark.parametrize("answer", [None, b"", b"sa\x02\0 cut", "other dims"], ids=str)
def test_a_hash_without_a_usable_answer_is_counted_and_removed(bench, answer):
    cache = bench.semantic(Drawn({"three dims": (1, 0, 0)}), threshold=0.5)
    cache.add_cache("far@40", "good")
    cache.add_cache("three dims", "other")
    if answer == "other dims":
        (other,) = bench.redis.keys(f"*:{keys.digest('three dims')}")
        answer = bench.redis.hget(other, "packed")
    prefix = bench.redis.keys("*:entry:*")[0].rpartition(b":")[0]
    for number in range(SPARE + 3):
        fields = {"vector": (at(number / 100) / 3).tobytes(), "expires_at": "inf"}
        more = {} if answer is None else {"packed": answer}
        bench.redis.hset(prefix + b":bad %d" % number, mapping={**fields, **more})
    assert cache.lookup("q@0").response == "good"
    assert cache.stats.errors == SPARE + 3 and bench.redis.dbsize() == 2
    assert cache.lookup("q@0") and cache.stats.errors == SPARE + 3


def test_a_lookup_and_a_write_are_one_trip_each_from_the_first(bench, index):
    def trips(work) -> int:
        with round_trips(bench.redis) as counted:
            work()
        return counted.count

    assert trips(lambda: index.nearest(at(0) / 3)) == 1
    assert trips(lambda: add(bench, index, "a", 0)) == 1
    assert trips(lambda: index.nearest(at(0) / 3)) == 1


PROTOCOLS = [
    {**protocol, **legacy}
    for protocol in ({}, {"protocol": 2}, {"protocol": 3})
    for legacy in ({}, {"legacy_responses": False})
]


@pytest.mark.parametrize("options", PROTOCOLS, ids=str)
def test_every_protocol_brings_the_bytes_back(bench, options):
    with bench.connect(**options) as client:
        index = index_of(bench, client)
        assert index.nearest(at(0) / 3) == [] and index.size() == 0
        add(bench, index, "naïve 答案", 0)
        add(bench, index, "other", 40)
        found = index.nearest(at(0) / 3, 2)
        assert [(f.id, f.answer.response) for f in found] == [
            ("naïve 答案", "to naïve 答案"),
            ("other", "to other"),
        ]
        assert [f.similarity for f in found] == pytest.approx([1, 0.766], abs=5e-4)
        assert index.size() == 2 and index.delete(["other"]) == 1
        index.clear()
        assert index.size() == 0


def adding(bench, index, id: str) -> list[Any]:
    now = bench.clock()
    return [*index.adding(id, Answer(id, "r", now, now + 100), at(0) / 3).commands]


def test_what_goes_along_is_done_in_the_same_transaction(bench, index):
    run(index.redis.change([*adding(bench, index, "a"), ("SET", "also", "1")]))
    assert bench.redis.get("also") == b"1" and index.size() == 1
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):  # as of any other command there
        run(index.redis.change([*adding(bench, index, "b"), ("RPUSH", "also", "1")]))


@pytest.mark.parametrize("times", [1, 2])
def test_an_answer_can_be_written_by_a_script_that_compares_marks(bench, index, times):
    """Also where the search index is there already, which the server then says."""
    bench.redis.set("mark", "seen")
    for number in range(times):
        id = f"a{number}"
        writing = index.adding(id, Answer(id, "r", 0.0, float("inf")), at(0) / 3)
        replies = run(index.redis.change_if({"mark": b"seen", "none": None}, writing.commands))
        assert writing.read(replies) == []
    assert index.size() == times and len(index.nearest(at(0) / 3, 5)) == times
    late = adding(bench, index, "late")
    assert run(index.redis.change_if({"mark": b"other", "none": None}, late)) is None
    assert index.size() == times


def test_redis_py_errors_come_through_as_such(bench, index):
    add(bench, index, "a", 0)
    with bench.connect(socket_timeout=0.05) as client, bench.connect() as admin:
        slow = index_of(bench, client)
        slow.nearest(at(0) / 3)
        admin.client_pause(200)
        for ask in (lambda: slow.nearest(at(0) / 3), slow.size, slow.clear):
            with pytest.raises(redis.TimeoutError):
                ask()
            with pytest.raises(redis.ConnectionError, match="left alone"):
                ask()
            breaker_of(client).reset()
        admin.client_unpause()


def test_the_engines_graph_finds_the_nearest_of_real_questions(bench):
    texts = real_texts()
    stored, asked = texts[::2], texts[1::2]
    cache = bench.semantic(threshold=-1)
    for text in stored:
        cache.add_cache(text, text)
    rows = np.stack([embed_once(text) for text in stored])
    for text in asked:
        best = float((rows @ embed_once(text)).max())
        assert cache.lookup(text).similarity == pytest.approx(best, abs=5e-5)
