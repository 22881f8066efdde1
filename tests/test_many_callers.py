"""Many callers: one call for one text, one wait for a dead Redis, and nothing lost on the way."""

import asyncio
import gc
import logging
import os
import pickle
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import fakeredis
import httpx2
import openai
import pytest
import redis
import redis.asyncio
from client_bench import FACES, App
from faces import asynchronous, make_async
from fakes import Clock, VectorAPI, answers
from semantic_bench import ChatAPI, Drawn, completion, events, is_mark

import semcache
from semcache import (
    AsyncEmbeddingCache,
    AsyncHybridLLMCache,
    EmbeddingCache,
    HashEmbeddingCache,
    HybridLLMCache,
    SemanticLLMCache,
    TieredEmbeddingCache,
)
from semcache.aio import ASYNC
from semcache.breaker import Breaker, Ticket, breaker_of
from semcache.errors import BadResponse, CacheUnavailable, ConfigError
from semcache.lab.redis_server import MISSING, start_redis

CALLERS = 24
needs_redis8 = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


def server() -> fakeredis.FakeServer:
    return fakeredis.FakeServer(server_type="redis", version=(8, 2))


class SlowAPI(ChatAPI):
    """An LLM that answers when it is told to, and counts those who wait."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        reply = super()._handle(request)
        assert self.go.wait(20)
        return reply


def together(act: Any, callers: int = CALLERS) -> list[Any]:
    with ThreadPoolExecutor(callers) as pool:
        return [one.result() for one in [pool.submit(act) for _ in range(callers)]]


def until(condition: Any, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.002)


# One call ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [EmbeddingCache, HashEmbeddingCache, TieredEmbeddingCache])
def test_one_new_text_is_embedded_once_however_many_threads_ask(kind):
    api, started = VectorAPI(), threading.Event()
    wait = threading.Event()

    def slow(body: Any) -> None:
        started.set()
        wait.wait(10)

    api.script.append(lambda body: slow(body) or usual(body))
    cache = kind(fakeredis.FakeRedis(server=server()), api.client(), model="vectors-4")
    with ThreadPoolExecutor(CALLERS) as pool:
        asked = [pool.submit(cache.get_embedding, "text") for _ in range(CALLERS)]
        started.wait(10)
        until(lambda: cache.stats.misses == CALLERS)
        wait.set()
        vectors = {one.result().tobytes() for one in asked}
    assert len(api.calls) == 1 and len(vectors) == 1
    stats = cache.stats
    assert (stats.api_calls, stats.joined, stats.misses) == (1, CALLERS - 1, CALLERS)


def usual(body: Any) -> httpx2.Response:
    from fakes import embeddings_body

    return httpx2.Response(200, json=embeddings_body(body))


def test_batches_join_the_flights_of_their_texts():
    api, wait, started = VectorAPI(), threading.Event(), threading.Event()

    def first(body: Any) -> httpx2.Response:
        started.set()
        wait.wait(10)
        return usual(body)

    api.script.append(first)
    cache = EmbeddingCache(fakeredis.FakeRedis(server=server()), api.client(), model="vectors-4")
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(cache.get_embeddings_batch, ["a", "b"])
        started.wait(10)
        two = pool.submit(cache.get_embeddings_batch, ["b", "c"])
        until(lambda: len(api.calls) == 2)
        wait.set()
        assert (one.result()[1] == two.result()[0]).all()
    assert api.calls == [["a", "b"], ["c"]]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", [SemanticLLMCache, HybridLLMCache])
def test_one_new_question_is_answered_once_however_many_threads_ask(kind, stream):
    api = SlowAPI()
    cache = kind(fakeredis.FakeRedis(server=server()), api.client(), embedding_cache=Drawn())
    with ThreadPoolExecutor(CALLERS) as pool:
        ask = lambda: "".join(cache.get_or_generate("q@1", stream=stream))  # noqa: E731
        asked = [pool.submit(ask) for _ in range(CALLERS)]
        until(lambda: cache.stats.joined == CALLERS - 1)
        api.go.set()
        assert {one.result() for one in asked} == {"answer1" if stream else "answer 1"}
    assert len(api.requests) == 1 == cache.stats.api_calls
    cache.get_or_generate("q@1")
    assert cache.stats.hits == 1


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ({"timeout": 0.5}, {"timeout": 60}, False),
        ({"timeout": 60}, {}, False),
        ({"extra_headers": {"Authorization": "Bearer bad"}}, {}, False),
        ({"extra_query": {"tenant": "a"}}, {"extra_query": {"tenant": "b"}}, False),
        ({"service_tier": "flex"}, {}, False),
        ({"extra_headers": {"x-trace": "1"}}, {"extra_headers": {"x-trace": "2"}}, True),
        ({"user": "ann", "timeout": 9}, {"user": "bob", "timeout": 9}, True),
    ],
)
def test_nobody_waits_for_a_call_that_may_fail_where_his_own_would_not(first, second, together):
    api = SlowAPI()
    cache = HybridLLMCache(
        fakeredis.FakeRedis(server=server()), api.client(), embedding_cache=Drawn()
    )
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(cache.get_or_generate, "q@1", **more) for more in (first, second)]
        until(lambda: len(api.requests) + cache.stats.joined == 2)
        api.go.set()
        assert {one.result()[:6] for one in asked} == {"answer"}
    assert cache.stats.joined == together


def test_a_leader_that_fails_gives_its_error_to_those_who_wait_and_the_next_asks_anew():
    api = SlowAPI()
    api.script.append(httpx2.Response(500, json={"error": {"message": "no"}}))
    cache = HybridLLMCache(
        fakeredis.FakeRedis(server=server()), api.client(), embedding_cache=Drawn()
    )
    with ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(cache.get_or_generate, "q@1") for _ in range(5)]
        until(lambda: cache.stats.joined == 4)
        api.go.set()
        errors = [one.exception() for one in asked]
    assert all(isinstance(error, openai.InternalServerError) for error in errors)
    assert len(api.requests) == 1 and cache.get_or_generate("q@1") == "answer 2"


def test_who_leaves_a_shared_stream_takes_nothing_from_the_others():
    api = ChatAPI()
    cache = HybridLLMCache(
        fakeredis.FakeRedis(server=server()), api.client(), embedding_cache=Drawn()
    )
    api.script.append(events("one two three"))
    first, second = (cache.get_or_generate("q@1", stream=True) for _ in range(2))
    assert next(first) == "one" and next(second) == "one"
    first.close()
    assert list(second) == ["two", "three"] and len(api.requests) == 1
    assert cache.get_or_generate("q@1") == "onetwothree", "kept, since it came to its end"


def test_a_caller_may_follow_its_own_stream_in_one_thread():
    api = ChatAPI()
    cache = HybridLLMCache(
        fakeredis.FakeRedis(server=server()), api.client(), embedding_cache=Drawn()
    )
    stream = cache.get_or_generate("q@1", stream=True)
    first = next(stream)
    assert cache.get_or_generate("q@1") == first + "".join(stream)
    assert len(api.requests) == 1


def leave_in_a_cycle(stream: Any) -> None:
    """Read one piece, and leave the stream where only the garbage collector finds it."""
    next(stream)
    holder: list[Any] = [stream]
    holder.append(holder)


def collect_in(monkeypatch: Any, of: Any, name: str) -> None:
    """Let the collector begin whenever a method is called, as it may at any allocation."""
    method = getattr(of, name)

    def collecting(*args: Any) -> Any:
        gc.collect()
        return method(*args)

    monkeypatch.setattr(of, name, collecting)


def in_time(act: Any) -> Any:
    """What it returns; a thread that waits for itself fails the test, and holds up no other."""
    done: list[Any] = []
    thread = threading.Thread(target=lambda: done.append(act()), daemon=True)
    thread.start()
    thread.join(10)
    assert done, "the thread waits for itself"
    return done[0]


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_a_stream_that_the_collector_closes_waits_for_no_lock(monkeypatch):
    api = ChatAPI()
    api.script.extend([events("one two three")] * 3)
    cache = HybridLLMCache(
        fakeredis.FakeRedis(server=server()), api.client(), embedding_cache=Drawn(), lease=5
    )
    flights = cache._parts.flights
    leave_in_a_cycle(cache.get_or_generate("q@1", stream=True))
    collect_in(monkeypatch, flights, "new_shared")  # which is called under the lock
    assert in_time(lambda: list(cache.get_or_generate("other@90", stream=True))) == [
        "one", "two", "three"
    ]  # fmt: skip
    assert len(flights) == 1, "still open: there was no moment at which it could be closed"
    assert in_time(lambda: list(cache.get_or_generate("q@1", stream=True))) == [
        "one", "two", "three"
    ], "the left stream is closed, and the question asked anew"  # fmt: skip
    assert len(flights) == 0 and len(api.requests) == 3


@pytest.mark.usefixtures("no_collector")
def test_a_renewal_that_the_collector_ended_goes_on_no_longer():
    api = ChatAPI()
    cache = aged(Clock(), api, ttl=100, renew_ahead=1e9)
    assert cache.get_or_generate("q@1") == "answer 1"
    api.script.append(events("one two"))
    leave_in_a_cycle(cache.get_or_generate("q@1", stream=True))
    gc.collect()
    assert cache.get_or_generate("q@1") == "answer 3", "the next caller renews"


@pytest.mark.usefixtures("no_collector")
def test_a_cache_that_is_collected_with_its_stream_asks_redis_nothing(monkeypatch):
    api, client = ChatAPI(), fakeredis.FakeRedis(server=server())
    api.script.append(events("one two three"))
    asked: list[Any] = []
    leave_in_a_cycle(
        HybridLLMCache(client, api.client(), embedding_cache=Drawn(), lease=5).get_or_generate(
            "q@1", stream=True
        )
    )
    monkeypatch.setattr(client, "execute_command", lambda *command: asked.append(command))
    gc.collect()
    assert not asked


# Tasks -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_collector")
def test_a_task_that_is_collected_leaves_its_flight_to_the_next(monkeypatch):
    flights = ASYNC.flights()

    async def lead() -> None:
        flight, _ = flights.board("key")
        try:
            await asyncio.get_running_loop().create_future()  # which nobody else knows
        finally:
            flights.leave("key", flight)

    async def main() -> bool:
        task = asyncio.ensure_future(lead())
        await asyncio.sleep(0)
        del task
        collect_in(monkeypatch, flights, "new_flight")
        flights.board("another")
        return flights.board("key")[1]

    assert in_time(lambda: asyncio.run(main()))


class Waiting:
    """Async clients whose LLM takes as long as the test wants."""

    def __init__(self) -> None:
        self.server, self.go, self.chats = server(), asyncio.Event(), 0

    async def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.chats += 1
        await self.go.wait()
        return httpx2.Response(200, json=completion("x"))

    def cache(self, **options: Any) -> AsyncHybridLLMCache:
        http = openai.DefaultAsyncHttpxClient(transport=httpx2.MockTransport(self._handle))
        api = openai.AsyncOpenAI(
            api_key="k", base_url="http://x.invalid/v1", max_retries=0, http_client=http
        )
        client = fakeredis.FakeAsyncRedis(server=self.server)
        return AsyncHybridLLMCache(client, api, embedding_cache=Drawn(), **options)


def test_a_cancelled_leader_leaves_nobody_waiting():
    async def main() -> tuple[Any, ...]:
        api = Waiting()
        cache = api.cache()
        leader = asyncio.create_task(cache.get_or_generate("q@1"))
        while api.chats == 0:
            await asyncio.sleep(0.001)
        followers = [asyncio.create_task(cache.get_or_generate("q@1")) for _ in range(20)]
        while cache.stats.joined < 20:
            await asyncio.sleep(0.001)
        leader.cancel()
        followers[0].cancel()
        await asyncio.sleep(0.01)
        api.go.set()
        got = await asyncio.gather(*followers[1:])
        return set(got), api.chats, leader.cancelled(), followers[0].cancelled()

    assert asyncio.run(main()) == ({"x"}, 1, True, True)


def test_when_all_are_cancelled_the_call_is_given_up_and_the_next_asks_anew():
    async def main() -> tuple[Any, ...]:
        api = Waiting()
        cache = api.cache()
        tasks = [asyncio.create_task(cache.get_or_generate("q@1")) for _ in range(5)]
        while cache.stats.joined < 4:
            await asyncio.sleep(0.001)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        kept = [key async for key in cache._parts.redis.client.scan_iter() if not is_mark(key)]
        api.go.set()
        return kept, await cache.get_or_generate("q@1"), api.chats

    assert asyncio.run(main()) == ([], "x", 2)


def test_a_cancelled_embedding_leader_hands_over():
    async def main() -> int:
        api, go, calls = VectorAPI(), asyncio.Event(), []

        async def handle(request: httpx2.Request) -> httpx2.Response:
            calls.append(request)
            await go.wait()
            return api._handle(request)

        http = openai.DefaultAsyncHttpxClient(transport=httpx2.MockTransport(handle))
        client = openai.AsyncOpenAI(
            api_key="k", base_url="http://x.invalid/v1", max_retries=0, http_client=http
        )
        redis_ = fakeredis.FakeAsyncRedis(server=server())
        cache = AsyncEmbeddingCache(redis_, client, model="vectors-4")
        leader = asyncio.create_task(cache.get_embedding("a"))
        follower = asyncio.create_task(cache.get_embedding("a"))
        while not calls or cache.stats.misses < 2:
            await asyncio.sleep(0.001)
        leader.cancel()
        go.set()
        return (await follower).size

    assert asyncio.run(main()) == 4


def test_a_thousand_tasks_wait_for_a_slow_llm_while_hits_are_served():
    async def main() -> float:
        api = Waiting()
        cache = api.cache(threshold=1)
        api.go.set()
        await cache.get_or_generate("hot@0")
        api.go.clear()
        waiting = [
            asyncio.create_task(cache.get_or_generate(f"q@{n / 10}")) for n in range(1, 1001)
        ]
        while api.chats < 1_001:
            await asyncio.sleep(0.01)
        seconds = []
        for _ in range(20):
            began = time.perf_counter()
            assert await cache.get_or_generate("hot@0") == "x"
            seconds.append(time.perf_counter() - began)
        api.go.set()
        await asyncio.gather(*waiting)
        return sorted(seconds)[len(seconds) // 2]

    assert asyncio.run(main()) < 0.1, "0.01 on a quiet machine"


# Expiry ------------------------------------------------------------------------------------------


def aged(clock: Clock, api: ChatAPI, **options: Any) -> HybridLLMCache:
    client = fakeredis.FakeRedis(server=server())
    return HybridLLMCache(client, api.client(), embedding_cache=Drawn(), clock=clock, **options)


def test_an_answer_is_renewed_ahead_by_one_caller_and_served_to_the_others():
    clock, api = Clock(), SlowAPI()
    cache = aged(clock, api, ttl=100, renew_ahead=1e9)  # so soon that everybody would
    api.go.set()
    assert cache.get_or_generate("q@1") == "answer 1"
    api.go.clear()
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(cache.get_or_generate, "q@1")
        until(lambda: len(api.requests) == 2)
        assert [cache.get_or_generate("q@1") for _ in range(3)] == ["answer 1"] * 3
        api.go.set()
        assert renewing.result() == "answer 2"
    assert len(api.requests) == 2


def refused(status: int) -> httpx2.Response:
    return httpx2.Response(status, json={"error": {"message": "no"}})


INSTEAD = {
    "forbidden": lambda: refused(403), "gone": lambda: refused(404), "bad": lambda: refused(400),
    "down": lambda: refused(503), "an error": lambda: {"error": {"message": "no"}},
    "cut": lambda: completion("ans", "length"), "empty": lambda: completion("", "content_filter"),
    "a page": lambda: httpx2.Response(200, html="<p>"),
}  # fmt: skip


@pytest.mark.parametrize("instead", INSTEAD.values(), ids=INSTEAD)
@pytest.mark.parametrize("face", FACES)
def test_who_renews_in_vain_is_served_the_answer_that_lives_and_the_next_does_not_try(
    face, instead
):
    clock, made = Clock(), HybridLLMCache
    options = {"ttl": 1_000, "renew_ahead": 1e9, "clock": clock, "embedding_cache": Drawn()}
    app, api, client = App(face, **options), ChatAPI(), fakeredis.FakeRedis(server=server())
    cache = made(client, api.client(), **options) if face == "blocking" else make_async(
        made, client, api.client(), **options
    )  # fmt: skip
    for ask, llm in (
        (lambda: app.ask("q@1").text, app.api),
        (lambda: cache.get_or_generate("q@1"), api),
    ):
        assert ask() == "answer 1"
        llm.script.append(instead())
        assert [ask() for _ in range(3)] == ["answer 1"] * 3 and len(llm.requests) == 2
        clock.advance(60)
        assert ask() == "answer 3", "the pause is over, and it is renewed"
        clock.advance(60)
    assert cache.stats.stale == app.cache.stats.stale == 1


def test_a_stream_that_renews_is_handed_out_as_it_comes_and_is_not_kept_if_it_is_cut():
    api = ChatAPI()
    cache = aged(Clock(), api, ttl=100, renew_ahead=1e9)
    cache.get_or_generate("q@1")
    api.script.append(events("one two", "length"))
    assert list(cache.get_or_generate("q@1", stream=True)) == ["one", "two"]
    assert cache.get_or_generate("q@1") == "answer 1"


def test_a_renewal_with_a_redis_that_fails_raises_for_whom_that_was_chosen():
    api, client = ChatAPI(), fakeredis.FakeRedis(server=server())
    options = {"ttl": 100, "renew_ahead": 1e9, "on_error": "raise", "embedding_cache": Drawn()}
    cache = HybridLLMCache(client, api.client(), **options)
    cache.get_or_generate("q@1")
    cache.flow.redis.change_if = cache.flow.redis.change = _refuses_writes
    with pytest.raises(CacheUnavailable):
        cache.get_or_generate("q@1")
    assert cache.get_or_generate("q@1") == "answer 1" and len(api.requests) == 2


async def _refuses_writes(*_: Any) -> Any:
    raise redis.ResponseError("OOM command not allowed")


def test_far_from_its_expiry_nothing_is_renewed():
    clock, api = Clock(), ChatAPI()
    cache = aged(clock, api, ttl=10_000, renew_ahead=1)
    assert {cache.get_or_generate("q@1") for _ in range(50)} == {"answer 1"}
    clock.advance(9_999.999)
    assert "answer 2" in {cache.get_or_generate("q@1") for _ in range(200)}


def test_an_expired_answer_is_served_and_told_while_the_llm_fails(caplog):
    clock, api = Clock(), ChatAPI()
    cache = aged(clock, api, ttl=10, stale_if_error=60)
    cache.get_or_generate("q@1")
    clock.advance(30)
    api.script.append(httpx2.Response(503, json={"error": {"message": "down"}}))
    assert cache.get_or_generate("q@1") == "answer 1" and cache.stats.stale == 1
    assert "older answer" in caplog.text
    assert cache.get_or_generate("q@1") == "answer 3", "the LLM works: asked again"
    clock.advance(200)
    api.script.append(httpx2.Response(503, json={"error": {"message": "down"}}))
    with pytest.raises(openai.InternalServerError):
        cache.get_or_generate("q@1")


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_what_may_pass_is_an_outage_on_every_way_to_the_llm(face, status):
    options = {"ttl": 10, "stale_if_error": 60, "clock": Clock()}
    app = App(face, **options)
    assert app.ask("q@1").text == "answer 1"
    api, made = ChatAPI(), HybridLLMCache if face == "blocking" else None
    client = fakeredis.FakeRedis(server=server())
    given = {"embedding_cache": Drawn(), **options}
    cache = made(client, api.client(), **given) if made else make_async(
        HybridLLMCache, client, api.client(), **given
    )  # fmt: skip
    assert cache.get_or_generate("q@1") == "answer 1"
    options["clock"].advance(30)
    for one in (app.api, api):
        one.script.append(refused(status))
    assert app.ask("q@1").text == cache.get_or_generate("q@1") == "answer 1"


def test_an_error_that_begins_a_stream_is_an_outage():
    clock, api = Clock(), ChatAPI()
    cache = aged(clock, api, ttl=10, stale_if_error=60)
    cache.get_or_generate("q@1")
    clock.advance(30)
    api.script.append([{"error": {"message": "overloaded"}}])
    assert list(cache.get_or_generate("q@1", stream=True)) == ["answer 1"]


def test_a_request_that_the_llm_refuses_gets_no_old_answer():
    clock, api = Clock(), ChatAPI()
    cache = aged(clock, api, ttl=10, stale_if_error=60)
    cache.get_or_generate("q@1")
    clock.advance(30)
    api.script.append(httpx2.Response(400, json={"error": {"message": "bad"}}))
    with pytest.raises(openai.BadRequestError):
        cache.get_or_generate("q@1")


def test_jitter_spreads_the_ends_of_answers():
    clock, api = Clock(), ChatAPI()
    cache = aged(clock, api, ttl=1_000, jitter=0.5, threshold=1)
    for number in range(30):
        cache.get_or_generate(f"q{number}@{number * 12}")
    ends = {
        round(cache.semantic_cache().search(f"q{n}@{n * 12}").match.expires_at) for n in range(30)
    }
    assert len(ends) > 20


def test_with_a_lease_two_processes_pay_once_and_without_harm_if_it_is_lost():
    shared, api = server(), SlowAPI()
    caches = [
        HybridLLMCache(
            fakeredis.FakeRedis(server=shared), api.client(), embedding_cache=Drawn(), lease=5
        )
        for _ in range(2)
    ]
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(caches[0].get_or_generate, "q@1")
        until(lambda: len(api.requests) == 1)
        two = pool.submit(caches[1].get_or_generate, "q@1")
        time.sleep(0.2)
        api.go.set()
        assert one.result() == two.result() == "answer 1"
    assert len(api.requests) == 1 and caches[1].stats.joined == 1
    left = [key for key in fakeredis.FakeRedis(server=shared).scan_iter() if b":lease:" in key]
    assert not left, "given back"
    api.go.clear()
    impatient = HybridLLMCache(
        fakeredis.FakeRedis(server=shared), api.client(), embedding_cache=Drawn(), lease=0.2
    )
    with ThreadPoolExecutor(2) as pool:
        pool.submit(caches[0].get_or_generate, "other@90")
        until(lambda: len(api.requests) == 2)
        pool.submit(impatient.get_or_generate, "other@90")
        until(lambda: len(api.requests) == 3)  # it has waited long enough, and asks for itself
        api.go.set()


# Redis fails -------------------------------------------------------------------------------------


def test_a_breaker_lets_one_probe_try_and_doubles_its_pause():
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    usual = [breaker.board() for _ in range(5)]
    for ticket in usual:
        breaker.failed(ticket, "no")
    assert breaker.board() is None
    pauses = []
    for _ in range(12):
        start = now[0]
        while (ticket := breaker.board()) is None:
            now[0] += 0.01
        pauses.append(now[0] - start)
        assert ticket is Ticket.PROBE and breaker.board() is None, "one at a time"
        breaker.failed(ticket, "no")
    assert pauses[0] <= 0.26 and max(pauses) <= 30.01 and pauses[-1] > 10 > 2 > pauses[1]
    now[0] += 31
    breaker.works(breaker.board())
    assert breaker.board() is Ticket.USUAL


def test_of_two_probes_that_come_back_at_once_one_tells_that_redis_works(caplog):
    breaker = Breaker(clock=lambda: 60.0)
    breaker.failed(breaker.board(), "no")
    tickets = [breaker.board(insists=True) for _ in range(2)]
    lock = breaker._lock

    class Overtaken:
        """The other one comes first between the look at the outage and the lock."""

        def __enter__(self):
            breaker._lock = lock
            breaker.works(tickets[1])
            lock.acquire()

        def __exit__(self, *_):
            lock.release()

    breaker._lock = Overtaken()
    breaker.works(tickets[0])
    assert not breaker.is_open and caplog.text.count("works again after 0.0 s") == 1
    assert len(caplog.records) == 2, "the outage, and its end"


@contextmanager
def hanging():
    with socket.create_server(("127.0.0.1", 0), backlog=200) as mute:
        yield f"redis://127.0.0.1:{mute.getsockname()[1]}"


def test_a_hanging_redis_holds_those_who_were_asking_and_one_probe_at_a_time(caplog):
    api = ChatAPI()
    with hanging() as url:
        client = semcache.redis_client(url, timeout=0.4)
        cache = HybridLLMCache(client, api.client(), embedding_cache=Drawn())
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda n: cache.get_or_generate(f"q{n}@{n}"), range(100)))
    # Who waited for Redis has an error; the others went past it. (Times say less: when this machine
    # is busy, everything is slow.)
    assert len(api.requests) == 100 and 1 <= cache.stats.errors <= 16 + 8
    assert cache.stats.bypassed >= 70
    warnings = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(warnings) == 1, "told once an outage"


@needs_redis8
def test_an_outage_and_its_end_are_told_once_each(caplog, tmp_path):
    path = str(tmp_path / "redis.sock")
    client = semcache.redis_client(f"unix://{path}", timeout=0.3)
    with start_redis("--unixsocket", path):
        cache = EmbeddingCache(client, VectorAPI().client(), model="vectors-4")
        cache.get_embedding("a")
    for _ in range(5):
        cache.get_embedding("b")
    breaker = breaker_of(client)
    assert breaker.is_open and len(caplog.records) == 1
    with start_redis("--unixsocket", path):
        breaker._until = 0.0  # the pause is over
        cache.get_embedding("b")
        cache.get_embedding("b")
    assert not breaker.is_open and cache.stats.hits == 1
    assert [r.levelname for r in caplog.records] == ["WARNING", "WARNING"]
    assert "works again" in caplog.records[1].getMessage()


@needs_redis8
def test_an_exhausted_pool_is_waited_for_and_is_no_outage():
    api = ChatAPI()
    with start_redis() as running:
        pool = redis.ConnectionPool.from_url(running.url, max_connections=3, socket_timeout=1)
        client = redis.Redis(connection_pool=pool)
        cache = HybridLLMCache(client, api.client(), embedding_cache=Drawn())
        cache.get_or_generate("q@1")
        together(lambda: [cache.get_or_generate("q@1") for _ in range(10)], 40)
        assert len(api.requests) == 1 and cache.stats.errors == 0
        taken = [pool.get_connection() for _ in range(3)]
        assert cache.get_or_generate("q@1") == "answer 2", "nobody gave one back in time"
        assert cache.stats.overloads >= 1 and not breaker_of(client).is_open
        for connection in taken:
            pool.release(connection)


@needs_redis8
@pytest.mark.parametrize("kind", ["answers", "embeddings"])
def test_a_burst_of_tasks_that_redis_can_serve_is_served(kind):
    """More than there are connections, none of them open, and a delete() and a clear among them."""
    chat, vectors = ChatAPI(), VectorAPI()

    async def main(url: str) -> Any:
        client = semcache.redis_client(url, asynchronous=True, timeout=5)  # if all is slow
        api = asynchronous(chat.client())
        cache: Any = AsyncHybridLLMCache(client, api, embedding_cache=Drawn())
        if kind == "embeddings":
            cache = AsyncEmbeddingCache(client, asynchronous(vectors.client()), model="vectors-4")
        ask = cache.get_or_generate if kind == "answers" else cache.get_embedding
        await asyncio.gather(*(ask(f"q{n}@{n}") for n in range(50)))
        paid = len(chat.requests) + len(vectors.calls)
        burst = [ask(f"q{n % 50}@{n % 50}") for n in range(1_500)]
        await asyncio.gather(*burst, cache.delete("no such text"))
        assert len(chat.requests) + len(vectors.calls) == paid
        await asyncio.gather(*(ask("q1@1") for _ in range(300)), cache.clear_cache())
        await client.aclose()
        return cache.stats

    with start_redis() as running:
        stats = asyncio.run(main(running.url))
    assert stats.errors == stats.overloads == stats.bypassed == 0


@needs_redis8
def test_tasks_wait_in_vain_for_connections_that_nobody_gives_back_and_that_is_no_outage():
    api = ChatAPI()

    async def main(url: str) -> tuple[str, Any, bool]:
        client = redis.asyncio.Redis.from_url(url, max_connections=3, socket_timeout=0.2)
        cache = AsyncHybridLLMCache(client, asynchronous(api.client()), embedding_cache=Drawn())
        await cache.get_or_generate("q@1")
        taken = [await client.connection_pool.get_connection() for _ in range(3)]
        answer = await cache.get_or_generate("q@1")
        for connection in taken:
            await client.connection_pool.release(connection)
        await cache.get_or_generate("q@1")
        await client.aclose()
        return answer, cache.stats, breaker_of(client).is_open

    with start_redis() as running:
        answer, stats, is_open = asyncio.run(main(running.url))
    assert answer == "answer 2" and not is_open
    assert stats.overloads == 1 and stats.hits == 1, "as soon as one is back"


@pytest.mark.parametrize("tasks", [False, True], ids=["threads", "tasks"])
def test_who_queued_before_redis_failed_does_not_wait_for_it_in_turn(tasks):
    api = ChatAPI()

    async def of_tasks(url: str) -> Any:
        client = semcache.redis_client(url, timeout=0.4, asynchronous=True, max_connections=2)
        cache = AsyncHybridLLMCache(client, asynchronous(api.client()), embedding_cache=Drawn())
        await asyncio.gather(*(cache.get_or_generate(f"q{n}@{n}") for n in range(40)))
        return cache.stats

    def of_threads(url: str) -> Any:
        client = semcache.redis_client(url, timeout=0.4, max_connections=2)
        cache = HybridLLMCache(client, api.client(), embedding_cache=Drawn())
        cache.flow.redis.queue()
        with ThreadPoolExecutor(40) as pool:
            list(pool.map(lambda n: cache.get_or_generate(f"q{n}@{n}"), range(40)))
        return cache.stats

    with hanging() as url:
        stats = asyncio.run(of_tasks(url)) if tasks else of_threads(url)
    assert len(api.requests) == 40 and stats.errors <= 2 + 2
    assert stats.bypassed + stats.overloads >= 36, "whichever they notice first"


@needs_redis8
def test_a_client_of_a_loop_that_is_closed_is_counted_and_does_without():
    api, said = ChatAPI(), []
    with start_redis() as running:
        client = semcache.redis_client(running.url, asynchronous=True)

        async def ask() -> None:
            own = asynchronous(api.client())
            cache = AsyncHybridLLMCache(client, own, embedding_cache=Drawn(), on_error="bypass")
            said.append((await cache.get_or_generate("q@1"), cache.stats.errors))

        asyncio.run(ask())
        asyncio.run(ask())
    assert said == [("answer 1", 0), ("answer 2", 1)]


@needs_redis8
def test_nobody_is_kept_out_by_those_who_come_back_at_once():
    """As many as there are connections could keep all others waiting until they give up."""
    api = ChatAPI()
    with start_redis() as running:
        client = redis.Redis.from_url(running.url, max_connections=4)
        cache = HybridLLMCache(client, api.client(), embedding_cache=Drawn())
        cache.get_or_generate("q@1")
        served: list[int] = []
        until = time.monotonic() + 1.5  # longer than anybody waits

        def ask() -> None:
            count = 0
            while time.monotonic() < until:
                cache.get_or_generate("q@1")
                count += 1
            served.append(count)

        together(ask, 40)
        assert len(api.requests) == 1 and cache.stats.overloads == 0
        assert min(served) > max(served) / 10, "all are served, about as often"


def test_a_client_that_would_retry_for_long_is_noticed_once(caplog):
    client = redis.Redis(port=1)
    for _ in range(2):
        EmbeddingCache(client, VectorAPI().client())
    assert [r.levelname for r in caplog.records] == ["WARNING"]
    assert "redis_client(url)" in caplog.text
    EmbeddingCache(semcache.redis_client("redis://127.0.0.1:1"), VectorAPI().client())
    assert len(caplog.records) == 1


@pytest.mark.parametrize("asynchronous_", [False, True])
@pytest.mark.parametrize("url", ["redis://u:p@h:1/2", "rediss://:p@h:1", "unix:///tmp/x.sock?db=3"])
def test_clients_of_every_kind_of_address_give_up_in_time(url, asynchronous_):
    client = semcache.redis_client(url, timeout=0.5, asynchronous=asynchronous_)
    assert semcache.clients.seconds_held(client) == 0.5


@pytest.mark.parametrize("fault", ["refused", "damaged"])
def test_a_batch_that_fails_for_one_text_fails_nobody_who_wants_another(fault):
    """And who wants all of it is not asked for again."""
    api, inside, go = VectorAPI(), threading.Event(), threading.Event()

    def reply(body: dict[str, Any]) -> httpx2.Response:
        inside.set()
        assert go.wait(20)
        if fault == "refused":
            return httpx2.Response(400, json={"error": {"message": "no"}})
        return answers(lambda b: b["data"][0].update(embedding=None))(body)

    api.script.append(reply)
    cache = EmbeddingCache(fakeredis.FakeRedis(server=server()), api.client(), model="vectors-4")
    with ThreadPoolExecutor(3) as pool:
        leader = pool.submit(cache.get_embeddings_batch, ["bad", "good"])
        assert inside.wait(20)
        same = pool.submit(cache.get_embeddings_batch, ["good", "bad"])
        other = pool.submit(cache.get_embedding, "good")
        until(lambda: cache.stats.misses == 5)
        time.sleep(0.05)
        go.set()
        for one in (leader, same):
            with pytest.raises((BadResponse, openai.BadRequestError)):
                one.result()
        assert other.result().shape == (4,)
    assert sorted(map(sorted, api.calls)) == [["bad", "good"], ["good"]]


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("said", [b"+OK\r\n", b":1\r\n", b"%1\r\n*1\r\n:1\r\n:2\r\n"])
def test_a_server_that_is_no_redis_is_a_counted_error(said, protocol):
    api, vectors = ChatAPI(), VectorAPI()

    def serve(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                taken, _ = listening.accept()
                threading.Thread(target=answer, args=(taken,), daemon=True).start()

    def answer(taken: socket.socket) -> None:
        with suppress(OSError):
            while taken.recv(65_536):
                taken.sendall(said * 30)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        url = f"redis://127.0.0.1:{listening.getsockname()[1]}"
        client = semcache.redis_client(url, timeout=0.5, protocol=protocol)
        embeddings = EmbeddingCache(client, vectors.client(), model="vectors-4")
        cache = HybridLLMCache(client, api.client(), embedding_cache=Drawn())
        assert cache.get_or_generate("q@1") == "answer 1" and cache.stats.errors >= 1
        assert embeddings.get_embedding("a").shape == (4,)


# Processes ---------------------------------------------------------------------------------------


@needs_redis8
def test_caches_work_in_a_child_that_was_forked_under_load():
    with start_redis() as running:
        client = semcache.redis_client(running.url)
        api = VectorAPI()
        cache = TieredEmbeddingCache(client, api.client(), model="vectors-4", memory_size=50)
        answers = HybridLLMCache(client, ChatAPI().client(), embedding_cache=Drawn())
        answers.get_or_generate("q@1")
        cache.get_embeddings_batch([f"text {number}" for number in range(80)])  # no API in a child
        stop = threading.Event()

        def load() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                cache.get_embedding(f"text {number % 80}")
                answers.get_or_generate("q@1")

        threads = [threading.Thread(target=load) for _ in range(6)]
        for thread in threads:
            thread.start()
        try:
            ends = Counter(forked(cache, answers) for _ in range(12))
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    assert ends == {0: 12}


def forked(cache: Any, answers: Any) -> int:
    """Use both in a child; return how it ended: 0 for well, 9 if it had to be killed."""
    child = os.fork()
    if not child:
        try:
            fine = cache.get_embedding("text 1").size == 4 and bool(answers.get_or_generate("q@1"))
            os._exit(0 if fine else 1)
        except BaseException:
            os._exit(2)
    end = time.monotonic() + 8
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return 9


@pytest.mark.parametrize("kind", [EmbeddingCache, TieredEmbeddingCache, HybridLLMCache])
def test_pickling_a_cache_says_what_to_do(kind):
    cache = kind(fakeredis.FakeRedis(server=server()), VectorAPI().client())
    with pytest.raises(ConfigError, match="make it in the process"):
        pickle.dumps(cache)


def test_the_two_faces_refuse_each_others_clients():
    client, api = fakeredis.FakeRedis(server=server()), VectorAPI().client()
    for redis_, openai_ in ((client, asynchronous(api)), (asynchronous(client), api)):
        for kind in (EmbeddingCache, AsyncEmbeddingCache, HybridLLMCache, AsyncHybridLLMCache):
            with pytest.raises(ConfigError):
                kind(redis_, openai_)
    with pytest.raises(ConfigError, match="blocking"):
        embeddings = EmbeddingCache(client, api)
        AsyncHybridLLMCache(asynchronous(client), asynchronous(api), embedding_cache=embeddings)
