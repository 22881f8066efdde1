"""Answers in a form: JSON of any shape or of a schema, through both endpoints."""

import asyncio
import json

import jsonschema
import openai
import pytest
from chatting import MINI, Answer, both, user

from semcache.lab.offline import OfflineAPI
from semcache.tokens import count_tokens

ASK = {"model": MINI, "messages": [user("What is Redis? Say so in JSON.")]}
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "words": {"type": "integer", "minimum": 3}},
    "required": ["answer", "words"],
    "additionalProperties": False,
}


def formatted(schema=SCHEMA, **more):
    form = {"name": "reply", "schema": schema, **more}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def said(**request):
    return both("chat.completions.create", **ASK, **request).choices[0].message.content


def test_text_is_the_form_that_nobody_asks_for():
    assert said(response_format={"type": "text"}) == said()


def test_any_json_object():
    value = json.loads(said(response_format={"type": "json_object"}))
    assert list(value) == ["answer"]
    assert value["answer"].endswith("What is Redis? Say so in JSON.")


def test_json_of_a_schema(subtests):
    for strict in ({}, {"strict": False}, {"strict": True}):
        with subtests.test(str(strict)):
            value = json.loads(said(**formatted(**strict)))
            jsonschema.validate(value, SCHEMA)
            assert value["words"] == 3


def test_a_schema_is_billed():
    client = OfflineAPI().client()
    plain, form = (client.chat.completions.create(**ASK, **more) for more in ({}, formatted()))
    schema = count_tokens(json.dumps(SCHEMA))
    assert form.usage.prompt_tokens == plain.usage.prompt_tokens + schema
    content = form.choices[0].message.content
    assert form.usage.completion_tokens == count_tokens(content)


def test_the_client_parses_it_into_a_class():
    request = {"model": "offline-large", "messages": [user("What is Redis?")]}
    reply = both("chat.completions.parse", **request, response_format=Answer)
    parsed = reply.choices[0].message.parsed
    assert type(parsed) is Answer
    assert parsed.answer.startswith("Redis is a server")
    assert parsed.sources == ["Redis"]


def test_the_clients_stream_parses_it_into_a_class():
    request = {"model": MINI, "messages": [user("What is Redis?")], "response_format": Answer}

    async def scenario():
        async with OfflineAPI().async_client().chat.completions.stream(**request) as stream:
            return await stream.get_final_completion()

    with OfflineAPI().client().chat.completions.stream(**request) as stream:
        deltas = [event for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert len(deltas) > 10
    parsed = final.choices[0].message.parsed
    assert type(parsed) is Answer
    assert asyncio.run(scenario()).choices[0].message.parsed == parsed


def test_json_that_is_cut_is_no_json_and_says_so():
    api = OfflineAPI()
    reply = api.client().chat.completions.create(**ASK, **formatted(), max_tokens=3)
    assert reply.choices[0].finish_reason == "length"
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.choices[0].message.content)
    with pytest.raises(openai.LengthFinishReasonError):
        api.client().chat.completions.parse(**ASK, response_format=Answer, max_tokens=3)


def refusal(**body):
    with pytest.raises(openai.BadRequestError) as caught:
        OfflineAPI().client().post("/chat/completions", body=ASK | body, cast_to=object)
    return caught.value.body


OPEN = {"type": "object", "properties": {}}
WRONG = {
    "no object": ({"response_format": "json"}, "response_format", "expected an object"),
    "no such form": (
        {"response_format": {"type": "xml"}},
        "response_format.type",
        "'json_object', 'json_schema', and 'text'",
    ),
    "no schema": (
        {"response_format": {"type": "json_schema"}},
        "response_format.json_schema",
        "Missing required",
    ),
    "no name": (
        {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}},
        "response_format.json_schema.name",
        "Missing required",
    ),
    "open": (
        formatted(OPEN, strict=True),
        "response_format",
        "Invalid schema for response_format 'reply': In context=(), 'additionalProperties'",
    ),
    "open inside": (
        formatted(SCHEMA | {"properties": {"answer": OPEN, "words": {}}}, strict=True),
        "response_format",
        "In context=('properties', 'answer'), 'additionalProperties'",
    ),
    "an array": (
        formatted({"type": "array"}, strict=True),
        "response_format",
        "got 'type: \"array\"'",
    ),
    "json is not mentioned": (
        {"messages": [user("What is Redis?")], "response_format": {"type": "json_object"}},
        "messages",
        "must contain the word 'json' in some form",
    ),
}


def test_what_the_api_would_not_take_is_refused_in_its_words(subtests):
    for what, (body, param, words) in WRONG.items():
        with subtests.test(what):
            error = refusal(**body)
            assert error["param"] == param
            assert words in error["message"]


def test_what_cannot_be_filled_is_refused_and_not_made_up(subtests):
    endless = {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}
    number = {"type": "integer", "minimum": 5, "maximum": 4}
    for schema in ({"type": "string", "pattern": "a+"}, number, endless, {"$ref": "#/no"}):
        with subtests.test(str(schema)):
            whole = SCHEMA | {"properties": {"answer": schema}, "required": ["answer"]}
            error = refusal(**formatted(whole | {"$defs": schema.get("$defs", {})}))
            assert "schema" in error["message"]
