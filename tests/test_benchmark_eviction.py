"""benchmarks/eviction.py: it finds what was served wrongly, and what eviction takes."""

import fakeredis
import pytest

from benchmarks import eviction
from benchmarks.evicting.trial import Outcome, Trial, trial
from benchmarks.evicting.world import MODEL, World, question
from semcache import HybridLLMCache
from semcache.index import MatrixIndex
from semcache.lab.redis_server import MISSING, start_redis

# Megabytes: a third of what 200 requests want. Below 0.7 a server is so full with what it needs
# for its clients that it evicts everything, and refuses then.
ROOM = 1.0


@pytest.fixture(scope="module")
def url():
    if MISSING:
        pytest.skip(MISSING)
    with start_redis() as server:
        yield server.url


def cache(world: World, server: fakeredis.FakeServer) -> HybridLLMCache:
    clients = fakeredis.FakeRedis(server=server), world.client()
    return HybridLLMCache(*clients, embedding_model=MODEL, scope="e", threshold=0.9)


def test_the_world_knows_whose_answer_is_wrong():
    world = World()
    made = cache(world, fakeredis.FakeServer(server_type="redis", version=(8, 2)))
    one, other = question(1, 0), question(2, 0)
    answer = made.get_or_generate(one, model=MODEL)
    assert made.get_or_generate(question(1, 3), model=MODEL) == answer and world.calls == 1
    assert not world.is_wrong(question(1, 3), answer) and world.is_wrong(other, answer)
    world.meanwhile = lambda: world.delete(other)  # as it is on its way
    assert world.is_wrong(other, made.get_or_generate(other, model=MODEL))
    world.delete(one)
    assert world.is_wrong(one, answer)


def test_with_room_enough_nothing_is_wrong_lost_or_refused(url):
    out = trial(url, "noeviction", MatrixIndex, 1_000, requests=200)
    assert (out.evicted, out.errors, out.undeleted, out.wrong, out.lost) == (0, 0, 0, 0, 0)
    assert out.hit_rate > 0.3 and out.exact and out.similar and out.embeddings and out.marks


def test_a_full_server_evicts_or_refuses_as_its_policy_says(url):
    evicting = trial(url, "allkeys-lru", MatrixIndex, ROOM, requests=200)
    assert evicting.evicted > 0 and not evicting.undeleted
    refusing = trial(url, "noeviction", MatrixIndex, ROOM, requests=200)
    assert refusing.evicted == 0 and refusing.errors > 0 and refusing.undeleted > 0
    assert refusing.wrong == 0 < refusing.hit_rate


def test_an_index_that_is_gone_is_counted_and_found_again(url):
    one = Trial(url, MatrixIndex, 0)
    one.redis.flushall()
    for step in ("there", "gone", "gone", "there"):
        if step == "gone":
            one.redis.flushall()
        else:
            one.ask(question(1, 0))
        one.look_at_the_index()
    assert (one.outcome.lost, one.outcome.healed, one.outcome.wrong) == (1, 1, 0)


def test_a_copy_whose_list_was_evicted_goes_with_its_source():
    server = fakeredis.FakeServer(server_type="redis", version=(8, 2))
    made, redis = cache(World(), server), fakeredis.FakeRedis(server=server)
    source, similar = question(1, 0), question(1, 1)
    answer = made.get_or_generate(source, model=MODEL)
    assert made.get_or_generate(similar, model=MODEL) == answer  # promoted
    (copies,) = redis.scan_iter("*:copies:*")
    redis.delete(copies)  # as every policy but noeviction may do
    assert made.delete(source, model=MODEL)
    assert made.get_or_generate(similar, model=MODEL) != answer


def test_the_table_names_every_policy():
    rows = [{"policy": p, "index": "matrix", **vars(Outcome())} for p in eviction.POLICIES]
    result = {"rows": rows, "requests": 1, "megabytes": 4.0, "seconds": 1, "environment": {}}
    text = eviction.markdown(result)
    assert all(policy in text for policy in eviction.POLICIES)
    assert len({line.count("|") for line in text.splitlines()[: len(rows) + 2]}) == 1
