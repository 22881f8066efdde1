"""POST /v1/responses, plain: what is said, tools, forms, conversations, and what is refused."""

import asyncio
import json

import jsonschema
import openai
import pytest
from chatting import MINI, QUESTION, TIME, WEATHER, Answer, both, flat_tools, user

from semcache.lab.offline import Call, OfflineAPI
from semcache.tokens import count_tokens

TOOLS = flat_tools(WEATHER, TIME)
REDIS = "What is Redis?"


def ask(input=REDIS, **more):
    return {"model": MINI, "input": input, **more}


def test_a_plain_answer():
    reply = both("responses.create", **ask(model="offline-large"))
    assert reply.output_text.startswith("Redis is a server that keeps its data in memory")
    [message] = reply.output
    assert (message.type, message.role, message.status) == ("message", "assistant", "completed")
    assert (reply.object, reply.status, reply.model) == ("response", "completed", "offline-large")
    assert reply.id.startswith("resp_") and message.id.startswith("msg_")


def test_both_endpoints_say_the_same():
    client = OfflineAPI().client()
    chat = client.chat.completions.create(model=MINI, messages=[user(REDIS)])
    reply = client.responses.create(**ask())
    assert reply.output_text == chat.choices[0].message.content
    assert reply.usage.input_tokens == chat.usage.prompt_tokens
    assert reply.usage.output_tokens == chat.usage.completion_tokens


def test_the_same_request_gets_the_same_reply_byte_for_byte():
    def raw():
        return OfflineAPI().client().responses.with_raw_response.create(**ask()).content

    assert raw() == raw()


def test_a_response_repeats_what_was_asked():
    more = {"instructions": "Be brief.", "temperature": 0.2, "metadata": {"who": "me"}}
    reply = both("responses.create", **ask(**more, tools=TOOLS, max_output_tokens=50))
    assert (reply.instructions, reply.temperature) == ("Be brief.", 0.2)
    assert (reply.metadata, reply.max_output_tokens) == ({"who": "me"}, 50)
    assert [tool.name for tool in reply.tools] == ["get_weather", "get_time"]
    assert (reply.tool_choice, reply.parallel_tool_calls, reply.error) == ("auto", True, None)


def test_instructions_and_items_are_what_the_model_is_given():
    api = OfflineAPI()
    parts = [{"type": "input_text", "text": "What is"}, {"type": "input_text", "text": "Redis?"}]
    said = {"role": "assistant", "content": [{"type": "output_text", "text": "Hello."}]}
    items = [{"type": "message", "role": "user", "content": "Hi"}, said, user(parts)]
    reply = api.client().responses.create(**ask(items, instructions="Be brief."))
    assert reply.output_text.endswith("You asked: What is\nRedis?")
    texts = ("Be brief.", "Hi", "Hello.", "What is\nRedis?")
    assert api.calls == [Call("responses", MINI, texts, reply.usage.total_tokens, 200)]
    roles = ("developer", "user", "assistant", "user")
    expected = 3 + sum(3 + count_tokens(role) + count_tokens(text)
                       for role, text in zip(roles, texts, strict=True))  # fmt: skip
    assert reply.usage.input_tokens == expected
    assert reply.usage.total_tokens == expected + reply.usage.output_tokens == api.tokens


def test_an_answer_over_the_limit_is_incomplete():
    whole = both("responses.create", **ask()).output_text
    reply = both("responses.create", **ask(max_output_tokens=16))
    assert (reply.status, reply.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert reply.output[0].status == "incomplete"
    assert reply.usage.output_tokens == 16
    assert whole.startswith(reply.output_text) and len(reply.output_text) < len(whole)


# Tools


def calls_of(reply):
    return [(i.name, json.loads(i.arguments)) for i in reply.output if i.type == "function_call"]


NAMED = {"type": "function", "name": "get_time"}
CHOICES = [
    (None, QUESTION, ["get_weather"]),
    ("none", QUESTION, []),
    ("auto", REDIS, []),
    ("required", REDIS, ["get_weather"]),
    (NAMED, REDIS, ["get_time"]),
]


def test_a_tool_is_called_as_in_the_chat_endpoint(subtests):
    for choice, question, names in CHOICES:
        with subtests.test(f"{choice} {question}"):
            chosen = {} if choice is None else {"tool_choice": choice}
            reply = both("responses.create", **ask(question, tools=TOOLS, **chosen))
            assert [name for name, _ in calls_of(reply)] == names
            assert bool(reply.output_text) != bool(names)
            assert reply.status == "completed"


def test_calls_have_ids_of_their_own():
    reply = both("responses.create", **ask("What time and weather is it in Oslo?", tools=TOOLS))
    assert calls_of(reply) == [("get_weather", {"city": "Oslo"}), ("get_time", {"zone": "Oslo"})]
    assert len({item.id for item in reply.output} | {i.call_id for i in reply.output}) == 4
    one = ask("What time and weather is it in Oslo?", tools=TOOLS, parallel_tool_calls=False)
    assert len(both("responses.create", **one).output) == 1


def test_results_go_back_as_items():
    client = OfflineAPI().client()
    calling = client.responses.create(**ask(QUESTION, tools=TOOLS))
    [call] = calling.output
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "21 degrees"}
    items = [user(QUESTION), *calling.output, result]
    reply = client.responses.create(**ask(items, tools=TOOLS))
    assert reply.output_text.endswith("get_weather: 21 degrees")
    billed = [count_tokens(text) for text in ("assistant", call.name, call.arguments, "tool")]
    assert reply.usage.input_tokens == (
        calling.usage.input_tokens + 6 + sum(billed) + count_tokens("21 degrees")
    )


# Conversations


def test_a_conversation_goes_on_from_a_stored_response():
    async def scenario():
        client = OfflineAPI().async_client()
        first = await client.responses.create(**ask(QUESTION, tools=TOOLS))
        return await client.responses.create(**on(first))

    def on(first):
        result = {"type": "function_call_output", "call_id": first.output[0].call_id}
        return ask([result | {"output": "rain"}], tools=TOOLS, previous_response_id=first.id)

    client = OfflineAPI().client()
    first = client.responses.create(**ask(QUESTION, tools=TOOLS))
    second = client.responses.create(**on(first))
    assert second.output_text.endswith("get_weather: rain")
    assert second.previous_response_id == first.id
    assert second.usage.input_tokens > first.usage.input_tokens + first.usage.output_tokens
    third = client.responses.create(**ask("And in Rome?", previous_response_id=second.id))
    assert third.output_text.endswith("You asked: And in Rome?")
    assert third.usage.input_tokens > second.usage.output_tokens
    assert asyncio.run(scenario()) == second


def test_instructions_hold_for_one_response():
    client = OfflineAPI().client()

    def cost_of_going_on(**more):
        first = client.responses.create(**ask(**more))
        on = client.responses.create(**ask("Why?", previous_response_id=first.id))
        return on.usage.input_tokens

    assert cost_of_going_on(instructions="Be brief.") == cost_of_going_on()


def test_what_was_not_stored_is_not_found():
    api = OfflineAPI()
    client = api.client()
    kept = client.responses.create(**ask())
    other = client.responses.create(**ask(store=False))
    assert (kept.store, other.store) == (True, False)
    client.responses.create(**ask(previous_response_id=kept.id))
    for id in (other.id, "resp_nobody"):
        with pytest.raises(openai.BadRequestError) as caught:
            client.responses.create(**ask(previous_response_id=id))
        assert caught.value.body == {
            "message": f"Previous response with id '{id}' not found.",
            "type": "invalid_request_error",
            "param": "previous_response_id",
            "code": "previous_response_not_found",
        }
    api.reset()
    with pytest.raises(openai.BadRequestError, match="not found"):
        client.responses.create(**ask(previous_response_id=kept.id))


def test_two_apis_share_no_conversation():
    first = OfflineAPI().client().responses.create(**ask())
    with pytest.raises(openai.BadRequestError, match="not found"):
        OfflineAPI().client().responses.create(**ask(previous_response_id=first.id))


# Forms


def test_the_client_parses_a_form_into_a_class():
    reply = both("responses.parse", **ask(model="offline-large"), text_format=Answer)
    assert type(reply.output_parsed) is Answer
    assert reply.output_parsed.answer.startswith("Redis is a server")


def test_json_of_any_shape_and_of_a_schema():
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    form = {"type": "json_schema", "name": "number", "schema": schema}
    reply = both("responses.create", **ask("Give me 7 in JSON", text={"format": form}))
    assert json.loads(reply.output_text) == {"n": 7}
    jsonschema.validate({"n": 7}, schema)
    any_json = {"format": {"type": "json_object"}}
    reply = both("responses.create", **ask("Give me 7 in JSON", text=any_json))
    assert list(json.loads(reply.output_text)) == ["answer"]


# Refused


def refusal(**body):
    api = OfflineAPI()
    with pytest.raises(openai.APIStatusError) as caught:
        api.client().post("/responses", body=ask() | body, cast_to=object)
    assert (api.call_count("responses"), api.tokens) == (1, 0)
    return caught.value.body


CALL = {"type": "function_call", "call_id": "call_1", "name": "get_time", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "12:30"}
IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,", "detail": "auto"}
OPEN = {"type": "json_schema", "name": "x", "strict": True, "schema": {"type": "object"}}

WRONG = {
    "no input": ({"input": None}, "input", "Missing required parameter"),
    "a number": ({"input": 5}, "input", "a string or an array"),
    "nothing": ({"input": []}, "input", "empty array"),
    "text as an item": ({"input": ["hi"]}, "input[0]", "an object"),
    "no such item": ({"input": [{"type": "reasoning"}]}, "input[0].type", "'message'"),
    "no such role": ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role", "'user'"),
    "no content": ({"input": [{"role": "user"}]}, "input[0].content", "an array of parts"),
    "a user's output": (
        {"input": [user([{"type": "output_text", "text": "x"}])]},
        "input[0].content[0].type",
        "Supported values are: 'input_text'.",
    ),
    "an image": (
        {"input": [user([{"type": "input_text", "text": "?"}, IMAGE])]},
        "input[0].content[1].type",
        "Invalid content type. input_image is only supported by certain models.",
    ),
    "a result of no call": (
        {"input": [user("Hi"), RESULT]},
        "input",
        "No tool call found for function call output with call_id call_1.",
    ),
    "a call without a result": (
        {"input": [user("Hi"), CALL, user("Well?")]},
        "input",
        "No tool output found for function call call_1.",
    ),
    "a result without an id": (
        {"input": [{"type": "function_call_output", "output": "x"}]},
        "input[0].call_id",
        "Missing required",
    ),
    "few tokens": ({"max_output_tokens": 15}, "max_output_tokens", "Expected a value >= 16"),
    "instructions": ({"instructions": ["x"]}, "instructions", "a string"),
    "unknown": ({"temprature": 1}, "temprature", "Unknown parameter: 'temprature'."),
    "moved": ({"messages": []}, "messages", "this parameter has moved to 'input'"),
    "moved too": ({"response_format": {}}, "response_format", "has moved to 'text.format'"),
    "a tool of the chat": (
        {"tools": [{"type": "function", "function": {"name": "x"}}]},
        "tools[0].name",
        "Missing required",
    ),
    "a hosted tool": ({"tools": [{"type": "web_search"}]}, "tools[0].type", "'function'"),
    "required of none": (
        {"tool_choice": "required"},
        "tool_choice",
        "must be specified with 'tools'",
    ),
    "no such function": (
        {"tools": TOOLS, "tool_choice": NAMED | {"name": "x"}},
        "tool_choice",
        "not found",
    ),
    "an open form": ({"text": {"format": OPEN}}, "text.format.schema", "'additionalProperties'"),
    "no json": (
        {"text": {"format": {"type": "json_object"}}},
        "input",
        "must contain the word 'json'",
    ),
    "an embedding model": ({"model": "multilingual-e5-small"}, "model", "not a chat model"),
    "no such model": ({"model": "gpt-4o"}, None, "does not exist"),
}


def test_what_the_api_would_not_take_is_refused_in_its_words(subtests):
    for what, (body, param, words) in WRONG.items():
        with subtests.test(what):
            error = refusal(**body)
            assert error["param"] == param
            assert words in error["message"]


def test_an_empty_list_of_tools_is_none():
    assert both("responses.create", **ask(tools=[], tool_choice="auto")).output_text
