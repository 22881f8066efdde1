"""Tools, calls and results that the API would not take, and how it says so."""

import openai
import pytest
from chatting import MINI, QUESTION, TIME, WEATHER, chat_tools, user

from semcache.lab.offline import OfflineAPI

ASK = {"model": MINI, "messages": [user(QUESTION)], "tools": chat_tools(WEATHER, TIME)}


def refusal(**body):
    api = OfflineAPI()
    with pytest.raises(openai.BadRequestError) as caught:
        api.client().post("/chat/completions", body=ASK | body, cast_to=object)
    assert (api.call_count(), api.tokens) == (1, 0)
    return caught.value.body


CALL = {"id": "call_1", "type": "function", "function": {"name": "get_time", "arguments": "{}"}}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "12:30"}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
FUNCTION = {"type": "function", "function": {"name": "x"}}
ARRAY = {"type": "function", "function": {"name": "x", "parameters": {"type": "array"}}}

WRONG = {
    "no list": ({"tools": {}}, "tools", "expected an array"),
    "empty": ({"tools": []}, "tools", "empty array"),
    "no object": ({"tools": ["x"]}, "tools[0]", "an object"),
    "another type": ({"tools": [{"type": "custom"}]}, "tools[0].type", "'function'"),
    "no function": ({"tools": [{"type": "function"}]}, "tools[0].function", "Missing required"),
    "no name": (
        {"tools": [{"type": "function", "function": {}}]},
        "tools[0].function.name",
        "Missing required",
    ),
    "a name with a blank": (
        {"tools": [{"type": "function", "function": {"name": "get time"}}]},
        "tools[0].function.name",
        "does not match pattern",
    ),
    "parameters of an array": (
        {"tools": [ARRAY]},
        "tools[0].function.parameters",
        "got 'type: \"array\"'",
    ),
    "no such choice": ({"tool_choice": "always"}, "tool_choice", "Supported values are"),
    "no such function": (
        {"tool_choice": {"type": "function", "function": {"name": "nobody"}}},
        "tool_choice",
        "not found in 'tools'",
    ),
    "a choice without tools": (
        {"tools": None, "tool_choice": "auto"},
        "tool_choice",
        "only allowed when 'tools' are specified",
    ),
    "parallel without tools": (
        {"tools": None, "parallel_tool_calls": True},
        "parallel_tool_calls",
        "only allowed when 'tools' are specified",
    ),
    "parallel is text": ({"parallel_tool_calls": "no"}, "parallel_tool_calls", "a boolean"),
    "a result without a call": (
        {"messages": [user("Hi"), RESULT]},
        "messages.[1].role",
        "must be a response to a preceeding message with 'tool_calls'",
    ),
    "a result of another call": (
        {"messages": [user("Hi"), CALLING, RESULT, RESULT]},
        "messages.[3].role",
        "must be a response to a preceeding message with 'tool_calls'",
    ),
    "a call without a result": (
        {"messages": [user("Hi"), CALLING, user("Well?")]},
        "messages.[2].role",
        "did not have response messages: call_1",
    ),
    "a call at the end": (
        {"messages": [user("Hi"), CALLING]},
        "messages.[2].role",
        "did not have response messages: call_1",
    ),
    "a result without an id": (
        {"messages": [user("Hi"), {"role": "tool", "content": "12:30"}]},
        "messages[1].tool_call_id",
        "Missing required",
    ),
    "no calls": (
        {"messages": [{"role": "assistant", "content": None, "tool_calls": []}]},
        "messages[0].tool_calls",
        "empty array",
    ),
    "a call of nothing": (
        {"messages": [{"role": "assistant", "content": None, "tool_calls": [{"id": "call_1"}]}]},
        "messages[0].tool_calls[0].function.name",
        "Missing required",
    ),
}


def test_what_the_api_would_not_take_is_refused_in_its_words(subtests):
    for what, (body, param, words) in WRONG.items():
        with subtests.test(what):
            error = refusal(**body)
            assert error["param"] == param
            assert words in error["message"]


def test_a_strict_function_must_require_all_and_allow_no_more():
    function = WEATHER | {"strict": True}
    error = refusal(tools=chat_tools(function))
    assert error["code"] == "invalid_function_parameters"
    assert error["message"] == (
        "Invalid schema for function 'get_weather': In context=(), 'additionalProperties' is "
        "required to be supplied and to be false."
    )
    closed = WEATHER["parameters"] | {"additionalProperties": False}
    error = refusal(tools=chat_tools(function | {"parameters": closed}))
    assert error["message"].endswith("Missing 'unit'.")
