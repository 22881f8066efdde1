"""completion: one request to the LLM, plain or streamed, and what came of it; on both faces."""

import json
from dataclasses import replace

import httpx2
import openai
import pytest
from faces import _pieces, asynchronous, wait
from fakeredis import FakeRedis
from semantic_bench import HEAD, MINI, ChatAPI, completion, event, events

from semcache import HybridLLMCache
from semcache.aio import ASYNC
from semcache.answers.completion import (
    Completion,
    complete_answers,
    finished_by,
    generate,
    stream,
)
from semcache.answers.request import Request
from semcache.blocking import BLOCKING, iterate, run
from semcache.errors import BadResponse
from semcache.lab.offline import OfflineAPI

ASK = Request("How?", "gpt-4o-mini", "Be brief.", {"temperature": 0.5})


class Face:
    """The flows of one face, with blocking functions."""

    def __init__(self, name: str) -> None:
        self.asynchronous = name == "async"

    def port(self, client):
        return ASYNC.api(asynchronous(client)) if self.asynchronous else BLOCKING.api(client)

    def generate(self, client, request) -> Completion:
        return (wait if self.asynchronous else run)(generate(self.port(client), request))

    def stream(self, client, request, ended: list[Completion]):
        async def finished(completion: Completion) -> None:
            ended.append(completion)

        pieces = stream(self.port(client), request, finished)
        return (_pieces if self.asynchronous else iterate)(pieces)

    def streamed(self, client, request) -> tuple[list[str], list[Completion]]:
        ended: list[Completion] = []
        return list(self.stream(client, request, ended)), ended


@pytest.fixture(params=["blocking", "async"])
def face(request) -> Face:
    return Face(request.param)


def test_the_request_is_sent_as_it_was_made(face):
    api = ChatAPI()
    face.generate(api.client(), ASK)
    face.streamed(api.client(), ASK)
    face.generate(api.client(), Request("How?", "m"))
    plain, stream_, bare = api.requests
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How?"},
    ]
    assert plain == {"model": "gpt-4o-mini", "messages": messages, "temperature": 0.5}
    usage = {"stream": True, "stream_options": {"include_usage": True}}
    assert stream_ == {**plain, **usage}
    assert bare == {"model": "m", "messages": messages[1:]}


CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
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
    "tool": (
        completion(None, "tool_calls", tool_calls=[CALL]),
        Completion("", "tool_calls", False, 7, True),
        False,
    ),
    "tool without a call": (
        completion(None, "tool_calls"),
        Completion("", "tool_calls", False, 7),
        False,
    ),
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
    "usage as text": (
        {**completion("fine"), "usage": {"prompt_tokens": "3", "completion_tokens": "4"}},
        Completion("fine", "stop", False, 7),
        True,
    ),
    **{
        f"usage of {odd!r}": (
            {**completion("fine"), "usage": {"total_tokens": odd, "completion_tokens": odd}},
            Completion("fine", "stop"),
            True,
        )
        for odd in ("12.5", "n/a", {"a": 1}, 1e999, -7)
    },
    "usage without a total": (
        {**completion("fine"), "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
        Completion("fine", "stop", False, 7),
        True,
    ),
}


@pytest.mark.parametrize(("reply", "want", "admitted"), ENDINGS.values(), ids=ENDINGS.keys())
def test_how_an_answer_ended_and_whether_it_may_be_kept(face, reply, want, admitted):
    api = ChatAPI()
    api.script.append(reply)
    written = 4 if want.tokens else 0  # of the seven
    assert face.generate(api.client(), ASK) == replace(want, written=written)
    assert complete_answers(want) is admitted


def test_what_ends_an_answer_can_be_said_anew():
    rule = finished_by("eos", None)
    assert rule(Completion("x", "eos")) and rule(Completion("x", None))
    assert not rule(Completion("x", "stop")) and not rule(Completion("x", "length"))
    assert not rule(Completion("", "eos")) and not rule(Completion("x", "eos", refused=True))


def test_a_stream_yields_each_piece_and_tells_the_whole_once(face):
    api = ChatAPI()
    api.script.append(events("one two three"))
    assert face.streamed(api.client(), ASK) == (
        ["one", "two", "three"],
        [Completion("onetwothree", "stop", False, 7, written=4)],
    )


STREAM_ENDINGS = {
    "length": (events("cut sh", "length"), "length", False),
    "filter": (events("so far", "content_filter"), "content_filter", False),
    "length, then stop": ([event("cut", "length"), event(None, "stop")], "length", False),
    "stop, then length": ([event("cut", "stop"), event(None, "length")], "length", False),
    "filter, then eos": (
        [event("cut", "content_filter"), event("", "eos")],
        "content_filter",
        False,
    ),
    "eos, then length": ([event("cut", "eos"), event(None, "length")], "length", False),
    "a call, then length": ([event("a", "tool_calls"), event(None, "length")], "length", False),
    "a call, then stop": ([event("a", "tool_calls"), event(None, "stop")], "tool_calls", False),
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
def test_how_a_stream_ended(face, script, reason, refused):
    api = ChatAPI()
    api.script.append(script)
    _, (end,) = face.streamed(api.client(), ASK)
    assert (end.finish_reason, end.refused) == (reason, refused)
    assert not complete_answers(end)


def test_a_stream_that_calls_a_tool_says_so(face):
    api = ChatAPI()
    call = event(None, tool_calls=[{"index": 0, **CALL}])
    api.script.append([event("I'll look."), call, event(None, "tool_calls")])
    _, (end,) = face.streamed(api.client(), ASK)
    assert end == Completion("I'll look.", "tool_calls", calls=True)


def test_events_that_leave_out_what_they_may_are_read_for_what_is_there(face):
    """No usage, no role, no delta; usage in the last event with choices; another index."""
    api = ChatAPI()
    bare = {**HEAD, "choices": [{"index": 0}]}
    other = event("two")
    other["choices"][0]["index"] = 1
    last = {**event(None, "stop"), "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    api.script.append([{**HEAD}, bare, event("one"), other, last, bare])
    assert face.streamed(api.client(), ASK) == (
        ["one", "two"],
        [Completion("onetwo", "stop", False, 7, written=4)],
    )


def test_an_error_event_inside_a_stream_is_the_apis_error_and_no_end(face):
    api = ChatAPI()
    api.script.append([event("so"), {"error": {"message": "overloaded", "type": "server_error"}}])
    ended = []
    pieces = face.stream(api.client(), ASK, ended)
    assert next(pieces) == "so"
    with pytest.raises(openai.APIError):
        list(pieces)
    assert not ended


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_stream_that_is_cut_raises_and_has_no_end(face, after):
    api = OfflineAPI()
    api.fail("cut", after=after)
    ended, pieces = [], []
    with pytest.raises(openai.APIError):
        for piece in face.stream(api.client(max_retries=0), Request("q", MINI), ended):
            pieces.append(piece)
    assert not ended and len(pieces) <= after


def test_an_abandoned_stream_has_no_end_and_closes_its_connection(face):
    closed = []

    class Lines(httpx2.SyncByteStream, httpx2.AsyncByteStream):
        def __iter__(self):
            for one in events("one two three"):
                yield f"data: {json.dumps(one)}\n\n".encode()

        async def __aiter__(self):
            for line in self:
                yield line

        def close(self):
            closed.append(True)

        async def aclose(self):
            closed.append(True)

    api = ChatAPI()
    headers = {"content-type": "text/event-stream"}
    api.script.append(httpx2.Response(200, headers=headers, stream=Lines()))
    ended = []
    pieces = face.stream(api.client(), ASK, ended)
    assert next(pieces) == "one" and not closed
    pieces.close()
    assert closed and not ended


def test_a_stream_comes_piece_by_piece_and_asks_only_when_it_is_read(face):
    api = OfflineAPI()
    ended = []
    pieces = face.stream(api.client(), Request("q", MINI), ended)
    assert not api.calls
    first = next(pieces)
    assert first and not ended
    rest = "".join(pieces)
    (said,) = ended
    assert replace(said, written=0) == Completion(first + rest, "stop", False, api.tokens)
    assert 0 < said.written < said.tokens


def test_of_several_answers_to_a_plain_request_the_first_counts(face):
    """No cache asks for several, see test_request; a server may send them all the same."""
    api = ChatAPI()
    reply = completion("one")
    reply["choices"].append({**reply["choices"][0], "index": 1, "message": {"content": "two"}})
    api.script.append(reply)
    assert face.generate(api.client(), ASK) == Completion("one", "stop", False, 7, written=4)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_the_apis_own_error_comes_through(face, status):
    for ask in (face.generate, face.streamed):
        api = ChatAPI()
        api.script.append(httpx2.Response(status, json={"error": {"message": "scripted"}}))
        with pytest.raises(openai.APIStatusError) as caught:
            ask(api.client(), ASK)
        assert caught.value.status_code == status
        assert len(api.requests) == 1


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_knows_no_stream_options_is_asked_without(face, status):
    api = ChatAPI()
    error = {"message": "unknown field stream_options"}
    api.script.append(httpx2.Response(status, json={"error": error}))
    api.script.append(events("one two")[:-1])
    assert face.streamed(api.client(), ASK) == (["one", "two"], [Completion("onetwo", "stop")])
    assert ["stream_options" in body for body in api.requests] == [True, False]


PAGE = "<html>Please log in</html>"
NO_REPLIES = {
    "a page": lambda: httpx2.Response(200, headers={"content-type": "text/html"}, text=PAGE),
    "a page that says it is JSON": lambda: httpx2.Response(
        200, headers={"content-type": "application/json"}, text=PAGE
    ),
    "an error with status 200": lambda: httpx2.Response(
        200, json={"error": {"message": "no credit"}}
    ),
    "some other JSON": lambda: httpx2.Response(200, json=["x"]),
}


@pytest.mark.parametrize("reply", NO_REPLIES.values(), ids=NO_REPLIES.keys())
def test_a_reply_that_is_none_is_a_bad_response(face, reply):
    api = ChatAPI()
    api.script.append(reply())
    with pytest.raises(BadResponse, match="gpt-4o-mini returned no completion"):
        face.generate(api.client(), ASK)


NO_STREAMS = {
    **NO_REPLIES,
    "nothing": lambda: httpx2.Response(200, content=b""),
    "an end without a beginning": lambda: [],
    "a chunk that is no JSON": lambda: httpx2.Response(200, content=b"data: {not json\n\n"),
    "an error in the choice of a chunk": lambda: [failed(event("so"))],
    "an error in the choice of a whole reply": lambda: failed(completion("so")),
    "a whole reply without choices": lambda: httpx2.Response(200, json={"choices": None}),
}


def failed(said):
    return {**said, "choices": [{**said["choices"][0], "error": {"code": 502}}]}


@pytest.mark.parametrize("reply", NO_STREAMS.values(), ids=NO_STREAMS.keys())
def test_a_stream_that_is_none_is_a_bad_response_and_no_answer(face, reply):
    api, ended = ChatAPI(), []
    api.script.append(reply())
    with pytest.raises(BadResponse, match="gpt-4o-mini returned no"):
        list(face.stream(api.client(), ASK, ended))
    assert not ended


def test_an_error_in_a_choice_is_one_of_the_reply(face):
    api = ChatAPI()
    api.script.append(failed(completion("so far")))
    with pytest.raises(BadResponse, match="502"):
        face.generate(api.client(), ASK)


@pytest.mark.parametrize("wrong", [False, True], ids=["JSON", "events that are called JSON"])
def test_a_whole_reply_that_came_in_place_of_a_stream_is_the_answer(face, wrong):
    body = json.dumps(completion("paid for"))
    if wrong:
        body = "".join(f"data: {json.dumps(one)}\n\n" for one in events("paid for"))
    api = ChatAPI()
    headers = {"content-type": "application/json"}
    api.script.append(httpx2.Response(200, headers=headers, content=body))
    pieces, (end,) = face.streamed(api.client(), ASK)
    assert "".join(pieces).replace(" ", "") == "paidfor"
    assert (end.finish_reason, end.tokens, end.written) == ("stop", 7, 4)


@pytest.mark.parametrize("reply", [{**completion(""), "choices": None}, {"error": {"code": 429}}])
def test_a_reply_that_is_none_is_our_error(reply):
    api = ChatAPI()
    api.script.append(reply)
    with pytest.raises(BadResponse, match="no completion"):
        HybridLLMCache(FakeRedis(), api.client()).get_or_generate("q@1", read=False, keep=False)
