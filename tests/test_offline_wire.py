"""How a reply is sent, seen without the OpenAI client: the bytes themselves."""

import json

import httpx2
import pytest

from semcache.lab.offline.wire import Answer, reply

EVENTS = [{"n": 1}, {"n": "二"}]


def test_a_plain_body_is_json_with_its_headers():
    response = reply(Answer({"text": "缓存"}, 0), {"x-request-id": "req_1"}, None)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"] == "req_1"
    assert response.json() == {"text": "缓存"}


def test_a_stream_is_server_sent_events_closed_by_done():
    response = reply(Answer(iter(EVENTS), 0), {}, None)
    assert response.headers["content-type"].startswith("text/event-stream")
    *events, done, rest = response.read().decode().split("\n\n")
    assert [json.loads(event.removeprefix("data: ")) for event in events] == EVENTS
    assert (done, rest) == ("data: [DONE]", "")


def test_named_events_say_their_type_and_the_last_one_ends_them():
    response = reply(Answer(iter([{"type": "a.b"}, {"type": "c"}]), 0, named=True), {}, None)
    assert response.read().decode() == (
        'event: a.b\ndata: {"type": "a.b"}\n\nevent: c\ndata: {"type": "c"}\n\n'
    )


def test_a_cut_stream_sends_whole_events_and_never_done():
    response = reply(Answer(iter(EVENTS), 0), {}, 1)
    received = []
    with pytest.raises(httpx2.RemoteProtocolError, match="without sending complete"):
        for part in response.iter_raw():
            received.append(part)
    assert received == [b'data: {"n": 1}\n\n']


def test_a_cut_body_stops_in_the_middle():
    response = reply(Answer({"text": "hello"}, 0), {}, 0)
    received = []
    with pytest.raises(httpx2.RemoteProtocolError):
        for part in response.iter_raw():
            received.append(part)
    assert b"".join(received) == b'{"text":'
