"""Caps: the oldest give way, a flood drives out only the flooder's, what is gone counts no more."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from bench import SERVERS, round_trips
from semantic_bench import (
    EVERY_INDEX,
    LARGE,
    MINI,
    SERVER_FIXTURES,
    ChatAPI,
    Drawn,
    SemanticBench,
    is_mark,
)
from test_hybrid import HYBRID_TRIPS, exact_keys
from test_llm import kind_of

from semcache import keys
from semcache.answers import caps
from semcache.errors import ConfigError


@pytest.fixture(params=EVERY_INDEX)
def every(request) -> SemanticBench:
    index, server = request.param.split("-")
    return SemanticBench(index, request.getfixturevalue(SERVER_FIXTURES[server]))


@pytest.fixture(params=SERVERS)
def bench(request) -> SemanticBench:
    return SemanticBench("matrix", request.getfixturevalue(SERVER_FIXTURES[request.param]))


class Asks:
    """A cache with caps, asked one question a second."""

    def __init__(self, bench, made: str = "hybrid", **options) -> None:
        given = {"embedding_cache": Drawn(), "openai": ChatAPI().client(), "threshold": 0.9999}
        self.bench, self.cache = bench, getattr(bench, made)(**{**given, **options})

    def __call__(self, *questions: str, **wishes) -> None:
        for question in questions:
            self.bench.clock.advance(1)
            self.cache.get_or_generate(question, **wishes)

    def held(self, *questions: str, **room) -> list[str]:
        """Those of the questions that have an answer, by similarity."""
        semantic = self.bench.semantic(
            Drawn(), threshold=0.9999, audience=self.cache.semantic_cache(**room).room.audience
        )
        return [question for question in questions if semantic.lookup(question)]


def numbered(count: int, start: int = 0) -> list[str]:
    return [f"q@{5 * number}" for number in range(start, start + count)]


def test_the_oldest_give_way_in_both_tiers_and_with_their_copies(every, caplog):
    ask = Asks(every, max_entries=3, threshold=0.99)
    ask("zero@0")
    ask("copy of zero@1", "ten@10", "twenty@20")
    assert ask.cache.stats.evictions == 0 and len(exact_keys(every)) == 4
    with caplog.at_level(logging.INFO, "semcache"):
        ask("thirty@30")
    assert ask.held("zero@0", "ten@10", "twenty@20", "thirty@30") == [
        "ten@10", "twenty@20", "thirty@30"
    ]  # fmt: skip
    assert len(exact_keys(every)) == 3 and ask.cache.stats.evictions == 1
    assert "evicted the oldest 1: a cap on entries was reached" in caplog.text
    ask("zero@0")
    assert ask.cache.stats.api_calls == 5, "it was gone"


def test_a_cap_is_on_the_whole_scope_whatever_the_model_and_the_process(every):
    one, two = Asks(every, max_entries=4), Asks(every, max_entries=4)
    one("a@0", model=MINI)
    two("a@0", model=LARGE)
    one("b@90", model=MINI)
    two("b@90", "c@180", model=LARGE)
    assert one.held("a@0", "b@90", model=MINI) == ["b@90"]
    assert one.held("a@0", "b@90", "c@180", model=LARGE) == ["a@0", "b@90", "c@180"]
    other = Asks(every, max_entries=4, scope="other")
    other(*numbered(4))
    assert other.cache.stats.evictions == 0


def test_an_answer_given_anew_is_one_answer_and_a_young_one(every):
    ask = Asks(every, max_entries=2)
    ask("a@0", "b@90")
    ask("a@0", read=False)
    ask("c@180")
    assert ask.held("a@0", "b@90", "c@180") == ["a@0", "c@180"]


def test_a_flood_drives_out_only_the_flooders_answers(every):
    ask = Asks(every, max_entries_per_asker=3)
    ask("a@0", "b@5", "c@10", asker="quiet")
    ask("nobody's@15")
    ask(*numbered(12, 10), asker="flooder")
    assert ask.held("a@0", "b@5", "c@10", "nobody's@15", *numbered(12, 10)) == [
        "a@0", "b@5", "c@10", "nobody's@15", *numbered(3, 19)
    ]  # fmt: skip
    assert len(exact_keys(every)) == 7 and ask.cache.stats.evictions == 9


def test_with_both_caps_a_flooder_pays_with_its_own_first(every):
    ask = Asks(every, max_entries=6, max_entries_per_asker=3)
    ask("a@0", "b@5", "c@10", asker="quiet")
    ask(*numbered(12, 10), asker="flooder")
    assert ask.held("a@0", "b@5", "c@10", *numbered(12, 10)) == [
        "a@0", "b@5", "c@10", *numbered(3, 19)
    ]  # fmt: skip


def test_what_another_asker_has_had_renewed_is_no_more_the_first_ones(every):
    ask = Asks(every, max_entries_per_asker=2)
    ask("a@0", asker="one")
    ask("a@0", asker="two", read=False)
    ask("b@90", "c@180", asker="one")
    assert ask.held("a@0", "b@90", "c@180") == ["a@0", "b@90", "c@180"]
    ask("d@270", asker="one")
    assert ask.held("a@0", "b@90", "c@180", "d@270") == ["a@0", "c@180", "d@270"]


@pytest.mark.parametrize("cap", ["max_entries", "max_entries_per_asker"])
def test_what_has_expired_counts_for_nothing(every, cap):
    ask = Asks(every, **{cap: 3})
    ask("lives@0", ttl=None, asker="one")
    ask("short@90", "shorter@180", ttl=10, asker="one")
    every.clock.advance(10)
    ask("new@270", "newer@300", asker="one")
    assert ask.held("lives@0", "new@270", "newer@300") == ["lives@0", "new@270", "newer@300"]
    assert ask.cache.stats.evictions == 0
    ask("newest@330", asker="one")
    assert ask.held("lives@0", "new@270", "newer@300") == ["new@270", "newer@300"]


@pytest.mark.parametrize("cap", ["max_entries", "max_entries_per_asker"])
@pytest.mark.parametrize("how", ["delete", "invalidate", "clear this audience"])
def test_what_was_deleted_counts_for_nothing(every, cap, how):
    ask = Asks(every, **{cap: 3})
    ask("lives@0", model=LARGE, asker="one")
    ask("gone@90", "gone too@180", tags=["doc:42"], asker="one", model=MINI)
    if how == "delete":
        for question in ("gone@90", "gone too@180"):
            assert ask.cache.delete(question, model=MINI)
    elif how == "invalidate":
        assert ask.cache.invalidate("doc:42") == 2
    else:
        ask.cache.semantic_cache(MINI).clear_cache()
    ask("new@270", "newer@300", model=LARGE, asker="one")
    assert ask.held("lives@0", "new@270", "newer@300", model=LARGE) == [
        "lives@0", "new@270", "newer@300"
    ]  # fmt: skip
    assert ask.cache.stats.evictions == 0


def test_clearing_the_scope_leaves_no_list_and_a_cap_that_holds(every):
    ask = Asks(every, max_entries=2, max_entries_per_asker=2)
    ask("a@0", "b@90", asker="one")
    ask.cache.clear_cache()
    assert all(is_mark(key) for key in every.redis.scan_iter())
    ask(*numbered(4), asker="one")
    assert ask.held(*numbered(4)) == numbered(2, 2)


def test_a_semantic_cache_has_a_cap_too(every):
    cache = every.semantic(Drawn(), threshold=0.9999, max_entries=2)
    for question in ("a@0", "b@90", "c@180"):
        every.clock.advance(1)
        cache.add_cache(question, "x")
    assert cache.get_cache_size() == 2 and cache.lookup("a@0") is None


def test_spellings_that_are_one_question_are_evicted_from_the_exact_tier_too(every):
    ask = Asks(every, fold_case=True, fold_spaces=True, max_entries=1)
    ask("What  IS it@0", "another@90")
    assert len(exact_keys(every)) == 1
    ask("what is it@0")
    assert ask.cache.stats.api_calls == 3


def test_an_answer_that_is_in_the_exact_tier_only_counts_too(every):
    vectors = Drawn({"zeros": (0, 0)})
    ask = Asks(every, embedding_cache=vectors, max_entries=1)
    ask("zeros", "a@0")
    assert len(exact_keys(every)) == 1
    ask("zeros")
    assert ask.cache.stats.api_calls == 3 and ask.held("a@0") == []


def test_without_a_cap_nothing_is_listed_and_with_one_the_list_expires(every):
    Asks(every)("a@0", asker="one")
    assert not every.redis.keys("*:kept:*")
    Asks(every, max_entries=5, max_entries_per_asker=5, ttl=100)("b@90", asker="one")
    lists = every.redis.keys("*:kept:*")
    assert len(lists) == 3 and all(0 < every.redis.pttl(key) <= 100_000 for key in lists)
    assert all(b"one" not in key for key in lists)


def test_a_cap_costs_no_trip_until_it_is_reached(every, request):
    ask = Asks(every, max_entries=3, max_entries_per_asker=2)
    ask("a@0", asker="one")

    def trips(question: str, asker: str) -> int:
        with round_trips(every.redis) as counted:
            ask(question, asker=asker)
        return counted.count

    under = HYBRID_TRIPS[kind_of(request)][2] - 1  # no embedding is read or kept here
    assert trips("b@90", "one") == trips("c@180", "two") == under
    more = 3 if kind_of(request) == "vectorset" else 2
    assert trips("d@270", "two") == under + more, "the scope's oldest: which, and away with it"
    learns = kind_of(request) == "matrix"  # what has gone since the last lookup
    assert trips("e@300", "two") == under + more + learns, "one's own oldest, and so no other"


def test_what_has_long_expired_is_forgotten_also_where_only_askers_have_a_cap(every, monkeypatch):
    monkeypatch.setattr(caps, "MANY_EXPIRED", 5)
    ask = Asks(every, max_entries_per_asker=100)
    for question in numbered(20):
        ask(question, ttl=2, asker=question)
    (given,) = every.redis.keys("*:given")
    (ends,) = every.redis.keys("*:ends")
    assert every.redis.zcard(given) == every.redis.zcard(ends) <= 8


def test_a_cap_that_was_lowered_is_reached_step_by_step(every, monkeypatch):
    monkeypatch.setattr(caps, "AT_ONCE", 4)
    Asks(every, max_entries=20)(*numbered(12))
    ask = Asks(every, max_entries=2)
    left = []
    for question in numbered(4, 12):
        ask(question)
        left.append(ask.cache.semantic_cache().get_cache_size())
    assert left == [9, 6, 3, 2] and ask.held(*numbered(16)) == numbered(2, 14)


def test_a_foreign_value_in_place_of_a_list_keeps_no_answer_from_being_kept(every):
    Asks(every, max_entries=1, max_entries_per_asker=1)("a@0", asker="one")
    for key in every.redis.keys("*:kept:*"):
        every.redis.delete(key)
        every.redis.set(key, "foreign")
    ask = Asks(every, max_entries=1, max_entries_per_asker=1, on_error="raise")
    ask("b@90", "c@180", asker="one")
    assert ask.held("a@0", "b@90", "c@180") == ["a@0", "b@90", "c@180"]
    assert ask.cache.delete("b@90") and ask.cache.invalidate(where=lambda answer: True) == 2


def test_many_threads_end_with_as_many_as_the_cap_allows(every):
    ask = Asks(every, max_entries=8, max_entries_per_asker=3)

    def work(number: int) -> None:
        for turn in range(6):
            ask.cache.get_or_generate(f"q@{number * 30 + 5 * turn}", asker=str(number % 4))

    with ThreadPoolExecutor(12) as pool:
        for done in [pool.submit(work, number) for number in range(12)]:
            done.result()
    assert ask.cache.semantic_cache().get_cache_size() <= 8 and ask.cache.stats.errors == 0
    assert len(exact_keys(every)) <= 8


@pytest.mark.parametrize("cap", [0, -1, 1.5, True, "10"])
def test_a_cap_that_is_no_number_of_answers_is_refused(bench, cap):
    for name in ("max_entries", "max_entries_per_asker"):
        with pytest.raises(ConfigError, match=name):
            bench.hybrid(**{name: cap})


def test_the_lists_hold_digests_and_no_question(bench):
    Asks(bench, max_entries=3)("secret question@0")
    (given,) = bench.redis.keys("*:given")
    (member,) = bench.redis.zrange(given, 0, -1)
    assert b"secret" not in member
    assert member.startswith(keys.digest("secret question@0").encode())
