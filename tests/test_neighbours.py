"""Other people's frameworks over the offline API, bare and through the cached client."""

import importlib.util
import socket
from collections.abc import Iterator
from typing import Any

import fakeredis
import httpx2
import pytest
from neighbours import NEEDS, REPORT, SCRIPTS, Clients, Weather

from semcache import AsyncCacheTransport, CacheTransport, cached
from semcache.lab.offline import OfflineAPI

REDIS = "Redis is a server that keeps its data in memory"
CALLS = [("get_weather", {"city": "New York"})]
TOLD = f"get_weather: New York: {REPORT}"


@pytest.fixture
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No framework reports what it was used for: a connection to anywhere fails the test."""
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.setenv(name, "false")
    tried = []

    def connect(_: socket.socket, address: Any) -> None:
        tried.append(address)
        raise OSError(f"a connection to {address}")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, connect)
    yield
    assert tried == []


@pytest.fixture
def api() -> OfflineAPI:
    return OfflineAPI()


@pytest.fixture
def got(request: pytest.FixtureRequest, api: OfflineAPI, nobody_else: None) -> dict[str, Any]:
    """What the application of the marked script got."""
    return script_of(request.param)(bare(api))


def script_of(name: str) -> Any:
    needed = NEEDS[name.partition(",")[0]]
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed: pip install -e '.[test-neighbours]'")
    return SCRIPTS[name]


def bare(api: OfflineAPI) -> Clients:
    openai, async_openai = api.client(max_retries=0), api.async_client(max_retries=0)
    return Clients(openai, async_openai, api.http_client(), api.async_http_client())


def over_a_cache(api: OfflineAPI, server: fakeredis.FakeServer) -> Clients:
    """The same clients, each with the same cache in front: made anew, as in another process."""
    openai, async_openai = api.client(max_retries=0), api.async_client(max_retries=0)
    redis, async_redis = fakeredis.FakeRedis(server=server), fakeredis.FakeAsyncRedis(server=server)
    options: dict[str, Any] = {"embedding_model": "multilingual-e5-small", "keep_calls": True}
    transport = CacheTransport(redis, openai, **options)
    async_transport = AsyncCacheTransport(async_redis, async_openai, **options)
    return Clients(
        cached(openai, redis, **options),
        cached(async_openai, async_redis, **options),
        httpx2.Client(transport=transport),
        httpx2.AsyncClient(transport=async_transport),
    )


def of(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("got", names, indirect=True)


def asked(api: OfflineAPI) -> list[tuple[str, int | None]]:
    return [(call.endpoint, call.status) for call in api.calls]


def calls_in(got: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(call["name"], call["args"]) for call in got["calls"]]


@of("langchain-openai, streaming")
def test_langchain_streams_an_answer(got, api):
    assert got["text"].startswith(REDIS)
    assert got["async text"] == got["text"]
    assert got["chunks"] > 10
    assert got["tokens"] == api.calls[0].tokens
    assert asked(api) == [("chat/completions", 200)] * 2


@of("langchain-openai, tools")
def test_langchain_calls_a_tool_and_tells_its_result(got, api):
    assert calls_in(got) == CALLS
    assert got["text"].endswith(TOLD)
    assert asked(api) == [("chat/completions", 200)] * 2


@of("langchain-openai, streamed tools")
def test_langchain_puts_a_streamed_call_together(got):
    assert calls_in(got) == CALLS
    assert got["chunks"] > 5


@of("langchain-openai, responses")
def test_langchain_speaks_to_the_other_endpoint_as_well(got, api):
    assert calls_in(got) == CALLS
    assert got["text"].startswith(REDIS)
    assert asked(api) == [("responses", 200)] * 2


@of("openai-agents, responses", "openai-agents, chat")
def test_an_agent_calls_its_tool_and_answers(got, api):
    assert got["text"].endswith(TOLD)
    assert got["streamed text"] == got["text"]
    assert got["steps"] == ["tool_call_item", "tool_call_output_item", "message_output_item"]
    assert got["events"] > 20
    assert [status for _, status in asked(api)] == [200] * 4, "two requests a run"


@of("openai-agents, a form")
def test_an_agent_answers_in_a_form(got):
    assert got["text"] == got["streamed text"]
    assert (type(got["text"]), got["text"].city) == (Weather, "New York")
    assert got["text"].answer.endswith(TOLD)


@of("langchain-openai, a form", "openai, a form")
def test_a_form_comes_back_as_an_object(got):
    assert len(got) == 2
    for value in got.values():
        assert (type(value), value.city) == (Weather, "New York")


IN_PIECES = ("chunks", "events")  # a kept reply is streamed in fewer pieces


def seen(got: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in got.items() if name not in IN_PIECES}


@pytest.mark.parametrize("name", SCRIPTS)
def test_through_the_cache_an_application_gets_the_same_and_the_second_time_for_nothing(
    name, api, nobody_else
):
    script, server = script_of(name), fakeredis.FakeServer(server_type="redis", version=(8, 2))
    expected = seen(script(bare(api)))
    api.reset()
    assert seen(script(over_a_cache(api, server))) == expected
    paid = [call for call in api.calls if call.endpoint != "embeddings"]
    assert len(paid) > 0 and seen(script(over_a_cache(api, server))) == expected
    assert [call for call in api.calls if call.endpoint != "embeddings"] == paid


def test_every_script_is_run():
    marks = [
        mark
        for test in globals().values()
        for mark in getattr(test, "pytestmark", [])
        if mark.name == "parametrize" and mark.args[0] == "got"
    ]
    assert sorted(name for mark in marks for name in mark.args[1]) == sorted(SCRIPTS)
