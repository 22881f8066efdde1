"""near_misses: what was near and not served is judged later, and promoted if accepted."""

import threading

import numpy as np
import pytest
from semantic_bench import EVERY_INDEX, MINI, SERVER_FIXTURES, ChatAPI, Drawn, SemanticBench, at

from semcache.answers import near_misses as module
from semcache.answers.near_misses import NearMiss, NearMisses
from semcache.errors import ConfigError
from semcache.index.answer import Answer
from semcache.index.base import nothing_else


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
    return NearMiss(f"asked {number}", at(0), answer, 0.8, nothing_else)


def test_the_newest_are_judged_first_and_the_oldest_give_way(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 3)
    misses = NearMisses(0.5)
    for number in (0, 1, 2, 3, 1):
        misses.note(noted(number))
    assert [miss.asked for miss in misses.take(2)] == ["asked 1", "asked 3"]
    assert [miss.asked for miss in misses.take(9)] == ["asked 2"] and len(misses) == 0


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
    assert sorted(miss.asked for miss in taken) == sorted(f"asked {n}" for n in range(800))
    assert np.allclose(taken[0].vector, at(0))
