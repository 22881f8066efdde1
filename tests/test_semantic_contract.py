"""What every semantic cache promises, over every index and both servers.

What is one class' own is in the file of its module.
"""

import logging
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import fakeredis
import numpy as np
import openai
import pytest
import redis
from bench import SERVERS, quick, round_trips
from semantic_bench import (
    ANYWHERE,
    EVERY_INDEX,
    IN_TWO_KEYS,
    INDEXES,
    ON_A_REAL_SERVER,
    SERVER_FIXTURES,
    Drawn,
    Real,
    SemanticBench,
    Spy,
    embed_once,
    is_mark,
    real_texts,
    starts,
)
from test_contract_redis_failing import SCENARIOS, Broken, needs_redis8

from semcache import EmbeddingCache, SemanticCache, TieredEmbeddingCache, keys
from semcache.errors import BadResponse, CacheUnavailable, ConfigError, InvalidInput
from semcache.index import RedisVLIndex

A, A_ZH, JS, RUST = "What is Python?", "Python是什么？", "What is JavaScript?", "What is Rust?"
THREADS = 16


@pytest.fixture(params=EVERY_INDEX)
def bench(request: pytest.FixtureRequest) -> SemanticBench:
    index, server = request.param.split("-")
    return SemanticBench(index, request.getfixturevalue(SERVER_FIXTURES[server]))


def served(cache: SemanticCache, *queries: str) -> list[str | None]:
    matches = [cache.lookup(query) for query in queries]
    return [match and match.response for match in matches]


# One entry -------------------------------------------------------------------------------------


def test_a_similar_question_gets_the_answer_and_a_different_one_does_not(bench):
    cache = bench.semantic()
    cache.add_cache(A, "a language")
    match = cache.lookup(A_ZH)
    assert (match.query, match.response, match.original_query) == (A_ZH, "a language", A)
    assert match.similarity == pytest.approx(float(embed_once(A) @ embed_once(A_ZH)), abs=5e-5)
    assert cache.lookup(RUST) is None
    assert (cache.stats.hits, cache.stats.misses) == (1, 1)


def test_another_process_finds_it_too(bench):
    bench.semantic().add_cache(A, "a language")
    assert served(bench.semantic(redis=bench.connect()), A_ZH, RUST) == ["a language", None]


def test_a_match_says_when_its_answer_was_stored_and_until_when_it_lives(bench):
    cache = bench.semantic(ttl=100)
    start = bench.clock()
    cache.add_cache(A, "x")
    cache.add_cache(RUST, "y", ttl=None)
    bench.clock.advance(7)
    one, two = cache.lookup(A), bench.semantic().lookup(RUST)
    assert (one.created_at, one.expires_at) == (start, start + 100)
    assert (two.created_at, two.expires_at) == (start, float("inf"))


@pytest.mark.parametrize("text", ["", "\0", '"}]\n', "答案\u2028", "😀" * 300, "\ud83d alone"])
def test_any_answer_comes_back_as_it_was(bench, text):
    cache = bench.semantic(on_error="raise")
    cache.add_cache(A, text)
    assert served(cache, A) == served(bench.semantic(), A_ZH) == [text]


def test_the_same_question_replaces_its_answer_in_whatever_spelling(bench):
    cache, other = bench.semantic(), bench.semantic()
    spellings = ["Où est le café ?", "Ou\u0300 est le cafe\u0301 ?", "  Où est le café ? "]
    for number, spelling in enumerate(spellings):
        cache.add_cache(spelling, f"answer {number}")
        assert cache.get_cache_size() == 1
        assert served(cache, spellings[0]) == served(other, spellings[0]) == [f"answer {number}"]
    assert cache.delete("Où est le café ?") and cache.get_cache_size() == 0
    assert served(cache, spellings[2]) == served(other, spellings[2]) == [None]


def test_a_replaced_answer_has_the_new_ttl_only(bench):
    cache = bench.semantic()
    for old, new, after, alive in ((50, 200, 100, True), (200, 50, 100, False), (5, None, 9, True)):
        cache.clear_cache()
        cache.add_cache(A, "old", ttl=old)
        cache.add_cache(A, "new", ttl=new)
        bench.clock.advance(after)
        want = ["new"] if alive else [None]
        assert served(cache, A) == served(bench.semantic(), A) == want
    for key in bench.redis.keys("*entries"):
        assert bench.redis.httl(key, *bench.redis.hkeys(key)) == [-1], "an older TTL is left"
    assert all(bench.redis.pttl(key) == -1 for key in bench.redis.keys("*:entry:*"))


def test_delete_takes_the_very_question_and_says_whether_it_was_there(bench):
    cache, other = bench.semantic(), bench.semantic()
    cache.add_cache(A, "x")
    assert other.lookup(A)
    assert cache.delete(A_ZH) is False and served(cache, A) == ["x"]
    assert cache.delete(A) is True and cache.delete(A) is False
    assert served(cache, A) == served(other, A) == served(bench.semantic(), A) == [None]


def test_a_deleted_entry_leaves_nothing_behind_that_never_expires(bench):
    cache = bench.semantic()
    cache.delete(A)
    assert not bench.stored()
    cache.add_cache(A, "x", ttl=100)
    cache.delete(A)
    lives = {key: bench.redis.pttl(key) for key in non_vector_keys(bench)}
    assert all(0 < left <= (86_400_000 if is_mark(key) else 200_000) for key, left in lives.items())


def non_vector_keys(bench) -> list[bytes]:
    return [key for key in bench.redis.scan_iter() if not key.endswith((b"entries", b"vectors"))]


# Time ------------------------------------------------------------------------------------------


def test_each_entry_expires_alone_and_on_time_by_the_caches_own_clock(bench):
    cache, other = bench.semantic(ttl=100), bench.semantic()
    cache.add_cache(A, "one")
    cache.add_cache(RUST, "two", ttl=30)
    cache.add_cache(JS, "three", ttl=None)
    both = (cache, other)
    bench.clock.advance(29.999)
    assert all(served(c, A, RUST, JS) == ["one", "two", "three"] for c in both)
    bench.clock.advance(0.001)
    assert all(served(c, RUST) == [None] and c.get_cache_size() == 2 for c in both)
    bench.clock.advance(70)
    assert all(served(c, A, RUST, JS)[:2] == [None, None] for c in both)
    bench.clock.advance(10**9)
    assert all(served(c, JS) == ["three"] and c.get_cache_size() == 1 for c in both)


def test_expired_entries_are_cleaned_up_and_never_hide_a_living_one(bench):
    cache = bench.semantic(Drawn(), ttl=10, threshold=0.5)
    for number in range(60):
        cache.add_cache(f"old {number}@0", "old")
    cache.add_cache("far@40", "living", ttl=1_000)
    bench.clock.advance(11)
    for reader in (cache, bench.semantic(Drawn(), threshold=0.5)):
        match = reader.lookup("asked@0")
        assert match and match.response == "living"
        assert reader.get_cache_size() == 1
    cache.add_cache("another@90", "x")
    cache.add_cache("yet another@91", "x")
    bench.semantic(Drawn()).lookup("asked@0")
    if bench.index is not RedisVLIndex:  # there Redis itself removes each, by its own clock
        assert raw_size(bench.redis) == 3


def raw_size(client: redis.Redis) -> int:
    """Entries in Redis, whether or not they have expired."""
    hashes = client.keys("*entries")
    if hashes:
        return client.hlen(hashes[0])
    return client.zcard(client.keys("*expiry")[0])


def test_redis_itself_lets_every_key_go_when_its_last_entry_has(bench):
    """Real time: nothing sleeps, the remaining lifetimes are read."""
    cache = bench.semantic()
    for question, ttl in ((A, 10), (RUST, 500), (JS, 100)):
        cache.add_cache(question, "x", ttl=ttl)
    own = [bench.redis.pttl(key) for key in bench.redis.keys("*:entry:*")]  # a key for each
    for key in bench.redis.keys("*entries"):
        own = bench.redis.hpttl(key, *bench.redis.hkeys(key))
    assert sorted(round(left / 1000, -1) for left in own) in ([], [10, 100, 500])
    for key in list(bench.redis.scan_iter()):
        if not key.endswith(b"entries") and b":entry:" not in key:
            assert 490_000 < bench.redis.pttl(key) <= 1_000_000, key


@pytest.mark.parametrize("ttl", [0, -1, float("nan"), float("inf")])
def test_a_ttl_that_cannot_work_is_refused(bench, ttl):
    cache = bench.semantic()
    with pytest.raises(ConfigError, match="ttl"):
        cache.add_cache(A, "x", ttl=ttl)
    with pytest.raises(ConfigError, match="ttl"):
        bench.semantic(ttl=ttl)
    assert cache.get_cache_size() == 0


# Thresholds and counting -----------------------------------------------------------------------


def test_a_threshold_for_one_lookup_is_for_that_lookup(bench):
    cache = bench.semantic(Drawn(), threshold=0.9)
    cache.add_cache("zero@0", "x")
    asked = "sixty@60"  # similarity 0.5
    for least, hit in ((0.51, False), (0.49, True), (None, False), (-1, True), (1, False)):
        assert (cache.lookup(asked, least) is not None) is hit
    assert cache.lookup("zero@0", 1.0).similarity == 1.0
    assert (cache.stats.hits, cache.stats.misses) == (3, 3)


def test_the_very_question_is_served_at_threshold_one(bench):
    cache = bench.semantic(threshold=1)
    texts = real_texts()[:24]
    for text in texts:
        cache.add_cache(text, text)
    for text in texts:
        match = cache.lookup(text)
        assert match and match.response == text and match.similarity == 1.0


@pytest.mark.parametrize("threshold", [1.01, -1.01, 90, float("nan"), float("inf")])
def test_a_threshold_that_is_no_cosine_is_refused(bench, threshold):
    with pytest.raises(ConfigError, match="between -1 and 1"):
        bench.semantic(threshold=threshold)
    cache = bench.semantic()
    with pytest.raises(ConfigError, match="between -1 and 1"):
        cache.lookup(A, threshold)
    assert cache.stats.lookups == 0


@pytest.mark.parametrize("threshold", [0, -0.5, -1])
def test_an_empty_cache_is_a_counted_miss_at_any_threshold(bench, threshold):
    cache = bench.semantic(threshold=threshold)
    assert cache.stats.hit_rate == 0.0
    assert cache.lookup(A) is None and cache.lookup(A, threshold) is None
    assert cache.last_lookup is None
    assert (cache.stats.misses, cache.stats.hit_rate, cache.stats.errors) == (2, 0.0, 0)


def test_the_documents_demo_gives_sixty_percent(bench):
    cache = bench.semantic()
    for question in (A, A_ZH, "Can you tell me about Python?", JS, A):
        if cache.lookup(question) is None:
            cache.add_cache(question, f"about {question}")
    assert (cache.stats.hits, cache.stats.misses) == (3, 2)
    assert f"{cache.stats.hit_rate:.1%}" == "60.0%"


def test_opposite_and_orthogonal_vectors_have_the_cosine_they_have(bench):
    cache = bench.semantic(Drawn(), threshold=-1)
    cache.add_cache("zero@0", "x")
    for degrees in (0, 60, 90, 120, 180):
        match = cache.lookup(f"asked@{degrees}")
        assert match.similarity == pytest.approx(np.cos(np.deg2rad(degrees)), abs=5e-4)
        assert -1 <= match.similarity <= 1


def test_last_lookup_tells_how_near_it_came_also_when_nothing_was_served(bench):
    cache = bench.semantic(threshold=0.99)
    assert cache.last_lookup is None
    cache.add_cache(A, "x")
    assert cache.last_lookup is None, "a write is no lookup"
    cache.lookup(RUST)
    assert cache.last_lookup.original_query == A
    assert cache.last_lookup.similarity == pytest.approx(0.814, abs=0.005)
    with pytest.raises(InvalidInput):
        bench.semantic(bench.made(EmbeddingCache, model=Real.model)).lookup("")
    cache.delete(A)
    cache.lookup(RUST)
    assert cache.last_lookup is None


def test_last_lookup_forgets_when_the_lookup_failed(bench):
    embeddings = Drawn()
    cache = bench.semantic(embeddings)
    cache.add_cache("zero@0", "x")
    cache.lookup("ten@10")
    assert cache.last_lookup
    with pytest.raises(BadResponse, match="no angle"):
        cache.lookup("no angle")
    assert cache.last_lookup is None


def test_last_lookup_is_each_threads_own(bench):
    cache = bench.semantic()
    cache.add_cache(A, "x")
    cache.add_cache(RUST, "y")
    cache.lookup(A)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: cache.last_lookup).result() is None
        pool.submit(cache.lookup, RUST).result()
        assert pool.submit(lambda: cache.last_lookup.original_query).result() == RUST
    assert cache.last_lookup.original_query == A


def test_a_verifier_decides_about_candidates_above_the_threshold_only(bench):
    asked = []

    def never(cached: str, query: str, similarity: float) -> bool:
        asked.append((cached, query, round(similarity, 2)))
        return False

    cache = bench.semantic(Drawn(), threshold=0.9, verifier=never)
    cache.add_cache("zero@0", "x")
    assert served(cache, "ten@10", "sixty@60") == [None, None]
    assert asked == [("zero@0", "ten@10", 0.98)]
    assert cache.last_lookup.similarity == pytest.approx(0.5, abs=5e-4)
    assert (cache.stats.hits, cache.stats.misses) == (0, 2)


def test_a_trap_that_is_nearest_does_not_hide_a_true_match_behind_it(bench):
    cache = bench.semantic(
        Drawn(), threshold=0.9, verifier=lambda cached, asked, similarity: "trap" not in cached
    )
    for number in range(3):
        cache.add_cache(f"trap@{number}", "wrong")
    cache.add_cache("true@9", "right")
    match = cache.lookup("asked@0")
    assert match.response == "right" and match.original_query == "true@9"
    assert cache.last_lookup.original_query == "trap@0", "the nearest, served or not"
    assert (cache.stats.hits, cache.stats.misses) == (1, 0)


# The same matches ------------------------------------------------------------------------------


@pytest.mark.parametrize("server", [*SERVERS, "search"])
def test_all_indexes_and_the_plain_formula_agree_whatever_happens(server, request):
    """Real questions added, replaced, deleted, expired, by two processes."""
    connect = request.getfixturevalue(SERVER_FIXTURES[server])
    names = INDEXES if server == "search" else ANYWHERE
    benches = {name: SemanticBench(name, connect) for name in names}
    clock = benches["scan"].clock
    caches, writers = {}, {}
    for name, bench in benches.items():
        bench.clock = clock
        caches[name] = bench.semantic(scope=name)
        writers[name] = bench.semantic(scope=name), caches[name]
    rng, texts, living = random.Random(7), real_texts(), {}
    for step in range(240):
        text = rng.choice(texts)
        action = rng.choices(("add", "delete", "wait"), (8, 2, 1))[0]
        ttl = rng.choice((None, 50, 400))
        who = rng.randrange(2)
        if action == "add":
            living[text] = (f"answer {step}", float("inf") if ttl is None else clock() + ttl)
        elif action == "delete":
            was_there = text in living and living.pop(text)[1] > clock()
        else:
            clock.advance(20)
        for pair in writers.values():
            if action == "add":
                pair[who].add_cache(text, f"answer {step}", ttl)
            elif action == "delete":
                assert pair[who].delete(text) == was_there or not was_there
        if step % 40 == 39:
            living = {t: v for t, v in living.items() if v[1] > clock()}
            sizes = {name: cache.get_cache_size() for name, cache in caches.items()}
            assert set(sizes.values()) == {len(living)}, sizes
            rows = np.stack([embed_once(t) for t in living])
            names = list(living)
            for query in rng.sample(texts, 10):
                similarities = rows @ embed_once(query)
                best = float(similarities.max())
                for name, cache in caches.items():
                    match = cache.lookup(query, -1)
                    assert match.similarity == pytest.approx(best, abs=5e-5), (step, name)
                    row = names.index(match.original_query)
                    assert similarities[row] == pytest.approx(best, abs=5e-5), (step, name)
                    assert match.response == living[match.original_query][0], (step, name)
    assert len(living) > 40


def test_of_two_equally_near_ones_one_is_served_and_both_can_go(bench):
    embeddings = Drawn({"left": (1, 2), "right": (2, 1), "middle": (1, 1)})
    cache = bench.semantic(embeddings)
    cache.add_cache("left", "l")
    cache.add_cache("right", "r")
    match = cache.lookup("middle")
    assert match.response in "lr" and match.similarity == pytest.approx(3 / np.sqrt(10), abs=5e-4)
    assert cache.delete(match.original_query)
    other = cache.lookup("middle")
    assert {match.response, other.response} == {"l", "r"}
    assert other.similarity == match.similarity


def test_the_length_of_a_vector_does_not_matter(bench):
    embeddings = Drawn({"long": (0, 1e18), "short": (1e-18, 0), "near short": (1e-20, 1e-21)})
    cache = bench.semantic(embeddings, threshold=0.9)
    cache.add_cache("long", "l")
    cache.add_cache("short", "s")
    assert served(cache, "near short") == ["s"]


def test_a_vector_of_zeros_is_like_nothing_and_is_not_stored(bench):
    embeddings = Drawn({"zeros": (0, 0)})
    cache = bench.semantic(embeddings, threshold=-1)
    cache.add_cache("zeros", "never")
    assert not bench.redis.dbsize() and cache.stats.errors == 1
    cache.add_cache("any@5", "x")
    assert served(cache, "zeros", "any@5") == [None, "x"]
    assert cache.stats.lookups == 2 and cache.last_lookup.original_query == "any@5"
    assert cache.lookup("zeros") is None and cache.last_lookup is None


def test_entries_of_other_dims_are_never_served_and_never_in_the_way(bench):
    embeddings = Drawn({"old": (1, 0, 0), "older": (0, 1, 0)})
    cache, other = bench.semantic(embeddings, threshold=-1), bench.semantic(embeddings)
    cache.add_cache("old", "three dims")
    cache.add_cache("older", "three dims")
    assert served(other, "old") == ["three dims"]
    assert served(cache, "new@0") == served(other, "new@0") == [None]
    cache.add_cache("new@0", "two dims")
    assert served(cache, "new@1") == served(other, "new@1") == ["two dims"]
    assert served(bench.semantic(embeddings), "new@1") == ["two dims"]
    embeddings.vectors["old"] = (1, 1)
    other.add_cache("old", "now two")
    assert served(cache, "old") == served(other, "old") == ["now two"]


# Atomicity -------------------------------------------------------------------------------------


def test_a_second_client_never_sees_half_an_entry(bench):
    """Between any two commands of a write, another client looks."""
    cache = bench.semantic()
    cache.lookup(A)
    watcher = bench.connect()
    seen = []

    def look(name: str, pipe: Any) -> None:
        if name == "execute":
            seen.append(watcher.dbsize())

    spied = bench.semantic(redis=Spy(bench.redis, look))
    spied.add_cache(A, "x")
    assert seen == [0], "one transaction, nothing before it"
    names = sorted(key.rpartition(b":")[2] for key in watcher.scan_iter())
    one_key = [keys.digest(A).encode()]
    two_keys = [b"expiry", b"lengths", b"vectors"]
    assert names in ([b"changes", b"entries"], two_keys, one_key)
    assert served(bench.semantic(), A_ZH) == ["x"]


def test_a_connection_that_dies_before_exec_leaves_nothing(bench):
    def die(name: str, pipe: Any) -> None:
        if name == "execute":
            raise redis.ConnectionError("the process was killed here")

    cache = bench.semantic(redis=Spy(bench.redis, die))
    cache.add_cache(A, "x")
    assert not bench.redis.dbsize() and cache.stats.errors == 1
    assert bench.semantic().lookup(A) is None


@needs_redis8
@pytest.mark.parametrize("bench", ON_A_REAL_SERVER, indirect=True)
@pytest.mark.parametrize("work", ["add", "replace", "hybrid"])
def test_the_server_itself_sees_every_write_inside_one_transaction(bench, work):
    cache, hybrid = bench.semantic(), bench.hybrid()
    if work == "replace":
        cache.add_cache(A, "old")
    if work == "hybrid":  # a lookup begins its scope with a mark
        hybrid.get_or_generate(RUST, model="offline-mini", keep=False)
    with bench.connect().monitor() as monitor:
        if work == "hybrid":
            hybrid.get_or_generate(A, model="offline-mini")
        else:
            cache.add_cache(A, "x")
        bench.redis.echo("end")
        inside, outside, transaction = [], [], False
        while True:
            entry = monitor.next_command()
            name = entry["command"].split(" ")[0].upper()
            if name == "ECHO":
                break
            transaction = name == "MULTI" or (transaction and name != "EXEC")
            (inside if transaction or entry["client_type"] == "lua" else outside).append(name)
    began = inside.count("MULTI") + outside.count("EVAL")
    assert began == 1, "all at once, in a transaction or by a script"
    writes = {"HSET", "HPEXPIRE", "PEXPIRE", "XADD", "SET", "VADD", "VREM", "ZADD", "DEL"}
    assert len(writes.intersection(inside)) >= 3
    # A probe of HPEXPIRE without arguments is refused, and so is not seen here.
    assert not writes.intersection(outside)


# Other processes -------------------------------------------------------------------------------


def test_interleaved_writes_of_two_processes_are_seen_by_both(bench):
    one, two = bench.semantic(Drawn()), bench.semantic(Drawn(), redis=bench.connect())
    for number in range(12):
        writer, reader = (one, two) if number % 2 else (two, one)
        writer.add_cache(f"q{number}@{number * 15}", f"a{number}")
        for other in range(number + 1):
            assert served(reader, f"r@{other * 15}") == [f"a{other}"], (number, other)
    assert one.delete("q3@45") and two.delete("q4@60")
    for cache in (one, two):
        assert cache.lookup("r@45", 0.999) is None and cache.lookup("r@60", 0.999) is None


def test_an_answer_replaced_elsewhere_is_noticed(bench):
    one, two = bench.semantic(), bench.semantic(redis=bench.connect())
    one.add_cache(A, "mine")
    assert served(two, A) == ["mine"]
    two.add_cache(A, "yours")
    one.add_cache(RUST, "r")
    assert served(one, A) == served(two, A) == ["yours"]
    one.add_cache(A, "mine again")
    assert served(two, A) == served(one, A) == ["mine again"]


@pytest.mark.parametrize("wipe", ["clear_cache", "flushall", "delete keys"])
def test_a_cache_emptied_elsewhere_is_empty_here(bench, wipe):
    one, two = bench.semantic(), bench.semantic(redis=bench.connect())
    for refill in (False, True):
        one.add_cache(A, "x")
        assert served(one, A) == served(two, A) == ["x"]
        if wipe == "clear_cache":
            two.clear_cache()
        elif wipe == "flushall":
            bench.redis.flushall()
        else:
            bench.redis.delete(*bench.redis.keys())
        if refill:
            two.add_cache(RUST, "after")
        assert served(one, A) == served(two, A) == [None]
        assert served(one, RUST) == (["after"] if refill else [None])
    assert one.get_cache_size() == 1


def test_clear_cache_empties_this_cache_too_and_it_can_be_used_again(bench):
    cache = bench.semantic()
    cache.add_cache(A, "x")
    cache.clear_cache()
    assert served(cache, A) == [None] and not bench.stored()
    cache.add_cache(A, "y")
    assert served(cache, A) == served(bench.semantic(), A) == ["y"]


# Whose answers ---------------------------------------------------------------------------------


class OtherModel(Real):
    model = "multilingual-e5-smal"


def test_scopes_models_and_audiences_share_nothing_and_clear_only_their_own(bench):
    many = [
        dict(embeddings=embeddings(), scope=scope, audience=audience)
        for embeddings in (Real, OtherModel)
        for scope in ("app", "app:x", "app2", "*", "app}:{x")
        for audience in ("", "gpt", "gpt:x", "*", "entries")
    ]
    caches = [bench.semantic(**options) for options in many]
    foreign = {"app": "1", "semcache:1:{app}": "1", "semcache:1:{app}:semantic": "1", "*": "1"}
    bench.redis.mset(foreign)
    for number, cache in enumerate(caches):
        assert cache.lookup(A, -1) is None, many[number]
        cache.add_cache(A, f"answer {number}")
    for number, cache in enumerate(caches):
        assert served(cache, A_ZH) == [f"answer {number}"]
    for number, cache in enumerate(caches):
        cache.clear_cache()
        assert served(cache, A) == [None] and cache.get_cache_size() == 0
        assert [c.get_cache_size() for c in caches[number + 1 :]] == [1] * (49 - number)
    assert bench.stored() == len(foreign)


def test_two_lengths_of_one_model_share_nothing(bench):
    """Some models give shorter vectors on request; those of another length are not comparable."""
    for dimensions in (None, 8, 16):
        embeddings = Drawn()
        embeddings.dimensions = dimensions
        cache = bench.semantic(embeddings)
        assert cache.lookup("q@0") is None and cache.last_lookup is None
        cache.add_cache("q@0", str(dimensions))
    assert bench.semantic(embeddings).lookup("q@0").response == "16"


def test_an_embedding_cache_on_another_server_is_asked_there(bench, elsewhere):
    there = bench.made(EmbeddingCache, redis=elsewhere, model=Real.model)
    cache = bench.semantic(there)
    cache.add_cache(A, "x")
    for _ in range(2):
        assert cache.lookup(A).response == "x"
    assert there.get_cache_size() == 1 and there.stats.hits == 2 and there.stats.errors == 0


@pytest.fixture
def elsewhere() -> redis.Redis:
    return fakeredis.FakeRedis()


def test_keys_say_whose_they_are_and_never_show_the_question(bench):
    bench.semantic(scope="app", audience="gpt").add_cache(A, "x")
    for key in list(bench.redis.scan_iter()):
        assert key.startswith(b"semcache:1:{app}:semantic:multilingual-e5-small:full:gpt:")
        assert b"Python" not in key


# Bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["", None, 5, b"bytes", "half \ud83d", "x" * 100_000])
def test_a_question_that_cannot_be_embedded_is_refused_everywhere(bench, bad):
    embeddings = bench.made(EmbeddingCache, model=Real.model)
    cache = bench.semantic(embeddings)
    for ask in (cache.lookup, cache.delete, lambda query: cache.add_cache(query, "x")):
        with pytest.raises(InvalidInput):
            ask(bad)
    assert not bench.redis.dbsize() and not bench.api.calls


def test_the_embedding_apis_own_error_comes_through(bench):
    cache = bench.semantic(bench.made(EmbeddingCache, model=Real.model))
    bench.api.fail(500, times=2)
    for ask in (lambda: cache.lookup(A), lambda: cache.add_cache(A, "x")):
        with pytest.raises(openai.InternalServerError):
            ask()
    assert cache.stats.lookups == 0 and cache.get_cache_size() == 0


# Round trips and paid calls --------------------------------------------------------------------


def test_a_lookup_is_one_trip_beside_the_embedding_and_a_write_is_one(bench):
    cache = bench.semantic()
    cache.lookup(JS)
    cache.add_cache(JS, "x")  # the first write asks once what the server can do
    counts = []
    for work in (lambda: cache.lookup(A), lambda: cache.add_cache(A, "y"), lambda: cache.lookup(A)):
        with round_trips(bench.redis) as trips:
            work()
        counts.append(trips.count)
    assert counts == [1, 1, 1]


def test_what_a_lookup_has_embedded_is_not_embedded_again_to_be_stored(bench):
    embeddings = Drawn()
    cache = bench.semantic(embeddings)
    cache.lookup("q@1")
    cache.add_cache("q@1", "x")
    assert embeddings.asked == ["q@1"]
    cache.add_cache("q@2", "y")
    assert embeddings.asked == ["q@1", "q@2"]
    assert served(cache, "q@2") == ["y"]


@pytest.mark.parametrize("kind", [EmbeddingCache, TieredEmbeddingCache])
def test_any_embedding_cache_will_do_and_a_repeated_question_costs_nothing(bench, kind):
    cache = bench.semantic(bench.made(kind, model=Real.model))
    cache.lookup(A)
    cache.add_cache(A, "x")
    cache.lookup(A)
    assert len(bench.api.calls) == 1 and cache.stats.hits == 1


# Threads ---------------------------------------------------------------------------------------


def in_threads(work) -> list:
    together = threading.Barrier(THREADS)

    def start(number: int):
        together.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return [f.result() for f in [pool.submit(start, number) for number in range(THREADS)]]


def test_sixteen_threads_lose_nothing_and_count_everything(bench):
    cache = bench.semantic(Drawn(), threshold=0.9999)
    rounds = 6

    def work(number: int) -> None:
        for turn in range(rounds):
            mine = number * rounds + turn  # one degree apart: similarity 0.99985
            cache.add_cache(f"q@{mine}", f"a{mine}")
            assert served(cache, f"again@{mine}") == [f"a{mine}"]
            assert cache.last_lookup.original_query == f"q@{mine}"

    in_threads(work)
    total = THREADS * rounds
    assert cache.get_cache_size() == total
    assert (cache.stats.hits, cache.stats.misses, cache.stats.errors) == (total, 0, 0)
    fresh = bench.semantic(Drawn(), threshold=0.9999)
    for reader in (cache, fresh):
        assert served(reader, *(f"again@{n}" for n in range(total))) == [
            f"a{n}" for n in range(total)
        ]


def test_sixteen_threads_on_one_question_end_with_what_redis_holds(bench):
    cache, other = bench.semantic(Drawn()), bench.semantic(Drawn(), redis=bench.connect())
    for _ in range(5):

        def work(number: int) -> None:
            mine = cache if number % 4 else other
            for turn in range(4):
                if (number + turn) % 5 == 0:
                    mine.delete("q@0")
                else:
                    mine.add_cache("q@0", f"{number}.{turn}")
                mine.lookup("q@1")

        in_threads(work)
        truth = served(bench.semantic(Drawn()), "q@1")
        assert served(cache, "q@1") == served(other, "q@1") == truth
    assert cache.stats.errors == other.stats.errors == 0


# Options ---------------------------------------------------------------------------------------


def test_an_unknown_on_error_is_refused(bench):
    with pytest.raises(ConfigError, match="on_error"):
        bench.semantic(on_error="ignore")


def test_a_client_that_returns_text_is_refused(bench):
    with pytest.raises(ConfigError, match="decode_responses"):
        bench.llm(redis=bench.connect(decode_responses=True))


# Redis failing ---------------------------------------------------------------------------------


@pytest.fixture(params=SCENARIOS)
def broken(request: pytest.FixtureRequest, index: str) -> Iterator[Broken]:
    with request.param(starts(index)) as scenario:
        yield scenario


@pytest.mark.parametrize("index", INDEXES)
def test_a_redis_that_does_not_work_is_a_counted_miss_and_logged_once(index, broken, caplog):
    bench = SemanticBench(index, lambda: broken.client)
    cache = bench.semantic()
    cache.add_cache(A, "x")
    assert cache.lookup(A, -1) is None and cache.last_lookup is None
    cache.add_cache(A, "x")
    stats = cache.stats
    assert stats.misses == 1 and stats.errors + stats.bypassed == (2 if broken.reads else 3)
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1
    strict = bench.semantic(on_error="raise")
    with pytest.raises(CacheUnavailable) as caught:
        strict.add_cache(A, "x")
    assert isinstance(caught.value.__cause__, redis.RedisError | OSError)
    asks = [cache.get_cache_size, lambda: strict.lookup(A)]
    if not broken.reads:
        asks += [lambda: cache.delete(A), cache.clear_cache]
        for ask in asks:
            with pytest.raises(CacheUnavailable):
                ask()
    else:
        assert asks[0]() == 0 and asks[1]() is None
    if broken.repair:
        broken.mend()
        cache.add_cache(A, "x")
        assert served(cache, A_ZH) == ["x"]


@needs_redis8
@pytest.mark.parametrize(
    ("index", "refused"),
    [("vectorset", ["-vadd", "-vsim"]), ("redisvl", ["-ft.create", "-ft.search"])],
)
def test_where_its_commands_are_refused_nothing_is_half_written_and_a_lookup_is_a_miss(
    index, refused
):
    with starts(index)() as server, quick(server.url) as admin:
        admin.acl_setuser(
            "r", enabled=True, nopass=True, keys=["*"], commands=refused, categories=["+@all"]
        )
        with quick(server.url, username="r", password="any") as client:
            bench = SemanticBench(index, lambda: client)
            cache = bench.semantic(Drawn())
            cache.add_cache("q@0", "x")
            assert cache.lookup("q@0") is None and cache.stats.errors == 2
            assert not client.dbsize(), "half an entry"
            with pytest.raises(CacheUnavailable, match="no permissions"):
                bench.semantic(Drawn(), on_error="raise").add_cache("q@0", "x")


@needs_redis8
@pytest.mark.parametrize("index", INDEXES)
@pytest.mark.parametrize("state", ["replica", "full"])
def test_a_hit_stays_a_hit_on_a_server_that_only_reads(index, state):
    """Also when something there has expired or is damaged, and cannot be cleaned up."""
    with starts(index)() as server, quick(server.url) as client:
        bench = SemanticBench(index, lambda: client)
        writer = bench.semantic()
        writer.add_cache(A, "x", ttl=1_000)
        writer.add_cache(JS, "expired", ttl=100)
        writer.add_cache(RUST, "damaged", ttl=1_000)
        damage(client, RUST)
        bench.clock.advance(500)
        if state == "replica":
            client.replicaof("127.0.0.1", "1")
        else:
            client.config_set("maxmemory", 1)
        cache = bench.semantic(on_error="raise")
        assert served(cache, A_ZH, JS, RUST) == ["x", None, None]
        with pytest.raises(CacheUnavailable):
            cache.add_cache(RUST, "new")
        assert served(cache, A_ZH, RUST) == ["x", None]


# Damage ----------------------------------------------------------------------------------------


def damage(
    client: redis.Redis, question: str, how: Callable[[bytes], bytes] = lambda b: b""
) -> None:
    """Change what is stored for a question: the field's bytes, or the element's attributes."""
    field = keys.digest(question)
    for key in list(client.scan_iter()):
        if key.endswith(b"entries"):
            client.hset(key, field, how(client.hget(key, field)))
        elif key.endswith(f":entry:{field}".encode()):
            client.hset(key, "packed", how(client.hget(key, "packed")))
        elif key.endswith(b"vectors"):
            old = client.execute_command("VGETATTR", key, field)
            client.execute_command("VSETATTR", key, field, how(old) or b"{")


DAMAGE = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "short": lambda data: data[:5],
    "foreign": lambda data: b"some other program's bytes, of about the right length",
    "a list": lambda data: b"[1, 2, 3]",
    "no answer": lambda data: b'{"query": "q"}',
}


@pytest.mark.parametrize("how", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_entry_is_a_counted_miss_is_removed_and_can_be_replaced(bench, how):
    writer = bench.semantic(ttl=None)
    writer.add_cache(A, "x")
    writer.add_cache(RUST, "y")
    damage(bench.redis, A, how)
    cache = bench.semantic(on_error="raise")
    assert served(cache, A) == [None]
    assert (cache.stats.errors, cache.stats.misses) == (1, 1)
    assert served(cache, RUST) == ["y"]
    assert cache.get_cache_size() == 1 and cache.stats.errors == 1
    cache.add_cache(A, "z")
    assert served(cache, A) == served(bench.semantic(), A) == ["z"]


@pytest.mark.parametrize("bench", IN_TWO_KEYS, indirect=True)
@pytest.mark.parametrize("first", ["lookup", "add"])
def test_a_key_of_a_foreign_type_heals(bench, first):
    """It holds none of our answers: counted, removed, and replaced by the next answer."""
    bench.semantic().add_cache(A, "x")
    for key in list(bench.redis.scan_iter()):
        bench.redis.delete(key)
        bench.redis.set(key, "foreign")
    cache = bench.semantic(on_error="raise")
    if first == "lookup":
        assert served(cache, A) == [None]
    cache.add_cache(A, "y")
    assert cache.stats.errors >= 1
    assert served(cache, A_ZH) == served(bench.semantic(on_error="raise"), A_ZH) == ["y"]


def put_foreign(client: redis.Redis, key: bytes, kind: str) -> None:
    client.delete(key)
    if kind == "set":
        client.sadd(key, b"\xff")
    else:
        client.set(key, b"\xff")


@pytest.mark.parametrize("bench", [b for b in EVERY_INDEX if "vl" not in b], indirect=True)
@pytest.mark.parametrize("kind", ["string", "set"])
def test_a_foreign_value_keeps_nobody_from_deleting(bench, kind):
    """What is at the other keys goes, and is not served any more."""
    keys_of_index = [key for key in written(bench) if b":semantic:" in key]
    for key in keys_of_index:
        written(bench)
        put_foreign(bench.redis, key, kind)
        cache = bench.semantic(on_error="raise")
        assert cache.delete(A) in (True, False)
        assert served(cache, A) == served(bench.semantic(), A) == [None], key
        written(bench)
        put_foreign(bench.redis, key, kind)
        assert bench.semantic(on_error="raise").invalidate("t") in (0, 1)
        assert served(bench.semantic(), A) == [None], key


def written(bench: Any) -> list[bytes]:
    bench.redis.flushall()
    bench.semantic().add_cache(A, "x", tags=["t"])
    return list(bench.redis.scan_iter())


def test_an_answer_that_is_no_text_is_refused(bench):
    with pytest.raises(InvalidInput, match="bytes"):
        bench.semantic().add_cache(A, b"x")


def test_a_miss_by_an_embedding_of_zeros_does_not_say_that_nothing_is_stored(caplog):
    class Silent:
        model = "of zeros"

        def get_embedding(self, text: str) -> np.ndarray:
            return np.array([text != "silence", 0], np.float32)

    caplog.set_level(logging.INFO, logger="semcache")
    cache = SemanticCache(fakeredis.FakeRedis(), Silent())
    cache.add_cache("a question", "an answer")
    assert cache.lookup("silence") is None
    assert "all zeros" in caplog.text and "nothing is stored" not in caplog.text
