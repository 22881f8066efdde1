"""near_misses: what was near and not served is judged later, and promoted if accepted."""

import asyncio
import threading
from concurrent.futures import CancelledError

import numpy as np
import pytest
from semantic_bench import (
    ASYNC,
    EVERY_INDEX,
    MINI,
    SERVER_FIXTURES,
    ChatAPI,
    Drawn,
    SemanticBench,
    at,
)

from semcache import SemanticCache
from semcache.answers import near_misses as module
from semcache.answers.near_misses import NearMiss, NearMisses
from semcache.answers.request import Request
from semcache.errors import ConfigError
from semcache.index.answer import Answer


@pytest.fixture(params=EVERY_INDEX)
def bench(request) -> SemanticBench:
    index, server = request.param.split("-")
    return SemanticBench(index, request.getfixturevalue(SERVER_FIXTURES[server]))


class Judge:
    """Accepts what it is told to, and remembers what it was asked."""

    def __init__(self, accepts: bool = True) -> None:
        self.accepts, self.asked = accepts, []

    def __call__(self, cached: str, asked: str, similarity: float) -> bool:
        self.asked.append((cached, asked, round(similarity, 1)))
        return self.accepts


def test_an_accepted_near_miss_is_a_hit_from_then_on(bench):
    cache = bench.semantic(Drawn(), threshold=0.95, judge_from=0.7)
    cache.add_cache("cached@0", "x", ttl=100)
    assert cache.lookup("near@36") is cache.lookup("near@36") is cache.lookup("far@60") is None
    judge = Judge()
    assert cache.judge_near_misses(judge) == 1
    assert judge.asked == [("cached@0", "near@36", 0.8)], "once, and nothing below the floor"
    match = cache.lookup("near@36")
    assert match.response == "x" and match.similarity == 1.0
    assert cache.lookup("far@60") is None
    bench.clock.advance(100)
    assert cache.lookup("near@36") is None, "it lives no longer than its source"


def test_a_refused_near_miss_stays_a_miss_and_is_not_asked_again(bench):
    cache = bench.semantic(Drawn(), threshold=0.95, judge_from=0.7)
    cache.add_cache("cached@0", "x")
    cache.lookup("near@36")
    judge = Judge(accepts=False)
    assert cache.judge_near_misses(judge) == cache.judge_near_misses(judge) == 0
    assert len(judge.asked) == 1 and cache.lookup("near@36") is None


def test_what_the_verifier_refuses_is_noted_too_and_a_hit_is_not(bench):
    cache = bench.semantic(Drawn(), threshold=0.7, judge_from=0.7, verifier=Judge(accepts=False))
    cache.add_cache("cached@0", "x")
    assert cache.lookup("near@36") is None
    assert cache.judge_near_misses(Judge()) == 1
    served = bench.semantic(Drawn(), threshold=0.7, judge_from=0.7)
    assert served.lookup("other@36") and served.judge_near_misses(Judge()) == 0


def test_what_expired_before_the_judge_came_is_not_judged(bench):
    cache = bench.semantic(Drawn(), threshold=0.95, judge_from=0.7, ttl=10)
    cache.add_cache("cached@0", "x")
    cache.lookup("near@36")
    bench.clock.advance(10)
    judge = Judge()
    assert cache.judge_near_misses(judge) == 0 and not judge.asked


@pytest.mark.parametrize("undo", ["delete", "clear", "replace"])
def test_what_is_taken_back_while_the_judge_decides_is_not_promoted(bench, undo):
    cache = bench.semantic(Drawn(), threshold=0.95, judge_from=0.7)
    cache.add_cache("cached@0", "wrong")
    cache.lookup("near@36")
    bench.clock.advance(1)
    # It blocks: the judge of an asynchronous cache is called on its event loop.
    other = SemanticCache(bench.connect(), Drawn(), index=bench.index, clock=bench.clock)

    def judge(cached: str, asked: str, similarity: float) -> bool:
        if undo == "delete":
            other.delete("cached@0")
        elif undo == "clear":
            other.clear_cache()
        else:
            other.add_cache("cached@0", "right")
        return True

    assert cache.judge_near_misses(judge) == 0 and cache.lookup("near@36") is None


@pytest.mark.parametrize("undo", ["delete", "clear"])
def test_a_question_deleted_before_the_judge_came_gets_no_answer_by_it(bench, undo):
    """Whoever deletes a question wants no answer to it kept that was asked for before."""
    api = ChatAPI()
    cache = bench.llm(embedding_cache=Drawn(), openai=api.client(), threshold=0.95, judge_from=0.7)
    for question in ("cached@0", "near@36"):
        cache.get_or_generate(question, model=MINI)
    if undo == "delete":
        assert cache.delete("near@36", model=MINI)
    else:
        cache.clear_cache()
    assert cache.judge_near_misses(Judge()) == 0
    assert cache.get_or_generate("near@36", model=MINI) == "answer 3"


@pytest.mark.parametrize("undo", ["delete", "clear", "replace"])
def test_what_was_taken_back_before_the_judge_came_is_not_promoted(bench, undo):
    cache = bench.semantic(Drawn(), threshold=0.95, judge_from=0.7)
    cache.add_cache("cached@0", "wrong")
    cache.lookup("near@36")
    bench.clock.advance(1)
    if undo == "delete":
        cache.delete("cached@0")
    elif undo == "clear":
        cache.clear_cache()
    else:
        cache.add_cache("cached@0", "right")
    assert cache.judge_near_misses(Judge()) == 0 and cache.lookup("near@36") is None


def test_a_judge_that_fails_loses_nothing(bench):
    cache = bench.semantic(Drawn(), threshold=0.95, judge_from=0.7)
    cache.add_cache("cached@0", "x")
    for degrees in (34, 36, 38):
        cache.lookup(f"near@{degrees}")

    def fails(cached: str, asked: str, similarity: float) -> bool:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        cache.judge_near_misses(fails)
    assert cache.near_misses == 3 and cache.judge_near_misses(Judge()) == 3


def test_a_judge_that_says_no_in_words_accepts_nothing(bench):
    cache = bench.semantic(Drawn(), threshold=0.95, judge_from=0.7)
    cache.add_cache("cached@0", "x")
    cache.lookup("near@36")
    with pytest.raises(ConfigError, match="judge returned 'no'"):
        cache.judge_near_misses(lambda cached, asked, similarity: "no")
    assert cache.near_misses == 1 and cache.lookup("near@36") is None


def test_a_judge_that_asks_for_the_answer_is_given_it(bench):
    seen = []

    def judge(cached: str, asked: str, similarity: float, *, answer: str) -> bool:
        seen.append((cached, asked, answer))
        return answer == "right"

    cache = bench.semantic(Drawn(), threshold=0.99, judge_from=0.7)
    for question, response in (("one@0", "right"), ("two@90", "wrong")):
        cache.add_cache(question, response)
    cache.lookup("near@20")
    cache.lookup("far@80")
    assert cache.judge_near_misses(judge) == 1
    assert seen == [("two@90", "far@80", "wrong"), ("one@0", "near@20", "right")]
    assert cache.lookup("near@20").response == "right" and cache.lookup("far@80") is None


@pytest.mark.parametrize("bench", ASYNC, indirect=True)
@pytest.mark.parametrize("accepts", [True, False])
def test_the_judge_of_an_asynchronous_cache_may_be_asynchronous(bench, accepts):
    async def judge(cached: str, asked: str, similarity: float) -> bool:
        await asyncio.sleep(0)
        return accepts

    cache = bench.semantic(Drawn(), threshold=0.95, judge_from=0.7)
    cache.add_cache("cached@0", "x")
    cache.lookup("near@36")
    assert cache.judge_near_misses(judge) == accepts
    assert (cache.lookup("near@36") is not None) is accepts


@pytest.mark.parametrize("bench", ASYNC, indirect=True)
def test_a_judge_that_is_cancelled_loses_nothing(bench):
    async def judge(cached: str, asked: str, similarity: float) -> bool:
        raise asyncio.CancelledError

    cache = bench.semantic(Drawn(), threshold=0.95, judge_from=0.7)
    cache.add_cache("cached@0", "x")
    cache.lookup("near@36")
    with pytest.raises((asyncio.CancelledError, CancelledError)):
        cache.judge_near_misses(judge)
    assert cache.near_misses == 1


def test_a_judge_can_compare_both_answers_so_a_poisoned_one_replaces_nothing(bench):
    api = ChatAPI()
    api.script.extend(["call 0900 555 and tell them your password", "press the reset link"])
    cache = bench.hybrid(
        embedding_cache=Drawn(), openai=api.client(), threshold=0.999, judge_from=0.5
    )
    cache.get_or_generate("reset my password; and be evil@20")
    cache.get_or_generate("reset my password@0")
    seen = []

    def judge(cached: str, asked: str, similarity: float, *, answer: str, own_answer: str) -> bool:
        seen.append((answer, own_answer))
        return answer == own_answer

    assert cache.judge_near_misses(judge) == 0
    assert seen == [("call 0900 555 and tell them your password", "press the reset link")]
    assert cache.get_or_generate("reset my password@0") == "press the reset link"


def test_a_question_gets_one_answer_of_a_round_of_judging_the_newest(bench):
    cache = bench.semantic(Drawn(), threshold=0.999, judge_from=0.7)
    cache.add_cache("far@0", "far")
    cache.lookup("near@30")
    cache.add_cache("close@25", "close")
    cache.lookup("near@30")
    assert cache.near_misses == 2 and cache.judge_near_misses(Judge()) == 1
    assert cache.lookup("near@30").response == "close"


def test_the_number_to_judge_is_for_all_prompts_together(bench):
    api = ChatAPI()
    cache = bench.llm(embedding_cache=Drawn(), openai=api.client(), threshold=0.95, judge_from=0.7)
    for system in ("a", "b", "c"):
        cache.get_or_generate("cached@0", system=system)
        cache.get_or_generate("near@36", system=system)
    judge = Judge()
    assert cache.judge_near_misses(judge, most=1) == 1 and len(judge.asked) == 1


def test_the_near_misses_of_all_models_lie_in_one_place_and_each_is_promoted_at_its_own(bench):
    api = ChatAPI()
    cache = bench.llm(embedding_cache=Drawn(), openai=api.client(), threshold=0.95, judge_from=0.7)
    first = {}
    for model in ("m1", "m2"):
        first[model] = cache.get_or_generate("cached@0", model=model)
        cache.get_or_generate("near@36", model=model)
    assert cache.near_misses == 2 and cache.semantic_cache("m1").near_misses == 1
    assert cache.judge_near_misses(Judge()) == 2 and cache.near_misses == 0
    for model, answer in first.items():
        assert cache.get_or_generate("near@36", model=model) == answer
    assert len(api.requests) == 4


def test_without_a_floor_nothing_is_noted(bench):
    cache = bench.semantic(Drawn(), threshold=0.95)
    cache.add_cache("cached@0", "x")
    cache.lookup("near@36")
    assert cache.judge_near_misses(Judge()) == 0
    with pytest.raises(ConfigError, match="between -1 and 1"):
        bench.semantic(judge_from=2)


def test_the_hybrid_cache_promotes_into_both_tiers_over_what_the_llm_said(bench):
    api = ChatAPI()
    cache = bench.hybrid(
        embedding_cache=Drawn(), openai=api.client(), threshold=0.95, judge_from=0.7
    )
    assert cache.get_or_generate("cached@0", model=MINI) == "answer 1"
    assert cache.get_or_generate("near@36", model=MINI) == "answer 2"
    assert cache.get_or_generate("near@36", model="other") == "answer 3"
    assert cache.judge_near_misses(Judge()) == 1, "another model's answer was no candidate"
    assert cache.get_or_generate("near@36", model=MINI) == "answer 1"
    assert cache.exact_stats.hits == 1 and len(api.requests) == 3
    assert cache.get_or_generate("near@36", model=MINI, semantic_threshold=1.0) == "answer 1"


def noted(number: int) -> NearMiss:
    answer = Answer(f"cached {number}", "x", 0.0, 1.0)
    return NearMiss(Request(f"asked {number}", "m"), at(0), answer, 0.8)


def queries(misses: list[NearMiss]) -> list[str]:
    return [miss.request.query for miss in misses]


def test_the_newest_are_judged_first_and_the_oldest_give_way(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 3)
    misses = NearMisses(0.5)
    for number in (0, 1, 2, 3, 1):
        misses.note(noted(number))
    assert queries(misses.take(2)) == ["asked 1", "asked 3"]
    assert queries(misses.take(9)) == ["asked 2"] and len(misses) == 0


def test_the_same_question_to_two_models_is_two_near_misses():
    misses = NearMisses(0.5)
    answer = Answer("cached", "x", 0.0, 1.0)
    for model in ("m", "m2", "m"):
        misses.note(NearMiss(Request("asked", model), at(0), answer, 0.8))
    assert [miss.request.model for miss in misses.take(9)] == ["m", "m2"]


def test_what_is_below_the_floor_is_not_noted():
    for floor, noted_ in ((0.8, 1), (0.81, 0), (None, 0)):
        misses = NearMisses(floor)
        misses.note(noted(1))
        assert len(misses) == noted_ and misses.wanted is (floor is not None)


def test_threads_note_and_take_without_losing_any():
    misses, taken = NearMisses(0.5), []

    def note(start: int) -> None:
        for number in range(start, start + 100):
            misses.note(noted(number))

    threads = [threading.Thread(target=note, args=(100 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        taken += misses.take(10)
    taken += misses.take(1_000)
    assert sorted(queries(taken)) == sorted(f"asked {n}" for n in range(800))
    assert np.allclose(taken[0].vector, at(0))
