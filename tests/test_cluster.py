"""Every cache on a real cluster of three nodes, one of which dies and comes back."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis
from semantic_bench import ANYWHERE, MINI
from test_contract_redis_failing import needs_redis8

from semcache import (
    AsyncHybridLLMCache,
    CompressedEmbeddingCache,
    EmbeddingCache,
    HashEmbeddingCache,
    HybridLLMCache,
    TieredEmbeddingCache,
    connect,
    keys,
    redis_client,
)
from semcache.clients import seconds_held
from semcache.lab.offline.answers import answer

pytestmark = needs_redis8
SCOPES = ["a", "b", "c"]  # each on another node; a test makes sure
A, A_ZH, RUST = "What is Python?", "Python是什么？", "What is Rust?"
EMBEDDING_CACHES = [
    EmbeddingCache, HashEmbeddingCache, CompressedEmbeddingCache, TieredEmbeddingCache
]  # fmt: skip


@pytest.fixture(scope="module")
def cluster() -> Iterator:
    from redis_cluster import start_cluster  # needs the server's wheel

    with start_cluster() as running:
        yield running


@pytest.fixture
def client(cluster):
    cluster.wait_until_whole()
    client = cluster.client()
    client.flushall()
    yield client
    client.close()


@pytest.fixture(scope="module")
def lab():
    return connect(quiet=True)


def hybrid(client, lab, scope: str, **options) -> HybridLLMCache:
    given = {"threshold": 0.87, **options}
    if "embedding_cache" not in given:
        given["embedding_model"] = lab.embedding_model
    return HybridLLMCache(client, lab.openai, scope=scope, **given)


def all_keys(client) -> list[bytes]:
    return list(client.scan_iter())


def test_the_scopes_lie_on_different_nodes_and_each_as_one(cluster, client, lab):
    homes = {scope: cluster.node_of(client, keys.scope_prefix(scope)) for scope in SCOPES}
    assert len(set(homes.values())) == 3
    for scope in SCOPES:
        hybrid(client, lab, scope).get_or_generate(A, model=MINI)
    for scope, node in homes.items():
        own = [key for key in all_keys(client) if b"{%b}" % scope.encode() in key]
        assert len(own) >= 4, "embedding, exact, entries, changes"
        with node.client() as direct:
            assert set(direct.scan_iter()) >= set(own)


@pytest.mark.parametrize("kind", EMBEDDING_CACHES)
def test_an_embedding_cache_keeps_its_contract_on_every_node(client, lab, kind):
    for scope in SCOPES:
        cache = kind(client, lab.openai, model=lab.embedding_model, scope=scope)
        cache.get_embeddings_batch(["one", "two", "three", "one"])
        again = kind(client, lab.openai, model=lab.embedding_model, scope=scope)
        again.get_embeddings_batch(["three", "one", "four"])
        assert (again.stats.hits, again.stats.misses, again.stats.errors) == (2, 1, 0)
        assert again.get_cache_size() == 4 and again.delete("one")
        assert again.contains(["one", "two"]) == [False, True]
    assert again.clear_cache() == 3
    assert len({key for key in all_keys(client) if b"{c}" in key}) == 0
    assert len(all_keys(client)) >= 2, "the other scopes are still there"


@pytest.mark.parametrize("index", ANYWHERE.values(), ids=ANYWHERE)
def test_a_hybrid_cache_keeps_its_contract_on_every_node(client, lab, index):
    for scope in SCOPES:
        cache = hybrid(client, lab, scope, index=index)
        for question in (A, A_ZH, A, A_ZH, RUST):
            cache.get_or_generate(question, model=MINI)
        assert (cache.exact_stats.hits, cache.semantic.stats.hits) == (2, 1)
        assert cache.stats.api_calls == 2 and cache.stats.errors == 0
        assert cache.delete(A, model=MINI)
        assert cache.clear_cache() > 0
        assert not [key for key in all_keys(client) if b"{%b}:semantic" % scope.encode() in key]


@pytest.mark.parametrize("index", ANYWHERE.values(), ids=ANYWHERE)
def test_what_was_made_from_a_source_goes_on_every_node_and_caps_hold(client, lab, index):
    for scope in SCOPES:
        caps = {"max_entries": 2, "max_entries_per_asker": 1}
        cache = hybrid(client, lab, scope, index=index, **caps)
        cache.get_or_generate(A, model=MINI, tags=["doc:42"], asker="one")
        cache.get_or_generate(A_ZH, model=MINI)
        for question in (RUST, "What is JavaScript?"):
            cache.get_or_generate(question, model=MINI, tags=["doc:43"], asker="two")
        assert cache.stats.evictions == 1
        again = hybrid(client, lab, scope, index=index, **caps)
        assert again.invalidate("doc:42", dry_run=True) == again.invalidate("doc:42") == 1
        assert again.invalidate("doc:43") == 1 and again.invalidate("doc:42") == 0
        assert cache.stats.errors == again.stats.errors == 0
        assert not [key for key in all_keys(client) if b"{%b}:exact" % scope.encode() in key]


def test_tiers_in_two_scopes_ask_two_nodes_on_one_trip_and_cross_no_slot(client, lab):
    embeddings = EmbeddingCache(client, lab.openai, model=lab.embedding_model, scope="b")
    cache = hybrid(client, lab, "a", embedding_cache=embeddings)
    for question in (A, A_ZH, A):
        cache.get_or_generate(question, model=MINI)
    assert cache.stats.hits == 2 and cache.stats.errors == embeddings.stats.errors == 0


@contextmanager
def hanging(cluster, client) -> Iterator[tuple[str, list[str]]]:
    """A node takes what it is sent and answers nothing: its scope, and those of the others."""
    node = cluster.nodes[1]
    homes = {scope: cluster.node_of(client, keys.scope_prefix(scope)) for scope in SCOPES}
    (own,) = [scope for scope, home in homes.items() if home is node]
    os.kill(node.process.pid, signal.SIGSTOP)
    try:
        yield own, [scope for scope in SCOPES if scope != own]
    finally:
        os.kill(node.process.pid, signal.SIGCONT)
        cluster.wait_until_whole()


def test_our_client_gives_up_in_time_on_a_node_that_hangs(cluster, client, lab):
    """One wait, where redis-py's own would be eleven; the other nodes answer as before."""
    url = f"redis://127.0.0.1:{cluster.nodes[0].port}"
    own = redis_client(url, timeout=0.5, cluster=True)
    assert isinstance(own, redis.RedisCluster) and seconds_held(own) == 0.5
    with hanging(cluster, client) as (scope, others):
        pipe = own.pipeline(transaction=True)
        pipe.get(keys.scope_prefix(scope))
        for ask in (lambda: own.get(keys.scope_prefix(scope)), pipe.execute):
            started = time.monotonic()
            with pytest.raises(redis.TimeoutError):
                ask()
            assert time.monotonic() - started < 2.0
        for other in others:
            cache = hybrid(own, lab, other)
            for _ in range(2):
                cache.get_or_generate(A, model=MINI)
            assert cache.exact_stats.hits == 1 and cache.stats.errors == 0
    own.close()


def test_our_asynchronous_client_gives_up_in_time_on_a_node_that_hangs(cluster, client, lab):
    url = f"redis://127.0.0.1:{cluster.nodes[0].port}"

    async def main() -> float:
        own = redis_client(url, timeout=0.5, asynchronous=True, cluster=True)
        assert isinstance(own, redis.asyncio.RedisCluster) and seconds_held(own) == 0.5
        for scope in SCOPES:
            options = {"embedding_model": lab.embedding_model, "scope": scope}
            cache = AsyncHybridLLMCache(own, lab.async_openai, **options)
            for _ in range(2):
                await cache.get_or_generate(A, model=MINI)
            assert cache.exact_stats.hits == 1 and cache.stats.errors == 0
        with hanging(cluster, client) as (scope, _):
            started = time.monotonic()
            with pytest.raises(redis.TimeoutError):
                await own.get(keys.scope_prefix(scope))
            took = time.monotonic() - started
        await own.aclose()
        return took

    assert asyncio.run(main()) < 2.0


def test_a_node_that_dies_in_the_middle_of_traffic_costs_only_its_scopes_hits(cluster, lab):
    """Three callers, one a scope; nothing wrong is served, and hits come back by themselves."""
    cluster.wait_until_whole()
    caches = {scope: hybrid(cluster.client(), lab, scope) for scope in SCOPES}
    wrong, raised, stop = [], [], threading.Event()

    def work(scope: str) -> None:
        while not stop.is_set():
            for question in (A, RUST):
                try:
                    given = caches[scope].get_or_generate(question, model=MINI)
                except Exception as error:
                    raised.append(error)
                else:
                    if given != answer(question, MINI):
                        wrong.append((question, given))

    threads = [threading.Thread(target=work, args=(scope,)) for scope in SCOPES]
    node = cluster.node_of(cluster.client(), keys.scope_prefix("b"))
    for thread in threads:
        thread.start()
    try:
        _wait(lambda: all(cache.stats.hits > 20 for cache in caches.values()))
        node.kill()
        calls = caches["b"].stats.api_calls
        _wait(lambda: caches["b"].stats.api_calls > calls + 10)
        before = {scope: caches[scope].stats.hits for scope in "ac"}
        _wait(lambda: all(caches[scope].stats.hits > before[scope] + 20 for scope in "ac"))
        hits = caches["b"].stats.hits
        node.start()
        _wait(lambda: caches["b"].stats.hits > hits + 20)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        if node.process.poll() is not None:
            node.start()
    assert not wrong and not raised
    assert caches["a"].stats.errors == caches["c"].stats.errors == 0
    assert caches["b"].stats.errors > 0


def test_counting_and_clearing_need_only_the_scopes_own_node(cluster, client, lab):
    caches = {
        scope: EmbeddingCache(client, lab.openai, model=lab.embedding_model, scope=scope)
        for scope in SCOPES
    }
    for cache in caches.values():
        cache.get_embedding("one")
    node = cluster.node_of(client, keys.scope_prefix("b"))
    node.kill()
    try:
        assert caches["a"].get_cache_size() == 1 and caches["c"].clear_cache() == 1
    finally:
        node.start()


def _wait(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
