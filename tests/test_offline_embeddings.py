"""POST /v1/embeddings, through the real clients."""

import asyncio
import base64

import numpy as np
import openai
import pytest

from semcache.lab.offline import OfflineAPI, embeddings
from semcache.lab.offline.model import embed
from semcache.tokens import count_tokens

E5 = "multilingual-e5-small"


def refusal(exception: type[openai.APIStatusError], **request) -> dict:
    """Send a request that must be refused without a retry, and return the error's body."""
    api = OfflineAPI()
    with pytest.raises(exception) as caught:
        api.client().embeddings.create(**{"model": E5, "input": "hello"} | request)
    assert api.call_count() == 1
    assert api.tokens == 0
    return caught.value.body


def test_one_text():
    reply = OfflineAPI().client().embeddings.create(model=E5, input="What is Python?")
    assert (reply.object, reply.model) == ("list", E5)
    [item] = reply.data
    assert (item.object, item.index) == ("embedding", 0)
    np.testing.assert_array_equal(np.float32(item.embedding), embed("What is Python?"))


def test_a_batch_keeps_its_order_and_its_duplicates():
    texts = ["b", "a", "b"]
    reply = OfflineAPI().client().embeddings.create(model=E5, input=texts)
    assert [item.index for item in reply.data] == [0, 1, 2]
    np.testing.assert_array_equal(
        np.float32([item.embedding for item in reply.data]), [embed(text) for text in texts]
    )


def test_async_gives_the_same_bits():
    request = {"model": E5, "input": ["What is Rust?", "Rust是什么？"]}
    api = OfflineAPI()
    sync = api.client().embeddings.create(**request)
    assert asyncio.run(api.async_client().embeddings.create(**request)) == sync


def test_floats_and_base64_carry_the_same_bits():
    client = OfflineAPI().client()
    floats = client.embeddings.create(model=E5, input="hello", encoding_format="float")
    packed = client.embeddings.create(model=E5, input="hello", encoding_format="base64")
    assert isinstance(packed.data[0].embedding, str)
    unpacked = np.frombuffer(base64.b64decode(packed.data[0].embedding), "<f4")
    np.testing.assert_array_equal(np.float32(floats.data[0].embedding), unpacked)


def test_the_client_asks_for_base64_unless_told_otherwise():
    raw = OfflineAPI().client().embeddings.with_raw_response.create(model=E5, input="hello")
    assert isinstance(raw.http_response.json()["data"][0]["embedding"], str)
    assert isinstance(raw.parse().data[0].embedding, list)


def test_usage_counts_every_text_also_duplicates():
    texts = ["What is Python?", "What is Python?", "你好"]
    api = OfflineAPI()
    reply = api.client().embeddings.create(model=E5, input=texts)
    expected = sum(map(count_tokens, texts))
    assert reply.usage.prompt_tokens == reply.usage.total_tokens == expected == api.tokens


def test_2048_texts_are_taken_and_one_more_is_not():
    reply = OfflineAPI().client().embeddings.create(model=E5, input=["same"] * 2_048)
    assert len(reply.data) == 2_048
    error = refusal(openai.BadRequestError, input=["same"] * 2_049)
    assert error["code"] == "array_above_max_length"
    assert "maximum length 2048, but got an array with length 2049" in error["message"]


def test_dimensions_are_refused():
    assert refusal(openai.BadRequestError, dimensions=256) == {
        "message": "This model does not support specifying dimensions.",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


def test_no_vector_travels_under_the_name_of_another_model():
    for model in ("text-embedding-3-small", "multilingual-e5-large", ""):
        assert refusal(openai.NotFoundError, model=model) == {
            "message": f"The model `{model}` does not exist or you do not have access to it.",
            "type": "invalid_request_error",
            "param": None,
            "code": "model_not_found",
        }


def test_a_chat_model_makes_no_embeddings():
    error = refusal(openai.PermissionDeniedError, model="offline-mini")
    assert error["message"] == "You are not allowed to generate embeddings from this model"


INVALID = {
    "empty string": "",
    "empty list": [],
    "empty string in a list": ["a", ""],
    "number among texts": ["a", 5],
    "null in a list": [None],
    "number": 5,
    "fraction in a list": [1.5],
    "boolean in a list": [True],
    "object": {"text": "a"},
    "list of lists of texts": [["a"]],
}


def test_input_that_is_no_text_is_refused(subtests):
    for what, given in INVALID.items():
        with subtests.test(what):
            error = refusal(openai.BadRequestError, input=given)
            assert error["message"].startswith("'$.input' is invalid.")
            assert error["type"] == "invalid_request_error"


def test_arrays_of_tokens_are_refused_plainly():
    for given in ([3923, 374], [[3923, 374], [13325]]):
        error = refusal(openai.BadRequestError, input=given)
        assert error["message"] == (
            "The offline API embeds strings only: send the text, not an array of tokens."
        )


def test_a_text_over_8192_tokens_is_refused_with_its_position():
    too_long = " cache" * 8_193
    assert count_tokens(too_long) == 8_193
    message = "maximum input length is 8192 tokens."
    alone = refusal(openai.BadRequestError, input=too_long)
    assert alone["message"] == f"Invalid 'input': {message}"
    second = refusal(openai.BadRequestError, input=["short", too_long])
    assert second["message"] == f"Invalid 'input[1]': {message}"


def test_the_limit_itself_is_allowed(monkeypatch):
    # Without the model, which would take ten seconds for a text of this length.
    monkeypatch.setattr(embeddings, "embed_all", lambda texts: [np.zeros(384, "f4") for _ in texts])
    for texts, tokens in (([" cache" * 8_192], 8_192), ([" cache" * 7_500] * 40, 300_000)):
        api = OfflineAPI()
        assert len(api.client().embeddings.create(model=E5, input=texts).data) == len(texts)
        assert api.tokens == tokens


def test_more_than_300000_tokens_in_all_are_refused():
    error = refusal(openai.BadRequestError, input=[" cache" * 8_000] * 38)
    assert error == {
        "message": "Requested 304000 tokens, max 300000 tokens per request",
        "type": "max_tokens_per_request",
        "param": None,
        "code": "max_tokens_per_request",
    }


def test_text_that_looks_like_a_special_token_is_text():
    reply = OfflineAPI().client().embeddings.create(model=E5, input="<|endoftext|>")
    assert reply.usage.total_tokens == count_tokens("<|endoftext|>") > 1


def test_an_unknown_encoding_is_refused():
    for encoding in ("hex", ["float"]):
        error = refusal(openai.BadRequestError, extra_body={"encoding_format": encoding})
        assert (error["param"], error["code"]) == ("encoding_format", "invalid_value")


def test_an_argument_that_would_be_ignored_is_refused():
    error = refusal(openai.BadRequestError, extra_body={"input_type": "query"})
    assert error["message"] == "Unrecognized request argument supplied: input_type"


def test_a_missing_parameter_is_named():
    whole = {"model": E5, "input": "hello"}
    for param in whole:
        body = {name: value for name, value in whole.items() if name != param}
        with pytest.raises(openai.BadRequestError, match=f"Missing required parameter: '{param}'"):
            OfflineAPI().client().post("/embeddings", body=body, cast_to=object)
