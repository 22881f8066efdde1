"""Quirks of providers and held requests: what each does to the real client, and what is refused."""

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import openai
import pytest

from semcache import EmbeddingCache, HybridLLMCache, connect
from semcache.errors import BadResponse, ConfigError
from semcache.lab.offline import OfflineAPI
from semcache.lab.offline.quirks import QUIRKS

E5 = "multilingual-e5-small"
ASK = {"model": "offline-mini", "messages": [{"role": "user", "content": "What is Redis?"}]}
EMBED = {"model": E5, "input": ["one", "two", "three"]}
BASE64 = {"encoding_format": "base64"}


def client_of(kind, **options):
    api = OfflineAPI()
    api.quirk(kind, **options)
    return api.client(max_retries=0)


def streamed(client, **more):
    return list(client.chat.completions.create(**ASK, stream=True, **more))


def text_of(chunks):
    choices = [c.choices[0] for c in chunks if c.choices]
    return "".join(c.delta.content or "" for c in choices if getattr(c, "delta", None))


WHOLE = OfflineAPI().client().chat.completions.create(**ASK).choices[0].message.content


@pytest.mark.parametrize("kind", ["no delta", "null choices", "no stop reason", "no usage"])
def test_a_quirk_loses_nothing_of_a_streamed_answer(kind):
    usage = {"stream_options": {"include_usage": True}}
    assert text_of(streamed(client_of(kind), **usage)) == WHOLE


def test_a_chunk_has_a_choice_without_delta():
    chunks = streamed(client_of("no delta"))
    (odd,) = [c for c in chunks if getattr(c.choices[0], "delta", None) is None]
    assert chunks.index(odd) == 1


def test_choices_are_null_in_a_chunk_and_in_a_reply():
    client = client_of("null choices")
    assert [c.choices for c in streamed(client)].count(None) == 1
    assert client.chat.completions.create(**ASK).choices is None


def test_an_answer_ends_without_a_reason():
    client = client_of("no stop reason")
    assert client.chat.completions.create(**ASK).choices[0].finish_reason is None
    assert {c.choices[0].finish_reason for c in streamed(client)} == {None}


def test_usage_is_missing_in_every_reply():
    client = client_of("no usage")
    assert client.chat.completions.create(**ASK).usage is None
    assert client.embeddings.create(**EMBED).usage is None
    chunks = streamed(client, stream_options={"include_usage": True})
    assert {getattr(chunk, "usage", None) for chunk in chunks} == {None}


def test_stream_options_are_refused():
    client = client_of("no stream options")
    assert text_of(streamed(client)) == WHOLE
    with pytest.raises(openai.UnprocessableEntityError, match="stream_options"):
        streamed(client, stream_options={"include_usage": True})


def test_an_error_comes_with_status_200_and_bills_nothing():
    api = OfflineAPI()
    api.quirk("error in a 200")
    client = api.client(max_retries=0)
    assert client.chat.completions.create(**ASK).error["code"] == 429
    with pytest.raises(ValueError, match="No embedding data"):
        client.embeddings.create(**EMBED)
    with pytest.raises(openai.APIError, match="rate limited upstream"):
        streamed(client)
    assert [(call.status, call.tokens) for call in api.calls] == [(200, 0)] * 3


def test_base64_is_refused():
    client = client_of("no base64")
    assert len(client.embeddings.create(**EMBED, encoding_format="float").data) == 3
    with pytest.raises(openai.BadRequestError, match="float"):
        client.embeddings.create(**EMBED)  # which is what the client asks for by itself


def test_rows_have_no_index():
    rows = client_of("no index").embeddings.create(**EMBED).data
    assert [getattr(row, "index", None) for row in rows] == [None] * 3


@pytest.mark.parametrize("encoding", [{"encoding_format": "float"}, {}], ids=["float", "base64"])
def test_the_first_embedding_is_too_short(encoding):
    rows = client_of("odd length").embeddings.create(**EMBED, **encoding).data
    assert [len(row.embedding) for row in rows] == [192, 384, 384]
    whole = OfflineAPI().client().embeddings.create(**EMBED).data
    assert np.array_equal(np.float32(rows[0].embedding), np.float32(whole[0].embedding[:192]))


def test_a_short_embedding_stays_base64():
    rows = client_of("odd length").embeddings.create(**EMBED, **BASE64).data
    assert [len(base64.b64decode(row.embedding)) for row in rows] == [768, 1536, 1536]


def test_more_texts_than_a_call_may_have_are_refused():
    client = client_of("texts per call", most=3)
    assert len(client.embeddings.create(**EMBED).data) == 3
    with pytest.raises(openai.BadRequestError, match="maximum allowed batch size 3"):
        client.embeddings.create(model=E5, input=["x"] * 4)


def test_quirks_add_up_stay_and_are_cured_by_a_reset():
    api = OfflineAPI()
    api.quirk("no usage")
    api.quirk("no stop reason")
    client = api.client()
    for _ in range(2):
        reply = client.chat.completions.create(**ASK)
        assert (reply.usage, reply.choices[0].finish_reason) == (None, None)
    api.reset()
    assert client.chat.completions.create(**ASK).usage.total_tokens > 0


@pytest.mark.parametrize(
    ("kind", "options"),
    [("explode", {}), ("no usage", {"most": 3}), ("texts per call", {}),
     ("texts per call", {"most": 0})],
)  # fmt: skip
def test_a_quirk_that_cannot_be_is_refused_at_once(kind, options):
    with pytest.raises(ConfigError):
        OfflineAPI().quirk(kind, **options)


def test_every_quirk_is_documented():
    for kind in QUIRKS:
        assert f'``"{kind}"``' in OfflineAPI.quirk.__doc__


# The caches, with a provider of each kind

SETTINGS = {
    "no base64": {"encoding_format": "float"},
    "texts per call": {"texts_per_call": 2},
}


@pytest.mark.parametrize("kind", [k for k, where in QUIRKS.items() if where != "chat/completions"])
def test_an_embedding_cache_gets_its_vectors_or_says_what_came(kind):
    lab = connect(quiet=True)
    lab.api.quirk(kind, **({"most": 2} if kind == "texts per call" else {}))
    cache = EmbeddingCache(lab.redis, lab.openai, model=E5, **SETTINGS.get(kind, {}))
    if kind in ("error in a 200", "odd length"):
        with pytest.raises(BadResponse):
            cache.get_embeddings_batch(EMBED["input"])
        assert cache.get_cache_size() == 0
    else:
        assert cache.get_embeddings_batch(EMBED["input"]).shape == (3, 384)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["no delta", "no usage", "no stream options", "no stop reason"])
def test_an_answer_is_given_whatever_is_left_out(kind, stream):
    lab = connect(quiet=True)
    lab.api.quirk(kind)
    cache = HybridLLMCache(lab.redis, lab.openai, embedding_model=E5)
    answer = cache.get_or_generate("What is Redis?", model="offline-mini", stream=stream)
    assert "".join(answer) == WHOLE


# Callers that meet


def test_held_requests_are_answered_when_the_condition_is_met():
    api = OfflineAPI()
    api.hold(lambda: api.waiting == 8)
    client = api.client()
    client.embeddings.create(**EMBED)  # another endpoint: not held
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: client.chat.completions.create(**ASK), range(8)))
    assert len(replies) == 8
    assert api.waiting == 0
    client.chat.completions.create(**ASK)  # the condition was met once, which is enough


def test_held_tasks_are_answered_when_the_condition_is_met():
    async def scenario():
        client = api.async_client()
        create = client.chat.completions.create
        await asyncio.gather(*(create(**ASK) for _ in range(50)))

    api = OfflineAPI()
    api.hold(lambda: api.waiting == 50)
    asyncio.run(scenario())
    assert (api.call_count(), api.waiting) == (50, 0)


def test_nothing_is_held_for_longer_than_was_said():
    api = OfflineAPI()
    api.hold(lambda: False, most=0.05)
    api.client().chat.completions.create(**ASK)
    assert api.call_count() == 1


def test_a_hold_of_no_endpoint_is_refused():
    with pytest.raises(ConfigError):
        OfflineAPI().hold(lambda: True, endpoint="chat")
