"""generate: one request to the LLM, plain or streamed, and what came of it."""

import json

import httpx2
import openai
import pytest
from semantic_bench import MINI, ChatAPI, completion, event, events

from semcache.answers.request import Completion, Request, complete_answers, generate, stream
from semcache.lab.offline import OfflineAPI

ASK = Request("How?", "gpt-4o-mini", "Be brief.", {"temperature": 0.5})


def streamed(client, request) -> tuple[list[str], list[Completion]]:
    ended: list[Completion] = []
    return list(stream(client, request, ended.append)), ended


def test_the_request_is_sent_as_it_was_made():
    api = ChatAPI()
    generate(api.client(), ASK)
    streamed(api.client(), ASK)
    generate(api.client(), Request("How?", "m"))
    plain, stream_, bare = api.requests
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How?"},
    ]
    assert plain == {"model": "gpt-4o-mini", "messages": messages, "temperature": 0.5}
    usage = {"stream": True, "stream_options": {"include_usage": True}}
    assert stream_ == {**plain, **usage}
    assert bare == {"model": "m", "messages": messages[1:]}


def test_an_empty_system_prompt_is_a_system_prompt():
    assert Request("q", "m", "").arguments()["messages"][0] == {"role": "system", "content": ""}
    assert Request("q", "m", "").audience != Request("q", "m").audience


DIFFERENT = [
    Request("q", "m"),
    Request("q", "m2"),
    Request("q", "m", "s"),
    Request("q", "m", "s "),
    Request("q", "m", None, {"temperature": 0}),
    Request("q", "m", None, {"temperature": 1}),
    Request("q", "m", None, {"top_p": 1}),
    Request("q", "m", None, {"stop": ["a", "b"]}),
    Request("q", "m", None, {"stop": ["a,b"]}),
    Request("q", 'm", "s'),
    Request("q", "m", "s", {"temperature": 0}),
    Request("q", "m", None, {"seed": None}),
]


def test_whatever_shapes_an_answer_is_part_of_the_audience():
    assert len({request.audience for request in DIFFERENT}) == len(DIFFERENT)


def test_the_question_and_the_order_of_arguments_are_not():
    one = Request("q", "m", None, {"temperature": 0, "top_p": 1})
    two = Request("other", "m", None, {"top_p": 1, "temperature": 0})
    assert one.audience == two.audience


ENDINGS = {
    "stop": (completion("fine"), Completion("fine", "stop", False, 7), True),
    "length": (completion("cut sh", "length"), Completion("cut sh", "length", False, 7), False),
    "filter": (
        completion("", "content_filter"),
        Completion("", "content_filter", False, 7),
        False,
    ),
    "filter half-way": (
        completion("so f", "content_filter"),
        Completion("so f", "content_filter", False, 7),
        False,
    ),
    "tool": (completion(None, "tool_calls"), Completion("", "tool_calls", False, 7), False),
    "none": (completion(None), Completion("", "stop", False, 7), False),
    "empty": (completion(""), Completion("", "stop", False, 7), False),
    "refusal": (
        completion(None, refusal="I can't help with that."),
        Completion("", "stop", True, 7),
        False,
    ),
    "refusal beside a text": (
        completion("Sorry.", refusal="no"),
        Completion("Sorry.", "stop", True, 7),
        False,
    ),
    "unfinished": (completion("so far", None), Completion("so far", None, False, 7), False),
    "nothing": ({**completion(""), "choices": []}, Completion("", None, False, 7), False),
    "no usage": ({**completion("fine"), "usage": None}, Completion("fine", "stop"), True),
}


@pytest.mark.parametrize(("reply", "want", "admitted"), ENDINGS.values(), ids=ENDINGS.keys())
def test_how_an_answer_ended_and_whether_it_may_be_kept(reply, want, admitted):
    api = ChatAPI()
    api.script.append(reply)
    assert generate(api.client(), ASK) == want
    assert complete_answers(want) is admitted


def test_a_stream_yields_each_piece_and_tells_the_whole_once():
    api = ChatAPI()
    api.script.append(events("one two three"))
    assert streamed(api.client(), ASK) == (
        ["one", "two", "three"],
        [Completion("onetwothree", "stop", False, 7)],
    )


STREAM_ENDINGS = {
    "length": (events("cut sh", "length"), "length", False),
    "filter": (events("so far", "content_filter"), "content_filter", False),
    "ended without a word why": (events("so far", None), None, False),
    "empty": ([event("", role="assistant"), event(None, "stop")], "stop", False),
    "refusal": (
        [event(None, refusal="I can"), event(None, refusal="not"), event(None, "stop")],
        "stop",
        True,
    ),
}


@pytest.mark.parametrize(
    ("script", "reason", "refused"), STREAM_ENDINGS.values(), ids=STREAM_ENDINGS.keys()
)
def test_how_a_stream_ended(script, reason, refused):
    api = ChatAPI()
    api.script.append(script)
    _, (end,) = streamed(api.client(), ASK)
    assert (end.finish_reason, end.refused) == (reason, refused)
    assert not complete_answers(end)


def test_a_stream_of_nothing_at_all_ends_without_a_reason():
    api = ChatAPI()
    api.script.append([])
    assert streamed(api.client(), ASK) == ([], [Completion("", None)])


def test_an_error_event_inside_a_stream_is_the_apis_error_and_no_end():
    api = ChatAPI()
    api.script.append([event("so"), {"error": {"message": "overloaded", "type": "server_error"}}])
    ended = []
    pieces = stream(api.client(), ASK, ended.append)
    assert next(pieces) == "so"
    with pytest.raises(openai.APIError):
        list(pieces)
    assert not ended


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_stream_that_is_cut_raises_and_has_no_end(after):
    api = OfflineAPI()
    api.fail("cut", after=after)
    ended, pieces = [], []
    with pytest.raises(openai.APIError):
        for piece in stream(api.client(max_retries=0), Request("q", MINI), ended.append):
            pieces.append(piece)
    assert not ended and len(pieces) <= after


def test_an_abandoned_stream_has_no_end_and_closes_its_connection():
    closed = []

    class Lines(httpx2.SyncByteStream):
        def __iter__(self):
            for one in events("one two three"):
                yield f"data: {json.dumps(one)}\n\n".encode()

        def close(self):
            closed.append(True)

    api = ChatAPI()
    headers = {"content-type": "text/event-stream"}
    api.script.append(httpx2.Response(200, headers=headers, stream=Lines()))
    ended = []
    pieces = stream(api.client(), ASK, ended.append)
    assert next(pieces) == "one" and not closed
    pieces.close()
    assert closed and not ended


def test_a_stream_comes_piece_by_piece_and_asks_only_when_it_is_read():
    api = OfflineAPI()
    ended = []
    pieces = stream(api.client(), Request("q", MINI), ended.append)
    assert not api.calls
    first = next(pieces)
    assert first and not ended
    rest = "".join(pieces)
    assert ended == [Completion(first + rest, "stop", False, api.tokens)]


def test_of_several_answers_the_first_counts_plain_or_streamed():
    api = OfflineAPI()
    request = Request("q", MINI, None, {"n": 3})
    plain = generate(api.client(), request)
    pieces, (end,) = streamed(api.client(), request)
    assert "".join(pieces) == end.text == plain.text
    assert end == plain


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_the_apis_own_error_comes_through(status):
    for ask in (generate, streamed):
        api = ChatAPI()
        api.script.append(httpx2.Response(status, json={"error": {"message": "scripted"}}))
        with pytest.raises(openai.APIStatusError) as caught:
            ask(api.client(), ASK)
        assert caught.value.status_code == status
