"""HybridLLMCache: two tiers and the LLM; nothing lives longer or reaches further for it."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
import redis
from bench import SERVERS, quick, round_trips
from faces import make_async
from semantic_bench import (
    EVERY_INDEX,
    IN_TWO_KEYS,
    INDEXES,
    LARGE,
    MINI,
    SERVER_FIXTURES,
    ChatAPI,
    Drawn,
    SemanticBench,
    Spy,
    completion,
    is_mark,
    starts,
)
from test_contract_redis_failing import SCENARIOS, needs_redis8, never_answers
from test_llm import Held, kind_of

from semcache import EmbeddingCache, HybridLLMCache, keys
from semcache.answers import flow
from semcache.course.sent import commands_of
from semcache.errors import CacheUnavailable, ConfigError, InvalidInput
from semcache.index import RedisVLIndex

A, A_ZH, RUST = "What is Python?", "Python是什么？", "What is Rust?"


@pytest.fixture(params=EVERY_INDEX)
def every(request) -> SemanticBench:
    index, server = request.param.split("-")
    return SemanticBench(index, request.getfixturevalue(SERVER_FIXTURES[server]))


@pytest.fixture(params=SERVERS)
def bench(request) -> SemanticBench:
    return SemanticBench("matrix", request.getfixturevalue(SERVER_FIXTURES[request.param]))


def tiers(cache) -> tuple[int, int, int]:
    """Requests answered by the exact tier, by similarity, by the LLM."""
    return cache.exact_stats.hits, cache.semantic.stats.hits, cache.stats.api_calls


def exact_keys(bench) -> list[bytes]:
    return bench.redis.keys("*:exact:*")


def drawn(bench, **options):
    """A hybrid cache that answers "answer 1", "answer 2" and so on."""
    given = {"embedding_cache": Drawn(), "openai": ChatAPI().client(), "threshold": 0.99}
    return bench.hybrid(**{**given, **options})


def test_the_documents_demo(every):
    cache = every.hybrid()
    answers = [cache.get_or_generate(q, model=MINI) for q in (A, A_ZH, A, A_ZH, RUST)]
    assert answers[0] == answers[1] == answers[2] == answers[3] != answers[4]
    assert tiers(cache) == (2, 1, 2) and every.chats() == 2
    assert f"{cache.stats.hit_rate:.1%}" == "60.0%"


def test_every_request_is_answered_by_one_tier_and_counted_there(every):
    api = ChatAPI()
    cache = every.hybrid(embedding_cache=Drawn(), openai=api.client(), threshold=0.999)
    questions = [f"q{n % 7}@{n * n % 11 * 5}" for n in range(80)]
    for number, question in enumerate(questions):
        "".join(cache.get_or_generate(question, stream=number % 3 == 0))
        assert sum(tiers(cache)) == number + 1 == cache.stats.lookups
    assert tiers(cache)[2] == len(api.requests) and min(tiers(cache)) > 0
    exact, semantic = cache.exact_stats, cache.semantic.stats
    assert exact.lookups == 80 and semantic.lookups == exact.misses
    assert semantic.misses == semantic.api_calls and cache.stats.errors == 0
    assert cache.stats.hits == exact.hits + semantic.hits
    assert cache.stats.tokens == 7 * len(api.requests)


# Promotion -------------------------------------------------------------------------------------


def test_a_promoted_answer_lives_as_long_as_its_source_and_not_longer(every):
    cache = every.hybrid(ttl=3_600)
    cache.get_or_generate(A, model=MINI)
    every.clock.advance(3_540)
    cache.get_or_generate(A_ZH, model=MINI)
    (new,) = [key for key in exact_keys(every) if every.redis.pttl(key) <= 60_000]
    assert 50_000 < every.redis.pttl(new) <= 60_000
    every.clock.advance(59.9)
    cache.get_or_generate(A_ZH, model=MINI)
    assert tiers(cache) == (1, 1, 1)
    every.clock.advance(0.1)
    for reader in (cache, every.hybrid()):
        reader.get_or_generate(A_ZH, model=MINI)
    assert every.chats() == 2


@pytest.mark.parametrize("ttl", [7 * 86_400, None])
def test_what_a_copy_carries_of_the_marks_lives_as_long_as_it_does(every, ttl):
    """Or the exact tier would serve no copy once the mark of the scope, which lives a day, ends."""
    options = {"embedding_cache": Drawn(), "openai": ChatAPI().client(), "threshold": 0.99}
    cache = every.hybrid(**options, ttl=ttl, stale_if_error=3_600)
    for question in ("q@0", "near@1"):
        cache.get_or_generate(question)
    copies = [key for key in exact_keys(every) if key.endswith(keys.digest("near@1").encode())]
    (mark,) = every.redis.keys("*:deleted")
    (left,) = map(every.redis.pttl, copies)
    assert every.redis.pttl(mark) > left - 1_000, "measured one after the other"
    cache.get_or_generate("short@90", ttl=60)
    cache.get_or_generate("copy@91")
    assert every.redis.pttl(mark) > left - 60_000, "a copy that ends sooner takes nothing away"
    assert cache.delete("short@90") and every.redis.pttl(mark) <= 86_400_000
    cache.get_or_generate("near@1")
    assert tiers(cache) == (0, 3, 2), "another mark: nothing that was copied before is served"
    assert every.redis.pttl(mark) > left - 60_000, "which carries the new copy as long"


def test_a_mark_is_told_once_a_day_how_long_it_is_to_live(bench):
    """Each copy would pay for it: a command more on the second trip of a hit by similarity."""
    options = {"embedding_cache": Drawn(), "openai": ChatAPI().client(), "threshold": 0.99}
    cache = bench.hybrid(**options, ttl=86_400)
    cache.get_or_generate("q@0")
    (mark,) = bench.redis.keys("*:deleted")
    told = []
    for hours in (0, 0, 12, 12, 12, 12):
        bench.clock.advance(hours * 3_600)
        cache.get_or_generate("q@0", read=False)
        bench.redis.pexpire(mark, 60_000)  # to see whether it is told anew
        cache.get_or_generate(f"near {len(told)}@1")
        told.append(bench.redis.pttl(mark) > 60_000)
    assert told == [True, False, False, False, True, False]


def test_a_deleted_answer_takes_its_promoted_copies_with_it(every):
    cache = every.hybrid()
    for question in (A, A_ZH, RUST):
        cache.get_or_generate(question, model=MINI)
    cache.get_or_generate(A, model=LARGE)
    assert len(exact_keys(every)) == 4
    assert cache.delete(A, model=MINI) and not cache.delete(A, model=MINI)
    assert len(exact_keys(every)) == 2
    for question in (A_ZH, RUST):
        cache.get_or_generate(question, model=MINI)
    assert every.chats() == 4, "A_ZH was paid for anew, RUST was not"


def test_delete_finds_an_answer_whatever_the_capitals_if_they_do_not_count(every):
    api = ChatAPI()
    cache = every.hybrid(fold_case=True, openai=api.client())
    cache.get_or_generate("What is Rust?")
    assert cache.delete("what is rust?")
    assert cache.get_or_generate("what is rust?") == "answer 2"


def test_copies_are_found_though_a_newer_answer_lives_shorter(bench):
    """The answer itself was evicted, its copy was not; then it is given anew, for a while."""
    api = ChatAPI()
    cache = bench.hybrid(embedding_cache=Drawn(), openai=api.client(), threshold=0.99)
    cache.get_or_generate("q@0", ttl=3_600)
    (own,) = exact_keys(bench)
    cache.get_or_generate("one@1")
    bench.redis.delete(own, *bench.redis.keys("*:semantic:*"))
    assert cache.get_or_generate("q@0", ttl=10) == "answer 2"
    assert cache.get_or_generate("two@2") == "answer 2"
    assert cache.get_or_generate("one@1") == "answer 1", "so its copy was not evicted"
    (copies,) = bench.redis.keys("*:copies:*")
    assert bench.redis.pttl(copies) > 3_000_000
    assert cache.delete("q@0")
    assert cache.get_or_generate("one@1") == "answer 3"


def test_deleting_a_promoted_answer_deletes_what_it_came_from(every):
    """It would be served again at once. Other questions that it was promoted to lose theirs."""
    api = ChatAPI()
    cache = every.hybrid(embedding_cache=Drawn(), openai=api.client(), threshold=0.99)
    for question in ("q@0", "one@1", "two@2", "far@50"):
        cache.get_or_generate(question)
    assert tiers(cache) == (0, 2, 2)
    assert cache.delete("one@1") and not cache.delete("one@1")
    assert cache.get_or_generate("two@2") == "answer 3" == cache.get_or_generate("one@1")
    assert cache.get_or_generate("far@50") == "answer 2"


class Verifier:
    """Refuses what it is told to, and remembers what it was asked."""

    def __init__(self, **attributes) -> None:
        self.refuses: set[str] = set()
        self.asked: list[tuple[str, str, float]] = []
        vars(self).update(attributes)

    def __call__(self, cached: str, asked: str, similarity: float) -> bool:
        self.asked.append((cached, asked, round(similarity, 2)))
        return asked not in self.refuses


def test_a_verifier_is_asked_again_about_a_copy_and_may_have_changed_its_mind(every):
    api, verifier = ChatAPI(), Verifier()
    options = {"embedding_cache": Drawn(), "openai": api.client(), "threshold": 0.9}
    cache = every.hybrid(**options, verifier=verifier)
    for question in ("q@0", "near@20", "near@20", "q@0"):
        assert cache.get_or_generate(question) == "answer 1"
    assert tiers(cache) == (2, 1, 1)
    assert verifier.asked == [("q@0", "near@20", 0.94)] * 2, "not about its own answer"
    verifier.refuses.add("near@20")
    assert cache.get_or_generate("near@20") == "answer 2"
    verifier.refuses.clear()
    assert every.hybrid(**options).get_or_generate("near@20") == "answer 2", "now its own"


@pytest.mark.parametrize("then", ["same", "other", "none", "no verifier"])
def test_a_copy_is_served_without_asking_only_to_who_has_the_same_fingerprint(every, then):
    api = ChatAPI()
    options = {"embedding_cache": Drawn(), "openai": api.client(), "threshold": 0.9}
    first = every.hybrid(**options, verifier=Verifier(fingerprint="v1"))
    for question in ("q@0", "near@20"):
        first.get_or_generate(question)
    fingerprints = {"same": {"fingerprint": "v1"}, "other": {"fingerprint": "v2"}, "none": {}}
    verifier = Verifier(**fingerprints.get(then, {}))
    verifier.refuses.add("near@20")
    second = every.hybrid(**options, verifier=None if then == "no verifier" else verifier)
    served = second.get_or_generate("near@20") == "answer 1"
    assert served is (then in ("same", "no verifier"))
    assert bool(verifier.asked) is (then in ("other", "none"))


def test_a_verifier_that_fails_refuses_is_counted_and_told(bench, caplog):
    class Broken(Verifier):
        def __call__(self, cached: str, asked: str, similarity: float) -> bool:
            raise KeyError("a verifier with a mistake")

    options = {"embedding_cache": Drawn(), "openai": ChatAPI().client(), "threshold": 0.9}
    good = bench.hybrid(**options, verifier=Verifier())
    for question in ("q@0", "near@20"):
        assert good.get_or_generate(question) == "answer 1"
    cache = bench.hybrid(**options, verifier=Broken())
    assert cache.get_or_generate("near@20") == "answer 2"
    assert cache.stats.errors == 2, "about the copy, and about what it was copied from"
    assert "the verifier failed, so it refuses" in caplog.text
    assert "a verifier with a mistake" in caplog.text


def test_a_refusal_is_told_with_the_question_that_was_near(bench, caplog):
    options = {"embedding_cache": Drawn(), "openai": ChatAPI().client(), "threshold": 0.9}
    verifier = Verifier()
    verifier.refuses.add("near@20")
    cache = bench.hybrid(**options, verifier=verifier)
    with caplog.at_level(logging.INFO, "semcache"):
        for question in ("q@0", "near@20"):
            cache.get_or_generate(question)
    assert "refused, similarity 0.940: q@0" in caplog.text


def test_what_every_request_came_to_is_told(bench, caplog):
    cache = bench.hybrid(embedding_cache=Drawn(), openai=ChatAPI().client(), threshold=0.9)
    told = []
    for question in ("q@0", "q@0", "near@20", "far@60"):
        caplog.clear()
        with caplog.at_level(logging.INFO, "semcache"):
            cache.get_or_generate(question)
        told.append([record.getMessage() for record in caplog.records])
    assert told == [
        ["semantic miss, nothing is stored", "LLM    gpt-4o-mini, 7 tokens"],
        ["exact hit"],
        ["semantic hit, similarity 0.940", "   original question: q@0"],
        ["semantic miss, highest similarity 0.500", "LLM    gpt-4o-mini, 7 tokens"],
    ]


# Deletions while an answer is on its way ---------------------------------------------------------


def while_asked(bench, action):
    """A client of an LLM that does something before it answers, once."""
    api = ChatAPI()
    waiting = [action]

    class Between(ChatAPI):
        def _handle(self, request):
            if waiting:
                waiting.pop()()
            return api._handle(request)

    return Between().client()


@pytest.mark.parametrize("how", ["delete", "delete, flush", "clear", "another"])
def test_an_answer_that_was_asked_for_before_its_deletion_is_not_kept(every, how, caplog):
    # It blocks: the LLM of an asynchronous cache is asked on its event loop.
    plain = HybridLLMCache(
        every.connect(), ChatAPI().client(), embedding_cache=Drawn(), index=every.index,
        clock=every.clock, threshold=0.99,
    )  # fmt: skip

    def meanwhile() -> None:
        if how.startswith("delete"):
            plain.delete("q@0")
        elif how == "another":
            plain.delete("another@90")
        else:
            plain.clear_cache()
        if how.endswith("flush"):  # which takes away what tells of the deletion
            every.redis.flushall()

    client = while_asked(every, meanwhile)
    cache = every.hybrid(embedding_cache=Drawn(), openai=client, threshold=0.99)
    with caplog.at_level(logging.INFO, "semcache"):
        assert cache.get_or_generate("q@0") == "answer 1", "who asked gets it all the same"
    kept = how == "another"
    assert ("deleted meanwhile" in caplog.text) is not kept and bool(every.stored()) is kept
    for question in ("q@0", "near@1"):
        assert cache.get_or_generate(question) == ("answer 1" if kept else "answer 2")
    assert cache.stats.errors == 0


@pytest.mark.parametrize("how", ["refresh", "renewal", "judge"])
def test_what_may_not_be_kept_takes_nothing_newer_away(every, how):
    """A deletion, and then a newer answer, while another is on its way in its place."""
    made = {"embedding_cache": Drawn(), "index": every.index, "clock": every.clock}
    other = HybridLLMCache(every.connect(), ChatAPI().client(), threshold=0.99, **made)
    waiting = [True]

    def meanwhile(*_: object) -> bool:
        if waiting:
            waiting.pop()
            other.delete("q@0")
            other.get_or_generate("q@0")
        return True

    class Between(ChatAPI):
        def _handle(self, request):
            if len(self.requests) == 2 and how != "judge":
                meanwhile()
            return super()._handle(request)

    options = {"renewal": {"renew_ahead": 1e9}, "judge": {"judge_from": 0.1}}.get(how, {})
    given = {"embedding_cache": Drawn(), "openai": Between().client(), "threshold": 0.99}
    cache = every.hybrid(**given, **options)
    for question in ("near@30", "q@0"):
        cache.get_or_generate(question)
    if how == "judge":
        cache.judge_near_misses(meanwhile)
    else:
        cache.get_or_generate("q@0", read=how == "renewal")
    assert not waiting
    assert other.get_or_generate("q@0") == "answer 1" and other.exact_stats.hits == 1


@pytest.mark.parametrize("how", ["delete", "delete another", "delete, flush", "clear"])
def test_a_copy_is_not_made_of_what_was_deleted_after_it_was_found(every, how):
    """Between search and promotion; a promotion cannot know which answer was deleted."""
    api = ChatAPI()
    options = {"embedding_cache": Drawn(), "openai": api.client(), "threshold": 0.99}
    for question in ("q@0", "another@90"):
        every.hybrid(**options).get_or_generate(question)
    plain = HybridLLMCache(
        every.connect(), api.client(), embedding_cache=Drawn(), index=every.index,
        clock=every.clock, threshold=0.99,
    )  # fmt: skip
    waiting = [True]

    def meanwhile(cached: str, asked: str, similarity: float) -> bool:
        if waiting:
            waiting.pop()
            if how == "clear":
                plain.clear_cache()
            else:
                plain.delete("another@90" if "another" in how else "q@0")
            if how.endswith("flush"):
                every.redis.flushall()
        return True

    cache = every.hybrid(**options, verifier=meanwhile)
    assert cache.get_or_generate("near@1") == "answer 1", "it was there when it was found"
    copies = [key for key in exact_keys(every) if key.endswith(keys.digest("near@1").encode())]
    assert not waiting and not copies
    assert cache.get_or_generate("near@1") == ("answer 1" if "another" in how else "answer 3")


def test_a_scope_that_lost_its_first_mark_begins_anew_whatever_was_found(every):
    """A promoted answer is there, but not similar enough for this request: the LLM is asked."""
    options = {"embedding_cache": Drawn(), "threshold": 0.99}
    cache = every.hybrid(**options, openai=ChatAPI().client())
    for question in ("q@0", "near@1"):
        cache.get_or_generate(question)
    plain = HybridLLMCache(every.connect(), ChatAPI().client(), **options, index=every.index)
    every.redis.delete(*every.redis.keys("*:cleared"))  # it lives a day

    def meanwhile() -> None:
        plain.delete("near@1")
        every.redis.flushall()

    cache = every.hybrid(**options, openai=while_asked(every, meanwhile))
    assert cache.get_or_generate("near@1", threshold=1) == "answer 1"
    assert not every.stored()


def test_caches_of_two_models_or_rules_for_capitals_share_no_exact_answer(bench):
    class Coarse(Drawn):
        model = "coarse"

    api = ChatAPI()
    first = {"embedding_cache": Coarse(), "openai": api.client()}
    bench.hybrid(**first).get_or_generate("q@0")
    second = bench.hybrid(embedding_cache=Drawn(), openai=api.client())
    assert second.get_or_generate("q@0") == "answer 2", "its similarities are on another scale"
    folded = bench.hybrid(**first, fold_case=True)
    folded.get_or_generate("Q@0")
    assert folded.semantic.stats.lookups == 1, "the exact tier did not answer"


def test_exact_hits_do_not_grow_slower_with_what_others_write(bench):
    one, two = (bench.hybrid(embedding_cache=Drawn(), threshold=0.99999) for _ in range(2))
    one.get_or_generate("q@0", model=MINI)
    before = one.semantic_cache(MINI).index._position
    other = two.semantic_cache(MINI)
    for number in range(120):
        other.add_cache(f"other@{number}", "x")
    one.get_or_generate("q@0", model=MINI)
    index = one.semantic_cache(MINI).index
    assert one.exact_stats.hits == 1 and index._position > before


def test_clear_cache_empties_both_tiers_for_every_model_and_no_other_scope(every):
    cache, other = every.hybrid(), every.hybrid(scope="other")
    for model in (MINI, LARGE):
        for question in (A, A_ZH):
            cache.get_or_generate(question, model=model)
            other.get_or_generate(question, model=model)
    assert cache.clear_cache() > 0
    left = [key for key in every.redis.scan_iter() if b"{default}" in key]
    assert left and all(is_mark(key) and every.redis.pttl(key) > 0 for key in left)
    before = every.chats()
    cache.get_or_generate(A_ZH, model=MINI)
    other.get_or_generate(A_ZH, model=MINI)
    assert every.chats() == before + 1


def test_what_lives_for_ever_is_promoted_for_ever(every):
    cache = every.hybrid(ttl=None)
    cache.get_or_generate(A, model=MINI)
    cache.get_or_generate(A_ZH, model=MINI)
    left = [every.redis.pttl(key) for key in exact_keys(every)]
    assert len(left) == 2 and all(each == -1 or each > 10**12 for each in left), "centuries"
    every.clock.advance(10**9)
    cache.get_or_generate(A_ZH, model=MINI)
    assert tiers(cache) == (1, 1, 1)


def test_the_ttl_of_one_request_holds_in_both_tiers(every):
    cache = every.hybrid(ttl=1_000)
    cache.get_or_generate(A, model=MINI, ttl=10)
    (key,) = exact_keys(every)
    assert 0 < every.redis.pttl(key) <= 10_000
    every.clock.advance(10)
    cache.get_or_generate(A, model=MINI)
    assert tiers(cache) == (0, 0, 2)


def test_an_answer_promoted_at_a_low_threshold_is_not_served_to_a_strict_request(every):
    cache = every.hybrid(embedding_cache=Drawn(), openai=ChatAPI().client(), threshold=0.9)
    cache.get_or_generate("zero@0")
    assert cache.get_or_generate("sixty@60", semantic_threshold=0.4) == "answer 1"
    assert cache.get_or_generate("sixty@60", semantic_threshold=0.4) == "answer 1"
    assert tiers(cache) == (1, 1, 1)
    assert cache.get_or_generate("sixty@60") == "answer 2"
    assert cache.get_or_generate("sixty@60", semantic_threshold=1.0) == "answer 2"
    assert cache.get_or_generate("zero@0", semantic_threshold=1.0) == "answer 1"
    assert sum(tiers(cache)) == 6 == cache.stats.lookups


def test_promotions_of_promotions_do_not_creep_away_from_the_question(every):
    cache = every.hybrid(embedding_cache=Drawn(), openai=ChatAPI().client(), threshold=0.99)
    answers = [cache.get_or_generate(f"q@{n}") for n in range(0, 60, 5)]
    for step, text in enumerate(answers):
        asked = 5 * step
        given = 5 * answers.index(text)
        assert abs(asked - given) <= 8, "cos 8 degrees is 0.99"


# The exact tier --------------------------------------------------------------------------------


SPELLINGS = [
    "  Le café Rust?",
    "Le cafe\u0301 Rust?",
    "Le café Rust? \n",
    "Le café  Rust?",
    "Le café\nRust?",
    "le café rust?",
    "LE CAFÉ  RUST?",
]


@pytest.mark.parametrize(
    ("folds", "hits"),
    [
        ({}, [1, 2]),
        ({"fold_case": True}, [1, 2, 5, 6]),
        ({"fold_spaces": True}, [1, 2, 3]),
        ({"fold_case": True, "fold_spaces": True}, [1, 2, 3, 5, 6]),
    ],
    ids=str,
)
def test_spelling_is_normalised_for_the_exact_tier_and_folded_only_if_asked(bench, folds, hits):
    api = ChatAPI()
    vectors = Drawn(dict.fromkeys(SPELLINGS, (1, 0)))
    cache = bench.hybrid(
        embedding_cache=vectors,
        openai=api.client(),
        verifier=lambda cached, asked, similarity: False,
        **folds,
    )
    found = []
    for number, spelling in enumerate(SPELLINGS):
        before = cache.exact_stats.hits
        cache.get_or_generate(spelling)
        found += [number] * (cache.exact_stats.hits - before)
    assert found == hits and len(api.requests) == len(SPELLINGS) - len(hits)
    assert vectors.asked[0] == SPELLINGS[0], "the model gets the text as it was typed"


def test_caches_with_other_rules_for_spellings_share_no_exact_answer(bench):
    api = ChatAPI()
    for number, folds in enumerate(({}, {"fold_case": True}, {"fold_spaces": True})):
        cache = bench.hybrid(openai=api.client(), **folds)
        assert cache.get_or_generate(A) == "answer 1"
        assert tiers(cache) == ((0, 0, 1) if number == 0 else (0, 1, 0))


def test_the_tiers_of_two_models_prompts_samplings_or_scopes_share_nothing(every):
    api = ChatAPI()
    settings = [
        {"model": MINI},
        {"model": LARGE},
        {"model": MINI, "system": "s"},
        {"model": MINI, "temperature": 1},
    ]
    caches = [every.hybrid(openai=api.client(), scope=scope) for scope in ("app", "app2", "app:x")]
    first = [cache.get_or_generate(A, **s) for cache in caches for s in settings]
    assert len(set(first)) == len(first) == 12
    for question in (A, A_ZH, A_ZH):
        assert [c.get_or_generate(question, **s) for c in caches for s in settings] == first
    assert len(api.requests) == 12


def test_a_streamed_hit_comes_in_one_piece_from_either_tier(every):
    cache = every.hybrid()
    text = "".join(cache.get_or_generate(A, model=MINI, stream=True))
    assert list(cache.get_or_generate(A, model=MINI, stream=True)) == [text]
    assert list(cache.get_or_generate(A_ZH, model=MINI, stream=True)) == [text]
    assert tiers(cache) == (1, 1, 1)


def test_an_empty_answer_is_an_answer_in_both_tiers(every):
    api = ChatAPI()
    api.script.append(completion(""))
    cache = every.hybrid(openai=api.client(), admit=lambda completion: True)
    assert [cache.get_or_generate(q) for q in (A, A, A_ZH, A_ZH)] == [""] * 4
    assert tiers(cache) == (2, 1, 1)


@pytest.mark.parametrize("stream", [False, True])
def test_what_may_not_be_kept_is_kept_in_neither_tier(every, stream):
    cache = every.hybrid()
    if stream:
        every.api.fail("cut", after=3)
        with pytest.raises(openai.APIError):
            list(cache.get_or_generate(A, model=MINI, stream=True))
        api = ChatAPI()
        api.script.append(Held(after=2).reply())
        pieces = every.hybrid(openai=api.client()).get_or_generate(A, stream=True)
        assert next(pieces) == "one"
        pieces.close()
    else:
        cache.get_or_generate(A, model=MINI, max_tokens=2)
        every.api.fail(401)
        with pytest.raises(openai.AuthenticationError):
            cache.get_or_generate(A, model=MINI)
    assert not every.stored()


def test_both_tiers_are_written_at_once(every):
    seen = []

    def look(name, client) -> None:
        if name in ("execute", "execute_command"):
            seen.append(every.stored())

    cache = every.hybrid(redis=Spy(every.redis, look))
    cache.get_or_generate(A, model=MINI)
    keys_of_an_answer = KEYS_OF_AN_ANSWER[every.index]
    assert set(seen) == {0} and every.stored() == 1 + keys_of_an_answer


KEYS_OF_AN_ANSWER = {
    INDEXES["scan"]: 2, INDEXES["matrix"]: 2, INDEXES["vectorset"]: 3, RedisVLIndex: 1,
}  # fmt: skip


def test_a_connection_that_dies_before_the_write_leaves_nothing_in_either_tier(every):
    chats = []

    def die(name, client) -> None:
        if name in ("execute", "execute_command") and chats and every.chats() > chats[0]:
            raise redis.ConnectionError("killed")

    cache = every.hybrid(redis=Spy(every.redis, die))
    cache.get_or_generate(RUST, model=MINI)  # the first answer also asks what the server can do
    every.redis.flushall()
    chats.append(every.chats())
    assert cache.get_or_generate(A, model=MINI)
    assert not every.stored() and cache.stats.errors == 1


DAMAGE = {
    "empty": b"",
    "cut": lambda data: data[:-3],
    "foreign": b"{}",
    "list": ["x"],
    "hash": {"a": "b"},
}


@pytest.mark.parametrize("how", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_or_foreign_exact_entry_is_a_counted_miss_and_replaced(every, how):
    cache = every.hybrid(on_error="raise")
    text = cache.get_or_generate(A, model=MINI)
    (key,) = exact_keys(every)
    old = every.redis.get(key)
    every.redis.delete(key)
    if isinstance(how, list):
        every.redis.rpush(key, *how)
    elif isinstance(how, dict):
        every.redis.hset(key, mapping=how)
    else:
        every.redis.set(key, how(old) if callable(how) else how)
    assert cache.get_or_generate(A, model=MINI) == text, "the other tier has it"
    assert cache.exact_stats.errors == 1 and tiers(cache) == (0, 1, 1)
    assert cache.get_or_generate(A, model=MINI) == text
    assert tiers(cache) == (1, 1, 1) and cache.exact_stats.errors == 1


def test_an_exact_entry_of_another_question_is_not_reached_by_its_key(bench):
    cache = bench.hybrid()
    cache.get_or_generate(A, model=MINI)
    (key,) = exact_keys(bench)
    assert A not in key.decode() and key.decode().endswith(keys.digest(A))


@pytest.mark.parametrize("every", IN_TWO_KEYS, indirect=True)
def test_the_index_keys_may_be_of_a_foreign_type(every):
    every.hybrid().get_or_generate(A, model=MINI)
    for key in list(every.redis.scan_iter("*:semantic:*")):
        every.redis.delete(key)
        every.redis.set(key, "foreign")
    cache = every.hybrid()
    assert cache.get_or_generate(RUST, model=MINI)
    assert cache.stats.errors >= 1 and tiers(cache) == (0, 0, 1)
    assert cache.get_or_generate(A, model=MINI) and tiers(cache)[0] == 1


# Trips -----------------------------------------------------------------------------------------

HYBRID_TRIPS = {
    "matrix": (1, 2, 3),
    "scan": (1, 3, 4),
    "vectorset": (1, 3, 4),
    "redisvl": (1, 3, 4),
}


def test_round_trips_of_every_path(every, request):
    """Exact hit, semantic hit with a cached embedding (read with the exact tier), miss."""
    cache = every.hybrid(embedding_model="multilingual-e5-small")
    cache.get_or_generate(RUST, model=MINI)  # the first request asks what the server can do
    cache.semantic.embedding_cache.get_embedding(A_ZH)

    def trips(question) -> int:
        with round_trips(every.redis) as counted:
            cache.get_or_generate(question, model=MINI)
        return counted.count

    miss, exact, semantic = trips(A), trips(A), trips(A_ZH)
    assert (exact, semantic, miss) == HYBRID_TRIPS[kind_of(request)]
    assert tiers(cache) == (1, 1, 2)


def sent_for(cache, *questions) -> list[list[str]]:
    """The commands that each question sends."""
    sent, each = commands_of(cache.flow.redis.client, pipelines=True), []
    for question in questions:
        cache.get_or_generate(question, model=MINI)
        each.append(sent.copy())
        sent.clear()
    return each


def test_a_question_that_had_an_exact_hit_is_asked_of_the_exact_tier_alone(every, request):
    """One command; neither the embedding comes along, nor what others have written."""
    cache = every.hybrid(embedding_model="multilingual-e5-small")
    cache.get_or_generate(A, model=MINI)
    first, *more = sent_for(cache, A, A, A)
    assert first[0] == "MGET" and ("XRANGE" in first) is (kind_of(request) == "matrix")
    assert more == [["MGET"], ["MGET"]] and tiers(cache) == (3, 0, 1)


def test_what_is_familiar_takes_no_more_memory_than_so_many_questions(bench, monkeypatch):
    monkeypatch.setattr(flow, "FAMILIAR", 3)
    cache, questions = drawn(bench), [f"q@{40 * number}" for number in range(4)]
    for question in questions:
        cache.get_or_generate(question, model=MINI)
    for _ in range(5):
        alone = [commands == ["MGET"] for commands in sent_for(cache, *questions)]
        assert not all(alone), "four would be familiar"


@pytest.mark.parametrize("gone", ["deleted", "cleared", "flushed", "evicted"])
def test_an_answer_that_has_gone_since_its_last_exact_hit_costs_a_trip_and_nothing_else(
    every, gone
):
    """Found by similarity if it is there, asked of the LLM if not; and not twice on two trips."""
    cache, other = drawn(every), drawn(every)
    for _ in range(3):
        assert cache.get_or_generate("q@0", model=MINI) == "answer 1"
    if gone == "deleted":
        other.delete("q@0", model=MINI)
    elif gone == "cleared":
        other.clear_cache()
    elif gone == "flushed":
        every.redis.flushall()
    else:
        every.redis.delete(*exact_keys(every))
    kept = gone == "evicted"
    assert cache.get_or_generate("q@0", model=MINI) == ("answer 1" if kept else "answer 2")
    assert tiers(cache) == ((2, 1, 1) if kept else (2, 0, 2))
    assert cache.exact_stats.misses == 2 and cache.stats.errors == 0
    seen = []
    for _ in range(2):
        with round_trips(every.redis) as trips:
            cache.get_or_generate("q@0", model=MINI)
        seen.append(trips.count)
    assert seen == [1, 1] and tiers(cache)[0] == 4


def test_a_familiar_question_may_be_asked_more_strictly(every):
    cache = drawn(every, threshold=0.5)
    for question in ("q@0", "near@20", "near@20", "near@20"):
        assert cache.get_or_generate(question, model=MINI) == "answer 1"
    assert cache.get_or_generate("near@20", model=MINI, threshold=0.99) == "answer 2"
    assert cache.get_or_generate("near@20", model=MINI, threshold=0.99) == "answer 2"
    assert tiers(cache) == (3, 1, 2)


def test_the_first_look_into_a_new_scope_looks_twice(every):
    """It finds no mark that the scope has begun, writes it, and may rely on it from then on."""
    cache, counted = every.hybrid(embedding_model="multilingual-e5-small"), []
    for question in (A, RUST):
        with round_trips(every.redis) as trips:
            cache.get_or_generate(question, model=MINI, keep=False)
        counted.append(trips.count)
    assert counted[0] == counted[1] + 1


def test_another_process_write_costs_one_more_trip_once(bench):
    one, two = (bench.hybrid(embedding_model="multilingual-e5-small") for _ in range(2))
    one.get_or_generate(A, model=MINI)
    two.get_or_generate(RUST, model=MINI)
    one.semantic.embedding_cache.get_embedding(A_ZH)
    counted = []
    for question in (A_ZH, A_ZH):
        with round_trips(bench.redis) as trips:
            one.get_or_generate(question, model=MINI)
        counted.append(trips.count)
    assert counted == [3, 1]


def test_a_failed_request_leaves_no_trust_in_an_old_answer_about_changes(bench):
    """The embedding fails after the index has been brought up to date: ask again next time."""
    cache, other = bench.hybrid(embedding_cache=Drawn()), bench.hybrid(embedding_cache=Drawn())
    cache.get_or_generate("q@0", model=MINI)
    assert cache.get_or_generate("no angle", model=MINI) and cache.stats.errors == 1
    other.semantic_cache(MINI).delete("q@0")
    assert cache.semantic_cache(MINI).lookup("q@0") is None


# Failure ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", INDEXES)
@pytest.mark.parametrize("make", SCENARIOS)
def test_redis_failing_in_any_way_leaves_the_llm(index, make, caplog):
    with make(starts(index)) as broken:
        bench = SemanticBench(index, lambda: broken.client)
        cache = bench.hybrid()
        assert cache.get_or_generate(A, model=MINI)
        assert "".join(cache.get_or_generate(A, model=MINI, stream=True))
        assert tiers(cache) == (0, 0, 2)
        assert cache.stats.errors + cache.stats.bypassed >= 2 and cache.stats.errors >= 1
        told = (
            2 if "no permissions" in caplog.text else 1
        )  # a right of the index, one of both tiers
        assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == told
        strict = bench.hybrid(on_error="raise")
        with pytest.raises(CacheUnavailable):
            strict.get_or_generate(A, model=MINI)
        assert bench.chats() == (3 if broken.reads else 2)
        if broken.repair:
            broken.mend()
            for question in (A, A, A_ZH):
                cache.get_or_generate(question, model=MINI)
            assert tiers(cache) == (1, 1, 3)


@needs_redis8
@pytest.mark.parametrize("index", INDEXES)
def test_a_replica_still_answers_what_it_has(index):
    with starts(index)() as server, quick(server.url) as client:
        bench = SemanticBench(index, lambda: client)
        bench.hybrid().get_or_generate(A, model=MINI)
        client.replicaof("127.0.0.1", "1")
        cache = bench.hybrid()
        for question in (A, A_ZH, A_ZH):
            cache.get_or_generate(question, model=MINI)
        assert tiers(cache) == (1, 2, 0) and cache.exact_stats.errors == 2, "no promotion there"


def test_a_redis_that_never_answers_is_waited_for_a_bounded_number_of_times():
    with never_answers() as broken:
        bench = SemanticBench("matrix", lambda: broken.client)
        cache = bench.hybrid(embedding_model="multilingual-e5-small")
        with round_trips(broken.client) as trips:
            cache.get_or_generate(A, model=MINI)
        assert (
            trips.count == 1
            and cache.stats.api_calls == 1
            and not bench.api.call_count("embeddings")
        )


@pytest.mark.parametrize("bad", ["", None, 5, "half \ud83d"])
def test_a_question_that_is_none_is_refused_before_anything(bench, bad):
    cache = bench.hybrid()
    for ask in (cache.get_or_generate, cache.delete):
        with round_trips(bench.redis) as trips, pytest.raises(InvalidInput):
            ask(bad, model=MINI)
        assert trips.count == 0 and not bench.api.calls and cache.stats.lookups == 0


@pytest.mark.parametrize("why", ["too long", "the API fails"])
def test_an_answer_to_what_was_not_embedded_is_kept_in_the_exact_tier(every, why):
    api = ChatAPI()
    embeddings = every.made(EmbeddingCache, model="multilingual-e5-small")
    cache = every.hybrid(openai=api.client(), embedding_cache=embeddings)
    every.api.fail(500)
    question = "x y " * 50_000 if why == "too long" else A
    assert cache.get_or_generate(question) == "answer 1" == cache.get_or_generate(question)
    assert tiers(cache) == (1, 0, 1) and cache.stats.errors == 1
    assert len(exact_keys(every)) == 1 and not every.redis.keys("*:semantic:*")
    assert cache.delete(question) and not every.stored()


def test_options_that_cannot_work_are_refused(bench):
    for wrong in ({"threshold": 2}, {"ttl": -1}, {"on_error": "no"}):
        with pytest.raises(ConfigError):
            bench.hybrid(**wrong)
    cache = bench.hybrid()
    cache.get_or_generate(A, model=MINI)
    with pytest.raises(ConfigError, match="between -1 and 1"):
        cache.get_or_generate(A, model=MINI, semantic_threshold=float("nan"))


def test_a_question_without_direction_is_answered_by_the_llm(every):
    api = ChatAPI()
    cache = every.hybrid(embedding_cache=Drawn({"zeros": (0, 0)}), openai=api.client())
    assert cache.get_or_generate("zeros") == "answer 1" == cache.get_or_generate("zeros")
    assert tiers(cache) == (1, 0, 1)


def test_sixteen_threads_and_every_request_is_accounted_for(every):
    api = ChatAPI()
    cache = every.hybrid(embedding_cache=Drawn(), openai=api.client(), threshold=0.9999)

    def work(number: int) -> None:
        for turn in range(10):
            cache.get_or_generate(f"q{number % 2}@{(number + turn) % 12 * 7}")

    with ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(work, n) for n in range(16)]:
            done.result()
    stats = cache.stats
    assert sum(tiers(cache)) + stats.joined == 160 == stats.lookups
    assert stats.api_calls == len(api.requests) and stats.errors == 0


# Other programs' values, and missing rights ------------------------------------------------------

PUT = {
    "list": lambda client, key: client.rpush(key, "x"),
    "string": lambda client, key: client.set(key, b"\xff\x00"),
    "hash": lambda client, key: client.hset(key, "field", "x"),
    "zset": lambda client, key: client.zadd(key, {"x": 1}),
}


@pytest.mark.parametrize("put", PUT.values(), ids=PUT)
@pytest.mark.parametrize("on_error", ["bypass", "raise"])
def test_a_foreign_value_at_the_list_of_copies_gives_way_and_is_counted_once(every, put, on_error):
    cache = drawn(every, on_error=on_error)
    for question in ("q@0", "near@1"):
        cache.get_or_generate(question)
    (copies,) = every.redis.keys("*:copies:*")
    every.redis.delete(copies)
    put(every.redis, copies)
    for question in ("other@2", "another@3", "other@2"):
        assert cache.get_or_generate(question) == "answer 1"
    assert cache.exact_stats.errors == 1 and tiers(cache) == (1, 3, 1)
    assert every.redis.scard(copies) == 2, "by which a deletion finds them"


@pytest.mark.parametrize("put", PUT.values(), ids=PUT)
def test_a_foreign_value_at_a_lease_gives_way_and_nobody_waits_for_it(every, put):
    seen: list[bytes] = []

    class Looks(ChatAPI):
        def _handle(self, request):
            seen.extend(every.connect().keys("*:lease:*"))
            return super()._handle(request)

    cache = drawn(every, openai=Looks().client(), lease=60)
    cache.get_or_generate("q@0")
    cache.delete("q@0")
    put(every.redis, seen[0])
    began = time.monotonic()
    assert cache.get_or_generate("q@0") == "answer 2" and time.monotonic() - began < 30
    assert cache.stats.errors == 1 and not every.redis.keys("*:lease:*")


@pytest.mark.parametrize("mark", ["cleared", "deleted"])
@pytest.mark.parametrize("put", [PUT["list"], PUT["hash"]], ids=["list", "hash"])
def test_a_foreign_value_at_a_mark_gives_way_and_costs_one_trip_once(every, put, mark):
    cache = drawn(every)
    cache.get_or_generate("q@0")
    key = f"semcache:1:{{default}}:{mark}"
    every.redis.delete(key)
    put(every.redis, key)
    for _ in range(3):
        assert cache.get_or_generate("q@0") == "answer 1"
    assert cache.stats.errors == 1 and every.redis.type(key) == b"string"


RIGHTS = {
    "matrix": ["hlen", "xrevrange", "hset", "xadd"],
    "vectorset": ["vsim", "vadd", "zadd", "sadd"],
}


@needs_redis8
@pytest.mark.parametrize("face", ["blocking", "async"])
@pytest.mark.parametrize(
    ("index", "command"), [(index, one) for index, all_ in RIGHTS.items() for one in all_]
)
def test_without_a_right_that_only_the_index_needs_the_exact_tier_works(
    face, index, command, redis8_server, redis8, caplog
):
    admin, rights = redis8(), ("reset", "on", ">p", "~*", "&*", "+@all", f"-{command}")
    admin.execute_command("ACL", "SETUSER", "u", *rights)
    api, made = ChatAPI(), HybridLLMCache
    client = quick(redis8_server.url.replace("redis://", "redis://u:p@"))
    options = {"embedding_cache": Drawn(), "index": INDEXES[index]}
    if face == "async":
        cache = make_async(made, client, api.client(), **options)
    else:
        cache = made(client, api.client(), **options)
    assert {cache.get_or_generate("q@0") for _ in range(4)} == {"answer 1"}
    assert cache.exact_stats.hits == 3 and 1 <= cache.stats.errors <= 2
    assert f"'{command}'" in caplog.text.lower()
    admin.execute_command("ACL", "DELUSER", "u")
