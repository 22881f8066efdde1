"""What a chat request may contain, and how the rest is refused."""

import openai
import pytest

from semcache.lab.offline import OfflineAPI
from semcache.lab.offline.chat_request import read

HELLO = [{"role": "user", "content": "hello"}]


def refusal(exception: type[openai.APIStatusError], **body) -> dict:
    """Send a request that must be refused without a retry, and return the error's body."""
    api = OfflineAPI()
    request = {"model": "offline-mini", "messages": HELLO} | body
    with pytest.raises(exception) as caught:
        api.client().post("/chat/completions", body=request, cast_to=object)
    assert api.call_count() == 1
    assert api.tokens == 0
    return caught.value.body


def test_empty_messages_are_refused_in_the_apis_words():
    assert refusal(openai.BadRequestError, messages=[]) == {
        "message": "Invalid 'messages': empty array. Expected an array with minimum length 1, "
        "but got an empty array instead.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "empty_array",
    }


def test_an_unknown_model_is_refused(subtests):
    for model in ("gpt-4o-mini", "offline", "", 3):
        with subtests.test(repr(model)):
            error = refusal(openai.NotFoundError, model=model)
            assert error["code"] == "model_not_found"


def test_an_embedding_model_does_not_chat():
    error = refusal(openai.NotFoundError, model="multilingual-e5-small")
    assert error["message"].startswith("This is not a chat model")


def test_a_missing_parameter_is_named():
    for param in ("model", "messages"):
        error = refusal(openai.BadRequestError, **{param: None})
        assert error["message"] == f"Missing required parameter: '{param}'."


WRONG = {
    "messages is text": ("messages", "hello", "invalid_type"),
    "a message is text": ("messages[0]", ["hello"], "invalid_type"),
    "no such role": ("messages[0].role", [{"role": "robot", "content": "hi"}], "invalid_value"),
    "a number as content": (
        "messages[0].content",
        [{"role": "user", "content": 5}],
        "invalid_type",
    ),
    "no content": ("messages[1].content", [*HELLO, {"role": "user"}], "invalid_type"),
    "a part of no known kind": (
        "messages[0].content[0].type",
        [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}],
        "invalid_value",
    ),
    "a part without its text": (
        "messages[0].content[1]",
        [{"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "text"}]}],
        "invalid_type",
    ),
}


def test_a_message_of_the_wrong_form_is_named(subtests):
    for what, (param, messages, code) in WRONG.items():
        with subtests.test(what):
            error = refusal(openai.BadRequestError, messages=messages)
            assert (error["param"], error["code"]) == (param, code)
            assert param.split("[")[0] in error["message"] or code == "invalid_value"


MEDIA = [
    {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
    {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
    {"type": "file", "file": {"file_id": "file-1"}},
]


def test_what_is_no_text_is_refused_as_by_a_model_that_only_reads(subtests):
    for part in MEDIA:
        with subtests.test(part["type"]):
            content = [{"type": "text", "text": "What is this?"}, part]
            assert refusal(
                openai.BadRequestError, messages=[{"role": "user", "content": content}]
            ) == {
                "message": f"Invalid content type. {part['type']} is only supported by certain "
                "models.",
                "type": "invalid_request_error",
                "param": "messages.[0].content.[1].type",
                "code": None,
            }


NUMBERS = [
    ("max_tokens", 0, "integer_below_min_value", "Expected a value >= 1, but got 0 instead."),
    ("max_completion_tokens", -1, "integer_below_min_value", ">= 1, but got -1"),
    ("n", 0, "integer_below_min_value", ">= 1, but got 0"),
    ("n", 129, "integer_above_max_value", "<= 128, but got 129"),
    ("n", True, "invalid_type", "expected an integer"),
    ("max_tokens", "5", "invalid_type", "expected an integer"),
]


def test_a_number_out_of_its_range_is_refused(subtests):
    for param, value, code, words in NUMBERS:
        with subtests.test(f"{param}={value!r}"):
            error = refusal(openai.BadRequestError, **{param: value})
            assert (error["param"], error["code"]) == (param, code)
            assert words in error["message"]


def test_two_limits_at_once_are_refused():
    error = refusal(openai.BadRequestError, max_tokens=5, max_completion_tokens=5)
    assert "at the same time" in error["message"]


def test_a_stop_that_cannot_be_is_refused(subtests):
    for stop in ("", ["a", ""], 5, list("abcde")):
        with subtests.test(repr(stop)):
            assert refusal(openai.BadRequestError, stop=stop)["param"] == "stop"


def test_stream_options_need_a_stream():
    error = refusal(openai.BadRequestError, stream_options={"include_usage": True})
    assert "only allowed when 'stream' is enabled" in error["message"]


def test_what_would_be_ignored_in_silence_is_refused(subtests):
    for name in ("audio", "functions", "logprobs", "modalities", "temprature"):
        with subtests.test(name):
            error = refusal(openai.BadRequestError, **{name: {}})
            assert error["message"] == f"Unrecognized request argument supplied: {name}"


def test_sampling_options_are_accepted():
    reply = (
        OfflineAPI()
        .client()
        .chat.completions.create(
            model="offline-mini", messages=HELLO, temperature=0.2, top_p=1, seed=7, user="me"
        )
    )
    assert reply.choices


def test_the_question_is_what_the_user_said_last():
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is Rust?"},
        {"role": "assistant", "content": "A language."},
        {"role": "user", "content": "What is Redis?"},
        {"role": "developer", "content": "Answer in English."},
    ]
    prompt = read({"model": "offline-large", "messages": messages}).prompt
    assert prompt.question == "What is Redis?"
    assert [message.role for message in prompt.messages] == [m["role"] for m in messages]


def test_without_a_user_the_last_message_is_the_question():
    messages = [{"role": "system", "content": "What is Redis?"}]
    assert read({"model": "offline-mini", "messages": messages}).prompt.question == "What is Redis?"


def test_text_parts_are_joined():
    parts = [{"type": "text", "text": "What is"}, {"type": "text", "text": "Redis?"}]
    messages = [{"role": "user", "content": parts}]
    prompt = read({"model": "offline-mini", "messages": messages}).prompt
    assert prompt.question == "What is\nRedis?"
