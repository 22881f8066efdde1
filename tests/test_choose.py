"""choose: which index a cache gets, and that it is told once."""

import inspect
import logging
from unittest.mock import create_autospec, sentinel

import fakeredis
import pytest
import redis
from bench import SERVERS, quick, round_trips
from faces import wait
from semantic_bench import INDEXES, SERVER_FIXTURES, ChatAPI, Drawn, SemanticBench
from test_contract_redis_failing import ask_again, needs_redis8

from semcache.breaker import breaker_of
from semcache.errors import CacheUnavailable
from semcache.index import MatrixIndex, VectorSetIndex, best_index, choose, matrix
from semcache.index.base import Index
from semcache.index.choose import LargeIndex
from semcache.lab.redis_server import start_redis
from semcache.question import NOTHING, Question, Reply, only


@pytest.fixture(params=SERVERS)
def bench(request) -> SemanticBench:
    return SemanticBench("matrix", request.getfixturevalue(SERVER_FIXTURES[request.param]))


@pytest.mark.parametrize(
    ("expected", "index"),
    [(0, MatrixIndex), (100_000, MatrixIndex), (100_001, VectorSetIndex)],
)
def test_by_size(bench, expected, index):
    cache = bench.semantic(Drawn(), index=best_index(expected))
    assert type(cache.index) is index
    cache.add_cache("q@0", "x")
    assert cache.lookup("q@1").response == "x"


class Older:
    """What Redis 7 says of a command that it does not know."""

    def execute_command(self, *args, **options):
        if args[0] in ("VADD", "VSIM"):
            raise redis.ResponseError(f"unknown command '{args[0]}', with args beginning with: ")
        return super().execute_command(*args, **options)


class BeforeVectorSets(Older, fakeredis.FakeRedis):
    pass


class WithoutVectorSets(Older, redis.Redis):
    pass


def test_by_server():
    bench = SemanticBench("matrix", BeforeVectorSets)
    cache = bench.semantic(Drawn(), index=best_index(10**9))
    assert type(cache.index) is MatrixIndex
    cache.add_cache("q@0", "x")
    assert cache.lookup("q@1").response == "x"


def test_the_server_is_asked_once_at_the_first_use(bench):
    with round_trips(bench.redis) as trips:
        cache = bench.semantic(Drawn(), index=best_index(10**9))
    assert trips.count == 0, "a cache can be made before Redis is there"
    counted = []
    for _ in range(2):
        with round_trips(bench.redis) as trips:
            cache.lookup("q@0")
        counted.append(trips.count)
    assert counted == [2, 1]


def unreachable() -> redis.Redis:
    return quick("redis://127.0.0.1:1", socket_connect_timeout=0.1)


def test_a_server_that_cannot_be_asked_is_not_guessed_at():
    cache = SemanticBench("matrix", unreachable).semantic(index=best_index(10**9))
    with pytest.raises(CacheUnavailable):
        assert cache.index


def test_an_outage_is_told_once_and_each_call_waits_for_it_once(caplog):
    asked = []

    class Gone(fakeredis.FakeRedis):
        def execute_command(self, *args, **options):
            asked.append(args[0])
            raise redis.ConnectionError("gone")

    bench = SemanticBench("matrix", Gone)
    cache = bench.semantic(Drawn(), index=best_index(10**9))
    for number in range(5):
        breaker_of(bench.redis)._until = 0.0  # the pause is over: it is asked once more
        before = len(asked)
        assert cache.lookup("q@0") is None
        assert len(asked) == before + 1
        cache.add_cache("q@0", "x")
        assert cache.stats.errors + cache.stats.bypassed == 2 * (number + 1)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_server_that_could_not_be_asked_is_asked_again():
    failing = [True]

    class Gone(BeforeVectorSets):
        def execute_command(self, *args, **options):
            if failing[0]:
                raise redis.ConnectionError("gone")
            return super().execute_command(*args, **options)

    bench = SemanticBench("matrix", Gone)
    cache = bench.semantic(Drawn(), index=best_index(10**9))
    cache.add_cache("q@0", "x")
    assert cache.lookup("q@1") is None and cache.stats.errors + cache.stats.bypassed == 2
    failing[0] = False
    ask_again(bench.redis)
    cache.add_cache("q@0", "x")
    assert cache.lookup("q@1").response == "x" and type(cache.index) is MatrixIndex


COMPOSED = {"add", "delete", "sweep", "heal"}  # of the other methods, in every index
METHODS = {name for name in vars(Index) if not name.startswith("_")} - COMPOSED


def test_no_index_has_what_is_composed_of_other_methods_for_itself():
    kinds = {kind for index in INDEXES.values() for kind in index.__mro__} - {Index}
    assert not [(kind, name) for kind in kinds for name in COMPOSED & vars(kind).keys()]


def test_every_method_is_that_of_the_chosen_index(bench, subtests):
    large = LargeIndex(bench.semantic(Drawn()).room.index.settings)
    large._chosen = chosen = create_autospec(MatrixIndex, instance=True)
    changes = Reply(Question((("PING",),), only), [])
    for name in sorted(METHODS):
        with subtests.test(name):
            method, its = getattr(large, name), getattr(chosen, name)
            names = inspect.signature(method).parameters
            given = [changes if one == "changes" else getattr(sentinel, one) for one in names]
            result = method(*given)
            result = wait(result) if inspect.iscoroutine(result) else result
            its.assert_called_once_with(*given)
            assert result is (None if name in ("clear", "prepare", "keep_up") else its.return_value)


def test_what_was_said_before_the_choice_tells_the_chosen_index_nothing(bench):
    large = LargeIndex(bench.semantic(Drawn()).room.index.settings)
    assert large.question() is NOTHING and not large.probes() and large.held() == 0
    assert not large.adapts_to(redis.ResponseError("any"))
    before = Reply(large.question(), [])
    assert not large.is_behind(before)
    large._chosen = chosen = create_autospec(MatrixIndex, instance=True)
    assert not large.is_behind(before)
    wait(large.nearest(sentinel.vector, 1, before))
    chosen.nearest.assert_called_once_with(sentinel.vector, 1, None)


def test_the_index_of_an_older_server_is_told_what_changed_on_the_first_trip():
    bench = SemanticBench("matrix", BeforeVectorSets)
    options = {"embedding_cache": Drawn(), "openai": ChatAPI().client(), "threshold": 0.99}
    cache = bench.hybrid(**options, index=best_index(10**9))
    for question in ("q@0", "q@1"):
        cache.get_or_generate(question)
    with round_trips(bench.redis) as trips:
        assert cache.get_or_generate("q@2") == "answer 1"
    assert trips.count == 2, "to look, and to keep the copy"


@needs_redis8
def test_a_user_without_hpexpire_and_vector_sets_can_write_all_the_same(caplog):
    with start_redis() as server, quick(server.url) as admin:
        admin.acl_setuser(
            "r", enabled=True, nopass=True, keys=["*"], commands=["-hpexpire"],
            categories=["+@all"],
        )  # fmt: skip
        pool = quick(server.url, username="r", password="any").connection_pool
        with WithoutVectorSets(connection_pool=pool) as client:
            bench = SemanticBench("matrix", lambda: client)
            cache = bench.semantic(Drawn(), index=best_index(10**9))
            cache.add_cache("q@0", "x")
            assert cache.lookup("q@1").response == "x" and cache.stats.errors == 0
    assert caplog.text.count("HPEXPIRE") == 1


def test_the_choice_is_told_once(bench, caplog):
    choose._tell.cache_clear()
    with caplog.at_level(logging.DEBUG, "semcache"):
        for _ in range(3):
            bench.semantic(index=best_index())
    assert caplog.text.count("MatrixIndex") == 1


def test_a_copy_that_has_grown_large_is_told_once(bench, caplog, monkeypatch):
    monkeypatch.setattr(matrix, "COMFORTABLE", 5)
    cache = bench.semantic(Drawn())
    for degrees in range(5):
        cache.add_cache(f"q@{degrees}", "x")
    assert not caplog.records
    for degrees in range(5, 9):
        cache.add_cache(f"q@{degrees}", "x")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "6 answers" in caplog.text and "VectorSetIndex" in caplog.text
