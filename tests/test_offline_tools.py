"""Calls of tools through chat completions: when, with what, streamed, and what goes on after."""

import asyncio
import json

import pytest
from chatting import MINI, QUESTION, TIME, WEATHER, both, chat_tools, user

from semcache.lab.offline import OfflineAPI
from semcache.lab.offline.tools import Tool, Toolbox
from semcache.tokens import count_tokens

TOOLS = chat_tools(WEATHER, TIME)


def ask(text=QUESTION, **more):
    return {"model": MINI, "messages": [user(text)], "tools": TOOLS, **more}


def called(text=QUESTION, **more):
    """The one choice of a reply, and what it calls, as name and arguments."""
    [choice] = both("chat.completions.create", **ask(text, **more)).choices
    calls = choice.message.tool_calls or []
    return choice, [(c.function.name, json.loads(c.function.arguments)) for c in calls]


def test_a_question_that_mentions_a_tool_calls_it():
    choice, calls = called()
    assert calls == [("get_weather", {"city": "New York"})]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    [call] = choice.message.tool_calls
    assert call.type == "function" and call.id.startswith("call_")


def test_a_question_that_mentions_no_tool_is_answered():
    choice, calls = called("What is Redis?")
    assert calls == []
    assert choice.finish_reason == "stop"
    assert choice.message.content.startswith("Redis is a server")


def test_a_value_that_is_not_required_is_given_only_if_the_question_has_it():
    assert called("The weather in Rome in FAHRENHEIT?")[1] == [
        ("get_weather", {"city": "Rome", "unit": "fahrenheit"})
    ]


def test_several_tools_are_called_at_once_unless_that_was_refused():
    both_mentioned = "What time and weather is it in Oslo?"
    names = ["get_weather", "get_time"]
    assert [name for name, _ in called(both_mentioned)[1]] == names
    assert [name for name, _ in called(both_mentioned, parallel_tool_calls=False)[1]] == names[:1]


NAMED = {"type": "function", "function": {"name": "get_time"}}
CHOICES = [
    ("none", QUESTION, [], "stop"),
    ("auto", QUESTION, ["get_weather"], "tool_calls"),
    ("auto", "What is Redis?", [], "stop"),
    ("required", QUESTION, ["get_weather"], "tool_calls"),
    ("required", "What is Redis?", ["get_weather"], "tool_calls"),
    (NAMED, QUESTION, ["get_time"], "stop"),  # as OpenAI ends it
]


def test_what_was_chosen_is_called(subtests):
    for choice, question, names, reason in CHOICES:
        with subtests.test(f"{choice} {question}"):
            reply, calls = called(question, tool_choice=choice)
            assert ([name for name, _ in calls], reply.finish_reason) == (names, reason)


def answered(*results):
    """The messages after a call of the tools, each with its result."""
    api = OfflineAPI()
    request = ask("What time and weather is it in Oslo?")
    message = api.client().chat.completions.create(**request).choices[0].message
    assert message.content is None
    told = [
        {"role": "tool", "tool_call_id": call.id, "content": result}
        for call, result in zip(message.tool_calls, results, strict=True)
    ]
    return [*request["messages"], message.model_dump(exclude_none=True), *told]


def test_after_the_results_the_answer_contains_them():
    messages = answered('{"degrees": -3}', "12:30")
    choice, calls = called(messages=messages)
    assert (calls, choice.finish_reason) == ([], "stop")
    assert 'get_weather: {"degrees": -3} get_time: 12:30' in choice.message.content


def test_a_null_content_may_be_sent_or_left_out():
    messages = answered("cold", "late")
    whole = called(messages=messages)[0]
    messages[1]["content"] = None
    assert called(messages=messages)[0] == whole


def test_another_question_after_the_results_calls_again():
    messages = [*answered("cold", "late"), user("And the weather in Rome?")]
    assert called(messages=messages)[1] == [("get_weather", {"city": "Rome"})]


def test_a_required_call_is_made_also_after_the_results():
    assert called(messages=answered("cold", "late"), tool_choice="required")[1]


def test_the_same_request_makes_the_same_call_and_another_one_another():
    [one, same, other] = [
        called(text)[0].message.tool_calls[0].id
        for text in (QUESTION, QUESTION, "The weather in Oslo?")
    ]
    assert one == same != other


def test_choices_have_calls_of_their_own():
    reply = OfflineAPI().client().chat.completions.create(**ask(n=2))
    ids = [choice.message.tool_calls[0].id for choice in reply.choices]
    assert len(set(ids)) == 2
    assert reply.usage.completion_tokens == 2 * tokens_of(reply.choices[0].message)


def tokens_of(message):
    texts = [t for c in message.tool_calls for t in (c.function.name, c.function.arguments)]
    return sum(map(count_tokens, texts))


def test_tools_calls_and_results_are_billed():
    client = OfflineAPI().client()
    plain = client.chat.completions.create(model=MINI, messages=[user(QUESTION)])
    with_tools = client.chat.completions.create(**ask())
    definitions = sum(count_tokens(json.dumps(tool)) for tool in TOOLS)
    assert with_tools.usage.prompt_tokens == plain.usage.prompt_tokens + definitions
    message = with_tools.choices[0].message
    assert with_tools.usage.completion_tokens == tokens_of(message)
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "21 degrees"}
    after = client.chat.completions.create(**ask(messages=[user(QUESTION), message, result]))
    assert after.usage.prompt_tokens == (
        with_tools.usage.prompt_tokens
        + 3 + count_tokens("assistant") + tokens_of(message)
        + 3 + count_tokens("tool") + count_tokens("21 degrees")
    )  # fmt: skip


def test_arguments_are_cut_at_the_limit():
    whole = called()[0].message
    reply = OfflineAPI().client().chat.completions.create(**ask(max_tokens=tokens_of(whole) - 1))
    [choice] = reply.choices
    arguments = choice.message.tool_calls[0].function.arguments
    assert choice.finish_reason == "length"
    assert whole.tool_calls[0].function.arguments.startswith(arguments) and arguments
    assert reply.usage.completion_tokens == tokens_of(whole) - 1


# Streamed


BOTH = "What time and weather is it in Oslo?"


def test_a_streamed_call_begins_with_its_name_and_goes_on_with_its_arguments():
    chunks = list(OfflineAPI().client().chat.completions.create(**ask(BOTH), stream=True))
    first, *deltas, last = [chunk.choices[0] for chunk in chunks]
    assert (first.delta.role, first.delta.content) == ("assistant", None)
    assert (last.finish_reason, last.delta.tool_calls) == ("tool_calls", None)
    parts = [part for choice in deltas for part in choice.delta.tool_calls]
    begun = [part for part in parts if part.id]
    assert [(p.index, p.type, p.function.name, p.function.arguments) for p in begun] == [
        (0, "function", "get_weather", ""),
        (1, "function", "get_time", ""),
    ]
    for part in begun:
        pieces = [p.function.arguments for p in parts if p.index == part.index and not p.id]
        assert len(pieces) > 2
        assert "Oslo" in json.dumps(json.loads("".join(pieces)))


def test_the_clients_stream_puts_the_same_calls_together():
    request = ask(BOTH, stream_options={"include_usage": True})
    plain = both("chat.completions.create", **ask(BOTH))

    def same(final, events):
        done = [event for event in events if event.type == "tool_calls.function.arguments.done"]
        assert [event.name for event in done] == ["get_weather", "get_time"]
        (choice,), (expected,) = final.choices, plain.choices
        assert choice.finish_reason == expected.finish_reason
        for call, other in zip(choice.message.tool_calls, expected.message.tool_calls, strict=True):
            assert (call.function.name, call.function.arguments) == (
                other.function.name,
                other.function.arguments,
            )
        assert final.usage.total_tokens > plain.usage.completion_tokens

    async def scenario():
        async with OfflineAPI().async_client().chat.completions.stream(**request) as stream:
            events = [event async for event in stream]
            same(await stream.get_final_completion(), events)

    with OfflineAPI().client().chat.completions.stream(**request) as stream:
        events = list(stream)
        same(stream.get_final_completion(), events)
    asyncio.run(scenario())


def test_a_stream_ends_for_the_same_reason_as_the_plain_reply(subtests):
    client = OfflineAPI().client()
    for choice, question, _, reason in CHOICES:
        with subtests.test(f"{choice} {question}"):
            request = ask(question, tool_choice=choice)
            *_, last = client.chat.completions.create(**request, stream=True)
            assert last.choices[0].finish_reason == reason


# The rules


def test_a_function_without_parameters_is_called_with_none():
    assert Tool("ping").arguments("Ping") == "{}"


@pytest.mark.parametrize(
    ("name", "question", "meant"),
    [
        ("get_weather", "Weather?", True),
        ("get_weather", "How do I get there?", False),
        ("listOrders", "Show my order", True),
        ("search", "Search for shoes", True),
        ("get_weather", "请用weather工具", True),
        ("get_weather", "天气怎么样？", False),
        ("get_weather", "Is he a weatherman?", False),
    ],
)
def test_a_tool_is_meant_by_a_word_of_its_name(name, question, meant):
    tool = Tool(name)
    assert Toolbox((tool,)).called(question, True) == ((tool,) if meant else ())
