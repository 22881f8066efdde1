"""The API as a whole: counting, latency, many callers, retries of the real client."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import openai
import pytest

from semcache.errors import ConfigError
from semcache.lab.offline import Call, OfflineAPI
from semcache.lab.offline import api as api_module

E5 = "multilingual-e5-small"
ASK = [{"role": "user", "content": "What is Redis?"}]


def test_clients_are_the_real_ones_and_point_nowhere(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "from the environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    api = OfflineAPI()
    sync, async_ = api.client(), api.async_client()
    assert type(sync) is openai.OpenAI and type(async_) is openai.AsyncOpenAI
    assert sync.max_retries == async_.max_retries == openai.DEFAULT_MAX_RETRIES
    for client in (sync, async_):
        assert client.api_key == "offline"
        assert client.base_url.host == "offline.invalid"


def test_client_takes_the_options_of_the_real_one():
    client = OfflineAPI().client(max_retries=7, api_key="mine", timeout=3.0)
    assert (client.max_retries, client.api_key, client.timeout) == (7, "mine", 3.0)


def test_every_request_is_recorded_with_what_it_sent_and_cost():
    api = OfflineAPI()
    client = api.client(max_retries=0)
    client.models.list()
    client.embeddings.create(model=E5, input=["What is Python?", "Python是什么？"])
    client.chat.completions.create(model="offline-mini", messages=ASK)
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="text-embedding-3-small", input="hello")
    models, embeddings, chat, refused = api.calls
    assert models == Call("models", None, (), 0, 200)
    assert embeddings == Call("embeddings", E5, ("What is Python?", "Python是什么？"), 10, 200)
    assert (chat.endpoint, chat.inputs) == ("chat/completions", ("What is Redis?",))
    assert refused == Call("embeddings", "text-embedding-3-small", ("hello",), 0, 404)
    assert api.tokens == 10 + chat.tokens


def test_calls_is_a_copy():
    api = OfflineAPI()
    api.calls.append("something")
    assert api.calls == []


def test_call_count_by_endpoint():
    api = OfflineAPI()
    client = api.client()
    client.models.list()
    client.embeddings.create(model=E5, input="a")
    client.embeddings.create(model=E5, input="a")
    assert api.call_count() == 3
    assert api.call_count("embeddings") == 2
    assert api.call_count("chat/completions") == 0
    with pytest.raises(ConfigError, match="chat/completions"):
        api.call_count("chat")


def test_reset_forgets_calls_faults_and_latency_but_clients_go_on():
    api = OfflineAPI()
    client = api.client(max_retries=0)
    client.models.list()
    api.fail(500)
    api.latency = 3600
    api.reset()
    assert (api.calls, api.tokens, api.latency) == ([], 0, 0)
    client.models.list()
    assert [call.status for call in api.calls] == [200]


def test_the_real_client_retries_and_succeeds():
    api = OfflineAPI()
    api.fail(429, retry_after=0.005)
    api.fail(500, retry_after=0.005)
    reply = api.client().embeddings.create(model=E5, input="hello")
    assert len(reply.data) == 1
    assert [call.status for call in api.calls] == [429, 500, 200]
    assert api.tokens == 1, "only the attempt that was answered is billed"


def test_the_real_client_gives_up_after_three_attempts():
    api = OfflineAPI()
    api.fail(429, times=3, retry_after=0.005)
    with pytest.raises(openai.RateLimitError):
        api.client().embeddings.create(model=E5, input="hello")
    assert [call.status for call in api.calls] == [429, 429, 429]


def test_the_async_client_retries_too():
    api = OfflineAPI()
    api.fail(503, times=2, retry_after=0.005)
    asyncio.run(api.async_client().embeddings.create(model=E5, input="hello"))
    assert [call.status for call in api.calls] == [503, 503, 200]


def test_latency_is_slept_for_each_request(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    api = OfflineAPI()
    client = api.client()
    client.models.list()
    api.latency = 0.25
    client.models.list()
    assert slept == [0.0, 0.25]


def test_latency_beyond_the_callers_patience_is_a_timeout(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    api = OfflineAPI()
    api.latency = 5.0
    with pytest.raises(openai.APITimeoutError):
        api.client(max_retries=0, timeout=2.0).models.list()
    assert slept == [2.0], "the caller waits as long as it is willing to"
    assert [call.status for call in api.calls] == [None]
    api.client(max_retries=0, timeout=6.0).models.list()
    api.client(max_retries=0, timeout=None).models.list()
    assert [call.status for call in api.calls] == [None, 200, 200]


def test_async_latency_leaves_the_event_loop_free(monkeypatch):
    async def sleep_until_released(seconds: float) -> None:
        asleep.append(seconds)
        started.set()
        await release.wait()

    async def scenario() -> None:
        call = api.async_client().chat.completions.create(model="offline-mini", messages=ASK)
        slow, begun = asyncio.create_task(call), asyncio.create_task(started.wait())
        await asyncio.wait({slow, begun}, return_when=asyncio.FIRST_COMPLETED)
        assert not slow.done(), "while the call waits, this line runs"
        release.set()
        assert (await slow).choices

    api, asleep = OfflineAPI(), []
    api.latency = 0.5
    started, release = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(api_module, "asyncio", _Patched(asyncio, sleep=sleep_until_released))
    asyncio.run(scenario())
    assert asleep == [0.5]


class _Patched:
    """A module with one name replaced, for one importer only."""

    def __init__(self, module, **replaced):
        self._module = module
        self.__dict__.update(replaced)

    def __getattr__(self, name):
        return getattr(self._module, name)


def test_sixteen_threads_lose_no_call_and_mix_no_vector():
    api = OfflineAPI()
    client = api.client()
    texts = [f"question number {i}" for i in range(64)]
    expected = [item.embedding for item in client.embeddings.create(model=E5, input=texts).data]
    api.reset()
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda t: client.embeddings.create(model=E5, input=t), texts))
    assert [reply.data[0].embedding for reply in replies] == expected
    assert sorted(call.inputs[0] for call in api.calls) == sorted(texts)
    assert api.tokens == sum(reply.usage.total_tokens for reply in replies)


def test_sixteen_threads_take_each_scripted_fault_once():
    api = OfflineAPI()
    client = api.client(max_retries=0)
    api.fail(500, times=10)

    def status(_) -> int:
        try:
            client.models.list()
        except openai.InternalServerError as error:
            return error.status_code
        return 200

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(status, range(32)))
    assert sorted(statuses) == [200] * 22 + [500] * 10


def test_many_async_calls_at_once():
    async def scenario():
        client = api.async_client()
        calls = [client.embeddings.create(model=E5, input=f"text {i}") for i in range(32)]
        return await asyncio.gather(*calls)

    api = OfflineAPI()
    replies = asyncio.run(scenario())
    assert all(len(reply.data[0].embedding) == 384 for reply in replies)
    assert api.call_count("embeddings") == 32


def test_two_apis_share_nothing():
    one, two = OfflineAPI(), OfflineAPI()
    one.fail(500)
    two.client(max_retries=0).models.list()
    assert (one.call_count(), two.call_count()) == (0, 1)


def test_an_http_client_of_ones_own_is_refused():
    with pytest.raises(TypeError, match="http_client"):
        OfflineAPI().client(http_client=httpx2.Client())
