"""choose: which index a cache gets, and that it is told once."""

import logging

import fakeredis
import pytest
import redis
from bench import SERVERS, round_trips
from semantic_bench import SERVER_FIXTURES, Drawn, SemanticBench
from test_contract_redis_failing import ask_again

from semcache.index import MatrixIndex, VectorSetIndex, best_index, choose, matrix


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


class BeforeVectorSets(fakeredis.FakeRedis):
    """What Redis 7 says of a command that it does not know."""

    def execute_command(self, *args, **options):
        if args[0] in ("VADD", "VSIM"):
            raise redis.ResponseError(f"unknown command '{args[0]}', with args beginning with: ")
        return super().execute_command(*args, **options)


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


def test_a_server_that_cannot_be_asked_is_taken_for_a_new_one(caplog):
    client = redis.Redis(port=1, socket_connect_timeout=0.1)
    client.connection_pool.connection_kwargs["retry"] = None
    cache = SemanticBench("matrix", lambda: client).semantic(index=best_index(10**9))
    assert type(cache.index) is VectorSetIndex
    assert "could not be asked" in caplog.text


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
