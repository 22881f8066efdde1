"""The charts of lesson 13: drawn from real scrapes, and true to them."""

import matplotlib

matplotlib.use("agg")

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from test_metrics import ASKED, real

from semcache import HybridLLMCache
from semcache.course import plots
from semcache.course.plots import in_production
from semcache.evaluate import Drift
from semcache.metrics import per_token, prometheus


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(plots, "display", lambda data, **more: outputs.append(data))
    return outputs


def test_the_dashboard_says_what_was_scraped(shown):
    registry = CollectorRegistry()
    lab, cache = real("blocking", HybridLLMCache)
    prometheus(cache, registry=registry, price=per_token(1e-4, 4e-4))
    scrapes = {"start": generate_latest(registry).decode()}
    for week in range(1, 4):
        for question in ASKED:
            cache.get_or_generate(question, model=lab.chat_model)
        scrapes[f"week {week}"] = generate_latest(registry).decode()
    in_production.dashboard(scrapes)
    alt = shown[0]["text/plain"]
    assert "hits were 60% and then 100%" in alt
    labels = {"cache": "default", "operation": "chat", "basis": "known"}
    dollars = registry.get_sample_value("semcache_cost_saved_dollars_total", labels)
    assert dollars and f"${dollars:.4f}"[:-2] in alt  # and a little for embeddings
    assert "from week 1 to week 3" in alt.lower() and "0.9" in alt


def test_the_promise_is_drawn_with_its_alarm(shown):
    drift, evidence = Drift(max_wrong=0.05), []
    for look in range(400):
        drift = drift.seen(wrong=look % 50 == 0 if look < 200 else look % 4 == 0)
        evidence.append(drift.evidence)
    in_production.promise(evidence, drift.confidence, drift.alarm, broke=200)
    alt = shown[0]["text/plain"]
    assert f"at look {drift.alarm}, {drift.alarm - 200} after the release" in alt
    in_production.promise(evidence[:100], drift.confidence, None)
    assert "no alarm was raised" in shown[2]["text/plain"]


def test_a_quantile_is_prometheus_own():
    buckets = {"0.8": 0.0, "0.9": 10.0, "1.0": 20.0, "+Inf": 20.0}
    counts = {("semcache_similarity_bucket", le): n for le, n in buckets.items()}
    assert in_production._quantile(counts, 0.5) == pytest.approx(0.9)
    assert in_production._quantile(counts, 0.25) == pytest.approx(0.85)
    assert in_production._quantile(counts, 1.0) == pytest.approx(1.0)
