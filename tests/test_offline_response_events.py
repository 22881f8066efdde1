"""POST /v1/responses, streamed: the events, in their order, as the real clients read them."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import openai
import pytest
from chatting import MINI, QUESTION, TIME, WEATHER, Answer, flat_tools

from semcache.lab.offline import OfflineAPI, responses

TOOLS = flat_tools(WEATHER, TIME)
TEXT = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]
CALL = [
    "response.output_item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_item.done",
]


def ask(input="What is Redis?", **more):
    return {"model": MINI, "input": input, **more}


def streamed(**request):
    return list(OfflineAPI().client().responses.create(**request, stream=True))


def kinds(events):
    """The types in their order; deltas in a row count as one."""
    return [kind for kind, _ in groupby(event.type for event in events)]


def test_a_text_comes_in_the_apis_events():
    events = streamed(**ask())
    assert kinds(events) == TEXT
    assert [event.sequence_number for event in events] == list(range(len(events)))
    begun, ended = events[0].response, events[-1].response
    assert (begun.status, begun.output, begun.usage) == ("in_progress", [], None)
    assert (ended.status, ended.id) == ("completed", begun.id)
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == ended.output_text and len(deltas) > 10


def test_the_last_event_holds_the_plain_response():
    plain = OfflineAPI().client().responses.create(**ask())
    last = streamed(**ask())[-1].response
    # The id comes of the request, which here says "stream".
    for name in ("output_text", "usage", "status", "tools", "model"):
        assert getattr(last, name) == getattr(plain, name), name


def test_calls_come_one_after_the_other():
    events = streamed(**ask("What time and weather is it in Oslo?", tools=TOOLS))
    assert kinds(events) == [*TEXT[:2], *CALL, *CALL, TEXT[-1]]
    added = [event.item for event in events if event.type == "response.output_item.added"]
    assert [(item.name, item.arguments) for item in added] == [
        ("get_weather", ""),
        ("get_time", ""),
    ]
    for index, item in enumerate(events[-1].response.output):
        mine = [e.delta for e in events if e.type == CALL[1] and e.output_index == index]
        assert "".join(mine) == item.arguments and len(mine) > 2
        assert "Oslo" in json.dumps(json.loads(item.arguments))


def test_an_answer_over_the_limit_ends_incomplete():
    events = streamed(**ask(max_output_tokens=16))
    assert kinds(events) == [*TEXT[:-1], "response.incomplete"]
    assert events[-1].response.incomplete_details.reason == "max_output_tokens"
    assert events[-1].response.usage.output_tokens == 16


@pytest.mark.parametrize(
    "request_",
    [ask(), ask(text_format=Answer), ask(QUESTION, tools=TOOLS)],
    ids=["text", "form", "tools"],
)
def test_the_clients_stream_ends_with_the_same_response(request_):
    async def scenario():
        async with OfflineAPI().async_client().responses.stream(**request_) as stream:
            return await stream.get_final_response()

    with OfflineAPI().client().responses.stream(**request_) as stream:
        seen = [event.type for event in stream]
        final = stream.get_final_response()
    assert seen[-1] == "response.completed"
    assert asyncio.run(scenario()) == final
    if "text_format" in request_:
        assert type(final.output_parsed) is Answer
    elif "tools" in request_:
        assert json.loads(final.output[0].arguments) == {"city": "New York"}
    else:
        assert final.output_text.startswith("Redis is a server")


def test_a_streamed_response_is_stored_as_well():
    client = OfflineAPI().client()
    *_, last = client.responses.create(**ask(), stream=True)
    on = client.responses.create(**ask("Why?", previous_response_id=last.response.id))
    assert on.output_text.endswith("You asked: Why?")


@pytest.fixture
def produced(monkeypatch):
    """The events that the API has made so far."""
    made = []
    original = responses.events

    def counted(*args):
        for event in original(*args):
            made.append(event)
            yield event

    monkeypatch.setattr(responses, "events", counted)
    return made


def test_the_first_event_arrives_before_the_second_is_made(produced):
    stream = OfflineAPI().client().responses.create(**ask(), stream=True)
    assert produced == []
    for read, _ in enumerate(stream, start=1):
        assert len(produced) == read
    assert len(produced) > 10


def test_the_first_event_arrives_before_the_second_is_made_async(produced):
    async def scenario():
        stream = await OfflineAPI().async_client().responses.create(**ask(), stream=True)
        read = 0
        async for _ in stream:
            read += 1
            assert len(produced) == read

    asyncio.run(scenario())
    assert len(produced) > 10


def test_on_the_wire_events_have_names_and_the_last_one_ends_the_stream():
    api = OfflineAPI()
    body = ask(stream=True)
    with api.http_client() as http:
        reply = http.post("http://offline.invalid/v1/responses", json=body)
    assert reply.headers["content-type"].startswith("text/event-stream")
    *events, rest = reply.text.split("\n\n")
    assert rest == "" and "[DONE]" not in reply.text
    for event in events:
        name, data = event.split("\n")
        assert name.removeprefix("event: ") == json.loads(data.removeprefix("data: "))["type"]


# Faults and quirks


def test_a_stream_is_cut_after_the_events_that_arrived():
    for after in (0, 1, 6):
        api = OfflineAPI()
        api.fail("cut", after=after)
        arrived = []
        with pytest.raises(openai.APIConnectionError):
            for event in api.client().responses.create(**ask(), stream=True):
                arrived.append(event)
        assert len(arrived) == after


def test_lost_and_limited_requests_are_sent_again(monkeypatch):
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    api = OfflineAPI()
    api.fail(429, retry_after=0.005)
    api.fail("disconnect")
    assert api.client().responses.create(**ask()).output_text
    assert [call.status for call in api.calls] == [429, None, 200]


def test_requests_are_held_until_they_meet():
    api = OfflineAPI()
    api.hold(lambda: api.waiting == 4, endpoint="responses")
    client = api.client()
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: client.responses.create(**ask()), range(4)))
    assert len({reply.output_text for reply in replies}) == 1
    assert (api.call_count("responses"), api.waiting) == (4, 0)


def test_usage_is_missing_in_a_response_and_in_its_events():
    api = OfflineAPI()
    api.quirk("no usage")
    client = api.client()
    assert client.responses.create(**ask()).usage is None
    last = list(client.responses.create(**ask(), stream=True))[-1]
    assert (last.type, last.response.usage) == ("response.completed", None)
    assert "usage" not in last.response.model_fields_set
    assert last.response.output_text


def test_an_error_comes_with_status_200():
    api = OfflineAPI()
    api.quirk("error in a 200")
    client = api.client(max_retries=0)
    assert client.responses.create(**ask()).error.code == 429
    with pytest.raises(openai.APIError, match="rate limited upstream"):
        list(client.responses.create(**ask(), stream=True))


def test_quirks_of_the_chat_endpoint_are_not_its():
    api = OfflineAPI()
    for kind in ("no delta", "null choices", "no stop reason", "no stream options"):
        api.quirk(kind)
    assert kinds(api.client().responses.create(**ask(), stream=True)) == TEXT
