"""Redis unreachable, slow, read-only, full or locked: the API answers, and nothing is hidden.

Each scenario is the real thing: a port where nobody listens, a socket that never answers, and
servers that are replicas, out of memory, behind a password or an access list.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import redis
from bench import KINDS, Bench, quick, round_trips
from faces import asynchronous
from fakes import Tripwire, VectorAPI
from redis.backoff import NoBackoff
from redis.retry import Retry

from semcache import EmbeddingCache, redis_client
from semcache.breaker import breaker_of
from semcache.errors import CacheUnavailable
from semcache.lab.offline.model import embed
from semcache.lab.redis_server import MISSING, RedisServer, start_redis

A, B, C = "What is Python?", "Python是什么？", "What is Rust?"
needs_redis8 = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


Start = Callable[..., AbstractContextManager[RedisServer]]


@dataclass
class Broken:
    """A client of a Redis that does not work; ``mend`` makes it work, where that is possible."""

    client: redis.Redis
    reads: bool = False
    repair: Callable[[], object] | None = None

    def mend(self) -> None:
        """Make Redis work, and ask it again at once, as the breaker would after its pause."""
        self.repair()
        ask_again(self.client)


def ask_again(client: redis.Redis) -> None:
    for one in (client, asynchronous(client)):
        breaker_of(one).reset()


@contextmanager
def nobody_listens(start: Start = start_redis) -> Iterator[Broken]:
    with socket.socket() as taken:  # bound and not listening: nobody else can take this port
        taken.bind(("127.0.0.1", 0))
        yield Broken(quick(f"redis://127.0.0.1:{taken.getsockname()[1]}"))


@contextmanager
def never_answers(start: Start = start_redis) -> Iterator[Broken]:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        yield Broken(quick(f"redis://127.0.0.1:{mute.getsockname()[1]}", socket_timeout=0.02))


@contextmanager
def speaks_another_protocol(start: Start = start_redis) -> Iterator[Broken]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1_000)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield Broken(quick(f"redis://127.0.0.1:{server.getsockname()[1]}"))
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def a_replica(start: Start = start_redis) -> Iterator[Broken]:
    with start() as server, quick(server.url) as client:
        client.replicaof("127.0.0.1", "1")
        yield Broken(client, reads=True, repair=lambda: client.replicaof("NO", "ONE"))


@contextmanager
def may_not_write(start: Start = start_redis) -> Iterator[Broken]:
    with start() as server, quick(server.url) as admin:
        rights = {"enabled": True, "nopass": True, "keys": ["*"]}
        admin.acl_setuser("reader", **rights, categories=["+@all", "-@write"])
        with quick(server.url, username="reader", password="any") as client:
            yield Broken(
                client, reads=True, repair=lambda: admin.acl_setuser("reader", categories=["+@all"])
            )


@contextmanager
def wants_a_password(start: Start = start_redis) -> Iterator[Broken]:
    with start() as server, quick(server.url) as admin:
        admin.config_set("requirepass", "secret")
        with quick(server.url) as client:
            yield Broken(client, repair=lambda: admin.config_set("requirepass", ""))


@contextmanager
def out_of_memory(start: Start = start_redis) -> Iterator[Broken]:
    full = ("--maxmemory", "1", "--maxmemory-policy", "noeviction")
    with start(*full) as server, quick(server.url) as client:
        yield Broken(client, reads=True, repair=lambda: client.config_set("maxmemory", 0))


WITHOUT_A_SERVER = {f.__name__: f for f in (nobody_listens, never_answers, speaks_another_protocol)}
WITH_A_SERVER = {f.__name__: f for f in (a_replica, may_not_write, wants_a_password, out_of_memory)}
SCENARIOS = [
    *(pytest.param(make, id=name) for name, make in WITHOUT_A_SERVER.items()),
    *(pytest.param(make, id=name, marks=needs_redis8) for name, make in WITH_A_SERVER.items()),
]


@pytest.fixture(params=SCENARIOS)
def broken(request: pytest.FixtureRequest) -> Iterator[Broken]:
    with request.param() as scenario:
        yield scenario


@pytest.fixture(params=[*KINDS, "async string", "async hash"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


def test_the_api_answers_and_the_error_is_counted_and_logged_once(kind, broken, caplog):
    bench = Bench(kind, "float32", lambda: broken.client)
    cache = bench.cache()
    for text in (A, B):
        assert np.array_equal(cache.get_embedding(text), embed(text))
    rows = cache.get_embeddings_batch([C, "2 + 2", C])
    assert np.array_equal(rows, [embed(C), embed("2 + 2"), embed(C)])
    assert bench.sent() == [(A,), (B,), (C, "2 + 2")]
    stats = cache.stats
    assert (stats.errors + stats.bypassed, stats.misses, stats.api_calls) == (3, 4, 3)
    assert stats.errors == (3 if broken.reads else 1)  # then it is left alone
    assert stats.tokens == bench.api.tokens
    assert len(warnings(caplog)) == 1 and "secret" not in caplog.text


def test_on_error_raise_raises_one_error_of_ours_with_its_cause(kind, broken):
    bench = Bench(kind, "float32", lambda: broken.client)
    cache = bench.cache(on_error="raise")
    for ask in (lambda: cache.get_embedding(A), lambda: cache.get_embeddings_batch([A, B])):
        with pytest.raises(CacheUnavailable) as caught:
            ask()
        assert isinstance(caught.value.__cause__, (redis.RedisError, OSError))
    assert cache.stats.errors + cache.stats.bypassed == 2
    if not broken.reads:
        assert not bench.api.calls, "paid for, although it was already clear that it must raise"


def test_questions_about_redis_itself_are_never_answered_by_a_guess(kind, broken):
    cache = Bench(kind, "float32", lambda: broken.client).cache()
    if broken.reads:
        assert cache.contains([A]) == [False] and cache.get_cache_size() == 0
        return
    for ask in (
        lambda: cache.contains([A]),
        lambda: cache.delete(A),
        cache.get_cache_size,
        cache.clear_cache,
    ):
        with pytest.raises(CacheUnavailable):
            ask()


def test_an_empty_or_wrong_batch_needs_no_redis(kind):
    with nobody_listens() as broken:
        cache = Bench(kind, "float32", lambda: broken.client).cache(on_error="raise")
        assert cache.get_embeddings_batch([]).shape == (0, 384)
        with pytest.raises(ValueError, match="text 0 is empty"):
            cache.get_embedding("")


@needs_redis8
@pytest.mark.parametrize("make", WITH_A_SERVER.values(), ids=WITH_A_SERVER.keys())
def test_the_cache_is_used_again_as_soon_as_redis_works(kind, make):
    with make() as broken:
        bench = Bench(kind, "float32", lambda: broken.client)
        cache = bench.cache()
        cache.get_embedding(A)
        broken.mend()
        cache.get_embedding(B)
        assert cache.contains([A, B]) == [False, True]
        bench.cache().get_embedding(B)
        assert bench.sent() == [(A,), (B,)] and cache.stats.errors == 1


@needs_redis8
def test_a_server_that_was_restarted_is_used_again(kind, tmp_path: Path):
    path = str(tmp_path / "redis.sock")
    client = redis.Redis(unix_socket_path=path, retry=Retry(NoBackoff(), 0))
    bench = Bench(kind, "float32", lambda: client)
    memory = {"memory_size": 0} if bench.tiered else {}
    with start_redis("--unixsocket", path):
        cache = bench.cache(**memory)
        cache.get_embedding(A)
    cache.get_embedding(A)
    assert cache.stats.errors == 1
    with start_redis("--unixsocket", path):
        ask_again(client)
        cache.get_embedding(A)
        cache.get_embedding(A)
        assert cache.stats.errors == 1 and cache.stats.hits == 1
    assert len(bench.api.calls) == 3
    client.close()


@needs_redis8
@pytest.mark.parametrize("state", ["replica", "full"])
def test_a_hit_stays_a_hit_on_a_server_that_only_reads(kind, state):
    with start_redis() as server, quick(server.url) as client:
        bench = Bench(kind, "float32", lambda: client)
        bench.cache().get_embedding(A)
        if state == "replica":
            client.replicaof("127.0.0.1", "1")
        else:
            client.config_set("maxmemory", 1)
        cache = bench.cache()
        cache.get_embeddings_batch([A, B])
        assert bench.sent() == [(A,), (B,)]
        assert (cache.stats.hits, cache.stats.misses, cache.stats.errors) == (1, 1, 1)


@pytest.mark.parametrize("wrong", ["get_embedding", "get_embeddings_batch"])
def test_a_slow_redis_is_waited_for_once_a_lookup(kind, wrong):
    with never_answers() as broken:
        bench = Bench(kind, "float32", lambda: broken.client)
        cache = bench.cache()
        with round_trips(broken.client) as trips:
            getattr(cache, wrong)(A if wrong == "get_embedding" else [A, B, C])
        assert trips.count == 1


@pytest.mark.parametrize("on_error", ["bypass", "raise"])
@pytest.mark.parametrize("kind", ["string", "hash", "compressed"])
def test_redis_may_die_between_the_read_and_the_write(kind, on_error, fakeredis_):
    bench = Bench(kind, "float32", fakeredis_)
    server = bench.redis.connection_pool.connection_kwargs["server"]
    bench.clock = clock = Tripwire()
    clock.action = lambda: setattr(server, "connected", False)
    cache = bench.cache(on_error=on_error)
    if on_error == "raise":
        with pytest.raises(CacheUnavailable):
            cache.get_embedding(A)
    else:
        assert np.array_equal(cache.get_embedding(A), embed(A))
    assert clock.action is None and cache.stats.errors == 1
    server.connected = True
    ask_again(bench.redis)
    assert cache.get_cache_size() == 0
    cache.get_embedding(A)
    assert cache.get_cache_size() == 1


@pytest.mark.parametrize("kind", ["string", "hash", "compressed"])
def test_redis_may_die_before_a_refresh(kind, fakeredis_):
    bench = Bench(kind, "float32", fakeredis_)
    bench.cache().get_embedding(A)
    server = bench.redis.connection_pool.connection_kwargs["server"]
    bench.clock = clock = Tripwire()
    clock.action = lambda: setattr(server, "connected", False)
    cache = bench.cache(refresh_on_read=True)
    assert np.array_equal(cache.get_embedding(A), embed(A))
    assert len(bench.api.calls) == 1, "the vector was already here"
    assert (cache.stats.hits, cache.stats.errors) == (1, 1)


def test_every_missing_right_is_told_once_by_its_name(redis8_server, caplog):
    admin = redis.Redis.from_url(redis8_server.url)
    url = redis8_server.url.replace("redis://", "redis://u:p@")

    def forbid(command: str) -> None:
        rules = "reset", "on", ">p", "~*", "&*", "+@all", f"-{command}"
        admin.execute_command("ACL", "SETUSER", "u", *rules)

    forbid("mget")
    cache = EmbeddingCache(redis_client(url), VectorAPI().client(), model="any-8", scope="rights")
    for command in ("mget", "set", "mget", "set"):
        forbid(command)
        cache.get_embedding(command)
    admin.execute_command("ACL", "DELUSER", "u")
    told = [text for text in warnings(caplog) if "no permissions" in text]
    assert len(told) == 2 and "'mget'" in told[0] and "'set'" in told[1]
