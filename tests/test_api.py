"""Embedder and check_texts: the API's limits before a call, its answers checked after it."""

import base64
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
from faces import make_async
from fakes import VectorAPI, answers, vector_of

from semcache import EmbeddingCache, count_tokens
from semcache.blocking import BLOCKING, iterate
from semcache.embedding.api import Embedded, Embedder, check_texts
from semcache.embedding.options import EmbeddingOptions
from semcache.errors import BadResponse, InvalidInput

MODEL = "vectors-4"


def embed(api: VectorAPI, texts: list[str], **options: Any) -> Iterator[Embedded]:
    made = Embedder(BLOCKING.api(api.client()), EmbeddingOptions(model=MODEL, **options))
    return iterate(made.embed(texts))


def sizes(texts: list[str]) -> list[int]:
    api = VectorAPI()
    answered = list(embed(api, texts))
    assert [text for call in api.calls for text in call] == texts
    assert [list(a.texts) for a in answered] == api.calls
    return [len(call) for call in api.calls]


# Limits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "calls"),
    [(0, []), (1, [1]), (2_048, [2_048]), (2_049, [2_048, 1]), (4_097, [2_048, 2_048, 1])],
)
def test_a_call_takes_at_most_2048_texts(count, calls):
    assert sizes([f"text {number}" for number in range(count)]) == calls


def test_a_call_takes_at_most_300000_tokens():
    long = " hello" * 8_000
    assert sizes([f"{number}{long}" for number in range(80)]) == [37, 37, 6]
    assert sum(count_tokens(f"{n}{long}") for n in range(37)) <= 300_000


def test_texts_of_many_bytes_stay_within_a_calls_tokens():
    texts = [f"{number:04}" + "ﷺ" * 40 for number in range(2_048)]  # many tokens a character
    tokens = iter([count_tokens(text) for text in texts])
    for calls in sizes(texts):
        assert sum(next(tokens) for _ in range(calls)) <= 300_000


@pytest.mark.parametrize("word", [" hello", " 你", "!@"])
def test_a_text_may_have_8192_tokens_and_not_one_more(word):
    text = ""
    step = word * 512
    while count_tokens(text + step) <= 8_192:
        text += step
    while count_tokens(text + word) <= 8_192:
        text += word
    check_texts([text])
    with pytest.raises(InvalidInput, match=r"text 1 .*8,19\d tokens.*8,192"):
        check_texts(["fine", text + word])


def test_ten_thousand_bytes_of_few_tokens_are_fine():
    text = " hello" * 8_192
    assert len(text) > 49_000 and count_tokens(text) == 8_192
    check_texts([text])


# Answers ---------------------------------------------------------------------------------------


def test_rows_that_arrive_in_another_order_are_put_in_place():
    api = VectorAPI()
    api.script.append(answers(lambda body: body["data"].reverse()))
    (answer,) = embed(api, ["a", "b", "c"])
    assert np.array_equal(answer.vectors, [vector_of(MODEL, text, 4) for text in "abc"])
    assert all(vector.dtype == np.float32 for vector in answer.vectors)


def test_a_server_that_reports_no_usage_costs_no_tokens():
    api = VectorAPI()
    api.script.append(answers(lambda body: body.pop("usage")))
    (answer,) = embed(api, ["a"])
    assert answer.tokens == 0


def change(row: int, **values: object):
    return answers(lambda body: body["data"][row].update(values))


BAD_ANSWERS = {
    "one too few": answers(lambda body: body["data"].pop()),
    "one too many": answers(lambda body: body["data"].append({**body["data"][0], "index": 3})),
    "the same index twice": change(1, index=0),
    "an index beyond": change(2, index=7),
    "no index, and another out of place": answers(
        lambda body: [body["data"].reverse(), body["data"][1].pop("index")]
    ),
    "no index, and another beyond": answers(
        lambda body: [body["data"][0].pop("index"), body["data"][2].update(index=3)]
    ),
    "an index of text": change(1, index="one"),
    "an index of no whole number": change(1, index=1.5),
    "an infinite index": change(1, index=float("inf")),
    "indexes below zero": answers(
        lambda body: [row.update(index=-row["index"]) for row in body["data"]]
    ),
    "indexes of true and false": answers(
        lambda body: [body["data"][0].update(index=False), body["data"][1].update(index=True)]
    ),
    "base64 of half a number": change(1, embedding="AACAPwAAAEA0"),
    "base64 cut short": change(1, embedding="AACAPwAAAEAAAEBAAACA"),
    "no base64": change(1, embedding="AACA!wAAAEAAAEBAAACAQA=="),
    "text for a row": change(1, embedding="an embedding"),
    "an empty text for a row": change(1, embedding=""),
    "other dims in one row": change(1, embedding=[1.0, 2.0]),
    "no dims": change(1, embedding=[]),
    "no dims at all": answers(lambda body: [row.update(embedding=[]) for row in body["data"]]),
    "nan": change(1, embedding=[1.0, float("nan"), 0.0, 0.0]),
    "infinity": change(1, embedding=[float("inf"), 1.0, 0.0, 0.0]),
    "too large for float32": change(1, embedding=[1e39, 1.0, 0.0, 0.0]),
    "null in a row": change(1, embedding=[None, 1.0, 0.0, 0.0]),
    "text in a row": change(1, embedding=["a", 1.0, 0.0, 0.0]),
    "nested rows": change(1, embedding=[[1.0, 2.0, 3.0, 4.0]]),
    "ragged rows": change(1, embedding=[[1.0], [2.0, 3.0]]),
    "null for a row": change(1, embedding=None),
    "a mapping for a row": change(1, embedding={"a": 1.0}),
}


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("reply", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_an_answer_that_does_not_fit_is_our_error_and_never_cached(reply, fakeredis_):
    api, client = VectorAPI(), fakeredis_()
    api.script.append(reply)
    cache = EmbeddingCache(client, api.client(), model=MODEL)
    with pytest.raises(BadResponse):
        cache.get_embeddings_batch(["a", "b", "c"])
    assert not client.dbsize()
    assert cache.get_embeddings_batch(["a", "b", "c"]).shape == (3, 4)


@pytest.mark.parametrize("content", [b"{}", b'{"data": []}', b"[]", b"not json", b"null"])
def test_an_answer_that_is_none_is_an_error_and_never_cached(content, fakeredis_):
    api, client = VectorAPI(), fakeredis_()
    headers = {"content-type": "application/json"}
    api.script.append(lambda body: httpx2.Response(200, content=content, headers=headers))
    cache = EmbeddingCache(client, api.client(), model=MODEL)
    with pytest.raises((BadResponse, openai.OpenAIError)):
        cache.get_embedding("a")
    assert not client.dbsize() and cache.get_embedding("a").shape == (4,)


def test_dimensions_that_the_server_ignores_are_noticed():
    api = VectorAPI()
    api.script.append(answers(lambda body: body["data"][0].update(embedding=[1.0] * 4)))
    with pytest.raises(BadResponse, match="of 4 dims, not of 3"):
        list(embed(api, ["a"], dimensions=3))


def test_a_server_that_changes_its_dimensions_between_two_calls_is_noticed():
    api = VectorAPI()
    api.script.extend([None, answers(lambda b: [r.update(embedding=[1.0] * 5) for r in b["data"]])])
    calls = embed(api, [f"text {number}" for number in range(2_050)])
    next(calls)
    with pytest.raises(BadResponse, match="of 5 dims, not of 4"):
        next(calls)


@pytest.mark.parametrize("odd", ["12.5", {"a": 1}, 1e999, -3])
def test_a_usage_that_is_no_count_costs_nobody_the_vectors(odd, fakeredis_):
    api = VectorAPI()
    api.script.append(answers(lambda body: body.update(usage={"total_tokens": odd})))
    cache = EmbeddingCache(fakeredis_(), api.client(), model=MODEL)
    assert cache.get_embedding("a").shape == (4,) and cache.stats.tokens == 0


@pytest.mark.parametrize("number", [str, float, lambda index: index + 1, lambda index: None])
@pytest.mark.parametrize("texts", [["a"], ["a", "b", "c"]])
def test_rows_that_a_server_numbers_in_its_own_way_are_taken(number, texts, fakeredis_):
    api = VectorAPI()

    def renumber(body: dict[str, Any]) -> None:
        for row in body["data"]:
            row["index"] = number(row["index"])
        if body["data"][0]["index"] is not None:
            body["data"].reverse()

    api.script.append(answers(renumber))
    cache = EmbeddingCache(fakeredis_(), api.client(), model=MODEL)
    usual = EmbeddingCache(fakeredis_(), VectorAPI().client(), model=MODEL)
    assert np.array_equal(cache.get_embeddings_batch(texts), usual.get_embeddings_batch(texts))


@pytest.mark.parametrize("lacking", [(0,), (1,), (2,), (0, 1), (0, 2)])
def test_rows_in_order_may_lack_numbers(lacking, fakeredis_):
    api = VectorAPI()
    api.script.append(answers(lambda body: [body["data"][at].pop("index") for at in lacking]))
    cache = EmbeddingCache(fakeredis_(), api.client(), model=MODEL)
    rows = cache.get_embeddings_batch(["a", "b", "c"])
    assert np.array_equal(rows, [vector_of(MODEL, text, 4) for text in "abc"])


def in_base64(body: dict[str, Any]) -> None:
    for row in body["data"]:
        row["embedding"] = base64.b64encode(np.array(row["embedding"], "<f4").tobytes()).decode()


@pytest.mark.parametrize("asked", ["base64", "float", None])
@pytest.mark.parametrize("reply", [None, answers(in_base64)], ids=["as asked", "base64"])
@pytest.mark.parametrize("made_of", [EmbeddingCache, partial(make_async, EmbeddingCache)])
def test_vectors_come_in_base64_asked_for_or_not(asked, reply, made_of, fakeredis_):
    api = VectorAPI()
    api.script.append(reply)
    cache = made_of(fakeredis_(), api.client(), model=MODEL, encoding_format=asked)
    for _ in range(2):
        rows = cache.get_embeddings_batch(["a", "b"])
        assert np.array_equal(rows, [vector_of(MODEL, text, 4) for text in "ab"])
    assert len(api.calls) == 1
