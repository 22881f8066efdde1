"""MatrixIndex: a copy in this process that is never behind what Redis holds."""

import threading

import numpy as np
import pytest
import redis
from bench import SERVERS, round_trips
from semantic_bench import SERVER_FIXTURES, Drawn, SemanticBench, Spy, at

from semcache.errors import CacheUnavailable
from semcache.index import MatrixIndex
from semcache.index import store as store_module
from semcache.index.answer import Answer
from semcache.index.base import IndexSettings


@pytest.fixture(params=SERVERS)
def bench(request) -> SemanticBench:
    return SemanticBench("matrix", request.getfixturevalue(SERVER_FIXTURES[request.param]))


def index(bench, client=None) -> MatrixIndex:
    return MatrixIndex(
        IndexSettings(client or bench.redis, "ns:", bench.clock, lambda damaged: None)
    )


def answer(bench, text: str, ttl: float = 100) -> Answer:
    return Answer(text, text, bench.clock(), bench.clock() + ttl)


def unit(degrees: float):
    return at(degrees) / 3


def ids(found) -> list[str]:
    return [f.id for f in found]


def trips(bench, work) -> int:
    with round_trips(bench.redis) as counted:
        work()
    return counted.count


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
    one, two = index(bench), index(bench)
    for number in range(20):
        two.add(f"n{number}", answer(bench, "x"), unit(number))
    one.nearest(unit(0))
    calls = []
    spied = index(bench, Spy(bench.redis, lambda name, client: calls.append(name)))
    spied.nearest(unit(0))
    assert calls.count("hgetall") == 1 and "hmget" not in calls
    calls.clear()
    two.add("n3", answer(bench, "y"), unit(3))
    assert spied.nearest(unit(3))[0].answer.response == "y"
    assert calls.count("hmget") == 1 and "hgetall" not in calls


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


@pytest.mark.parametrize("lost", ["deleted", "expired"])
def test_the_stream_may_be_lost_while_entries_live(bench, lost):
    one, two = index(bench), index(bench)
    one.add("a", answer(bench, "a"), unit(0))
    two.nearest(unit(0))
    (bench.redis.delete if lost == "deleted" else lambda key: bench.redis.pexpireat(key, 1))(
        "ns:changes"
    )
    assert not bench.redis.exists("ns:changes")
    fresh = index(bench)
    for each in (one, two, fresh):
        assert ids(each.nearest(unit(0))) == ["a"]
    bench.redis.hdel("ns:entries", "a")  # by somebody who announces nothing
    for each in (one, two, fresh):
        assert each.nearest(unit(0)) == []
    two.add("b", answer(bench, "b"), unit(0))
    two.add("c", answer(bench, "c"), unit(50))
    bench.redis.delete("ns:changes")
    one.delete(["b"])
    for each in (one, two, fresh, index(bench)):
        assert ids(each.nearest(unit(0))) == ["c"]


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

    def lose(name: str, client: object) -> None:
        if name in ("hmget", "hgetall") and failing[0]:
            raise ConnectionError("lost")

    one, two = index(bench, Spy(bench.redis, lose)), index(bench)
    two.add("a", answer(bench, "a"), unit(0))
    for _ in range(2):
        with pytest.raises(ConnectionError):
            one.nearest(unit(0))
    failing[0] = False
    assert ids(one.nearest(unit(0))) == ["a"]
    two.add("b", answer(bench, "b"), unit(0.1))
    failing[0] = True
    with pytest.raises(ConnectionError):
        one.nearest(unit(0))
    failing[0] = False
    assert ids(one.nearest(unit(0.1))) == ["b"]


def test_a_write_that_is_slow_to_reach_the_copy_never_overwrites_a_newer_one(bench):
    """Thread 1 has written and not yet put it into the copy; meanwhile others go on."""
    both = index(bench)
    other = index(bench)
    both.nearest(unit(0))
    write = both._store.write
    for newer in ("own", "foreign", "deleted"):

        def slow(*args, newer=newer):
            place = write(*args)
            both._store.write = write
            if newer == "own":
                both.add("a", answer(bench, "new"), unit(0))
            elif newer == "foreign":
                other.add("a", answer(bench, "new"), unit(0))
            else:
                other.delete(["a"])
            both.nearest(unit(0))
            return place

        both._store.write = slow
        both.add("a", answer(bench, "old"), unit(0))
        found = both.nearest(unit(0))
        assert [f.answer.response for f in found] == ([] if newer == "deleted" else ["new"])


def test_two_own_writes_of_one_question_that_overtake_each_other(bench):
    both = index(bench)
    both.nearest(unit(0))
    write = both._store.write

    def slow(*args):
        place = write(*args)
        both._store.write = write
        both.add("a", answer(bench, "new"), unit(0))
        return place

    both._store.write = slow
    both.add("a", answer(bench, "old"), unit(0))
    assert both.nearest(unit(0))[0].answer.response == "new"


def test_a_thread_overtaken_by_another_still_sees_all_that_was_there_when_it_asked(bench):
    """Thread 1 asks; an entry is deleted; this thread asks; thread 1 hears first."""
    mine, other = index(bench), index(bench)
    other.add("a", answer(bench, "a"), unit(0))
    mine.nearest(unit(0))
    other.add("b", answer(bench, "b"), unit(40))
    asked, deleted = threading.Event(), threading.Event()
    heard = threading.Event()

    def first():
        pipe = bench.redis.pipeline(transaction=False)
        mine.ask_ahead(pipe)
        replies = pipe.execute()
        asked.set()
        deleted.wait(5)
        assert mine.hear_ahead(replies)
        heard.set()

    thread = threading.Thread(target=first)
    thread.start()
    assert asked.wait(5)
    other.delete(["a"])
    pipe = bench.redis.pipeline(transaction=False)
    mine.ask_ahead(pipe)
    replies = pipe.execute()
    deleted.set()
    assert heard.wait(5)
    assert mine.hear_ahead(replies)
    thread.join()
    assert ids(mine.nearest(unit(0), heard=True)) == ["b"]


def test_a_reply_older_than_the_copy_changes_nothing(bench):
    mine, other = index(bench), index(bench)
    other.add("a", answer(bench, "a"), unit(0))
    mine.nearest(unit(0))
    pipe = bench.redis.pipeline(transaction=False)
    mine.ask_ahead(pipe)
    since, old = mine._asked.since, pipe.execute()
    other.add("a", answer(bench, "newer"), unit(0))
    mine.nearest(unit(0))
    mine._asked.since = since  # as it is in the slower thread
    assert mine.hear_ahead(old)
    assert mine.nearest(unit(0), heard=True)[0].answer.response == "newer"


def test_replies_that_are_errors_bring_nothing_up_to_date(bench):
    mine = index(bench)
    mine.add("a", answer(bench, "a"), unit(0))
    bench.redis.delete("ns:changes")
    bench.redis.set("ns:changes", "foreign")
    pipe = bench.redis.pipeline(transaction=False)
    mine.ask_ahead(pipe)
    assert mine.hear_ahead(pipe.execute(raise_on_error=False)) is False


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
    assert {f.id: f.answer.response for f in found} == plain and len(plain) > 256
    similarities = [f.similarity for f in found]
    assert similarities == sorted(similarities, reverse=True)
    assert ids(mine.nearest(unit(0), count=3)) == ids(found[:3])


def test_the_copy_forgets_what_has_expired(bench):
    mine = index(bench)
    for number in range(300):
        mine.add(f"n{number}", answer(bench, "x", ttl=10 + number), unit(number / 10))
    bench.clock.advance(308.5)
    assert ids(mine.nearest(unit(0), count=400)) == ["n299"]
    assert sum(len(rows._ids) for rows in mine._rows.values()) == 1


def test_writes_without_lookups_are_seen_by_the_next_lookup(bench):
    cache, other = bench.semantic(Drawn()), bench.semantic(Drawn())
    for number in range(30):
        cache.add_cache(f"q@{number}", f"{number}")
    for number in range(30):
        other.add_cache(f"q@{number}", f"other {number}")
    assert cache.lookup("r@7").response == "other 7"


def test_a_failure_while_catching_up_is_a_counted_miss_and_no_exception(bench):
    writer, reader = bench.semantic(), bench.semantic()
    writer.add_cache("What is Python?", "x")

    def fails(*args):
        raise redis.TimeoutError("too large to read in time")

    reader.index._store.read_all = fails
    assert reader.lookup("What is Python?") is None and reader.last_lookup_failed
    assert (reader.stats.hits, reader.stats.misses, reader.stats.errors) == (0, 1, 1)
    del reader.index._store.read_all
    assert reader.lookup("What is Python?").response == "x"
    strict = bench.semantic(on_error="raise")
    strict.index._store.read_all = fails
    with pytest.raises(CacheUnavailable):
        strict.lookup("What is Python?")


def test_clearing_all_audiences_is_seen_by_who_writes_in_the_middle(bench):
    """The entries go with, or before, the stream that tells of them."""
    other = bench.llm()
    other.get_or_generate("What is Python?", model="offline-mini")

    def between(name, client) -> None:
        if name == "unlink":
            other.get_or_generate("How do I bake bread?", model="offline-mini")
            other.get_or_generate("How do I bake bread?", model="offline-mini")

    bench.llm(redis=Spy(bench.redis, between)).clear_cache()
    before = bench.chats()
    other.get_or_generate("What is Python?", model="offline-mini")
    assert bench.chats() == before + 1


def test_a_foreign_stream_is_no_reason_to_fail(bench):
    cache = bench.semantic()
    cache.add_cache("What is Python?", "x")
    (changes,) = bench.redis.keys("*changes")
    bench.redis.xadd(changes, {"some": "other program"})
    assert bench.semantic().lookup("What is Python?").response == "x"
    assert cache.lookup("What is Python?").response == "x"
