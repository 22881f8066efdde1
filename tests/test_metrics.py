"""semcache.metrics: what Prometheus and OpenTelemetry are told is what happened."""

import logging
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import fakeredis
import httpx2
import pytest
from client_bench import FACES, App
from faces import make_async
from fakes import VectorAPI
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.parser import text_string_to_metric_families
from semantic_bench import ChatAPI, Drawn
from test_many_callers import SlowAPI, server, until

import semcache.client.embeddings
from semcache import (
    EmbeddingCache,
    HybridLLMCache,
    SemanticCache,
    SemanticLLMCache,
    TieredEmbeddingCache,
    connect,
)
from semcache.breaker import Ticket
from semcache.errors import ConfigError
from semcache.metrics import opentelemetry, per_token, prometheus
from semcache.metrics.definitions import METRICS, Kind
from semcache.observing import observe

CHAT = {"cache": "c", "operation": "chat"}
EMBEDDINGS = {"cache": "c", "operation": "embeddings"}
Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Scraper:
    """A registry behind a real endpoint on loopback, read as Prometheus reads it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._server, self._thread = start_http_server(0, "127.0.0.1", self.registry)

    def text(self) -> str:
        url = f"http://127.0.0.1:{self._server.server_port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as reply:
            return reply.read().decode()

    def values(self) -> Values:
        families = text_string_to_metric_families(self.text())
        samples = [sample for family in families for sample in family.samples]
        return {(s.name, frozenset(s.labels.items())): s.value for s in samples}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def scraper():
    made = Scraper()
    yield made
    made.close()


def value(values: Values, name: str, **labels: str) -> float | None:
    return values.get((name, frozenset(labels.items())))


def made(face: str, kind: type, *clients: Any, **options: Any) -> Any:
    return (
        kind(*clients, **options) if face == "blocking" else make_async(kind, *clients, **options)
    )


def bare(cache: Any) -> Any:
    """The cache itself, without what lets one suite test both faces."""
    return getattr(cache, "inner", cache)


def requests(values: Values, of: dict[str, str]) -> dict[str, float]:
    """Requests by tier."""
    return {
        dict(labels)["tier"]: count
        for (name, labels), count in values.items()
        if name == "semcache_requests_total" and of.items() <= dict(labels).items()
    }


# Real traffic ------------------------------------------------------------------------------------

ASKED = ["What is Python?", "What is Python?", "Python是什么？", "Python是什么？", "What is Rust?"]


def real(face: str, kind: type, **options: Any) -> tuple[Any, Any]:
    lab = connect(quiet=True)
    given = {"embedding_model": lab.embedding_model, "threshold": 0.87, **options}
    return lab, made(face, kind, lab.redis, lab.openai, **given)


@pytest.mark.parametrize("face", FACES)
def test_a_scrape_says_what_the_api_and_the_cache_have_counted(face, scraper):
    lab, cache = real(face, HybridLLMCache)
    prometheus(bare(cache), "c", registry=scraper.registry, price=per_token(1e-6, 2e-6))
    for question in ASKED:
        cache.get_or_generate(question, model=lab.chat_model)
    values = scraper.values()
    assert requests(values, CHAT) == {"exact": 2, "semantic": 1, "llm": 2}
    assert requests(values, EMBEDDINGS) == {"redis": 0, "api": 3}
    assert (
        value(values, "semcache_calls_total", **CHAT) == 2 == lab.api.call_count("chat/completions")
    )
    assert value(values, "semcache_calls_total", **EMBEDDINGS) == 3
    charged = value(values, "semcache_tokens_charged_total", **CHAT)
    assert charged + value(values, "semcache_tokens_charged_total", **EMBEDDINGS) == lab.api.tokens
    duration = "gen_ai_client_operation_duration_seconds_count"
    of_chat = {**CHAT, "model": lab.chat_model, "error_type": ""}
    assert value(values, duration, **of_chat) == 2
    usage = "gen_ai_client_token_usage_sum"
    kinds = [
        value(values, usage, **CHAT, model=lab.chat_model, token_type=kind)
        for kind in ("input", "output")
    ]
    assert sum(kinds) == charged and all(kinds)
    hits = "semcache_hit_duration_seconds_count"
    assert value(values, hits, **CHAT, tier="exact") == 2
    assert value(values, hits, **CHAT, tier="semantic") == 1
    similar = [
        value(values, "semcache_similarity_count", **CHAT, tier=tier)
        for tier in ("semantic", "exact")
    ]
    assert similar == [1, 1]  # the copy, served exactly, is still another question's answer
    assert value(values, "semcache_cost_spent_dollars_total", **CHAT) == pytest.approx(
        kinds[0] * 1e-6 + kinds[1] * 2e-6
    )


@pytest.mark.parametrize("face", FACES)
def test_every_kind_of_cache_is_exported(face, scraper):
    lab, llm = real(face, SemanticLLMCache, scope="llm")
    model = lab.embedding_model
    embeddings = made(face, TieredEmbeddingCache, lab.redis, lab.openai, model=model)
    plain = made(face, EmbeddingCache, lab.redis, lab.openai, model=model, scope="plain")
    semantic = made(face, SemanticCache, lab.redis, plain, threshold=0.87, scope="answers")
    for name, cache in {"llm": llm, "e": embeddings, "s": semantic, "plain": plain}.items():
        prometheus(bare(cache), name, registry=scraper.registry, embeddings=False)
    for question in ASKED:
        llm.get_or_generate(question, model=lab.chat_model)
        embeddings.get_embedding(question)
        if semantic.lookup(question) is None:
            semantic.add_cache(question, "an answer")
    values = scraper.values()
    assert requests(values, {"cache": "llm"}) == {"semantic": 3, "llm": 2}
    assert requests(values, {"cache": "e"}) == {"memory": 2, "redis": 0, "api": 3}
    assert requests(values, {"cache": "s"}) == {"semantic": 3, "none": 2}
    assert requests(values, {"cache": "plain"}) == {"redis": 2, "api": 3}
    similar = {"cache": "s", "operation": "chat", "tier": "semantic"}
    assert value(values, "semcache_similarity_count", **similar) == 2


@pytest.mark.parametrize("face", FACES)
def test_a_cached_client_is_exported(face, scraper):
    lab = connect(quiet=True)
    app = App(face, lab.api, lab.redis, threshold=0.87, embedding_model=lab.embedding_model)
    prometheus(app.cache, "c", registry=scraper.registry, price=per_token(1e-6, 2e-6))
    for question in ASKED:
        app.ask(question, model=lab.chat_model)
    app.embed(["What is Python?", "new"])
    values = scraper.values()
    assert requests(values, CHAT) == {"exact": 2, "semantic": 1, "llm": 2}
    assert requests(values, EMBEDDINGS) == {"redis": 1, "api": 4}
    usage = {**CHAT, "model": lab.chat_model}
    seconds = "gen_ai_client_operation_duration_seconds_count"
    assert value(values, seconds, **usage, error_type="") == 2
    assert value(values, "gen_ai_client_token_usage_count", **usage, token_type="output") == 2
    known = value(values, "semcache_tokens_saved_total", **CHAT, basis="known")
    assert known > value(values, "semcache_tokens_charged_total", **CHAT)  # three hits, two calls


@pytest.mark.parametrize("face", FACES)
def test_what_a_cached_client_embeds_with_other_models_stays_counted(face, scraper, monkeypatch):
    monkeypatch.setattr(semcache.client.embeddings, "MODELS", 1)
    api = VectorAPI()
    app = App(face, api, embedding_model="vectors-4")
    prometheus(app.cache, "c", registry=scraper.registry)
    before = scraper.values()
    for n, model in enumerate(["vectors-4", "vectors-8", "vectors-16", "vectors-8"]):
        app.embed(["one", f"new {n}"], model=model)  # each pushes out the one before
        after = scraper.values()
        assert not shrunk(before, after)
        before = after
    assert requests(after, EMBEDDINGS) == {"redis": 1, "api": 7}
    seconds = "gen_ai_client_operation_duration_seconds_count"
    calls = {dict(labels)["model"]: n for (name, labels), n in after.items() if name == seconds}
    assert calls == {"vectors-4": 1, "vectors-8": 2, "vectors-16": 1} and len(api.calls) == 4


def test_opentelemetry_is_told_the_same_numbers(scraper):
    metrics = pytest.importorskip("opentelemetry.sdk.metrics")
    reader = pytest.importorskip("opentelemetry.sdk.metrics.export").InMemoryMetricReader()
    lab, cache = real("blocking", HybridLLMCache)
    price = per_token(1e-6, 2e-6)
    provider = metrics.MeterProvider([reader])
    opentelemetry(cache, "c", meter_provider=provider, price=price)
    prometheus(cache, "c", registry=scraper.registry, price=price)
    for question in ASKED:
        cache.get_or_generate(question, model=lab.chat_model)
    told = {}
    (scope,) = reader.get_metrics_data().resource_metrics[0].scope_metrics
    for metric in scope.metrics:
        for point in metric.data.data_points:
            sample = getattr(point, "value", getattr(point, "count", None))
            told[metric.name, frozenset(point.attributes.values()) - {"openai"}] = sample
    scraped = {}
    values = scraper.values()
    for metric in METRICS:
        name = metric.prometheus + ("_count" if metric.kind is Kind.HISTOGRAM else "")
        for (one, labels), sample in values.items():
            if one == name:
                known = frozenset(v for _, v in labels if v)
                scraped[metric.name, known] = sample
    assert told == pytest.approx(scraped) and len(told) > 30
    units = {metric.name: metric.unit for metric in scope.metrics}
    assert (
        units["gen_ai.client.operation.duration"] == "s" and units["semcache.cost.saved"] == "USD"
    )
    provider.shutdown()


# Only growing ------------------------------------------------------------------------------------


def shrunk(before: Values, after: Values) -> list[str]:
    """What should only grow, and did not."""
    growing = ("_total", "_count", "_bucket", "_sum")
    return [
        str(key)
        for key, count in before.items()
        if key[0].endswith(growing) and after.get(key, -1) < count
    ]


def test_counters_only_grow_while_many_threads_ask(scraper):
    cache = HybridLLMCache(
        fakeredis.FakeRedis(server=server()), ChatAPI().client(), embedding_cache=Drawn()
    )
    prometheus(cache, "c", registry=scraper.registry)
    scrapes = [scraper.values()]
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(cache.get_or_generate, f"q{n % 40}@{n % 40}") for n in range(400)]
        while not all(one.done() for one in asked):
            scrapes.append(scraper.values())
    scrapes.append(scraper.values())
    bad = [shrunk(scrapes[n], scrapes[n + 1]) for n in range(len(scrapes) - 1)]
    assert not any(bad)
    assert sum(requests(scrapes[-1], CHAT).values()) == 400


# What hits did not cost --------------------------------------------------------------------------


def test_a_saving_is_known_estimated_or_not_told(scraper):
    redis, api = fakeredis.FakeRedis(server=server()), ChatAPI()
    yesterday = SemanticLLMCache(redis, api.client(), embedding_cache=Drawn())
    yesterday.get_or_generate("old@0", "m")
    cache = SemanticLLMCache(redis, api.client(), embedding_cache=Drawn())
    end = prometheus(cache, "c", registry=scraper.registry, price=per_token(1.0, 10.0))
    cache.get_or_generate("old@0", "m")  # whose tokens nobody here knows, nor a mean
    values = scraper.values()
    assert value(values, "semcache_cost_unpriced_total", **CHAT) == 1
    for question in ("new@60", "new@60", "new@61", "old@0"):  # 3 tokens sent, 4 written
        cache.get_or_generate(question, "m")
    values = scraper.values()
    saved, tokens = "semcache_cost_saved_dollars_total", "semcache_tokens_saved_total"
    assert value(values, saved, **CHAT, basis="known") == 2 * 43
    assert value(values, tokens, **CHAT, basis="known") == 2 * 7
    assert value(values, saved, **CHAT, basis="estimated") == 43
    assert value(values, "semcache_cost_unpriced_total", **CHAT) == 1
    assert value(values, "semcache_cost_spent_dollars_total", **CHAT) == 43
    end()


def test_hits_on_embeddings_save_what_a_text_costs_on_average(scraper):
    cache = EmbeddingCache(
        fakeredis.FakeRedis(server=server()), VectorAPI().client(), model="vectors-4"
    )
    prometheus(cache, "c", registry=scraper.registry, price=per_token(2.0))
    cache.get_embeddings_batch(["one", "two"])
    for _ in range(3):
        cache.get_embedding("one")
        values = scraper.values()  # a second scrape pays nothing twice
    mean = cache.stats.tokens / 2
    saved = value(values, "semcache_cost_saved_dollars_total", **EMBEDDINGS, basis="estimated")
    assert saved == pytest.approx(3 * mean * 2.0) and saved > 0


def test_a_price_that_raises_costs_neither_the_request_nor_the_scrape(scraper, caplog):
    def price(model: str, sent: int, written: int) -> float:
        raise LookupError(model)

    cache = SemanticLLMCache(
        fakeredis.FakeRedis(server=server()), ChatAPI().client(), embedding_cache=Drawn()
    )
    prometheus(cache, "c", registry=scraper.registry, price=price)
    for _ in range(3):
        assert cache.get_or_generate("q@1") == "answer 1"
    values = scraper.values()
    assert value(values, "semcache_tokens_saved_total", **CHAT, basis="known") == 14
    assert caplog.text.count("no price for") == 1


# What goes wrong ---------------------------------------------------------------------------------


def test_an_llm_that_fails_is_told_by_its_error_and_served_stale_answers_are_counted(scraper):
    app = App("blocking", ttl=10, stale_if_error=100)
    cache = HybridLLMCache(
        app.redis, app.api.client(), embedding_cache=Drawn(), clock=app.clock, ttl=10,
        stale_if_error=100,
    )  # fmt: skip
    prometheus(cache, "c", registry=scraper.registry)
    cache.get_or_generate("q@1", "m")
    app.clock.now += 20
    app.api.script.append(httpx2.Response(500, json={"error": {"message": "no"}}))
    assert cache.get_or_generate("q@1", "m") == "answer 1"
    values = scraper.values()
    failed = {**CHAT, "model": "m", "error_type": "InternalServerError"}
    assert value(values, "gen_ai_client_operation_duration_seconds_count", **failed) == 1
    assert value(values, "semcache_stale_total", **CHAT) == 1


def test_an_embedding_api_that_fails_is_told_by_its_error(scraper):
    api = VectorAPI()
    api.script.append(lambda body: httpx2.Response(500, json={"error": {"message": "no"}}))
    cache = EmbeddingCache(
        fakeredis.FakeRedis(server=server()), api.client(max_retries=0), model="vectors-4"
    )
    prometheus(cache, "c", registry=scraper.registry)
    with pytest.raises(Exception, match="no"):
        cache.get_embedding("one")
    failed = {**EMBEDDINGS, "model": "vectors-4", "error_type": "InternalServerError"}
    seconds = "gen_ai_client_operation_duration_seconds_count"
    assert value(scraper.values(), seconds, **failed) == 1


def test_the_breaker_and_the_calls_in_progress_are_gauges(scraper):
    api = SlowAPI()
    cache = SemanticLLMCache(
        fakeredis.FakeRedis(server=server()), api.client(), embedding_cache=Drawn()
    )
    prometheus(cache, "c", registry=scraper.registry)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(cache.get_or_generate, "q@1") for _ in range(2)]
        until(lambda: cache.stats.joined == 1)
        assert value(scraper.values(), "semcache_flights", **CHAT) == 1
        api.go.set()
        assert [one.result() for one in asked] == ["answer 1"] * 2
    values = scraper.values()
    assert value(values, "semcache_flights", **CHAT) == 0
    assert value(values, "semcache_joined_total", **CHAT) == 1
    assert value(values, "semcache_breaker_open", **CHAT) == 0
    cache.flow.redis.breaker.failed(Ticket.USUAL, "down", seconds=30)
    cache.get_or_generate("q@1")
    values = scraper.values()
    assert value(values, "semcache_breaker_open", **CHAT) == 1
    assert value(values, "semcache_bypassed_total", **CHAT) >= 1


@pytest.mark.parametrize("face", FACES)
def test_an_observer_that_raises_is_counted_and_told_once_and_the_request_goes_on(face, caplog):
    lab, cache = real(face, HybridLLMCache)

    def broken(event: object) -> None:
        raise RuntimeError("oops")

    seen: list[object] = []
    ends = [observe(bare(cache), observer) for observer in (broken, seen.append)]
    with caplog.at_level(logging.ERROR, "semcache"):
        answers = {cache.get_or_generate(ASKED[0], model=lab.chat_model) for _ in range(3)}
    assert len(answers) == 1
    assert caplog.text.count("an observer of the cache failed") == 1
    assert bare(cache).stats.errors == 3 == len(seen)
    for end in ends:
        end()
    cache.get_or_generate(ASKED[0], model=lab.chat_model)
    assert len(seen) == 3


# Names -------------------------------------------------------------------------------------------


def test_every_metric_is_there_from_the_first_scrape_and_no_text_of_a_user(scraper):
    lab, cache = real("blocking", HybridLLMCache)
    prometheus(cache, registry=scraper.registry, price=per_token(1e-6))
    for question in ASKED:
        cache.get_or_generate(question, model=lab.chat_model)
    text = scraper.text()
    missing = [one.prometheus for one in METRICS if f"# TYPE {one.prometheus} " not in text]
    assert not missing
    assert 'cache="default"' in text
    assert "Python" not in text and "Rust" not in text


def test_names_follow_the_conventions():
    bad = [one.name for one in METRICS if not one.name.startswith(("semcache.", "gen_ai.client."))]
    names = [one.name for one in METRICS]
    nested = [a for a in names for b in names if b.startswith(f"{a}.")]
    unhelpful = [one.name for one in METRICS if not one.help.endswith(".")]
    assert not bad and not nested and not unhelpful and len(set(names)) == len(names)


def test_a_name_is_given_once_until_its_end(scraper):
    _, cache = real("blocking", HybridLLMCache)
    end = prometheus(cache, "c", registry=scraper.registry)
    with pytest.raises(ConfigError, match="another name"):
        prometheus(cache, "c", registry=scraper.registry)
    end()
    assert requests(scraper.values(), CHAT) == {}
    prometheus(cache, "c", registry=scraper.registry)
    assert requests(scraper.values(), CHAT) == {"exact": 0, "semantic": 0, "llm": 0}
    prometheus(cache, "c", registry=CollectorRegistry())


def test_what_is_no_cache_and_a_package_that_is_not_there_are_told(monkeypatch):
    for wrong in (object(), connect(quiet=True).openai, None):
        with pytest.raises(ConfigError, match="no cache of ours"):
            prometheus(wrong, registry=CollectorRegistry())
        with pytest.raises(ConfigError, match="no cache of ours"):
            observe(wrong, print)
    _, cache = real("blocking", HybridLLMCache)
    for package, export in (("prometheus_client", prometheus), ("opentelemetry", opentelemetry)):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(ConfigError, match="pip install"):
            export(cache)


def test_threads_that_export_at_once_share_one_collector():
    registry = CollectorRegistry()
    caches = [real("blocking", HybridLLMCache, scope=f"s{n}")[1] for n in range(8)]
    start = threading.Barrier(8)

    def export(cache: Any) -> None:
        start.wait(10)
        prometheus(cache, registry=registry)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(export, caches))
    families = [one for one in registry.collect() if one.name == "semcache_requests"]
    assert len(families) == 1 and len({s.labels["cache"] for s in families[0].samples}) == 8
