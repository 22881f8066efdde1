"""The bench that the contract runs on: every class x every codec x {fakeredis, Redis 8}."""

import io
import sys
from collections.abc import Iterator
from typing import Any

import fakeredis
import hypothesis
import pytest
import redis
from bench import EVERYTHING, Bench, Connect, quick

from semcache.__main__ import main
from semcache.lab.redis_server import (
    MISSING,
    SEARCH_MISSING,
    RedisServer,
    start_redis,
    start_redis_with_search,
)

# Folders for the path of other processes: imported here, they would change this one.
collect_ignore = ["light_start", "one_model", "other_cpu"]

# The same examples in every run: a failure is the commit's, not the day's.
hypothesis.settings.register_profile(
    "semcache", deadline=None, derandomize=True, database=None, max_examples=60
)
hypothesis.settings.load_profile("semcache")


@pytest.fixture(scope="session")
def redis8_server() -> Iterator[RedisServer]:
    if MISSING:
        pytest.skip(MISSING)
    with start_redis() as server:
        yield server


@pytest.fixture
def redis8(redis8_server: RedisServer) -> Iterator[Connect]:
    """Makes clients of one real server, empty at the start of each test."""
    yield from _clients_of(redis8_server)


@pytest.fixture(scope="session")
def search_server() -> Iterator[RedisServer]:
    if SEARCH_MISSING:
        pytest.skip(SEARCH_MISSING)
    pytest.importorskip("redisvl")
    with start_redis_with_search() as server:
        yield server


@pytest.fixture
def redis_with_search(search_server: RedisServer) -> Iterator[Connect]:
    """The same, of a server that has the search module."""
    yield from _clients_of(search_server)


def _clients_of(server: RedisServer) -> Iterator[Connect]:
    clients = [quick(server.url)]
    clients[0].flushall()

    def connect(**options: Any) -> redis.Redis:
        clients.append(quick(server.url, **options))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def fakeredis_() -> Connect:
    """Makes clients of one empty fakeredis."""
    server = fakeredis.FakeServer(server_type="redis", version=(8, 2))
    return lambda **options: fakeredis.FakeRedis(server=server, **options)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command; returns its exit code, what it printed, and what it complained of."""
    monkeypatch.delenv("REDIS_URL", raising=False)

    def call_(command: str, *arguments: object, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["semcache", command, *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(typed)))
        try:
            code = main()
        except SystemExit as stopped:  # by the parser of options
            code = int(stopped.code or 0)
        return code, *capsys.readouterr()

    return call_


@pytest.fixture(params=EVERYTHING)
def bench(request: pytest.FixtureRequest) -> Bench:
    kind, codec, server = request.param.rsplit("-", 2)
    connect = request.getfixturevalue("fakeredis_" if server == "fakeredis" else server)
    return Bench(kind, codec, connect)
