"""The cached client against what providers, networks and applications do at their worst."""

import asyncio
import base64
import contextlib
import gzip
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import fakeredis
import httpx2
import numpy as np
import openai
import pydantic
import pytest
import redis
from client_bench import FACES, App, call, messages, text_of
from fakes import Clock, VectorAPI
from semantic_bench import ChatAPI, Drawn, Spy, completion, event

from semcache import TieredEmbeddingCache, cache_of, cached
from semcache.answers.exact import ExactTier
from semcache.errors import CacheUnavailable, ConfigError
from semcache.index.packed import Packed, pack
from semcache.lab.offline import OfflineAPI

A, NEAR_A = "apples@0", "apple@10"
KEEPS_ALL = {"keep_calls": True, "admit": lambda completion: True}


@pytest.fixture(params=FACES)
def face(request) -> str:
    return request.param


@pytest.fixture
def app(face) -> App:
    return App(face, threshold=0.95)


class Chunks(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body in pieces, as a network may cut it."""

    def __init__(self, body: bytes, size: int) -> None:
        self.pieces = [body[at : at + size] for at in range(0, len(body), size)]

    def __iter__(self):
        return iter(self.pieces)

    async def __aiter__(self):
        for piece in self.pieces:
            yield piece


def sent(body: bytes, size: int = 10_000, **headers: str) -> httpx2.Response:
    given = {"content-type": "text/event-stream", **headers}
    return httpx2.Response(200, headers=given, stream=Chunks(body, size))


def lines(*said: Any, end: str = "\n", data: str = "data: ") -> bytes:
    """A stream of chat chunks as UTF-8, ended by [DONE]."""
    texts = [json.dumps(one, ensure_ascii=False) if isinstance(one, dict) else one for one in said]
    return "".join(f"{data}{text}{end}{end}" for text in [*texts, "[DONE]"]).encode()


def bare_stream(api: ChatAPI, **arguments: Any) -> list[Any]:
    given = {"model": "any", "messages": messages(A), "stream": True, **arguments}
    return list(api.client().chat.completions.create(**given))


# Streams of a provider ---------------------------------------------------------------------------

WORDS = [event("é\u2028x\x85", role="assistant"), event("\x0b\x1e猫"), event(None, "stop")]


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize(
    "body",
    [
        lines(*WORDS), lines(*WORDS, end="\r\n"), lines(*WORDS, end="\r"),
        lines(*WORDS, data="data:"), b": ping\n\n" + lines(*WORDS), lines(*WORDS)[:-2],
        lines(*WORDS) + lines(event("late")), b"event: m\nid: 1\nretry: 5\n" + lines(*WORDS),
    ],
    ids=["LF", "CRLF", "CR", "no space", "comment", "no last line", "after the end", "fields"],
)  # fmt: skip
def test_a_stream_reads_as_without_the_cache_and_is_kept_whole(app, body, size):
    app.api.script.extend([sent(body, size), sent(body, size)])
    assert app.stream(A) == bare_stream(app.api)
    assert app.ask(A).text == text_of(app.stream(A)) == "é\u2028x\x85\x0b\x1e猫"
    assert app.calls == 2


def test_a_character_that_comes_in_two_halves_is_whole_again(app):
    halves = json.dumps([event("\ud83d"), event("\ude00"), event("\ud83d", "stop")])
    body = lines(*(json.dumps(one) for one in json.loads(halves)))
    app.api.script.append(sent(body))
    app.stream(A)
    assert app.ask(A).text == text_of(app.stream(A)) == "\U0001f600\ud83d" and app.calls == 1


def test_a_packed_stream_is_unpacked_once(app):
    packed = gzip.compress(lines(*WORDS))
    app.api.script.append(sent(packed, 5, **{"content-encoding": "gzip"}))
    assert text_of(app.stream(A)) == app.ask(A).text == "é\u2028x\x85\x0b\x1e猫"


FAILED = event(None)
FAILED["choices"][0]["error"] = {"message": "late", "code": 502}


@pytest.mark.parametrize(
    "bad",
    [
        '{"choices": [', "{not json", "\ufffd", json.dumps({"error": {"message": "late"}}),
        json.dumps(FAILED), "[" * 100_000,
    ],
)  # fmt: skip
def test_a_stream_with_a_piece_that_nobody_can_read_is_not_kept(app, bad):
    app.api.script.append(sent(lines(event("one"), bad, event("two"), event(None, "stop"))))
    raw = app.run(
        app.client.chat.completions.with_raw_response.create(
            model="any", messages=messages(A), stream=True
        )
    )
    app.drain(raw.http_response.aiter_bytes() if app.is_async else raw.http_response.iter_bytes())
    assert app.ask(A).way == "miss"


def test_a_null_error_in_each_chunk_is_none(app):
    app.api.script.append([{**one, "error": None} for one in WORDS])
    app.stream(A)
    assert app.ask(A).way == "exact"


def test_only_what_is_said_grows_and_names_are_not_emptied(face):
    app = App(face, **KEEPS_ALL)
    safe = {"hate": {"filtered": False, "severity": "safe"}}
    deltas = [("call_1", "f", '{"a"'), ("", "", ": 1}")]
    chunks = [
        event(tool_calls=[{"index": 0, "id": i, "function": {"name": n, "arguments": a}}])
        for i, n, a in deltas
    ]
    for chunk in (*chunks, end := event(None, "tool_calls")):
        chunk["choices"][0] |= {"content_filter_results": safe}
    app.api.script.append([*chunks, end, event(None, "")])
    app.stream(A)
    choice = app.ask(A).reply.choices[0]
    (one,) = choice.message.tool_calls
    assert (one.id, one.function.name, one.function.arguments) == ("call_1", "f", '{"a": 1}')
    assert choice.content_filter_results == safe and choice.finish_reason == "tool_calls"


def piece(name: str = "", said: str = "", **about: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": said} if name else {"arguments": said}
    return event(tool_calls=[{**about, "type": "function", "function": function}])


TOGETHER = event(
    tool_calls=[
        {"index": 0, "id": id, "function": {"name": name, "arguments": "{}"}}
        for id, name in (("c", "weather"), ("d", "time"))
    ]
)
PARALLEL = {
    "one index": [piece("weather", "{}", index=0, id="c"), piece("time", "{}", index=0, id="d")],
    "one index, in pieces": [
        piece("weather", "{", index=0, id="c"), piece("", "}", index=0, id="c"),
        piece("time", "{", index=0, id="d"), piece("", "}", index=0),
    ],
    "no index": [
        piece("weather", "{", id="c"), piece("time", "{}", id="d"), piece("", "}", id="c"),
    ],
    "in one chunk": [TOGETHER],
}  # fmt: skip


@pytest.mark.parametrize("chunks", PARALLEL.values(), ids=PARALLEL.keys())
def test_two_calls_stay_two_however_they_are_numbered(face, chunks):
    app = App(face, **KEEPS_ALL)
    app.api.script.append([*chunks, event(None, "tool_calls")])
    app.stream(A)
    kept = app.ask(A)
    said = kept.reply.choices[0].message.tool_calls
    calls = [(one.id, one.function.name, one.function.arguments) for one in said]
    assert kept.way == "exact" and calls == [("c", "weather", "{}"), ("d", "time", "{}")]


UNCLEAR = {
    "neither index nor id": [piece("weather", "{", id="c"), piece("", "}")],
    "a new id for each piece": [
        piece("weather", "{", index=0, id="c"), piece("", "}", index=0, id="d"),
    ],
    "an index in the second piece only": [piece("weather", "{", id="c"), piece("", "}", index=0)],
    "only the names differ": [piece("weather", "{}", index=0), piece("time", "{}", index=0)],
}  # fmt: skip


@pytest.mark.parametrize("chunks", UNCLEAR.values(), ids=UNCLEAR.keys())
def test_calls_that_nobody_can_tell_apart_are_not_kept(face, chunks):
    app = App(face, **KEEPS_ALL)
    app.api.script.append([*chunks, event(None, "tool_calls")])
    assert len(app.stream(A)) == len(chunks) + 1
    assert app.ask(A).way == "miss"


def test_of_a_stream_that_told_no_usage_a_whole_reply_has_one(app):
    app.api.script.append(WORDS)
    app.stream(A)
    assert app.ask(A).reply.usage.total_tokens == 0
    assert app.stream(A, stream_options={"include_usage": True})[-1].usage.total_tokens == 0


def test_a_stream_that_is_not_called_one_comes_in_pieces(app):
    body = lines(*WORDS)
    app.api.script.append(sent(body, 9, **{"content-type": "text/plain"}))
    raw = raw_of(app, stream=True)
    parts = app.drain(raw.aiter_raw() if app.is_async else raw.iter_raw())
    assert len(parts) == len(WORDS) + 1 and b"".join(parts) == body
    assert app.ask(A).way == "exact"


def test_answers_that_nobody_numbered_are_not_mixed(face):
    app = App(face, **KEEPS_ALL)
    chunks = [event("yes", "stop"), event("no", "stop")]
    for chunk in chunks:
        del chunk["choices"][0]["index"]
    app.api.script.append(chunks)
    app.stream(A, n=2)
    assert app.ask(A, n=2).way == "miss"


def test_choices_in_any_order_come_back_each_under_its_number(app):
    chunks = [event(text) for text in ("b", "a", "B", "A")]
    ends = [event(None, "stop"), event(None, "stop")]
    for number, chunk in zip((1, 0, 1, 0, 0, 1), [*chunks, *ends], strict=True):
        chunk["choices"][0]["index"] = number
    app.api.script.append([*chunks, *ends])
    app.stream(A, n=2)
    kept = app.ask(A, n=2)
    assert kept.way == "exact" and [c.message.content for c in kept.reply.choices] == ["aA", "bB"]


# Replies of a provider ---------------------------------------------------------------------------


def test_of_several_choices_one_that_was_cut_off_is_enough_not_to_keep(face):
    app = App(face, keep_calls=True)
    reply = completion(None, "tool_calls", **call(city="Oslo"))
    reply["choices"].append({**completion("cut", "length")["choices"][0], "index": 1})
    app.api.script.append(reply)
    app.ask(A, n=2)
    assert app.ask(A, n=2).way == "miss"


@pytest.mark.parametrize(
    ("reasons", "way"),
    [
        (("length", "stop"), "miss"),
        (("stop", "length"), "miss"),
        (("content_filter", "stop"), "miss"),
        (("stop", "stop"), "exact"),
        (("stop", None), "exact"),
        (("stop", ""), "exact"),
    ],
)
@pytest.mark.parametrize("more", [{}, {"n": 2}], ids=str)
def test_a_stream_that_says_anywhere_that_it_was_cut_is_not_kept(face, reasons, way, more):
    app = App(face)
    app.api.script.append([event("an answer"), *(event("", reason) for reason in reasons)])
    app.stream(A, **more)
    assert app.ask(A, **more).way == way


CHOICE = completion("x")["choices"][0]
ODD = [
    {"choices": ["x"]}, {"choices": [CHOICE, {"index": 1}]}, {"choices": [{"message": None}]},
    {"choices": [CHOICE], "usage": 7}, {"choices": [{**CHOICE, "finish_reason": ["stop"]}]},
    {"choices": {"0": CHOICE}}, [1], 7, None, "text",
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_an_odd_reply_is_handed_on_byte_by_byte(face, odd):
    app = App(face, **KEEPS_ALL)
    body = json.dumps(odd).encode()
    app.api.script.append(httpx2.Response(200, content=body))
    assert raw_of(app).content == body
    app.ask(A)
    app.stream(A)  # whatever was kept can be streamed


def raw_of(app: App, **arguments: Any) -> Any:
    given = {"model": "any", "messages": messages(A), **arguments}
    made = app.client.chat.completions.with_raw_response.create(**given)
    return app.run(made).http_response


@pytest.mark.parametrize("calls", ["x", [None], 7, {"index": 0}])
def test_odd_calls_in_a_stream_fail_nothing(face, calls):
    app = App(face, **KEEPS_ALL)
    body = lines(event("a", tool_calls=calls), event(None, "tool_calls"))
    app.api.script.append(sent(body))
    raw = raw_of(app, stream=True)
    parts = app.drain(raw.aiter_bytes() if app.is_async else raw.iter_bytes())
    assert b"".join(parts) == body


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe\x00", "<html>ü".encode("latin-1"), json.dumps(completion("x")).encode("utf-16")],
)
def test_bytes_that_are_no_utf8_are_left_as_they_are(app, body):
    app.api.script.append(httpx2.Response(200, content=body))
    assert raw_of(app).content == body


def test_headers_need_not_be_ascii(app):
    sent_as = "千问".encode()
    reply = completion("x")
    for content in (json.dumps(reply).encode(), b"<html>"):
        response = httpx2.Response(200, headers=[(b"x-served-by", sent_as)], content=content)
        app.api.script.append(response)
        raw = raw_of(app, extra_body={"semcache": {"read": False}})
        assert (b"x-served-by", sent_as) in raw.headers.raw


def test_headers_that_are_given_twice_stay_two(app):
    cookies = [("set-cookie", "a=1; path=/; secure"), ("set-cookie", "b=2; path=/")]
    reply = httpx2.Response(200, headers=cookies, content=json.dumps(completion("x")).encode())
    app.api.script.append(reply)
    assert raw_of(app).headers.get_list("set-cookie") == [value for _, value in cookies]


@pytest.mark.parametrize("body", [b"", b"busy", b'{"error": "plain"}', b"[]", b"\xff"])
def test_an_error_with_any_body_is_the_providers(app, body):
    headers = {"retry-after": "7", "x-request-id": "r", "content-type": "text/plain"}
    app.api.script.extend(httpx2.Response(429, headers=headers, content=body) for _ in range(2))
    with pytest.raises(openai.RateLimitError) as bare:
        bare_stream(app.api)
    with pytest.raises(openai.RateLimitError) as own:
        app.ask(A)
    assert (own.value.message, own.value.body) == (bare.value.message, bare.value.body)
    assert own.value.response.headers["retry-after"] == "7"
    assert own.value.response.content == body


# Redis -----------------------------------------------------------------------------------------


def test_a_reply_that_was_paid_for_is_not_lost_because_it_cannot_be_kept(face):
    api = ChatAPI()

    def full(name: str, client: Any) -> None:
        if name == "execute_command" and api.requests:
            raise redis.ResponseError("OOM command not allowed when used memory > 'maxmemory'")

    server = fakeredis.FakeServer(server_type="redis", version=(8, 2))
    spied = Spy(fakeredis.FakeRedis(server=server), full)
    app = App(face, api, redis=spied, on_error="raise")
    assert app.ask(A).text == "answer 1" and app.cache.stats.errors == 1
    api.requests.clear()
    assert text_of(app.stream(A)) == "answer1" and app.cache.stats.errors == 2


def test_nor_are_embeddings(face):
    api = VectorAPI()

    def full(name: str, client: Any) -> None:
        if name in ("execute", "execute_command") and api.calls:
            raise redis.ResponseError("OOM command not allowed when used memory > 'maxmemory'")

    spied = Spy(fakeredis.FakeRedis(server=fakeredis.FakeServer(version=(8, 2))), full)
    app = App(face, api, redis=spied, on_error="raise", embedding_cache=Drawn())
    assert len(app.embed(["one", "two"], model="m-4").reply.data) == 2
    with pytest.raises(CacheUnavailable):  # nothing was paid for yet
        app.embed(["one", "two"], model="m-4")
    assert len(api.calls) == 1


@pytest.mark.parametrize("payload", ["no json", "[]", '{"choices": []}', '{"choices": [{}]}', "7"])
def test_a_payload_of_another_version_is_replaced(face, payload, monkeypatch):
    app = App(face)
    with monkeypatch.context() as older:
        writing = ExactTier.writing
        older.setattr(
            ExactTier, "writing",
            lambda self, request, answer: writing(
                self, request, type(answer)(answer.query, payload, 0.0, answer.expires_at)
            ),
        )  # fmt: skip
        app.ask(A)
    assert text_of(app.stream(A)) == "answer2" and app.cache.stats.errors == 1
    assert app.ask(A).way == "exact" and app.calls == 2


def test_an_old_reply_below_the_threshold_of_a_request_is_no_spare(face):
    app = App(face, stale_if_error=600, ttl=60, threshold=0.95)
    app.ask(A)
    assert app.ask(NEAR_A).way == "semantic"
    app.clock.advance(120)
    down = httpx2.Response(503, json={"error": {"message": "down"}})
    app.api.script.extend([down, down])
    assert app.ask(NEAR_A).text == "answer 1"
    with pytest.raises(openai.InternalServerError):
        app.ask(NEAR_A, extra_body={"semcache": {"threshold": 0.99}})


def test_who_waits_for_another_process_is_not_given_an_expired_reply(face):
    app = App(face, stale_if_error=600, ttl=60, lease=0.2)
    app.ask(A)
    app.clock.advance(120)
    audience = next(iter(app.redis.keys("*:exact:*"))).split(b":")
    lease = b"semcache:1:{default}:lease:" + b":".join(audience[-2:])
    app.redis.set(lease, b"another process", ex=60)
    assert app.ask(A).text == "answer 2" and app.cache.stats.joined == 0


FAILURES = {
    "503": lambda: httpx2.Response(503, json={"error": {"message": "down"}}),
    "an error": lambda: {"error": {"message": "overloaded", "code": 503}},
    "an error as a stream": lambda: [{"error": {"message": "overloaded"}}],
    "a page": lambda: httpx2.Response(200, html="<html>"),
    "nothing": lambda: httpx2.Response(200, content=b"", headers={"content-type": "text/html"}),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_an_old_reply_says_that_it_is_one_whatever_failure_it_stands_for(face, failure, stream):
    app = App(face, stale_if_error=600, ttl=60)
    app.ask(A)
    app.clock.advance(120)
    app.api.script.append(failure())
    raw = raw_of(app, stream=stream)
    headers = {name: value for name, value in raw.headers.items() if "semcache" in name}
    assert headers == {
        "x-semcache": "stale",
        "x-semcache-similarity": "1.000000",
        "x-semcache-question": A.replace("@", "%40"),
        "x-semcache-age": "120",
    }
    assert app.cache.stats.stale == 1


def test_an_old_reply_that_cannot_be_read_is_none(face):
    app = App(face, stale_if_error=600, ttl=60)
    app.ask(A)
    (key,) = app.redis.keys("*:exact:*")
    data, audience = app.redis.get(key), key
    spoilt = Packed.read(data, audience).answer()._replace(response="no json")
    app.redis.set(key, pack(spoilt, None, audience))
    app.clock.advance(120)
    app.api.script.append(FAILURES["503"]())
    assert app.ask(A).way == "miss" and app.cache.exact_stats.errors == 1


def test_the_reply_that_another_process_has_given_says_what_it_is(face):
    waiting: list[Any] = []
    shared = App("blocking").redis

    class Slow(ChatAPI):
        def _handle(self, request: httpx2.Request) -> httpx2.Response:
            waiting.append(pool.submit(other.ask, A))
            time.sleep(0.3)  # as long as an LLM takes
            return super()._handle(request)

    with ThreadPoolExecutor(1) as pool:
        app = App("blocking", Slow(), shared, lease=5)
        other = App(face, ChatAPI(), shared, clock=app.clock, lease=5)
        assert app.ask(A).way == "miss"
        got = waiting[0].result()
    assert got.way == "exact" and got.headers["x-semcache-similarity"] == "1.000000"
    assert got.headers["x-semcache-age"] == "0" and other.calls == 0


# Requests --------------------------------------------------------------------------------------


def test_delete_takes_what_create_takes(app):
    more = {"extra_body": {"top_k": 5}, "extra_query": {"v": "2"}, "timeout": 9}
    more |= {"extra_headers": {"x-trace": "1"}, "temperature": openai.omit}
    said = app.ask(A).reply.choices[0].message
    request = {"model": "any", "messages": [*messages(A), said, *messages("more")], **more}
    assert app.run(app.client.chat.completions.create(**request))
    assert app.tell("delete", **request) is True
    app.run(app.client.chat.completions.create(**request))
    assert app.calls == 3


def test_delete_makes_the_request_of_the_client_at_hand(app):
    bare = app.client
    for more in ({"default_query": {"v": "1"}}, {"base_url": "http://other.invalid/v1"}, {}):
        app.client = bare.with_options(**more)
        assert app.ask(A).way == "miss"
    for more in ({"default_query": {"v": "1"}}, {"base_url": "http://other.invalid/v1"}):
        app.client = bare.with_options(**more)
        app.cache = cache_of(app.client)
        assert app.cache is cache_of(app.client) and app.cache.stats.misses == 3
        assert app.ask(A).way == "exact" and app.tell("delete", model="any", messages=messages(A))
        assert app.tell("delete", model="any", messages=messages(A)) is False
    app.client = bare
    assert app.ask(A).way == "exact", "another address's answer stays"


def test_delete_takes_what_parse_takes(app):
    class Answer(pydantic.BaseModel):
        text: str

    chat = {"model": "any", "messages": messages(A), "response_format": Answer}
    app.api.script.append(completion('{"text": "chat"}'))
    assert app.run(app.client.chat.completions.parse(**chat)).choices[0].message.parsed
    said = {"model": "any", "input": A, "text_format": Answer}
    app.api.script.append(response('{"text": "response"}'))
    assert app.run(app.client.responses.parse(**said)).output_parsed
    for arguments in (chat, said):
        assert app.tell("delete", **arguments) is True
    with pytest.raises(ConfigError, match="no JSON"):
        app.tell("delete", **{**chat, "response_format": int})


def test_what_is_deleted_while_it_is_asked_for_is_not_kept_for_a_conversation_either(face):
    turns = ["hi@50", {"role": "assistant", "content": "hello"}]
    deleted: list[bool] = []

    class Deletes(ChatAPI):
        def _handle(self, request: httpx2.Request) -> httpx2.Response:
            if not deleted:
                deleted.append(cache_of(other.client).delete(model="any", messages=messages(A)))
            return super()._handle(request)

    app = App(face, Deletes(), standalone=lambda said: A)
    other = App("blocking", ChatAPI(), app.redis, clock=app.clock)
    app.ask(*turns, "and that?")
    assert deleted and app.ask(A).way == "miss"
    assert app.ask(*turns, "and that?").way == "semantic"


def test_wishes_reach_no_provider_whatever_is_asked(face):
    app = App(face, OfflineAPI(), embedding_model="multilingual-e5-small")
    seen = bodies_of(app)
    wish = {"semcache": {"keep": False}}
    with pytest.raises(openai.APIStatusError):
        app.run(app.client.completions.create(model="any", prompt="hi", extra_body=wish))
    with pytest.raises(openai.APIStatusError):
        app.run(app.client.moderations.create(input="hi", extra_body=wish))
    app.embed("hi", extra_body=wish)
    assert len(seen) == 3 and not any("semcache" in body for body in seen)


def bodies_of(app: App) -> list[dict[str, Any]]:
    """What the bare client of an application sends from now on."""
    seen: list[dict[str, Any]] = []  # what is no UTF-8 fails here, as it would there
    behind = app.cache._openai._client

    def note(request: httpx2.Request) -> None:
        seen.append(json.loads(request.content.decode()))

    async def note_async(request: httpx2.Request) -> None:
        note(request)

    behind.event_hooks = {"request": [note_async if app.is_async else note]}
    return seen


def test_what_the_http_client_adds_to_requests_is_added_still():
    seen = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json=completion("yes"))

    bare = openai.OpenAI(
        api_key="k", base_url="http://chat.invalid/v1",
        http_client=httpx2.Client(
            transport=httpx2.MockTransport(handle), headers={"x-gateway": "g"},
            params={"tenant": "b"}, cookies={"session": "s"}, timeout=7,
        ),
    )  # fmt: skip
    client = cached(bare, fakeredis.FakeRedis(), embedding_cache=Drawn(), clock=Clock())
    for one in (bare, client):
        one.chat.completions.create(model="any", messages=messages(A))
    without, through = seen
    for name in ("x-gateway", "cookie", "user-agent", "content-length"):
        assert through.headers[name] == without.headers[name]
    assert through.url == without.url and through.extensions == without.extensions


@pytest.mark.parametrize(
    ("name", "value"),
    [("threshold", True), ("threshold", float("nan")), ("ttl", 10**400), ("ttl", False)],
)
def test_a_wish_of_an_odd_kind_is_refused(app, name, value):
    body = json.dumps({"model": "any", "messages": messages(A), "semcache": {name: value}}).encode()
    with pytest.raises(ConfigError):
        app.run(app.client.post("/chat/completions", cast_to=object, content=body))
    assert app.calls == 0


def test_half_a_character_is_sent_on_as_it_came(app):
    said = r'{"model": "any", "messages": [{"role": "user", "content": "\ud83d"}], "semcache": {}}'
    seen = bodies_of(app)
    app.run(app.client.post("/chat/completions", cast_to=object, content=said.encode()))
    assert seen[0]["messages"][0]["content"] == "\ud83d"


@pytest.mark.parametrize("field", ["response_format", "metadata"])
def test_what_is_nested_too_deep_for_us_is_the_providers(app, field):
    deep = "[" * 900 + "]" * 900
    said = f'{{"model": "any", "messages": {json.dumps(messages(A))}, "{field}": {deep}}}'
    assert app.run(app.client.post("/chat/completions", cast_to=object, content=said.encode()))
    assert app.calls == 1


def test_what_one_asker_said_of_himself_is_not_repeated_to_another(app):
    def ask(name: str, **arguments: Any) -> Any:
        about = {"metadata": {"of": name}, "safety_identifier": name, **arguments}
        return app.run(app.client.responses.create(model="m", input=A, **about))

    app.api.script.append(response("one") | {"metadata": {"of": "ann"}, "safety_identifier": "ann"})
    ask("ann")
    reply = ask("bob")
    assert (reply.metadata, reply.safety_identifier) == ({"of": "bob"}, "bob")
    events = app.drain(ask("eve", stream=True))
    assert '"ann"' not in "".join(event.model_dump_json() for event in events) and app.calls == 1


def test_a_blocking_client_takes_no_coroutine_function():
    async def standalone(said: list[Any]) -> str:
        return "never awaited"

    class Called:
        async def __call__(self, said: list[Any]) -> str:
            return await standalone(said)

    for one in (standalone, Called()):
        with pytest.raises(ConfigError, match="coroutine"):
            App("blocking", standalone=one)


def test_a_client_has_one_cache(app):
    with pytest.raises(ConfigError, match="a cache already"):
        cached(app.client, fakeredis.FakeAsyncRedis() if app.is_async else app.redis)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"type": "text", "text": A}, {"type": "text", "text": A, "about": "pears"}),
        ({"type": "text", "text": A}, {"type": "input_text", "text": A}),
    ],
)
def test_a_part_that_says_more_than_its_text_is_another(app, first, second):
    for part in (first, second):
        assert app.ask({"role": "user", "content": [part]}).way == "miss"


def test_of_a_response_only_its_own_input_is_what_was_said_last(app):
    def ask(result: str) -> str | None:
        said = [{"type": "function_call_output", "call_id": "c", "output": result}]
        body = {"messages": [{"role": "user", "content": "the same"}]}
        made = app.client.responses.with_raw_response.create(model="m", input=said, extra_body=body)
        return app.run(made).headers.get("x-semcache")

    app.api.script.extend([response("one"), response("two")])
    assert [ask("21 degrees"), ask("3 degrees"), ask("21 degrees")] == ["miss", "miss", "exact"]


def response(text: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    said = {"type": "message", "id": "m1", "role": "assistant", "status": "completed"}
    about = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m"}
    about |= {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    return {**about, "status": "completed", "output": [{**said, "content": [part]}]}


@pytest.mark.parametrize("content", [7, "text", [7], [{"type": "output_text", "text": 7}], None])
def test_an_odd_response_is_handed_on(app, content):
    odd = response("x")
    odd["output"][0]["content"] = content
    body = json.dumps(odd).encode()
    app.api.script.append(httpx2.Response(200, content=body))
    made = app.client.responses.with_raw_response.create(model="m", input=A)
    assert app.run(made).http_response.content == body


# Callers who share -------------------------------------------------------------------------------


class Meeting:
    """A provider that answers nobody before two requests are there."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2)

    def client(self, **options: Any) -> openai.OpenAI:
        transport = httpx2.MockTransport(self._handle)
        http_client = openai.DefaultHttpxClient(transport=transport)
        given = {"api_key": "good", "base_url": "http://chat.invalid/v1", "max_retries": 0}
        return openai.OpenAI(**given, http_client=http_client)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.barrier.wait(10)
        if request.headers["authorization"] != "Bearer good":
            return httpx2.Response(401, json={"error": {"message": "who are you"}})
        if request.extensions["timeout"]["read"] == 0.5:
            raise httpx2.ReadTimeout("too slow", request=request)
        if request.url.path.endswith("/embeddings"):
            data = [{"index": 0, "embedding": [1.0, 2.0]}]
            return httpx2.Response(200, json={"object": "list", "data": data})
        return httpx2.Response(200, json=completion("yes"))


@pytest.mark.parametrize("other", [{"api_key": "bad"}, {"timeout": 0.5}], ids=str)
@pytest.mark.parametrize("kind", ["chat", "embeddings"])
def test_nobody_shares_what_was_refused_to_other_credentials_or_given_up(kind, other):
    client = cached(Meeting().client(), fakeredis.FakeRedis(), embedding_cache=Drawn())

    def ask(one: openai.OpenAI) -> Any:
        try:
            if kind == "chat":
                return one.chat.completions.create(model="any", messages=messages(A))
            return one.embeddings.create(model="any", input="hi")
        except openai.OpenAIError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        failed, got = pool.map(ask, [client.with_options(**other), client])
    assert isinstance(failed, openai.AuthenticationError | openai.APITimeoutError)
    assert got.choices if kind == "chat" else got.data


class Closes(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body whose reader is closed by another thread or task while it waits for the rest."""

    def __init__(self) -> None:
        self.reader: Any = None
        self.has_begun = asyncio.Event()
        self.is_closed = False

    def __iter__(self):
        yield lines(event("a"))[: -len("data: [DONE]\n\n")]
        with ThreadPoolExecutor(1) as pool:
            pool.submit(self.reader.close).result()
        yield lines(event("b", "stop"))

    async def __aiter__(self):
        yield lines(event("a"))[: -len("data: [DONE]\n\n")]
        await self.has_begun.wait()
        await asyncio.create_task(self.reader.close())
        yield lines(event("b", "stop"))

    def close(self) -> None:
        self.is_closed = True

    async def aclose(self) -> None:
        self.is_closed = True


def test_a_stream_can_be_closed_while_another_thread_or_task_waits_for_it(app):
    body = Closes()
    headers = {"content-type": "text/event-stream"}
    app.api.script.append(httpx2.Response(200, headers=headers, stream=body))
    given = {"model": "any", "messages": messages(A), "stream": True}

    async def read() -> list[Any]:
        body.reader = await app.client.chat.completions.create(**given)
        chunks = []
        async for chunk in body.reader:
            chunks.append(chunk)
            body.has_begun.set()
        return chunks

    if app.is_async:
        chunks = app.run(read())
    else:
        body.reader = app.client.chat.completions.create(**given)
        chunks = list(body.reader)
    assert text_of(chunks) == "a" and body.is_closed


# Embeddings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "odd", [{"dimensions": "8"}, {"dimensions": 0}, {"dimensions": True}, {"encoding_format": "x"}]
)
def test_an_odd_request_for_embeddings_is_the_providers_to_judge(face, odd):
    app = App(face, OfflineAPI(), embedding_model="multilingual-e5-small")
    seen = bodies_of(app)
    for _ in range(2):
        with contextlib.suppress(openai.BadRequestError):
            app.embed("hi", **odd)
    assert len(seen) == 2 and all(one["input"] == "hi" for one in seen)


def test_new_embeddings_are_the_reply_that_the_provider_sent(face):
    api = VectorAPI()
    body = json.dumps(
        {"object": "list", "data": [{"index": 0, "embedding": [0.123456789, 1], "of": "us"}],
         "usage": {"total_tokens": 1, "cost": 0.5}, "provider": "us"}
    )  # fmt: skip
    api.script.append(lambda _: httpx2.Response(200, content=body, headers={"x-request-id": "r"}))
    app = App(face, api, embedding_cache=Drawn())
    made = app.client.embeddings.with_raw_response.create(model="m-2", input="hi")
    raw = app.run(made).http_response
    assert (raw.text, raw.headers["x-request-id"]) == (body, "r")
    assert raw.headers["x-semcache"] == "miss" and app.embed("hi", model="m-2").way == "exact"


def test_embeddings_over_a_tiered_cache():
    api, server = VectorAPI(), fakeredis.FakeRedis()
    tiered = TieredEmbeddingCache(server, api.client(), model="m-4")
    client = cached(api.client(), server, embedding_cache=tiered)
    first, second = (client.embeddings.create(model="m-4", input=["a", "b"]) for _ in range(2))
    assert first.data == second.data
    assert cache_of(client).embedding_stats.hits == 2


@pytest.mark.parametrize("spoil", ["", "AACA!w", "AACAPwA="], ids=["whole", "odd", "short"])
def test_base64_that_is_damaged_is_the_callers_and_never_kept(face, spoil):
    api = VectorAPI()
    text = base64.b64encode(np.array([0.6, 0.8], "<f4").tobytes()).decode()
    data = [{"object": "embedding", "index": 0, "embedding": spoil or text}]
    body = {"object": "list", "data": data, "model": "m-2", "usage": {"total_tokens": 1}}
    api.script.append(lambda _: httpx2.Response(200, json=body))
    app = App(face, api, embedding_cache=Drawn())
    raw = app.client.embeddings.with_raw_response
    made = raw.create(model="m-2", input="hi", encoding_format="base64")
    assert app.run(made).http_response.json() == body
    made = raw.create(model="m-2", input="hi", encoding_format="base64")
    again = app.run(made).http_response
    assert again.headers["x-semcache"] == ("miss" if spoil else "exact")
    assert len(api.calls) == (2 if spoil else 1)
