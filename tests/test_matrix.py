"""MatrixIndex: a copy in this process that is never behind what Redis holds."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import redis
from bench import SERVERS, round_trips
from semantic_bench import MINI, SERVER_FIXTURES, Drawn, SemanticBench, Spy, at
from test_store import Ran, Watched, once, settings

from semcache.blocking import run
from semcache.breaker import breaker_of
from semcache.errors import CacheUnavailable
from semcache.index import MatrixIndex, ScanIndex
from semcache.index import store as store_module
from semcache.index.answer import Answer


@pytest.fixture(params=SERVERS)
def bench(request) -> SemanticBench:
    return SemanticBench("matrix", request.getfixturevalue(SERVER_FIXTURES[request.param]))


def index(bench, port: Watched | None = None) -> Any:
    return Ran(MatrixIndex(settings(bench, port)))


def watched(bench) -> Any:
    """An index whose port can be watched, as ``index.redis``."""
    return index(bench, Watched(bench.redis))


def answer(bench, text: str, ttl: float = 100) -> Answer:
    return Answer(text, text, bench.clock(), bench.clock() + ttl)


def unit(degrees: float):
    return at(degrees) / 3


def ids(found) -> list[str]:
    return [f.id for f in found]


def responses(found) -> dict[str, str]:
    return {f.id: f.answer.response for f in found}


def trips(bench, work) -> int:
    with round_trips(bench.redis) as counted:
        work()
    return counted.count


def asked(mine) -> Any:
    """The reply to the question what has changed, to be read later."""
    (reply,) = run(mine.redis.ask_all(mine.question()))
    return reply


def test_a_lookup_is_one_trip_and_two_when_something_changed_elsewhere(bench):
    one, two = index(bench), index(bench)
    look = lambda: one.nearest(unit(0))  # noqa: E731
    assert trips(bench, look) == 1, "an empty cache is not read twice"
    one.add("a", answer(bench, "a"), unit(0))
    assert trips(bench, look) == 1, "what one wrote oneself is not read back"
    two.add("b", answer(bench, "b"), unit(1))
    assert trips(bench, look) == 2
    assert trips(bench, look) == 1
    two.delete(["b"])
    assert trips(bench, look) == 2
    assert trips(bench, look) == 1


def test_only_what_changed_is_read(bench):
    two = index(bench)
    for number in range(20):
        two.add(f"n{number}", answer(bench, "x"), unit(number))
    calls: list[str] = []
    mine = watched(bench)
    mine.redis.before = calls.extend
    mine.nearest(unit(0))
    assert calls.count("HGETALL") == 1 and "HMGET" not in calls
    calls.clear()
    two.add("n3", answer(bench, "y"), unit(3))
    assert mine.nearest(unit(3))[0].answer.response == "y"
    assert calls.count("HMGET") == 1 and "HGETALL" not in calls


def test_falling_behind_by_more_than_the_stream_keeps(bench, monkeypatch):
    monkeypatch.setattr(store_module, "CHANGES_KEPT", 5)
    one, two = index(bench), index(bench)
    one.add("gone", answer(bench, "gone"), unit(90))
    assert ids(one.nearest(unit(90))) == ids(two.nearest(unit(90))) == ["gone"]
    two.delete(["gone"])
    for number in range(30):
        two.add(f"n{number}", answer(bench, "x"), unit(number))
    assert ids(one.nearest(unit(90))) == ["n29"]
    assert ids(one.nearest(unit(4))) == ["n4"]


def lose(bench, how: str) -> None:
    if how == "deleted":
        bench.redis.delete("ns:changes")
    else:
        bench.redis.pexpireat("ns:changes", 1)
    assert not bench.redis.exists("ns:changes")


@pytest.mark.parametrize("lost", ["deleted", "expired"])
def test_the_stream_may_be_lost_while_entries_live(bench, lost):
    one, two = index(bench), index(bench)
    one.add("a", answer(bench, "a"), unit(0))
    two.nearest(unit(0))
    lose(bench, lost)
    fresh = index(bench)
    for each in (one, two, fresh):
        assert ids(each.nearest(unit(0))) == ["a"]
    lose(bench, lost)
    bench.redis.hdel("ns:entries", "a")  # by somebody who announces nothing
    for each in (one, two, fresh):
        assert each.nearest(unit(0)) == []
    two.add("b", answer(bench, "b"), unit(0))
    two.add("c", answer(bench, "c"), unit(50))
    bench.redis.delete("ns:changes")
    one.delete(["b"])
    for each in (one, two, fresh, index(bench)):
        assert ids(each.nearest(unit(0))) == ["c"]


@pytest.mark.parametrize("lost", ["deleted", "expired"])
def test_a_lost_stream_costs_each_process_a_few_reads_of_everything_and_no_more(bench, lost):
    many = [index(bench) for _ in range(3)]
    many[0].add("a", answer(bench, "a"), unit(0))
    for each in many:
        each.nearest(unit(0))
    lose(bench, lost)
    for _ in range(3):
        for each in many:
            assert ids(each.nearest(unit(0))) == ["a"]
    assert [trips(bench, lambda each=each: each.nearest(unit(0))) for each in many] == [1, 1, 1]
    assert 190_000 < bench.redis.pttl("ns:changes") <= 200_000
    many[0].add("b", answer(bench, "b"), unit(40))
    for each in many:
        assert ids(each.nearest(unit(40))) == ["b"]
    many[1].delete(["a"])
    assert [ids(each.nearest(unit(0), 2)) for each in many] == [["b"]] * 3


def test_what_was_written_into_an_empty_cache_and_cleared_elsewhere_is_gone(bench):
    one, two = index(bench), index(bench)
    one.nearest(unit(0))
    one.add("a", answer(bench, "a"), unit(0))
    two.clear()
    two.add("b", answer(bench, "b"), unit(40))
    assert ids(one.nearest(unit(0))) == ["b"]


def test_clearing_and_writing_again_within_one_millisecond(bench):
    """Often enough that the server gives the same number twice, with either token first."""
    one, two = index(bench), index(bench)
    for turn in range(60):
        writer, other = (one, two) if turn % 3 else (two, one)
        if turn % 2:
            writer.nearest(unit(0))
        writer.add("a", answer(bench, f"{turn}"), unit(0))
        if turn % 5:
            other.nearest(unit(0))
        (one if turn % 4 else two).clear()
        (two if turn % 7 else one).add("a", answer(bench, f"new {turn}"), unit(0))
        for each in (one, two):
            assert each.nearest(unit(0))[0].answer.response == f"new {turn}", turn


def test_an_entry_that_vanished_before_it_was_read_is_not_in_the_copy(bench):
    one, two = index(bench), index(bench)
    one.nearest(unit(0))
    two.add("a", answer(bench, "a"), unit(0))
    bench.redis.hdel("ns:entries", "a")
    assert one.nearest(unit(0)) == []


def test_a_read_that_failed_half_way_is_done_again(bench):
    """The question what changed is answered; then the connection is lost."""
    failing = [True]

    def lose(names: list[str]) -> None:
        if {"HMGET", "HGETALL"} & set(names) and failing[0]:
            raise redis.ConnectionError("lost")

    one, two = watched(bench), index(bench)
    one.redis.before = lose
    two.add("a", answer(bench, "a"), unit(0))
    for _ in range(2):
        with pytest.raises(redis.ConnectionError):
            one.nearest(unit(0))
    failing[0] = False
    assert ids(one.nearest(unit(0))) == ["a"]
    two.add("b", answer(bench, "b"), unit(0.1))
    failing[0] = True
    with pytest.raises(redis.ConnectionError):
        one.nearest(unit(0))
    failing[0] = False
    assert ids(one.nearest(unit(0.1))) == ["b"]


# Between two steps -----------------------------------------------------------------------------


@pytest.mark.parametrize("newer", ["own", "foreign", "deleted", "cleared"])
def test_a_write_that_is_slow_to_reach_the_copy_never_overwrites_a_newer_one(bench, newer):
    """Thread 1 has written and not yet put it into the copy; meanwhile others go on."""
    both, other = watched(bench), index(bench)
    both.nearest(unit(0))

    def meanwhile() -> None:
        if newer == "own":
            both.add("a", answer(bench, "new"), unit(0))
        elif newer == "foreign":
            other.add("a", answer(bench, "new"), unit(0))
        elif newer == "deleted":
            other.delete(["a"])
        else:
            other.clear()
        both.nearest(unit(0))

    both.redis.after = once("HSET", meanwhile)
    both.add("a", answer(bench, "old"), unit(0))
    found = both.nearest(unit(0))
    assert [f.answer.response for f in found] == (["new"] if newer in ("own", "foreign") else [])


def test_two_own_writes_of_one_question_that_overtake_each_other(bench):
    both = watched(bench)
    both.nearest(unit(0))
    both.redis.after = once("HSET", lambda: both.add("a", answer(bench, "new"), unit(0)))
    both.add("a", answer(bench, "old"), unit(0))
    assert both.nearest(unit(0))[0].answer.response == "new"


def test_a_thread_overtaken_by_another_still_sees_all_that_was_there_when_it_asked(bench):
    """Thread 1 asks; an entry is deleted; this thread asks; thread 1 reads its reply first."""
    mine, other = index(bench), index(bench)
    other.add("a", answer(bench, "a"), unit(0))
    mine.nearest(unit(0))
    other.add("b", answer(bench, "b"), unit(40))
    has_asked, deleted, heard = threading.Event(), threading.Event(), threading.Event()
    first_found = []

    def first() -> None:
        reply = asked(mine)
        has_asked.set()
        deleted.wait(5)
        first_found.extend(mine.nearest(unit(40), 1, reply))
        heard.set()

    thread = threading.Thread(target=first)
    thread.start()
    assert has_asked.wait(5)
    other.delete(["a"])
    reply = asked(mine)
    deleted.set()
    assert heard.wait(5)
    assert ids(mine.nearest(unit(0), 1, reply)) == ["b"]
    thread.join()
    assert ids(first_found) == ["b"]


def test_a_reply_older_than_the_copy_changes_nothing(bench):
    mine, other = index(bench), index(bench)
    other.add("a", answer(bench, "a"), unit(0))
    mine.nearest(unit(0))
    old = asked(mine)
    other.add("a", answer(bench, "newer"), unit(0))
    mine.nearest(unit(0))
    assert mine.nearest(unit(0), 1, old)[0].answer.response == "newer"
    other.delete(["a"])
    mine.nearest(unit(0))
    assert mine.nearest(unit(0), 1, old) == []


MEANWHILE = ["own", "foreign", "own delete", "delete", "clear", "clear and write", "another"]


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("what", MEANWHILE)
@pytest.mark.parametrize("step", ["before", "after"])
@pytest.mark.parametrize("read", ["HGETALL", "HMGET"])
def test_redis_is_read_without_the_lock_and_others_go_on_meanwhile(bench, read, step, what, seen):
    """While a thread reads what changed, another writes; perhaps it has looked at the copy, too."""
    mine, other = watched(bench), index(bench)
    if read == "HMGET":
        mine.nearest(unit(0))
        other.add("z", answer(bench, "z"), unit(170))
        mine.nearest(unit(0))
    other.add("a", answer(bench, "first"), unit(0))

    def meanwhile() -> None:
        if what == "own":
            mine.add("a", answer(bench, "newer"), unit(0))
        elif what == "foreign":
            other.add("a", answer(bench, "newer"), unit(0))
        elif what == "own delete":
            mine.delete(["a"])
        elif what == "delete":
            other.delete(["a"])
        elif what == "another":
            other.add("b", answer(bench, "b"), unit(40))
        else:
            other.clear()
            if what == "clear and write":
                other.add("b", answer(bench, "b"), unit(40))
        if seen and read == "HMGET":  # who reads everything is waited for
            mine.nearest(unit(0))

    setattr(mine.redis, step, once(read, meanwhile))
    found = responses(mine.nearest(unit(0), 9))
    assert found.get("a", "newer") in ("first", "newer")
    if what in ("own", "foreign", "another"):
        assert "a" in found, "it was there from before this lookup until after it"
    truth = responses(Ran(ScanIndex(settings(bench))).nearest(unit(0), 9))
    assert responses(mine.nearest(unit(0), 9)) == truth
    if seen and read == "HMGET" and what != "another":
        assert found.get("a") == truth.get("a"), "another thread has seen it already"


@pytest.mark.parametrize("seed", range(6))
def test_whatever_comes_between_any_two_steps_the_next_lookup_tells_the_truth(bench, seed):
    rng = random.Random(seed)
    mine, other = watched(bench), index(bench)
    plain = Ran(ScanIndex(settings(bench)))
    depth = [0]

    def work(who) -> None:
        id = rng.choice("abcd")
        what = rng.choices(["add", "delete", "look", "clear"], [6, 3, 4, 1])[0]
        if what == "add":
            who.add(id, answer(bench, f"{rng.random()}"), unit(ord(id)))
        elif what == "delete":
            who.delete([id])
        elif what == "look":
            who.nearest(unit(0))
        else:
            who.clear()

    def between(names: list[str]) -> None:
        if depth[0] and depth[0] < 3 and "HGETALL" not in names and rng.random() < 0.2:
            depth[0] += 1
            work(rng.choice((mine, other)))
            depth[0] -= 1

    mine.redis.before = mine.redis.after = between
    for turn in range(120):
        depth[0] = 1
        work(mine if turn % 3 else other)
        depth[0] = 0
        truth = responses(plain.nearest(unit(0), 9))
        assert responses(mine.nearest(unit(0), 9)) == truth, turn
        assert responses(other.nearest(unit(0), 9)) == truth, turn


def read_while_others_wait(mine: Any, callers: int, read: Callable[[list[str]], None]) -> None:
    """Let callers meet who want everything; the others come to the reader before it reads."""
    together, others_wait = threading.Barrier(callers), threading.Event()

    def after(names: list[str]) -> None:
        if "XREVRANGE" in names:
            together.wait(5)

    def before(names: list[str]) -> None:
        if "HGETALL" in names:
            others_wait.wait(0.2)
            read(names)

    mine.redis.before, mine.redis.after = before, after


def test_everything_is_read_once_by_all_who_want_it_at_once(bench):
    other = index(bench)
    for number in range(50):
        other.add(f"n{number}", answer(bench, "x"), unit(number))
    mine, reads = watched(bench), []
    read_while_others_wait(mine, 8, reads.append)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: ids(mine.nearest(unit(n))), range(8)))
    assert found == [[f"n{n}"] for n in range(8)] and len(reads) == 1


def test_who_waits_for_a_read_that_fails_fails_too_and_the_next_lookup_reads_again(bench):
    index(bench).add("a", answer(bench, "a"), unit(0))
    mine, failures = watched(bench), []

    def fails(names: list[str]) -> None:
        raise redis.TimeoutError("too large to read in time")

    def look(_) -> None:
        try:
            mine.nearest(unit(0))
        except redis.TimeoutError as error:
            failures.append(error)

    read_while_others_wait(mine, 4, fails)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(look, range(4)))
    assert len(failures) == 4
    mine.redis.before = mine.redis.after = lambda names: None
    assert ids(mine.nearest(unit(0))) == ["a"]


# Replies that are errors ------------------------------------------------------------------------


def test_replies_that_are_errors_bring_nothing_up_to_date(bench):
    damaged = []
    mine = Ran(MatrixIndex(settings(bench, damaged=damaged.append)))
    mine.add("a", answer(bench, "a"), unit(0))
    mine.nearest(unit(0))
    bench.redis.delete("ns:changes")
    bench.redis.set("ns:changes", "foreign")
    before = mine._position
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        mine.nearest(unit(0), 1, asked(mine))
    assert mine._position == before and mine.held() == 1
    mine.heal()
    assert damaged == [1] and not bench.redis.exists("ns:changes")
    assert ids(mine.nearest(unit(0))) == ["a"]
    mine.heal()
    assert damaged == [1]


def test_exact_hits_take_many_changes_and_leave_a_few(bench):
    mine, other = index(bench), index(bench)
    mine.nearest(unit(0))
    for number in range(60):
        other.add(f"n{number}", answer(bench, "x"), unit(number))
        reply = asked(mine)
        assert mine.is_behind(reply) is (number == 50)
        if mine.is_behind(reply):
            mine.keep_up(reply)
        assert mine.held() == (51 if number >= 50 else 0)


# Rows ------------------------------------------------------------------------------------------


def test_the_block_grows_and_the_gaps_are_filled(bench):
    """A plain dictionary beside it, over many more rows than the first block has."""
    mine, plain, rng = index(bench), {}, np.random.default_rng(3)
    for step in range(900):
        number = int(rng.integers(600))
        if rng.random() < 0.3 and plain:
            mine.delete([f"n{number}"])
            plain.pop(f"n{number}", None)
        else:
            mine.add(f"n{number}", answer(bench, f"{step}"), unit(number * 0.3))
            plain[f"n{number}"] = f"{step}"
    found = mine.nearest(unit(0), count=1_000)
    assert responses(found) == plain and len(plain) > 256
    similarities = [f.similarity for f in found]
    assert similarities == sorted(similarities, reverse=True)
    assert ids(mine.nearest(unit(0), count=3)) == ids(found[:3])


def test_the_copy_forgets_what_has_expired(bench):
    mine = index(bench)
    for number in range(300):
        mine.add(f"n{number}", answer(bench, "x", ttl=10 + number), unit(number / 10))
    bench.clock.advance(308.5)
    assert ids(mine.nearest(unit(0), count=400)) == ["n299"]
    assert mine.held() == 1


def test_writes_without_lookups_are_seen_by_the_next_lookup(bench):
    cache, other = bench.semantic(Drawn()), bench.semantic(Drawn())
    for number in range(30):
        cache.add_cache(f"q@{number}", f"{number}")
    for number in range(30):
        other.add_cache(f"q@{number}", f"other {number}")
    assert cache.lookup("r@7").response == "other 7"


# In a cache ------------------------------------------------------------------------------------


class Failing(Spy):
    """A client whose single commands fail while it is told to; pipelines work."""

    def __init__(self, client: Any) -> None:
        super().__init__(client, self.fail)
        self.fails = True

    def fail(self, name: str, client: Any) -> None:
        if self.fails and name == "execute_command" and not hasattr(client, "command_stack"):
            raise redis.TimeoutError("too large to read in time")


def test_a_failure_while_catching_up_is_a_counted_miss_and_no_exception(bench):
    """What changed is asked in a pipeline; what there is, by a command of its own."""
    client = Failing(bench.redis)
    writer, reader = bench.semantic(), bench.semantic(redis=client)
    writer.add_cache("What is Python?", "x")
    looked = reader.search("What is Python?")
    assert looked.match is looked.nearest is None and looked.failed
    assert (reader.stats.hits, reader.stats.misses, reader.stats.errors) == (0, 1, 1)
    client.fails = False
    breaker_of(client).reset()
    assert reader.lookup("What is Python?").response == "x"
    assert not reader.search("What is Rust?").failed
    strict = bench.semantic(redis=Failing(bench.redis), on_error="raise")
    with pytest.raises(CacheUnavailable):
        strict.lookup("What is Python?")


def test_clearing_all_audiences_is_seen_by_who_writes_in_the_middle(bench):
    """The entries go with, or before, the stream that tells of them."""
    other = bench.llm()
    other.get_or_generate("What is Python?", model=MINI)
    came_between = []

    def between(name, client) -> None:  # clear_cache sends no single command but UNLINK
        if name == "execute_command" and not hasattr(client, "command_stack"):
            came_between.append(name)
            other.get_or_generate("How do I bake bread?", model=MINI)
            other.get_or_generate("How do I bake bread?", model=MINI)

    bench.llm(redis=Spy(bench.redis, between)).clear_cache()
    assert came_between
    before = bench.chats()
    other.get_or_generate("What is Python?", model=MINI)
    assert bench.chats() == before + 1


def test_a_foreign_stream_is_no_reason_to_fail(bench):
    cache = bench.semantic()
    cache.add_cache("What is Python?", "x")
    (changes,) = bench.redis.keys("*changes")
    bench.redis.xadd(changes, {"some": "other program"})
    assert bench.semantic().lookup("What is Python?").response == "x"
    assert cache.lookup("What is Python?").response == "x"
