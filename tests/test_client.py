"""The cache as a client's transport: what is cached is a real reply, what is not passes through."""

import gc
import json
import logging
import time

import fakeredis
import httpx2
import openai
import pytest
from bench import round_trips
from client_bench import FACES, App, call, messages, text_of
from fakes import Clock
from openai.types.chat import ChatCompletion
from semantic_bench import ChatAPI, Drawn, completion, event

import semcache
from semcache import cache_of, cached
from semcache.errors import ConfigError, InvalidInput
from semcache.lab.offline import OfflineAPI

A, NEAR_A, FAR = "apples@0", "apple@10", "pears@60"
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {}}}]


@pytest.fixture(params=FACES)
def face(request) -> str:
    return request.param


@pytest.fixture
def app(face) -> App:
    return App(face, threshold=0.95)


# Replies ---------------------------------------------------------------------------------------


def test_a_hit_is_the_whole_reply_that_the_provider_sent(app):
    sent = completion("one", annotations=[], reasoning_content="because")
    sent |= {"system_fingerprint": "fp", "provider_says": {"more": [1, 2.5]}}
    app.api.script.append(sent)
    first, second, near = app.ask(A), app.ask(A), app.ask(NEAR_A)
    assert [one.way for one in (first, second, near)] == ["miss", "exact", "semantic"]
    assert first.reply == second.reply == near.reply and app.calls == 1
    assert json.loads(second.reply.model_dump_json())["provider_says"] == {"more": [1, 2.5]}
    assert near.reply.choices[0].message.reasoning_content == "because"


def test_headers_tell_where_an_answer_comes_from(app):
    app.ask("苹果@0")
    app.clock.advance(75.5)
    for asked, way in (("苹果@0", "exact"), ("gold@10", "semantic"), ("gold@10", "exact")):
        headers = app.ask(asked).headers
        assert headers["x-semcache"] == way and headers["x-semcache-age"] == "75"
        assert headers["x-semcache-question"] == "%E8%8B%B9%E6%9E%9C%400"
        near = asked != "苹果@0"
        assert float(headers["x-semcache-similarity"]) == pytest.approx(0.984808 if near else 1)


def test_a_reply_that_came_whole_is_streamed_and_one_that_was_streamed_comes_whole(app):
    whole = app.ask(A).text
    assert text_of(app.stream(A)) == whole
    streamed = text_of(app.stream(FAR))
    again = app.ask(FAR)
    assert again.way == "exact" and again.text == streamed == "answer2"
    assert again.reply.usage.total_tokens == 7 and again.reply.object == "chat.completion"
    assert app.calls == 2 and app.cache.stats.tokens == 14


def test_a_stream_from_the_cache_ends_as_one_of_the_provider(app):
    app.ask(A)
    chunks = app.stream(A, stream_options={"include_usage": True})
    assert [c.choices[0].finish_reason for c in chunks[:-1]] == [None, "stop"]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens == 7
    assert {c.object for c in chunks} == {"chat.completion.chunk"} and app.calls == 1


def test_a_streamed_tool_call_is_put_together(app):
    app = App("async" if app.is_async else "blocking", keep_calls=True)
    parts = [("call_1", "get_weather", '{"ci'), (None, None, 'ty": "Oslo"}')]
    calls = [
        {"index": 0, "id": id, "type": "function", "function": {"name": name, "arguments": text}}
        for id, name, text in parts
    ]
    deltas = [event(role="assistant"), *(event(tool_calls=[one]) for one in calls)]
    app.api.script.append([*deltas, event(None, "tool_calls")])
    first = app.stream(A, tools=TOOLS)
    assert first[1].choices[0].delta.tool_calls[0].function.name == "get_weather"
    kept = app.ask(A, tools=TOOLS)
    (one,) = kept.reply.choices[0].message.tool_calls
    assert kept.way == "exact" and (one.id, one.function.name) == ("call_1", "get_weather")
    assert one.function.arguments == '{"city": "Oslo"}'
    again = [c.choices[0].delta.tool_calls for c in app.stream(A, tools=TOOLS)]
    assert again[0][0].function.arguments == '{"city": "Oslo"}' and again[0][0].index == 0


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_what_the_provider_refuses_is_its_own_refusal(app, status):
    body = {"error": {"message": "no", "code": "c", "type": "t", "param": None}}
    refused = httpx2.Response(status, json=body, headers={"x-request-id": "r1"})
    app.api.script.append(refused)
    with pytest.raises(openai.APIStatusError) as caught:
        app.ask(A)
    error = caught.value
    assert (error.status_code, error.code, error.request_id) == (status, "c", "r1")
    assert app.ask(A).way == "miss" and app.ask(A).way == "exact"


def test_what_is_no_reply_is_handed_on_and_not_kept(app):
    odd = [{"error": {"message": "late"}}, {"choices": None}, completion("x", "length")]
    odd += [{**completion("x"), "error": {"message": "upstream failed", "code": 502}}]
    odd += [{**completion("x"), "choices": [{**completion("x")["choices"][0], "error": "late"}]}]
    odd += [
        completion(None),
        completion("no", refusal="I will not"),
        {**completion("x"), "choices": []},
    ]
    for body in odd:
        app.api.script.append(body)
        app.ask(A)
    app.api.script.append(httpx2.Response(200, content=b"<html>"))
    app.ask(A)
    assert app.calls == len(odd) + 1 and app.ask(A).way == "miss"


def test_a_stream_that_breaks_or_is_left_is_not_kept(app):
    app.api.script.append([event("half"), event(" of it")])  # no reason why it ended
    assert text_of(app.stream(A)) == "half of it"
    if app.is_async:  # a task of its own reads on for others who may come
        return
    stream = app.client.chat.completions.create(model="any", messages=messages(A), stream=True)
    next(iter(stream))
    stream.close()
    assert app.ask(A).way == "miss" and app.calls == 3


# What may be similar ---------------------------------------------------------------------------

SYSTEM = {"role": "system", "content": "Be brief."}
IMAGE = {
    "role": "user",
    "content": [
        {"type": "text", "text": "what is this@0"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
    ],
}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "21 degrees@0"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([A], [SYSTEM, NEAR_A]),
        ([SYSTEM, A], [{**SYSTEM, "role": "developer"}, NEAR_A]),
        ([A], [{"role": "user", "content": NEAR_A, "name": "ann"}]),
        ([A, call(), RESULT], [A, call(), {**RESULT, "content": "21 degrees@1"}]),
        ([{"role": "user", "content": " "}], [{"role": "user", "content": "  "}]),
        ([IMAGE], [{"role": "user", "content": [*IMAGE["content"]][::-1]}]),
        (["hi@50", {"role": "assistant", "content": "hello"}, A],
         ["hi@50", {"role": "assistant", "content": "hello"}, NEAR_A]),
        (["hi@50", {"role": "assistant", "content": "hello"}, A],
         ["hi@50", {"role": "assistant", "content": "goodbye"}, A]),
    ],
)  # fmt: skip
def test_requests_that_differ_by_more_than_a_question_share_nothing(app, first, second):
    assert app.ask(*first).way == "miss" and app.ask(*second).way == "miss"
    assert app.ask(*first).way == app.ask(*second).way == "exact"


@pytest.mark.parametrize(
    "arguments",
    [
        {"temperature": 0.5}, {"tools": TOOLS}, {"response_format": {"type": "json_object"}},
        {"seed": 7}, {"max_tokens": 5}, {"stop": ["."]}, {"model": "other"}, {"n": 2},
        {"logprobs": True}, {"extra_body": {"top_k": 5}}, {"reasoning_effort": "low"},
        {"extra_query": {"tenant": "b"}},
    ],
)  # fmt: skip
def test_whatever_shapes_the_answer_is_part_of_the_key(app, arguments):
    app.ask(A)
    assert app.ask(A, **arguments).way == app.ask(NEAR_A, **arguments).way == "miss" or (
        arguments.keys() - {"n", "logprobs"}
    )
    assert app.ask(A, **arguments).way == "exact"


@pytest.mark.parametrize("arguments", [{"n": 2}, {"logprobs": True}, {"top_logprobs": 2}])
def test_what_is_more_than_a_text_is_never_found_by_similarity(app, arguments):
    app.ask(A, **arguments)
    assert app.ask(NEAR_A, **arguments).way == "miss"


@pytest.mark.parametrize(
    "arguments",
    [
        {"timeout": 5}, {"extra_headers": {"x-trace": "1"}}, {"user": "ann"},
        {"metadata": {"a": "b"}}, {"store": True}, {"temperature": None},
        {"n": 1, "logprobs": False, "tools": [], "stop": [], "stream": False},
    ],
)  # fmt: skip
def test_how_a_request_travels_is_not(app, arguments):
    app.ask(A)
    assert app.ask(A, **arguments).way == "exact"


def test_text_in_parts_is_the_same_question(app):
    app.ask(A)
    assert app.ask({"role": "user", "content": [{"type": "text", "text": A}]}).way == "exact"


def test_calls_of_tools_are_kept_only_if_that_is_asked_for_and_never_by_similarity(face):
    for keeps, expected in ((False, "miss"), (True, "exact")):
        app = App(face, keep_calls=keeps, threshold=0.95)
        app.api.script.extend([{**completion(None, "tool_calls", **call(city="Oslo"))}] * 4)
        app.ask(A, tools=TOOLS)
        assert app.ask(A, tools=TOOLS).way == expected
        assert app.ask(NEAR_A, tools=TOOLS).way == "miss"


def linked(id, result="21 degrees@0"):
    """A call and its result, linked by an id."""
    asked = call()
    asked["tool_calls"][0]["id"] = id
    return [A, asked, {"role": "tool", "tool_call_id": id, "content": result}]


def test_a_result_is_found_again_though_each_call_has_a_new_id(app):
    assert app.ask(*linked("call_x7")).way == "miss"
    assert app.ask(*linked("call_q2")).way == "exact"
    assert app.ask(*linked("call_z9", "22 degrees@1")).way == "miss"


def test_which_result_is_of_which_call_is_part_of_the_key(app):
    asked, results = call(), []
    asked["tool_calls"] = [{**asked["tool_calls"][0], "id": id} for id in ("one", "two")]
    for id, text in (("one", "21@0"), ("two", "9@0")):
        results.append({"role": "tool", "tool_call_id": id, "content": text})
    crossed = [{**r, "tool_call_id": id} for r, id in zip(results, ("two", "one"), strict=True)]
    assert app.ask(A, asked, *results).way == "miss"
    assert app.ask(A, asked, *crossed).way == "miss"


# Conversations ---------------------------------------------------------------------------------

TURNS = ["rust@80", {"role": "assistant", "content": "Rust is a language."}]


def standing(said):
    return {"and who made it?": "who made rust@20"}.get(said[-1]["content"])


def test_a_conversation_is_found_by_its_question_made_standalone(face):
    app = App(face, standalone=standing, threshold=0.95)
    assert app.ask("who made rust, by the way?@25").way == "miss"
    hit = app.ask(*TURNS, "and who made it?")
    assert hit.way == "semantic" and hit.headers["x-semcache-question"].startswith("who made rust,")
    assert app.ask(*TURNS, "and who made it?").way == "exact"
    other = [{**TURNS[1], "content": "C is a language."}]
    assert app.ask("c@80", *other, "what of it?").way == "miss"  # nothing stands by itself
    assert app.ask("c@80", *other, "what of it?").way == "exact"


def test_what_was_made_standalone_is_kept_and_deleted_under_that_question(face):
    app = App(face, standalone=standing, threshold=0.95)
    request = {"model": "any", "messages": messages(*TURNS, "and who made it?")}
    assert app.ask(*TURNS, "and who made it?").way == "miss"
    assert app.ask("who made rust@20").way == "semantic"
    assert app.tell("delete", **request) is True
    assert app.ask(*TURNS, "and who made it?").way == "miss"
    assert app.tell("delete", model="any", messages=messages("who made rust@20")) is True
    assert app.ask(*TURNS, "and who made it?").way == "miss"


def test_a_standalone_that_fails_leaves_the_exact_tier(face, caplog):
    def fails(said):
        raise RuntimeError("no")

    app = App(face, standalone=fails)
    with caplog.at_level(logging.ERROR):
        assert app.ask(*TURNS, A).way == "miss" and app.ask(*TURNS, A).way == "exact"
    assert "standalone failed" in caplog.text


def test_a_standalone_that_shortens_its_messages_changes_no_request(face):
    def shortens(said):
        for message in said:
            message["content"] = message["content"][:12]

    app = App(face, standalone=shortens)
    for name in ("Ann", "Bob"):
        assert app.ask(f"contract of {name}@1", TURNS[1], "when does it end?").way == "miss"
    sent = [request["messages"][0]["content"] for request in app.api.requests]
    assert sent == ["contract of Ann@1", "contract of Bob@1"]


def test_what_a_standalone_makes_that_is_no_question_leaves_the_exact_tier(face, recwarn):
    for odd in ("half \ud83d", "", 7, None, *([] if face == "async" else [later])):
        app = App(face, standalone=lambda said, odd=odd: odd() if odd is later else odd)
        assert app.ask(*TURNS, A).way == "miss" and app.ask(*TURNS, A).way == "exact"
    gc.collect()
    assert not [one for one in recwarn if "never awaited" in str(one.message)]


async def later() -> str:
    return A


# One request's wishes --------------------------------------------------------------------------


def test_a_request_says_what_it_wants_and_the_provider_never_hears_of_it(app):
    def wish(**wishes):
        return {"extra_body": {"semcache": wishes}}

    assert app.ask(A, **wish(keep=False)).way == "miss"
    assert app.ask(A, **wish(read=False, keep=False)).way == "bypass"
    assert app.ask(A, **wish(ttl=10)).way == "miss"
    assert app.ask(A, **wish(read=False)).text == "answer 4"
    assert app.ask(A).text == "answer 4"
    assert app.ask(NEAR_A, **wish(threshold=0.99)).way == "miss"
    app.clock.advance(3_000)
    assert app.ask(A).way == "exact"
    assert all("semcache" not in request for request in app.api.requests)


def test_a_caller_may_be_stricter_than_the_cache_and_never_laxer(app):
    app.ask(A)
    assert app.ask("plums@30", extra_body={"semcache": {"threshold": 0.1}}).way == "miss"


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"raed": True}, "raed is no wish"), ({"read": 1}, "true or false"), ("no", "an object"),
        ({"threshold": 2}, "between -1 and 1"), ({"ttl": -1}, "ttl"), ({"threshold": "x"}, "thres"),
    ],
)  # fmt: skip
def test_a_wish_that_there_is_not_is_refused_before_anything_is_sent(app, wish, says):
    with pytest.raises(ConfigError, match=says):
        app.ask(A, extra_body={"semcache": wish})
    assert app.calls == 0


# Replies that are given --------------------------------------------------------------------------


def test_a_reply_that_is_given_is_found_as_if_the_provider_had_sent_it(app):
    request = {"model": "any", "messages": messages(A), "temperature": 0.5}
    sent = {**completion("mine"), "provider_says": [1]}
    assert not app.tell("contains", **request)
    for reply in (sent, ChatCompletion.model_validate(sent)):
        assert app.tell("keep", reply, **request) and app.tell("contains", **request)
        first, near = app.ask(A, temperature=0.5), app.ask(NEAR_A, temperature=0.5)
        assert (first.way, first.reply.to_dict()) == ("exact", sent)
        assert (near.way, near.text) == ("semantic", "mine")
        near_request = {**request, "messages": messages(NEAR_A)}
        assert not app.tell("contains", **near_request)  # though it was served it, and will be
        assert app.ask(NEAR_A, temperature=0.5).way == "exact"
        assert app.tell("delete", **request) and not app.tell("contains", **request)
        assert app.ask(NEAR_A, temperature=0.5, extra_body={"semcache": {"keep": False}}).way == (
            "miss"
        )
    assert app.ask(A).way == "miss" and app.cache.stats.api_calls == app.calls == 3


def test_a_text_that_is_given_is_a_whole_reply(app):
    request = {"model": "any", "messages": messages(A)}
    assert app.tell("keep", "An answer, 退款.", **request)
    reply = app.ask(A).reply
    assert ChatCompletion.model_validate(reply.to_dict(), strict=True) == reply
    (choice,) = reply.choices
    assert (choice.message.role, choice.message.content) == ("assistant", "An answer, 退款.")
    assert (choice.finish_reason, reply.model, reply.usage.total_tokens) == ("stop", "any", 0)
    assert reply.object == "chat.completion" and reply.created == int(app.clock())
    chunks = app.stream(A, stream_options={"include_usage": True})
    assert text_of(chunks) == "An answer, 退款." and chunks[-1].usage.total_tokens == 0
    half = "\ud83d"  # a provider may send it, and so may whoever has kept its answers
    assert app.tell("keep", half, **request) and app.ask(A).text == half
    assert app.calls == 0


def test_a_reply_that_is_given_takes_the_place_of_another_and_of_its_copies(app):
    assert [app.ask(text).text for text in (A, NEAR_A)] == ["answer 1"] * 2
    assert app.tell("keep", "better", model="any", messages=messages(A))
    assert [app.ask(text).text for text in (A, NEAR_A)] == ["better"] * 2 and app.calls == 1


def test_a_reply_that_is_given_goes_by_the_rules_and_by_wishes(app):
    def keep(reply: object, question: str = A, **wishes: object) -> bool:
        more = {"extra_body": {"semcache": wishes}} if wishes else {}
        return app.tell("keep", reply, model="any", messages=messages(question), **more)

    assert not keep("here", "where is my invoice@0")
    assert not keep("I'm sorry, but I can't help with that.")
    assert not keep(completion("cut", "length")) and not keep("") and not keep("x", keep=False)
    assert not app.tell("contains", model="any", messages=messages(A))
    assert keep("tagged", tags=["doc:42"]) and app.tell("invalidate", "doc:42") == 1
    assert keep("short", ttl=5)
    app.clock.advance(6)
    assert not app.tell("contains", model="any", messages=messages(A))
    with pytest.raises(ConfigError, match="no wish"):
        keep("x", colour="red")


def test_what_is_no_reply_of_the_request_is_not_kept(app):
    asked = {"model": "any", "messages": messages(A)}
    for odd in (None, 7, {"error": "late"}, {**completion("x"), "choices": []}, object()):
        with pytest.raises(InvalidInput, match="reply"):
            app.tell("keep", odd, **asked)
    with pytest.raises(InvalidInput, match="reply"):
        app.tell("keep", {**completion("x"), "more": {1, 2}}, **asked)
    with pytest.raises(InvalidInput, match="reply"):
        app.tell("keep", "a text", model="any", input=A)  # a Response says more than that
    for arguments in ({"model": "any"}, {"model": "any", "messages": messages("\ud83d")}):
        with pytest.raises(ConfigError):
            app.tell("keep", "x", **arguments)


def test_a_response_that_is_given_is_found(face):
    app = App(face, OfflineAPI(), embedding_model="multilingual-e5-small")
    asked = {"model": "offline-mini", "input": "What is Rust?"}
    reply = app.run(app.client.responses.create(**asked))
    assert app.tell("delete", **asked) and app.tell("keep", reply, **asked)
    assert app.run(app.client.responses.create(**asked)).output_text == reply.output_text
    assert app.calls == 1


# What passes through ---------------------------------------------------------------------------


def test_everything_else_passes_through_untouched_and_uncounted(face):
    app = App(face, OfflineAPI(), embedding_model="multilingual-e5-small")
    if not app.is_async:
        assert "multilingual-e5-small" in [model.id for model in app.client.models.list()]
    with pytest.raises(openai.NotFoundError):
        app.run(app.client.images.generate(prompt="a cat"))
    with pytest.raises(openai.NotFoundError):
        app.run(app.client.chat.completions.retrieve("chatcmpl-1"))
    with pytest.raises(openai.BadRequestError):
        app.ask(model="offline-mini")
    assert app.cache.stats.lookups == 0


def test_embeddings_come_from_the_cache_in_the_form_that_was_asked_for(face):
    app = App(face, OfflineAPI(), embedding_model="multilingual-e5-small")
    first = app.embed(["one", "two"])
    assert first.way == "miss" and first.reply.usage.total_tokens == 2
    second = app.embed(["two", "three", "two"])
    assert [call.inputs for call in app.api.calls] == [("one", "two"), ("three",)]
    assert second.reply.usage.total_tokens == 1 and len(second.reply.data) == 3
    assert second.reply.data[0].embedding == first.reply.data[1].embedding
    plain = app.embed("one", encoding_format="float")
    assert plain.way == "exact" and plain.reply.usage.total_tokens == 0
    assert plain.reply.data[0].embedding == pytest.approx(first.reply.data[0].embedding)
    assert app.cache.embedding_stats.hits == 3 and app.cache.embedding_stats.misses == 3


@pytest.mark.parametrize("given", ["", [[1, 2]], [], ["ok", ""], "x " * 9_000])
def test_what_cannot_be_embedded_is_the_providers_to_refuse(face, given):
    app = App(face, OfflineAPI(), embedding_model="multilingual-e5-small")
    with pytest.raises(openai.BadRequestError):
        app.embed(given)
    assert app.api.call_count("embeddings") == 1


def test_an_odd_reply_of_embeddings_is_the_callers(face):
    api = OfflineAPI()
    app = App(face, api, embedding_model="multilingual-e5-small")
    api.quirk("odd length")
    assert len(app.embed("one").reply.data[0].embedding) == 192
    api.reset()
    assert app.embed("one").way == "miss" and app.embed("one").way == "exact"


# Failures --------------------------------------------------------------------------------------


def test_a_dead_redis_fails_no_request(face):
    dead = semcache.redis_client("redis://127.0.0.1:1", timeout=0.2)
    app = App(face, redis=dead, threshold=0.95)
    assert [app.ask(A).way for _ in range(3)] == ["miss"] * 3 and app.calls == 3
    assert text_of(app.stream(A)) == "answer4"


def test_a_damaged_entry_is_a_counted_miss(app):
    app.ask(A)
    (key,) = app.redis.keys("*:exact:*")
    app.redis.set(key, b"sa" + b"\0" * 40)
    again = App("async" if app.is_async else "blocking", api=app.api, redis=app.redis,
                clock=app.clock, index=semcache.ScanIndex, scope="other")  # fmt: skip
    assert app.ask(A).way == "semantic" and app.cache.stats.errors == 1
    assert again.ask(A).way == "miss"


def test_an_older_reply_is_served_while_the_provider_fails(face):
    app = App(face, stale_if_error=600, ttl=60)
    kept = app.ask(A).text
    app.clock.advance(120)
    app.api.script.extend([httpx2.Response(503, json={"error": {"message": "down"}})] * 2)
    assert app.ask(A).text == kept and text_of(app.stream(A)) == kept
    assert app.cache.stats.stale == 2
    app.api.script.append(httpx2.Response(400, json={"error": {"message": "yours"}}))
    with pytest.raises(openai.BadRequestError):
        app.ask(A)


def test_a_hit_takes_as_long_as_one_wants_it_to(face):
    app = App(face, threshold=0.95, hit_takes=0.06)
    app.ask(A)
    for asked, way in ((A, "exact"), (NEAR_A, "semantic")):
        started = time.monotonic()
        assert app.ask(asked).way == way
        assert time.monotonic() - started >= 0.06


def test_trips_are_those_of_the_hybrid_cache():
    app = App("blocking", threshold=0.95)
    app.ask(FAR)
    for asked, trips in ((A, 2), (A, 1), (NEAR_A, 2), (NEAR_A, 1)):
        with round_trips(app.redis) as counted:
            app.ask(asked)
        assert counted.count == trips, asked


@pytest.mark.parametrize(("asked", "lives"), [(None, 60), (3_600, 60), (30, 30)])
def test_a_request_may_shorten_the_life_of_its_answer_and_not_prolong_it(face, asked, lives):
    app = App(face, ttl=60)
    wish = {"extra_body": {"semcache": {"ttl": asked}}}
    app.ask(A, **wish)
    app.clock.advance(lives - 1)
    assert app.ask(A).way == "exact"
    app.clock.advance(2)
    assert app.ask(A).way == "miss"
    for_ever = App(face, ttl=None)
    for_ever.ask(A, **wish)
    for_ever.clock.advance(3_599 if asked is None else asked - 1)
    assert for_ever.ask(A).way == "exact"


# The door --------------------------------------------------------------------------------------


def test_a_cached_client_is_of_the_same_class_and_options(face):
    app = App(face)
    assert type(app.client) is (openai.AsyncOpenAI if app.is_async else openai.OpenAI)
    assert app.client.max_retries == 0 and str(app.client.base_url) == "http://chat.invalid/v1/"
    with pytest.raises(ConfigError, match="has no cache"):
        cache_of(ChatAPI().client())


def test_the_transport_goes_wherever_an_http_client_goes():
    api, redis = ChatAPI(), fakeredis.FakeRedis()
    transport = semcache.CacheTransport(redis, api.client(), embedding_cache=Drawn())
    made = openai.OpenAI(
        api_key="k",
        base_url="http://chat.invalid/v1",
        http_client=httpx2.Client(transport=transport),
    )
    for _ in range(2):
        made.chat.completions.create(model="any", messages=messages(A))
    assert len(api.requests) == 1 and transport.stats.hits == 1


def test_an_azure_client_keeps_its_addresses():
    seen = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(str(request.url))
        return httpx2.Response(200, json=completion("yes"))

    azure = openai.AzureOpenAI(
        api_key="k", azure_endpoint="http://azure.invalid", api_version="2024-06-01",
        http_client=openai.DefaultHttpxClient(transport=httpx2.MockTransport(handle)),
    )  # fmt: skip
    client = cached(azure, fakeredis.FakeRedis(), embedding_cache=Drawn(), clock=Clock())
    request = {"model": "gpt", "messages": messages(A)}
    for _ in range(2):
        client.chat.completions.create(**request)
    assert seen == [
        "http://azure.invalid/openai/deployments/gpt/chat/completions?api-version=2024-06-01"
    ]
    assert cache_of(client).delete(**request) is True
    client.chat.completions.create(**request)
    assert len(seen) == 2


@pytest.mark.parametrize("other", ["face", "redis"])
def test_clients_of_two_faces_do_not_fit(other):
    api = ChatAPI()
    with pytest.raises(ConfigError):
        if other == "face":
            semcache.AsyncCacheTransport(fakeredis.FakeAsyncRedis(), api.client())
        else:
            cached(api.client(), fakeredis.FakeAsyncRedis())
