"""docs/grafana.json: every query asks for metrics and labels that are scraped."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from test_metrics import ASKED, real

from semcache import HybridLLMCache
from semcache.metrics import per_token, prometheus
from semcache.metrics.definitions import METRICS, Kind

DASHBOARD = json.loads((Path(__file__).parents[1] / "docs" / "grafana.json").read_text("utf-8"))
PANELS = DASHBOARD["panels"]
EXPRESSIONS = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
SELECTOR = re.compile(r"\b([a-z_:][a-z0-9_:]*)\{([^}]*)\}")
MATCHER = re.compile(r'^([a-z_]+)(=~|!~|!=|=)"([^"]*)"$')
FUNCTIONS = {"sum", "max", "rate", "increase", "histogram_quantile", "by"}


@pytest.fixture(scope="module")
def scraped() -> dict[str, set[str]]:
    """The labels of every sample's name after real traffic."""
    registry = CollectorRegistry()
    lab, cache = real("blocking", HybridLLMCache)
    prometheus(cache, registry=registry, price=per_token(1e-6))
    for question in ("What is Rust?", *ASKED):  # a margin needs a second answer
        cache.get_or_generate(question, model=lab.chat_model)
    samples = [sample for family in registry.collect() for sample in family.samples]
    names = {sample.name: set(sample.labels) for sample in samples}
    # An answer of another process was not served here; all else must have come from the traffic.
    (unpriced,) = [one for one in METRICS if one.prometheus not in names and one.kind is not
                   Kind.HISTOGRAM]  # fmt: skip
    return {**names, unpriced.prometheus: set(unpriced.labels)}


@pytest.mark.parametrize(("title", "expression"), EXPRESSIONS)
def test_every_query_asks_for_what_is_scraped(title, expression, scraped):
    rest, selectors = SELECTOR.sub("", expression), SELECTOR.findall(expression)
    assert selectors
    for name, matchers in selectors:
        assert name in scraped, f"{title}: no metric {name}"
        labels = {MATCHER.match(one).group(1) for one in matchers.split(",")}
        assert labels <= scraped[name] and "cache" in labels
        by = re.findall(r"by \(([^)]*)\)", expression)
        assert {label.strip() for group in by for label in group.split(",")} <= scraped[name]
    grouping = re.sub(r"by \([^)]*\)", "", rest)
    assert set(re.findall(r"(?<!\$)\b[a-z_]{2,}\b", re.sub(r"\$\w+", "", grouping))) <= FUNCTIONS
    assert expression.count("(") == expression.count(")")


def test_counters_are_asked_for_their_rate_and_histograms_for_their_buckets(scraped):
    for title, expression in EXPRESSIONS:
        for name, _ in SELECTOR.findall(expression):
            grows = name.endswith(("_total", "_bucket", "_count", "_sum"))
            asked = re.search(rf"(rate|increase)\({name}\{{", expression) is not None
            assert grows == asked, title
            assert name.endswith("_bucket") <= ("sum by (le" in expression), title


def test_no_metric_is_left_out_of_the_dashboard():
    text = json.dumps(PANELS)
    shown = {one.name for one in METRICS if one.prometheus in text}
    assert {one.name for one in METRICS} - shown == {"semcache.calls", "semcache.evictions"}


def test_grafana_can_import_it():
    def datasources(value: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            if "datasource" in value:
                yield value["datasource"]
            for one in value.values():
                yield from datasources(one)
        elif isinstance(value, list):
            for one in value:
                yield from datasources(one)

    assert {one["uid"] for one in datasources(DASHBOARD)} == {"${source}"}
    ids = [panel["id"] for panel in PANELS]
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in PANELS}
    assert len(set(ids)) == len(places) == len(PANELS)
    variables = {one["name"] for one in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$([a-z]+)\b", json.dumps(PANELS)))
    assert used == {"cache"} and {"source", "cache"} == variables
