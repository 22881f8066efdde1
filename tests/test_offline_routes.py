"""Paths, methods, bodies that are no JSON, and the list of models."""

import asyncio

import httpx2
import openai
import pytest

from semcache.lab.ledger import ENDPOINTS
from semcache.lab.offline import OfflineAPI
from semcache.lab.offline.routes import Incoming

E5 = "multilingual-e5-small"


def test_models_are_listed_under_their_own_names():
    listed = OfflineAPI().client().models.list()
    assert [model.id for model in listed] == [E5, "offline-mini", "offline-large"]


def test_models_are_listed_async():
    async def names():
        return [model.id async for model in OfflineAPI().async_client().models.list()]

    assert asyncio.run(names()) == [E5, "offline-mini", "offline-large"]


def test_an_unknown_path_is_refused_as_the_api_does():
    api = OfflineAPI()
    with pytest.raises(openai.NotFoundError) as caught:
        api.client().moderations.create(input="hello")
    assert caught.value.body == {
        "message": "Invalid URL (POST /v1/moderations)",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
    assert [(call.endpoint, call.status) for call in api.calls] == [("moderations", 404)]


def test_a_wrong_method_is_refused():
    with pytest.raises(openai.NotFoundError, match=r"Invalid URL \(GET /v1/embeddings\)"):
        OfflineAPI().client().get("/embeddings", cast_to=object)


BROKEN_BODIES = {
    "not JSON": b"input=hello",
    "not an object": b'["hello"]',
    "not UTF-8": b'{"input": "\xff"}',
    "half a character": b'{"model": "multilingual-e5-small", "input": "\\ud800"}',
    "nothing": b"",
}


def test_a_body_that_is_no_json_object_is_refused(subtests):
    client = OfflineAPI().client(max_retries=0)
    for what, content in BROKEN_BODIES.items():
        refused = pytest.raises(openai.BadRequestError, match="could not parse the JSON body")
        with subtests.test(what), refused:
            client.post("/embeddings", content=content, cast_to=object)


def test_a_lone_surrogate_never_leaves_the_real_client():
    api = OfflineAPI()
    with pytest.raises(UnicodeEncodeError):
        api.client().embeddings.create(model=E5, input="half a character: \ud800")
    assert api.calls == []


def test_an_escaped_character_beyond_the_basic_plane_is_read_whole():
    request = httpx2.Request(
        "POST", "http://x/v1/embeddings", content=b'{"input": "\\ud83d\\ude00"}'
    )
    assert Incoming.of(request).texts == ("😀",)


def test_null_means_not_given():
    api = OfflineAPI()
    body = {"model": E5, "input": "hello", "dimensions": None, "user": None}
    api.client().post("/embeddings", body=body, cast_to=object)
    assert api.calls[0].status == 200


def test_replies_are_numbered():
    api = OfflineAPI()
    client = api.client(max_retries=0)
    client.models.list()
    api.fail(401)
    with pytest.raises(openai.AuthenticationError) as caught:
        client.models.list()
    assert caught.value.request_id == "req_offline_2"


def test_the_endpoints_that_can_be_counted_are_the_ones_that_answer():
    api = OfflineAPI()
    client = api.client(max_retries=0)
    client.models.list()
    client.embeddings.create(model=E5, input="hello")
    ask = [{"role": "user", "content": "hello"}]
    client.chat.completions.create(model="offline-mini", messages=ask)
    client.responses.create(model="offline-mini", input="hello")
    assert {call.endpoint for call in api.calls} == set(ENDPOINTS)
