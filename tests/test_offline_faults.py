"""Scripted faults: what each does to the real client, in which order, and which are refused."""

import asyncio

import openai
import pytest

from semcache.errors import ConfigError
from semcache.lab.offline import OfflineAPI

E5 = "multilingual-e5-small"
ASK = {"model": "offline-mini", "messages": [{"role": "user", "content": "What is Redis?"}]}

RAISED = {
    401: openai.AuthenticationError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    503: openai.InternalServerError,
    "timeout": openai.APITimeoutError,
    "disconnect": openai.APIConnectionError,
    "cut": openai.APIConnectionError,
}


def test_each_fault_raises_what_the_real_one_would(subtests):
    for kind, exception in RAISED.items():
        with subtests.test(str(kind)):
            api = OfflineAPI()
            client = api.client(max_retries=0)
            api.fail(kind)
            with pytest.raises(exception):
                client.embeddings.create(model=E5, input="hello")
            client.embeddings.create(model=E5, input="hello")  # and only once
            assert api.call_count() == 2


def test_each_fault_raises_the_same_async(subtests):
    async def scenario(api, exception):
        client = api.async_client(max_retries=0)
        with pytest.raises(exception):
            await client.embeddings.create(model=E5, input="hello")
        await client.embeddings.create(model=E5, input="hello")

    for kind, exception in RAISED.items():
        with subtests.test(str(kind)):
            api = OfflineAPI()
            api.fail(kind)
            asyncio.run(scenario(api, exception))


def test_faults_happen_in_their_order_one_for_each_request():
    api = OfflineAPI()
    client = api.client(max_retries=0)
    api.fail(500, times=2)
    api.fail("timeout")
    api.fail(401)
    for exception in [openai.InternalServerError] * 2 + [openai.APITimeoutError]:
        with pytest.raises(exception):
            client.models.list()
    with pytest.raises(openai.AuthenticationError):
        client.models.list()
    client.models.list()
    assert [call.status for call in api.calls] == [500, 500, None, 401, 200]


def test_lost_replies_are_retried_by_the_real_client(monkeypatch):
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    for kind in ("timeout", "disconnect"):
        api = OfflineAPI()
        api.fail(kind, times=2)
        api.client().embeddings.create(model=E5, input="hello")
        assert [call.status for call in api.calls] == [None, None, 200], kind


def test_a_wrong_key_is_not_retried():
    api = OfflineAPI()
    api.fail(401)
    with pytest.raises(openai.AuthenticationError) as caught:
        api.client().models.list()
    assert caught.value.code == "invalid_api_key"
    assert api.call_count() == 1


def test_a_rate_limit_says_how_long_to_wait_in_words_and_headers():
    api = OfflineAPI()
    api.fail(429, retry_after=1.5)
    with pytest.raises(openai.RateLimitError) as caught:
        api.client(max_retries=0).embeddings.create(model=E5, input="hello")
    error = caught.value
    assert error.body["type"] == "requests"
    assert error.code == "rate_limit_exceeded"
    assert f"Rate limit reached for {E5}" in error.message
    assert "Please try again in 1.5s." in error.message
    assert error.response.headers["retry-after-ms"] == "1500"
    assert error.response.headers["retry-after"] == "2"


def refused(kind) -> openai.APIStatusError:
    api = OfflineAPI()
    api.fail(kind)
    with pytest.raises(openai.APIStatusError) as caught:
        api.client(max_retries=0).models.list()
    return caught.value


def test_without_retry_after_the_client_is_left_to_its_own_backoff():
    for kind in (429, 500, 503):
        assert "retry-after" not in refused(kind).response.headers, kind


def test_server_errors_have_the_apis_body():
    for kind in (500, 503):
        error = refused(kind)
        assert (error.status_code, error.body["type"]) == (kind, "server_error")


def test_a_stream_is_cut_after_the_chunks_that_arrived():
    for after in (0, 1, 3):
        api = OfflineAPI()
        api.fail("cut", after=after)
        stream = api.client().chat.completions.create(**ASK, stream=True)
        arrived = []
        with pytest.raises(openai.APIConnectionError):
            for chunk in stream:
                arrived.append(chunk)
        assert len(arrived) == after
        assert [call.status for call in api.calls] == [200], "a broken stream is not retried"


def test_a_stream_is_cut_async_as_well():
    async def scenario():
        stream = await api.async_client().chat.completions.create(**ASK, stream=True)
        with pytest.raises(openai.APIConnectionError):
            async for chunk in stream:
                arrived.append(chunk)

    api, arrived = OfflineAPI(), []
    api.fail("cut", after=2)
    asyncio.run(scenario())
    assert len(arrived) == 2


def test_a_cut_beyond_the_end_still_loses_the_end():
    api = OfflineAPI()
    api.fail("cut", after=10_000)
    stream = api.client().chat.completions.create(**ASK, stream=True)
    arrived = []
    with pytest.raises(openai.APIConnectionError):
        for chunk in stream:
            arrived.append(chunk)
    assert arrived[-1].choices[0].finish_reason == "stop"


def test_a_plain_reply_that_is_cut_is_asked_for_again():
    api = OfflineAPI()
    api.fail("cut")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
        reply = api.client().embeddings.create(model=E5, input="hello")
    assert len(reply.data) == 1
    assert [(call.status, call.tokens) for call in api.calls] == [(200, 1), (200, 1)]


WRONG = {
    "unknown status": ((418,), {}),
    "unknown word": (("explode",), {}),
    "a status as text": (("429",), {}),
    "success": ((200,), {}),
    "no times": ((500,), {"times": 0}),
    "retry_after of a wrong key": ((401,), {"retry_after": 1}),
    "retry_after of a timeout": (("timeout",), {"retry_after": 1}),
    "no wait": ((429,), {"retry_after": 0}),
    "endless wait": ((429,), {"retry_after": float("inf")}),
    "after without a cut": ((500,), {"after": 3}),
    "negative after": (("cut",), {"after": -1}),
}


def test_a_fault_that_cannot_be_is_refused_at_once(subtests):
    for what, (args, options) in WRONG.items():
        with subtests.test(what):
            api = OfflineAPI()
            with pytest.raises(ConfigError):
                api.fail(*args, **options)
            api.client(max_retries=0).models.list()


def test_an_unknown_fault_is_told_the_known_ones():
    with pytest.raises(ConfigError, match=r"no fault 'explode': choose one of 401, .*'cut'"):
        OfflineAPI().fail("explode")
