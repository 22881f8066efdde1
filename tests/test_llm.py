"""SemanticLLMCache: whose answers are shared, which are kept, and what a stream leaves."""

import asyncio
import json
import re
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
import redis
from bench import E5, round_trips
from semantic_bench import (
    EVERY_INDEX,
    LARGE,
    MINI,
    SERVER_FIXTURES,
    ChatAPI,
    Drawn,
    SemanticBench,
    Spy,
    completion,
    event,
    events,
)

from semcache import EmbeddingCache, HybridLLMCache, SemanticLLMCache
from semcache.answers import rooms
from semcache.answers.completion import Completion
from semcache.errors import BadResponse, CacheUnavailable, ConfigError, InvalidInput
from semcache.lab.offline import OfflineAPI

A, A_ZH, RUST = "What is Python?", "Python是什么？", "What is Rust?"


@pytest.fixture(params=EVERY_INDEX)
def every(request) -> SemanticBench:
    index, server = request.param.split("-")
    return SemanticBench(index, request.getfixturevalue(SERVER_FIXTURES[server]))


@pytest.fixture
def bench(fakeredis_) -> SemanticBench:
    return SemanticBench("matrix", fakeredis_)


def counts(stats) -> tuple[int, int, int]:
    return stats.hits, stats.misses, stats.api_calls


def kind_of(request) -> str:
    """Which index the bench of this test has, without its face and its server."""
    return request.node.callspec.params["every"].split("-")[0].rpartition(" ")[2]


def test_a_similar_question_is_answered_without_the_llm(every):
    cache = every.llm()
    first = cache.get_or_generate(A, model=MINI)
    assert cache.get_or_generate(A_ZH, model=MINI) == first
    assert every.llm().get_or_generate(A, model=MINI) == first
    assert cache.get_or_generate(RUST, model=MINI) != first
    assert every.chats() == 2
    assert counts(cache.stats) == (1, 2, 2) and cache.stats.tokens == every.api.tokens


SETTINGS = [
    {"model": MINI},
    {"model": LARGE},
    {"model": MINI, "system": "Be brief."},
    {"model": MINI, "system": "Be brief. "},
    {"model": MINI, "system": ""},
    {"model": MINI, "temperature": 0.0},
    {"model": MINI, "temperature": 1.0},
    {"model": MINI, "top_p": 1.0},
    {"model": MINI, "max_tokens": 1_000},
    {"model": LARGE, "system": "Be brief.", "temperature": 0.0},
]


def test_model_system_prompt_and_sampling_keep_answers_apart(every):
    api = ChatAPI()
    cache = every.llm(openai=api.client())
    answers = [cache.get_or_generate(A, **settings) for settings in SETTINGS]
    assert answers == [f"answer {n + 1}" for n in range(len(SETTINGS))]
    assert [cache.get_or_generate(A_ZH, **settings) for settings in SETTINGS] == answers
    assert len(api.requests) == len(SETTINGS) == cache.stats.hits


def test_a_streamed_answer_and_a_plain_one_are_shared(bench):
    cache = bench.llm()
    streamed = "".join(cache.get_or_generate(A, model=MINI, stream=True))
    assert cache.get_or_generate(A_ZH, model=MINI) == streamed
    assert list(cache.get_or_generate(A, model=MINI, stream=True)) == [streamed]
    assert bench.chats() == 1


def test_more_audiences_than_are_kept_at_hand_lose_nothing(bench, monkeypatch):
    monkeypatch.setattr(rooms, "AUDIENCES", 3)
    api = ChatAPI()
    cache = bench.llm(openai=api.client())
    for _ in range(2):
        got = [cache.get_or_generate(A, model=f"m{n}") for n in range(8)]
        assert got == [f"answer {n + 1}" for n in range(8)]
    assert len(api.requests) == 8


def test_audiences_let_go_of_their_vectors_before_memory_runs_out_and_lose_nothing(
    bench, monkeypatch
):
    monkeypatch.setattr(rooms, "VECTORS", 10)
    api = ChatAPI()
    cache = bench.llm(embedding_cache=Drawn(), openai=api.client(), threshold=0.9999)
    questions = [(f"q@{5 * n}", f"m{m}") for m in range(4) for n in range(4)]
    answers = [cache.get_or_generate(question, model=model) for question, model in questions]
    held = [cache.semantic_cache(f"m{m}").index.held() for m in range(4)]
    assert held == [0, 0, 4, 4], "those of the last used stay"
    assert [cache.get_or_generate(q, model=m) for q, m in questions] == answers
    assert len(api.requests) == len(questions)


def test_scopes_do_not_share(bench):
    one, two = bench.llm(scope="one"), bench.llm(scope="two")
    for cache in (one, two):
        cache.get_or_generate(A, model=MINI)
    assert bench.chats() == 2
    one.semantic_cache(MINI).clear_cache()
    two.get_or_generate(A_ZH, model=MINI)
    assert bench.chats() == 2


def test_threshold_and_ttl_of_one_request(bench):
    cache = bench.llm(threshold=0.9, ttl=100)
    cache.get_or_generate(A, model=MINI, ttl=10)
    assert bench.chats() == 1
    cache.get_or_generate(RUST, model=MINI, threshold=0.5)
    assert bench.chats() == 1
    cache.get_or_generate(A_ZH, model=MINI, threshold=0.99)
    assert bench.chats() == 2
    bench.clock.advance(11)
    cache.get_or_generate(A, model=MINI, threshold=0.99)
    assert bench.chats() == 3
    with pytest.raises(ConfigError, match="between -1 and 1"):
        cache.get_or_generate(A, model=MINI, threshold=1.5)
    with pytest.raises(ConfigError, match="threshold"):
        bench.llm(threshold=2)


def test_the_documents_name_for_the_threshold_is_understood_too(bench):
    cache = bench.llm(threshold=0.9)
    cache.get_or_generate(A, model=MINI)
    cache.get_or_generate(A_ZH, model=MINI, semantic_threshold=0.99)
    assert bench.chats() == 2
    cache.get_or_generate(RUST, model=MINI, semantic_threshold=0.99, threshold=0.5)
    assert bench.chats() == 2, "the shorter name counts"
    with pytest.raises(ConfigError, match="between -1 and 1"):
        cache.get_or_generate(A, model=MINI, semantic_threshold=1.5)


def test_a_ttl_may_be_a_timedelta_for_ever_or_nought(every):
    api = ChatAPI()
    cache = every.llm(openai=api.client(), ttl=timedelta(seconds=100))
    assert cache.get_or_generate(A, ttl=0) == "answer 1" and not every.stored()
    assert cache.get_or_generate(A, ttl=timedelta(seconds=10)) == "answer 2"
    every.clock.advance(10)
    assert cache.get_or_generate(A) == "answer 3"
    every.clock.advance(100)
    assert cache.get_or_generate(A, ttl=None) == "answer 4"
    every.clock.advance(10**9)
    assert cache.get_or_generate(A_ZH) == "answer 4"
    for wrong in (-1, float("nan"), timedelta(seconds=-1), False, True, "10"):
        with pytest.raises(ConfigError, match="ttl"):
            cache.get_or_generate(A, ttl=wrong)
    assert len(api.requests) == 4


def test_a_timedelta_of_nought_is_nought(bench):
    cache = bench.llm(openai=ChatAPI().client())
    assert cache.get_or_generate(A, ttl=timedelta(0)) == "answer 1" and not bench.stored()


@pytest.mark.parametrize("stream", [False, True])
def test_one_request_may_not_want_to_read_or_not_want_to_be_kept(every, stream):
    api = ChatAPI()
    cache = every.llm(openai=api.client())

    def ask(question, **wishes) -> str:
        return "".join(cache.get_or_generate(question, stream=stream, **wishes)).replace(" ", "")

    assert ask(A, keep=False) == "answer1" and not every.stored()
    assert ask(A) == "answer2" == ask(A_ZH, keep=False)
    assert ask(A, read=False, keep=False) == "answer3"
    assert ask(A) == "answer2" == ask(A_ZH)
    assert ask(A, read=False) == "answer4" == ask(A) == ask(A_ZH), "in place of the old"
    assert len(api.requests) == 4 and cache.semantic_cache().get_cache_size() == 1


def test_what_only_says_how_a_request_travels_keeps_no_answers_apart(bench):
    api = ChatAPI()
    cache = bench.llm(openai=api.client())
    first = cache.get_or_generate(A, temperature=0, timeout=5)
    for sampling in (
        {"temperature": 0.0},
        {"temperature": 0, "seed": None, "top_p": openai.omit},
        {"temperature": 0, "user": "u", "extra_headers": {"a": "b"}},
    ):
        assert cache.get_or_generate(A_ZH, **sampling) == first
    assert len(api.requests) == 1


NO_TEXTS = [
    {"tools": [{"type": "function", "function": {"name": "f"}}]},
    {"functions": [{"name": "f"}]},
    {"n": 2},
    {"messages": []},
    {"extra_body": {"n": 3}},
    {"stop": object()},
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("sampling", NO_TEXTS, ids=lambda sampling: next(iter(sampling)))
def test_what_has_no_answer_that_is_one_text_is_refused_before_anything(bench, sampling, stream):
    cache = bench.llm(embedding_model="multilingual-e5-small")
    with pytest.raises(ConfigError):
        cache.get_or_generate(A, model=MINI, stream=stream, **sampling)
    assert not bench.stored() and not bench.api.calls and not cache.stats.lookups


TOOL_CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
UNFIT = {
    "cut off": completion("cut sh", "length"),
    "filtered": completion("so f", "content_filter"),
    "a tool": completion(None, "tool_calls"),
    "a tool beside a text": completion("I'll look.", tool_calls=[TOOL_CALL]),
    "empty": completion(""),
    "nothing": completion(None),
    "refused": completion(None, refusal="no"),
    "refused beside a text": completion("Sorry", refusal="no"),
    "unfinished": completion("so far", None),
}
UNFIT_STREAMS = {
    "cut off": events("cut sh", "length"),
    "filtered": events("so f", "content_filter"),
    "empty": events("", "stop"),
    "unfinished": events("so far", None),
    "refused": [event("Sorry"), event(None, refusal="no"), event(None, "stop")],
}


@pytest.mark.parametrize("reply", UNFIT.values(), ids=UNFIT.keys())
def test_only_complete_successful_answers_are_kept(every, reply):
    api = ChatAPI()
    api.script.append(reply)
    cache = every.llm(openai=api.client())
    text = reply["choices"][0]["message"]["content"] or ""
    assert cache.get_or_generate(A) == text, "given to the caller, as the API gave it"
    assert not every.stored()
    assert cache.get_or_generate(A) == "answer 2" == cache.get_or_generate(A_ZH)
    assert counts(cache.stats) == (1, 2, 2)


@pytest.mark.parametrize("reply", UNFIT_STREAMS.values(), ids=UNFIT_STREAMS.keys())
def test_only_complete_successful_streams_are_kept(bench, reply):
    api = ChatAPI()
    api.script.append(reply)
    cache = bench.llm(openai=api.client())
    list(cache.get_or_generate(A, stream=True))
    assert not bench.stored()
    assert cache.get_or_generate(A) == "answer 2"


@pytest.mark.parametrize("stream", [False, True])
def test_the_admission_rule_can_be_replaced_and_then_an_empty_answer_is_an_answer(every, stream):
    api, seen = ChatAPI(), []

    def everything(completion: Completion) -> bool:
        seen.append(completion)
        return True

    cache = every.llm(openai=api.client(), admit=everything)
    api.script.append(events("", "length") if stream else completion("", "length"))
    assert "".join(cache.get_or_generate(A, stream=stream)) == ""
    assert cache.get_or_generate(A_ZH) == "" and list(cache.get_or_generate(A, stream=True)) == [""]
    assert len(api.requests) == 1 and seen == [Completion("", "length", False, 7, written=4)]
    strict = every.llm(openai=api.client(), scope="strict", admit=lambda completion: False)
    strict.get_or_generate(A)
    strict.get_or_generate(A)
    assert len(api.requests) == 3


@pytest.mark.parametrize("stream", [False, True])
def test_an_admission_rule_that_raises_costs_nobody_the_answer_and_is_told(bench, caplog, stream):
    def fails(completion: Completion) -> bool:
        raise KeyError("a rule with a mistake")

    cache = bench.llm(openai=ChatAPI().client(), admit=fails)
    assert "".join(cache.get_or_generate(A, stream=stream)).startswith("answer")
    assert not bench.stored() and cache.stats.errors == 1
    assert "a rule with a mistake" in caplog.text


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_of_a_tool_is_never_kept_whatever_the_rule(bench, stream):
    api = ChatAPI()
    cache = bench.llm(openai=api.client(), admit=lambda completion: True)
    call = {"index": 0, **TOOL_CALL}
    api.script.append(
        [event("I'll look."), event(None, tool_calls=[call]), event(None, "tool_calls")]
        if stream
        else completion("I'll look.", "tool_calls", tool_calls=[TOOL_CALL])
    )
    assert "".join(cache.get_or_generate(A, stream=stream)) == "I'll look."
    assert not bench.stored()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_an_api_error_comes_through_and_nothing_is_kept(bench, status, stream):
    api = ChatAPI()
    api.script.append(httpx2.Response(status, json={"error": {"message": "scripted"}}))
    cache = bench.llm(openai=api.client())
    with pytest.raises(openai.APIStatusError):
        "".join(cache.get_or_generate(A, stream=stream))
    assert not bench.stored()
    assert counts(cache.stats) == (0, 1, 0)
    assert cache.get_or_generate(A) == "answer 2"


def test_a_reply_that_is_none_is_a_bad_response_and_nothing_is_kept(bench):
    api = ChatAPI()
    page = {"headers": {"content-type": "text/html"}, "text": "<html>Please log in</html>"}
    api.script.append(httpx2.Response(200, **page))
    cache = bench.llm(openai=api.client())
    with pytest.raises(BadResponse, match="no completion"):
        cache.get_or_generate(A)
    assert not bench.stored() and cache.stats.api_calls == 0
    assert cache.get_or_generate(A) == "answer 2"


class Held(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A stream of "one two three four five" that stops after some words until it may go on.

    An asynchronous cache fetches ahead of who reads: what has come to its end is kept.
    """

    def __init__(self, after: int) -> None:
        self.after, self.go_on = after, threading.Event()

    def reply(self) -> httpx2.Response:
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, stream=self)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        for number, one in enumerate(events("one two three four five")):
            yield number, f"data: {json.dumps(one)}\n\n".encode()

    def __iter__(self) -> Iterator[bytes]:
        for number, line in self._lines():
            if number > self.after:
                assert self.go_on.wait(10)
            yield line

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for number, line in self._lines():
            while number > self.after and not self.go_on.is_set():
                await asyncio.sleep(0.001)
            yield line


def test_a_stream_yields_as_it_comes_and_is_kept_at_its_end(every):
    api, held = ChatAPI(), Held(after=2)
    api.script.append(held.reply())
    cache = every.llm(openai=api.client())
    pieces = cache.get_or_generate(A, stream=True)
    assert [next(pieces), next(pieces)] == ["one", "two"]
    assert not every.stored() and cache.stats.api_calls == 0
    held.go_on.set()
    assert list(pieces) == ["three", "four", "five"]
    assert cache.get_or_generate(A_ZH) == "onetwothreefourfive"
    assert cache.stats.api_calls == 1 and cache.stats.tokens == 7


@pytest.mark.parametrize("after", [0, 2, 5])
def test_a_stream_that_is_cut_keeps_nothing(every, after):
    cache = every.llm()
    every.api.fail("cut", after=after)
    with pytest.raises(openai.APIError):
        list(cache.get_or_generate(A, model=MINI, stream=True))
    assert not every.stored()
    assert "".join(cache.get_or_generate(A, model=MINI, stream=True))
    assert every.chats() == 2


@pytest.mark.parametrize("read", [0, 1, 4])
@pytest.mark.parametrize("leave", ["close", "forget"])
def test_an_abandoned_stream_keeps_nothing(every, read, leave):
    api = ChatAPI()
    api.script.append(Held(after=4).reply())
    cache = every.llm(openai=api.client())
    pieces = cache.get_or_generate(A, stream=True)
    for _ in range(read):
        next(pieces)
    if leave == "close":
        pieces.close()
    del pieces
    assert not every.stored() and len(api.requests) == (read > 0)
    api.script.clear()
    assert cache.get_or_generate(A) == f"answer {1 + (read > 0)}"
    assert every.llm().stats.hits == 0 and cache.stats.hits == 0


def test_two_streams_read_in_turns_do_not_mix(every):
    cache = every.llm()
    one = cache.get_or_generate(A, model=MINI, stream=True)
    two = cache.get_or_generate(RUST, model=MINI, stream=True)
    texts = ["", ""]
    for left, right in zip(one, two, strict=False):
        texts[0] += left
        texts[1] += right
    texts[0] += "".join(one)
    texts[1] += "".join(two)
    fresh = every.llm()
    assert fresh.get_or_generate(A, model=MINI).startswith(texts[0][:30])
    assert fresh.get_or_generate(RUST, model=MINI).startswith(texts[1][:30])
    assert fresh.get_or_generate(A, model=MINI) != fresh.get_or_generate(RUST, model=MINI)


def test_a_stream_may_be_read_in_another_thread(bench):
    cache = bench.llm()
    pieces = cache.get_or_generate(A, model=MINI, stream=True)
    with ThreadPoolExecutor(1) as pool:
        text = pool.submit("".join, pieces).result()
    assert cache.get_or_generate(A_ZH, model=MINI) == text and bench.chats() == 1


def test_a_caller_that_writes_itself_to_other_text_pieces_changes_nothing(bench):
    """Half a character in one event, half in the next: both are kept as they came."""
    api = ChatAPI()
    api.script.append([event("\ud83d"), event("\ude00"), event(None, "stop")])
    cache = bench.llm(openai=api.client())
    text = "".join(cache.get_or_generate(A, stream=True))
    assert cache.get_or_generate(A) == text == "\ud83d\ude00"


# Failure, trips --------------------------------------------------------------------------------


def lost(client):
    def fail(name, _) -> None:
        if name in ("execute", "execute_command"):
            raise redis.ConnectionError("gone")

    return Spy(client, fail)


@pytest.mark.parametrize("stream", [False, True])
def test_without_redis_the_llm_answers_and_the_errors_are_counted(every, stream):
    cache = every.llm(redis=lost(every.redis))
    for _ in range(2):
        assert "".join(cache.get_or_generate(A, model=MINI, stream=stream))
    assert counts(cache.stats) == (0, 2, 2)
    assert (cache.stats.errors, cache.stats.bypassed) == (1, 1), "then it is left alone"
    strict = every.llm(redis=lost(every.redis), on_error="raise")
    with pytest.raises(CacheUnavailable):
        strict.get_or_generate(A, model=MINI, stream=stream)
    assert every.chats() == 2, "paid for, although it was already clear that it must raise"


LLM_TRIPS = {"matrix": [3, 1, 1], "scan": [4, 2, 2], "vectorset": [4, 2, 2], "redisvl": [4, 2, 2]}


def test_round_trips_of_a_miss_and_two_hits_beside_the_api(every, request):
    """The embedding is read on the index's first trip; a new one is written on its own."""
    cache = every.llm(embedding_model="multilingual-e5-small")
    cache.get_or_generate(RUST, model=MINI)  # the first request also asks what the server can do
    counted = []
    for question in (A, A, A):
        with round_trips(every.redis) as trips:
            cache.get_or_generate(question, model=MINI)
        counted.append(trips.count)
    assert counted == LLM_TRIPS[kind_of(request)]


@pytest.mark.parametrize("bad", ["", None, 5, b"bytes", "half \ud83d"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_question_that_is_none_is_refused_before_anything(bench, bad, stream):
    cache = bench.llm(embedding_model="multilingual-e5-small")
    with pytest.raises(InvalidInput):
        cache.get_or_generate(bad, model=MINI, stream=stream)
    with pytest.raises(InvalidInput):
        cache.delete(bad, model=MINI)
    assert not bench.stored() and not bench.api.calls


@pytest.mark.parametrize("stream", [False, True])
def test_a_question_too_long_to_be_embedded_is_answered_by_the_llm(every, stream, caplog):
    api = ChatAPI()
    embeddings = every.made(EmbeddingCache, model="multilingual-e5-small")
    cache = every.llm(openai=api.client(), embedding_cache=embeddings)
    long = "x y " * 50_000
    for number in (1, 2):
        answer = "".join(cache.get_or_generate(long, stream=stream))
        assert answer.replace(" ", "") == f"answer{number}"
    assert counts(cache.stats) == (0, 2, 2) and cache.stats.errors == 2
    assert "not embedded" in caplog.text and not every.api.calls


@pytest.mark.parametrize("stream", [False, True])
def test_where_the_embedding_api_fails_the_llm_answers(every, stream):
    api = ChatAPI()
    embeddings = every.made(EmbeddingCache, model="multilingual-e5-small")
    cache = every.llm(openai=api.client(), embedding_cache=embeddings)
    every.api.fail(500)
    assert "".join(cache.get_or_generate(A, stream=stream)).startswith("answer")
    assert counts(cache.stats) == (0, 1, 1) and cache.stats.errors == 1
    assert not every.stored(), "it could not be found again"
    second = "".join(cache.get_or_generate(A, stream=stream))
    assert cache.get_or_generate(A_ZH) == second and len(api.requests) == 2


class Own:
    """An embedding cache of one's own."""

    model = "mine"

    def __init__(self, act: Any) -> None:
        self.get_embedding = act


def raises(error: Exception) -> Any:
    def act(text: str) -> Any:
        raise error

    return act


OWN_FAILURES = {
    "no memory": raises(RuntimeError("CUDA out of memory")),
    "no connection": raises(ConnectionError("refused")),
    "nothing": lambda text: None,
    "no numbers": lambda text: ["a", "b"],
    "two rows": lambda text: np.ones((2, 3)),
}


@pytest.mark.parametrize("act", OWN_FAILURES.values(), ids=OWN_FAILURES.keys())
def test_where_an_embedding_cache_of_ones_own_fails_the_llm_answers(every, act):
    cache = every.llm(openai=ChatAPI().client(), embedding_cache=Own(act))
    assert cache.get_or_generate(A) == "answer 1"
    assert cache.stats.errors == 1


@pytest.mark.parametrize("shape", [(1, 3), (3,), None])
def test_an_embedding_cache_of_ones_own_returns_a_vector_as_it_likes(every, shape):
    act = lambda text: [1.0, 0.5, 0.0] if shape is None else np.ones(shape, np.float32)  # noqa: E731
    cache = every.llm(openai=ChatAPI().client(), embedding_cache=Own(act))
    assert cache.get_or_generate(A) == cache.get_or_generate("like all others") == "answer 1"


def test_options_of_another_type_are_refused_or_taken_for_what_they_say(bench):
    for name in ("renew_ahead", "stale_if_error", "lease", "hit_takes", "jitter", "max_entries"):
        for odd in ("5", -1, float("nan"), True, *(() if name == "max_entries" else (None,))):
            with pytest.raises(ConfigError, match=f"^{name} is {re.escape(repr(odd))}: give"):
                bench.hybrid(**{name: odd}, embedding_cache=Drawn())
    minute = dict.fromkeys(("renew_ahead", "stale_if_error", "lease"), timedelta(minutes=1))
    cache = bench.hybrid(threshold=np.float32(0.5), **minute, embedding_cache=Drawn())
    assert cache.options.lease == 60.0 and type(cache.options.threshold) is float
    for name in ("threshold", "judge_from"):
        with pytest.raises(ConfigError, match="similarity"):
            bench.llm(**{name: timedelta(0)}, embedding_cache=Drawn())


@pytest.mark.parametrize("ttl", [sys.float_info.max, 1e306, 10**307])
def test_a_ttl_of_any_length_costs_nobody_the_answer(every, ttl):
    cache = every.hybrid(openai=ChatAPI().client(), embedding_cache=Drawn(), stale_if_error=1e306)
    assert cache.get_or_generate("q@1", ttl=ttl) == cache.get_or_generate("q@1") == "answer 1"


def test_clients_that_cannot_work_are_refused(bench):
    async_client = OfflineAPI().async_client()
    for clients in ((None, bench.openai), (bench.redis, None), (bench.redis, async_client)):
        with pytest.raises(ConfigError):
            SemanticLLMCache(*clients, embedding_cache=Drawn())
    with pytest.raises(ConfigError, match="ttl"):
        bench.llm(ttl=0)
    with pytest.raises(ConfigError, match="on_error"):
        bench.llm(on_error="ignore")


def test_the_embedding_cache_it_makes_is_of_the_given_model_and_scope(bench):
    cache = bench.llm(embedding_model="multilingual-e5-small", scope="app")
    assert isinstance(cache.embedding_cache, EmbeddingCache)
    cache.get_or_generate(A, model=MINI)
    assert cache.embedding_cache.get_cache_size() == 1
    assert all(key.startswith(b"semcache:1:{app}:") for key in bench.redis.scan_iter())


def test_sixteen_threads_and_every_request_is_accounted_for(every):
    api = ChatAPI()
    cache = every.llm(embedding_cache=Drawn(), openai=api.client(), threshold=0.9999)

    def work(number: int) -> None:
        for turn in range(10):
            question = f"q@{(number * 3 + turn) % 20 * 4}"
            model = f"m{number % 2}"
            assert cache.get_or_generate(question, model=model).startswith("answer ")

    with ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(work, n) for n in range(16)]:
            done.result()
    stats = cache.stats
    assert stats.hits + stats.misses == stats.lookups == 160
    assert stats.api_calls + stats.joined == stats.misses and stats.errors == 0
    assert stats.api_calls == len(api.requests)
    before = len(api.requests)
    for body in list(api.requests):
        degrees = body["messages"][0]["content"].rpartition("@")[2]
        cache.get_or_generate(f"other words@{degrees}", model=body["model"])
    assert len(api.requests) == before


# A deadline of the embedding's own ---------------------------------------------------------------


@pytest.fixture(params=["matrix", "async matrix"])
def faced(request, fakeredis_) -> SemanticBench:
    return SemanticBench(request.param, fakeredis_)


@pytest.mark.parametrize("kind", [SemanticLLMCache, HybridLLMCache])
def test_a_question_that_is_not_embedded_in_time_is_counted_and_the_llm_answers(faced, kind):
    cache = faced.llm(
        kind, openai=faced.api.client(max_retries=2), embedding_model=E5, embed_within=0.01
    )
    faced.api.latency = 0.02
    first = cache.get_or_generate(A, model=MINI)
    assert faced.chats() == 1, "which has the client's own patience"
    assert faced.api.call_count("embeddings") == 1, "and none tries again to embed"
    assert cache.stats.errors == 1 and counts(cache.stats) == (0, 1, 1)
    if kind is HybridLLMCache:
        assert cache.get_or_generate(A, model=MINI) == first
        assert cache.exact_stats.hits == 1 and faced.api.call_count("embeddings") == 1
        assert cache.stats.errors == 1
    faced.api.latency = 0.0
    cache.get_or_generate(A_ZH, model=MINI)
    assert faced.chats() == 2, "nothing similar was kept without its embedding"
    cache.get_or_generate(f"{A_ZH} ", model=MINI)
    assert cache.stats.errors == 1 and faced.chats() == 2


@pytest.mark.parametrize("kind", [SemanticLLMCache, HybridLLMCache])
def test_without_a_deadline_the_embedding_is_waited_for(faced, kind):
    cache = faced.llm(kind, embedding_model=E5)
    faced.api.latency = 0.02
    cache.get_or_generate(A, model=MINI)
    cache.get_or_generate(A_ZH, model=MINI)
    assert cache.stats.errors == 0 and faced.chats() == 1
