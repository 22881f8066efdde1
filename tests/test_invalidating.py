"""Tags and invalidate: what was made from a source goes, wherever it is, and nothing else does."""

import logging
from datetime import timedelta

import numpy as np
import pytest
from bench import SERVERS, quick, round_trips
from client_bench import FACES, App
from semantic_bench import (
    EVERY_INDEX,
    LARGE,
    MINI,
    SERVER_FIXTURES,
    ChatAPI,
    Drawn,
    SemanticBench,
)
from test_contract_redis_failing import SCENARIOS, needs_redis8
from test_hybrid import A_ZH, HYBRID_TRIPS, RUST, A, drawn, exact_keys, tiers, while_asked
from test_llm import kind_of

from semcache import HybridLLMCache, SemanticCache, redis_client
from semcache.answers import invalidating, wishes
from semcache.errors import CacheUnavailable, ConfigError
from semcache.index import VectorSetIndex, packed, pages
from semcache.lab.redis_server import start_redis


@pytest.fixture(params=EVERY_INDEX)
def every(request) -> SemanticBench:
    index, server = request.param.split("-")
    return SemanticBench(index, request.getfixturevalue(SERVER_FIXTURES[server]))


@pytest.fixture(params=SERVERS)
def bench(request) -> SemanticBench:
    return SemanticBench("matrix", request.getfixturevalue(SERVER_FIXTURES[request.param]))


def blocking(bench, **options) -> HybridLLMCache:
    """Another process: it blocks, also where the cache under test runs on an event loop."""
    given = {"embedding_cache": Drawn(), "index": bench.index, "clock": bench.clock}
    return HybridLLMCache(bench.connect(), ChatAPI().client(), **{**given, **options})


def contents(bench) -> dict[bytes, bytes]:
    return {key: bench.redis.dump(key) for key in bench.redis.scan_iter()}


# Tags ------------------------------------------------------------------------------------------


def test_every_index_keeps_tags_and_says_them_to_every_process(every):
    cache = every.semantic(Drawn())
    cache.add_cache("q@0", "x", tags=["price-list:7", "doc:42", "doc:42"])
    cache.add_cache("plain@90", "y")
    for reader in (cache, every.semantic(Drawn())):
        assert reader.lookup("q@1").tags == ("doc:42", "price-list:7")
        assert reader.lookup("plain@91").tags == ()
    (found,) = cache.nearest(Drawn().get_embedding("q@0") / 3)
    assert found.answer.tags == ("doc:42", "price-list:7")


def test_an_answer_of_an_llm_says_which_and_is_served_whatever_the_tags_of_a_request(every):
    cache = drawn(every)
    assert cache.get_or_generate("q@0", model=MINI, tags=["doc:1"]) == "answer 1"
    assert cache.get_or_generate("q@0", model=MINI, tags=["doc:2"]) == "answer 1"
    assert cache.get_or_generate("near@1", model=MINI) == "answer 1"
    room = cache.semantic_cache(MINI)
    match = room.lookup("q@2")
    assert (match.tags, match.model) == (("doc:1",), MINI)
    room.add_cache("mine@90", "z")
    assert room.lookup("mine@90").model == MINI


BAD_TAGS = ["doc:42", b"doc:42", 7, [""], [7], [None], ["half \ud83d"], [*map(str, range(65))]]


@pytest.mark.parametrize("tags", BAD_TAGS, ids=[str(n) for n in range(len(BAD_TAGS))])
def test_tags_that_are_none_are_refused_before_anything_is_sent(bench, tags):
    cache, semantic = drawn(bench), bench.semantic(Drawn())
    with round_trips(bench.redis) as trips:
        with pytest.raises(ConfigError, match="tag"):
            cache.get_or_generate("q@0", tags=tags)
        with pytest.raises(ConfigError, match="tag"):
            semantic.add_cache("q@0", "x", tags=tags)
    assert trips.count == 0 and not cache.stats.lookups


@pytest.mark.parametrize("asker", ["", 7, "half \ud83d"])
def test_an_asker_that_is_none_is_refused(bench, asker):
    with pytest.raises(ConfigError, match="asker"):
        drawn(bench).get_or_generate("q@0", asker=asker)


def test_an_answer_may_have_as_many_tags_as_it_says(bench):
    tags = [f"doc:{number}" for number in range(wishes.MOST_TAGS)]
    cache = drawn(bench)
    cache.get_or_generate("q@0", tags=tags)
    assert cache.invalidate(tags[-1]) == 1 and not exact_keys(bench)


def test_tags_cost_no_trip(every, request):
    cache = every.hybrid(embedding_model="multilingual-e5-small")
    cache.get_or_generate(RUST, model=MINI, tags=["doc:0"])
    cache.semantic.embedding_cache.get_embedding(A_ZH)

    def trips(question) -> int:
        with round_trips(every.redis) as counted:
            cache.get_or_generate(question, model=MINI, tags=["doc:1", "doc:2"])
        return counted.count

    miss, exact, semantic = trips(A), trips(A), trips(A_ZH)
    assert (exact, semantic, miss) == HYBRID_TRIPS[kind_of(request)]


# What goes -------------------------------------------------------------------------------------


class Coarse(Drawn):
    model = "coarse"


def test_all_answers_of_a_tag_go_with_their_copies_whoever_wrote_them_and_no_other(every):
    cache, other = drawn(every), drawn(every, openai=ChatAPI().client())
    coarse = drawn(every, embedding_cache=Coarse())
    elsewhere = drawn(every, scope="other")
    for writer in (cache, coarse, elsewhere):
        every.clock.advance(1)
        writer.get_or_generate("q@0", model=MINI, tags=["doc:42", "doc:1"])
    other.get_or_generate("q@0", model=LARGE, system="Be brief.", tags=["doc:42"])
    cache.get_or_generate("copy@1", model=MINI)
    cache.get_or_generate("kept@90", model=MINI, tags=["doc:43"])
    assert tiers(cache) == (0, 1, 2)
    before = contents(every)
    assert cache.invalidate("doc:42", dry_run=True) == 3, "a copy is no further answer"
    assert contents(every) == before
    assert other.invalidate("doc:42") == 3 and other.invalidate("doc:42") == 0
    assert cache.get_or_generate("copy@1", model=MINI) == "answer 3"
    assert cache.get_or_generate("kept@90", model=MINI) == "answer 2"
    assert coarse.get_or_generate("q@0", model=MINI) == "answer 2"
    assert other.get_or_generate("q@0", model=LARGE, system="Be brief.") == "answer 2"
    assert elsewhere.get_or_generate("q@0", model=MINI) == "answer 1"


def test_an_answer_and_its_copies_count_as_one_and_leave_nothing(every):
    cache = drawn(every)
    for question in ("q@0", "one@1", "two@2"):
        cache.get_or_generate(question, tags=["doc:42"])
    assert len(exact_keys(every)) == 3
    assert cache.invalidate("doc:42") == 1
    assert not exact_keys(every) and cache.semantic_cache().get_cache_size() == 0


def test_a_semantic_cache_deletes_what_any_audience_of_its_scope_has(every):
    one, two = (every.semantic(Drawn(), audience=audience) for audience in ("entries", "a:b"))
    one.add_cache("q@0", "x", tags=["doc:42"])
    two.add_cache("q@0", "y", tags=["doc:42"])
    two.add_cache("other@90", "z", tags=["doc:43"])
    assert two.lookup("q@0").response == "y"
    assert one.invalidate("doc:42", dry_run=True) == one.invalidate("doc:42") == 2
    assert one.lookup("q@0") is None and two.lookup("q@0") is None
    assert two.lookup("other@90").response == "z"


def test_what_a_judge_accepted_goes_with_its_tag(every):
    cache = every.semantic(Drawn(), threshold=0.95, judge_from=0.7)
    cache.add_cache("cached@0", "x", tags=["doc:42"])
    assert cache.lookup("near@36") is None
    assert cache.judge_near_misses(lambda cached, asked, similarity: True) == 1
    assert cache.lookup("near@36").tags == ("doc:42",)
    assert cache.invalidate("doc:42") == 2 and cache.lookup("near@36") is None


def test_answers_go_by_their_llm_their_age_or_anything_else_of_theirs(every):
    def filled():
        cache = drawn(every)
        cache.clear_cache()
        cache.get_or_generate("old@0", model=MINI, tags=["doc:1"])
        every.clock.advance(100)
        cache.get_or_generate("new@40", model=MINI, tags=["doc:1"])
        cache.get_or_generate("large@80", model=LARGE)
        return cache

    every_one = [("old@0", MINI), ("new@40", MINI), ("large@80", LARGE)]
    for wanted, gone in (
        ({"model": MINI}, [0, 1]),
        ({"model": "offline"}, []),
        ({"older_than": 50}, [0]),
        ({"older_than": np.int64(50)}, [0]),
        ({"older_than": timedelta(seconds=100)}, []),
        ({"older_than": timedelta(seconds=99)}, [0]),
        ({"older_than": 0}, [0]),
        ({"where": lambda answer: answer.response == "answer 3"}, [2]),
        ({"where": lambda answer: "@" in answer.query}, [0, 1, 2]),
        ({"tag": "doc:1", "older_than": 50}, [0]),
        ({"tag": "doc:1", "model": LARGE}, []),
        ({"tag": "doc:2"}, []),
    ):
        cache = filled()
        assert cache.invalidate(**wanted, dry_run=True) == cache.invalidate(**wanted) == len(gone)
        hits = cache.exact_stats.hits
        for number, (question, model) in enumerate(every_one):
            cache.get_or_generate(question, model=model)
            hits += number not in gone
            assert cache.exact_stats.hits == hits, wanted


@pytest.mark.parametrize(
    "nothing",
    [
        {},
        {"dry_run": True},
        {"tag": ""},
        {"tag": ["doc:42"]},
        {"tag": "half \ud83d"},
        {"model": ""},
        {"older_than": -1},
        {"older_than": float("nan")},
        {"older_than": True},
        {"older_than": "1 day"},
        {"where": "doc:42"},
    ],
    ids=str,
)
def test_what_says_nothing_deletes_nothing(bench, nothing):
    for cache in (drawn(bench), bench.semantic(Drawn())):
        with round_trips(bench.redis) as trips, pytest.raises(ConfigError):
            cache.invalidate(**nothing)
        assert trips.count == 0


def test_many_pages_are_gone_through_and_what_has_expired_goes_uncounted(every, monkeypatch):
    monkeypatch.setattr(pages, "PAGE", 3)
    cache = drawn(every, threshold=0.9999, stale_if_error=1_000)
    for number in range(40):
        tags = ["odd"] if number % 2 else ["even"]
        cache.get_or_generate(f"q@{number * 9}", tags=tags, ttl=10 if number < 10 else 1_000)
    every.clock.advance(11)
    assert cache.invalidate("odd", dry_run=True) == cache.invalidate("odd") == 15
    assert len(exact_keys(every)) == 20
    hits = [bool(cache.semantic_cache().lookup(f"r@{number * 9}")) for number in range(40)]
    assert hits == [number >= 10 and not number % 2 for number in range(40)]


def test_a_set_whose_lists_were_evicted_is_gone_through_all_the_same(every, monkeypatch):
    monkeypatch.setattr(pages, "PAGE", 3)
    cache = every.semantic(Drawn(), threshold=0.9999)
    for number in range(8):
        cache.add_cache(f"q@{number * 9}", "x", tags=["doc:42"])
        if number == 5:
            lists = [*every.redis.keys("*:expiry"), *every.redis.keys("*:lengths")]
            every.redis.unlink(*lists, *every.redis.keys("*:changes"), "none")
    assert bool(lists) is (every.index is VectorSetIndex)
    assert cache.invalidate("doc:42") == 8
    assert [cache.lookup(f"q@{number * 9}") for number in range(8)] == [None] * 8


def test_damaged_and_foreign_values_are_passed_over(every):
    cache = drawn(every)
    for question in ("q@0", "other@90"):
        cache.get_or_generate(question, tags=["doc:42"])
    one, _ = sorted(exact_keys(every))
    every.redis.set(one, b"damaged")
    for suffix in ("m:full:x:entries", "m:full:x:2:vectors", "m:full:x:entry:y", "m:full:entry:z"):
        every.redis.set(f"semcache:1:{{default}}:semantic:{suffix}", "foreign")
    every.redis.rpush("semcache:1:{default}:exact:foreign", "foreign")
    assert cache.invalidate("doc:42") == 2
    assert cache.semantic_cache().get_cache_size() == 0 and cache.stats.errors == 0


def test_what_was_stored_before_there_were_tags_is_kept_and_found_by_its_age(every, monkeypatch):
    cache = drawn(every)
    with monkeypatch.context() as patched:
        encode = packed._JSON.encode
        old = type("Old", (), {"encode": staticmethod(lambda fields: encode(fields[:4]))})
        patched.setattr(packed, "_JSON", old)
        cache.get_or_generate("q@0")
    fresh = drawn(every)
    assert fresh.get_or_generate("q@0") == "answer 1" and fresh.stats.errors == 0
    every.clock.advance(1)
    assert fresh.invalidate("doc:42") == 0 and fresh.invalidate(older_than=1) == 0
    assert fresh.invalidate(older_than=0.5) == 1


# Meanwhile -------------------------------------------------------------------------------------

OURS, ANOTHER = {"tag": "doc:42"}, {"tag": "doc:43"}
GENERAL = {"where": lambda answer: answer.query == "q@0"}
DO = ["ours", "another", "general", "counting"]


@pytest.mark.parametrize("wanted", [OURS, ANOTHER, GENERAL, {**OURS, "dry_run": True}], ids=DO)
def test_an_answer_on_its_way_is_not_kept_if_its_source_is_invalidated_meanwhile(every, wanted):
    plain = blocking(every)
    client = while_asked(every, lambda: plain.invalidate(**wanted))
    cache = drawn(every, openai=client)
    assert cache.get_or_generate("q@0", tags=["doc:1", "doc:42"]) == "answer 1"
    kept = wanted is ANOTHER or "dry_run" in wanted
    assert bool(every.stored()) is kept
    assert cache.get_or_generate("q@0") == ("answer 1" if kept else "answer 2")


@pytest.mark.parametrize("wanted", [OURS, ANOTHER, GENERAL], ids=DO[:3])
def test_a_copy_is_not_made_of_what_was_invalidated_after_it_was_found(every, wanted):
    """Whatever was: a promotion cannot know that it is not what it copies."""
    api = ChatAPI()
    drawn(every, openai=api.client()).get_or_generate("q@0", tags=["doc:42"])
    plain, waiting = blocking(every), [True]

    def meanwhile(cached: str, asked: str, similarity: float) -> bool:
        if waiting:
            waiting.pop()
            plain.invalidate(**wanted)
        return True

    cache = drawn(every, openai=api.client(), verifier=meanwhile)
    assert cache.get_or_generate("near@1") == "answer 1", "it was there when it was found"
    assert not waiting and len(exact_keys(every)) == (wanted is ANOTHER)
    expected = "answer 1" if wanted is ANOTHER else "answer 2"
    assert cache.get_or_generate("near@1") == expected


def test_what_is_invalidated_while_the_judge_decides_is_not_promoted(every):
    cache = every.semantic(Drawn(), threshold=0.95, judge_from=0.7)
    cache.add_cache("cached@0", "wrong", tags=["doc:42"])
    cache.lookup("near@36")
    other = SemanticCache(every.connect(), Drawn(), index=every.index, clock=every.clock)

    def judge(cached: str, asked: str, similarity: float) -> bool:
        assert other.invalidate("doc:42") == 1
        return True

    assert cache.judge_near_misses(judge) == 0 and cache.lookup("near@36") is None


def test_what_is_copied_while_the_first_round_deletes_goes_in_the_second(every, monkeypatch):
    """Another process promotes into the exact tier after that was gone through."""
    cache = drawn(every)
    cache.get_or_generate("q@0", tags=["doc:42"])
    (own,) = exact_keys(every)
    late, exact_pages = [every.redis.get(own)], invalidating.exact_pages

    async def then_copied(*given):
        async for page in exact_pages(*given):
            yield page
        if late:
            every.redis.set(own, late.pop())

    monkeypatch.setattr(invalidating, "exact_pages", then_copied)
    assert cache.invalidate("doc:42") == 1
    assert not late and not exact_keys(every)


@pytest.mark.parametrize("wanted", [OURS, ANOTHER, GENERAL], ids=DO[:3])
def test_who_comes_after_an_invalidation_joins_nobody_who_asked_before_it(bench, wanted):
    api = ChatAPI()
    cache = drawn(bench, openai=api.client())
    first = cache.get_or_generate("q@0", tags=["doc:42"], stream=True)
    next(first)
    blocking(bench).invalidate(**wanted)
    cache.get_or_generate("q@0", tags=["doc:42"])
    assert len(api.requests) == (1 if wanted is ANOTHER else 2)
    assert cache.stats.joined == (wanted is ANOTHER)
    first.close()


def test_who_would_label_an_answer_otherwise_asks_for_one_of_its_own(bench):
    api = ChatAPI()
    cache = drawn(bench, openai=api.client())
    first = cache.get_or_generate("q@0", tags=["doc:42"], stream=True)
    next(first)
    cache.get_or_generate("q@0", tags=["doc:43"])
    assert len(api.requests) == 2 and list(first)
    assert cache.invalidate("doc:42") == 1, "the last to finish is kept"


# Redis -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", SCENARIOS)
def test_a_redis_that_fails_is_told(make):
    with make(start_redis) as broken:
        cache = drawn(SemanticBench("matrix", lambda: broken.client))
        with pytest.raises(CacheUnavailable):
            cache.invalidate("doc:42")
        if broken.reads:
            assert cache.invalidate("doc:42", dry_run=True) == 0


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("index", ["scan", "vectorset"])
def test_both_protocols_tell_all_there_is(index, protocol, redis8):
    bench = SemanticBench(index, redis8)
    cache = drawn(bench, redis=bench.connect(protocol=protocol))
    for question in ("q@0", "other@90"):
        cache.get_or_generate(question, tags=["doc:42"])
    assert cache.invalidate("doc:42") == 2 and not exact_keys(bench)


@needs_redis8
@pytest.mark.parametrize("command", ["hscan", "get", "scan", "hdel"])
def test_what_this_user_may_not_read_or_delete_is_told_and_not_passed_over(command):
    with start_redis() as server, quick(server.url) as client:
        bench = SemanticBench("matrix", lambda: client)
        drawn(bench).get_or_generate("q@0", tags=["doc:42"])
        client.execute_command("ACL", "SETUSER", "default", f"-{command}")
        with pytest.raises(CacheUnavailable, match=f"(?i)no permissions.*{command}"):
            drawn(bench).invalidate("doc:42")


def test_how_many_went_is_told(bench, caplog):
    cache = drawn(bench)
    cache.get_or_generate("q@0", tags=["doc:42"])
    with caplog.at_level(logging.INFO, "semcache"):
        cache.invalidate("doc:42", dry_run=True)
        cache.invalidate("doc:42")
    told = [record.getMessage() for record in caplog.records]
    assert told == ["answers to invalidate: 1", "answers invalidated: 1"]


def test_redisvl_need_not_be_installed_to_delete_what_it_wrote(redis_with_search):
    bench = SemanticBench("redisvl", redis_with_search)
    bench.semantic(Drawn()).add_cache("q@0", "x", tags=["doc:42"])
    plain = SemanticBench("matrix", bench.connect).semantic(Drawn())
    assert plain.invalidate("doc:42") == 1
    assert bench.semantic(Drawn()).lookup("q@0") is None


# The client's transport ------------------------------------------------------------------------


@pytest.mark.parametrize("face", FACES)
def test_a_request_of_a_client_may_say_its_tags_and_who_asks(face):
    app = App(face, threshold=0.99, max_entries_per_asker=2)

    def ask(*said: str, **wishes) -> str | None:
        app.clock.advance(1)
        return app.ask(*said, extra_body={"semcache": wishes}).way

    assert ask("q@0", tags=["doc:42"], asker="one") == "miss"
    assert ask("turn", "and then@40", tags=["doc:42", "doc:43"], asker="one") == "miss"
    assert ask("turn", "and then@40") == ask("q@0") == "exact" and ask("near@1") == "semantic"
    assert app.tell("invalidate", "doc:42", dry_run=True) == 2
    assert app.tell("invalidate", "doc:43") == 1
    assert ask("turn", "and then@40", asker="one") == "miss" and ask("q@0") == "exact"
    for question in ("b@80", "c@120"):
        assert ask(question, asker="one") == "miss"
    assert ask("q@0") == ask("turn", "and then@40") == "miss", "the asker's oldest gave way"
    assert app.cache.stats.evictions == 2 and ask("c@120") == "exact"
    with pytest.raises(ConfigError, match="tags"):
        ask("q@0", tags="doc:42")


@needs_redis8
def test_a_full_redis_can_be_cleared():
    """It takes no mark before something has gone."""
    options = "--maxmemory", "6mb", "--maxmemory-policy", "noeviction"
    with start_redis(*options) as running:
        client = redis_client(running.url)
        api = ChatAPI()
        cache = HybridLLMCache(client, api.client(), embedding_cache=Drawn(), on_error="raise")
        cache.get_or_generate("q@1")
        semantic = cache.semantic_cache()
        with pytest.raises(CacheUnavailable):
            for number in range(10_000):
                semantic.add_cache(f"q{number}@{number % 300}", "x" * 20_000)
        assert cache.clear_cache() > 0 and cache.clear_cache() == 0
        assert cache.get_or_generate("q@1") == "answer 2" == cache.get_or_generate("q@1")
