"""Questions that begin with the same long text: one warning, and nothing else."""

import pytest
from semantic_bench import ChatAPI, Drawn, SemanticBench

from semcache import HybridLLMCache, SemanticLLMCache

FORM = "You are asked about the handbook of the house, which says: " + "blah blah. " * 30


@pytest.fixture(params=["matrix", "async matrix"])
def bench(request, fakeredis_) -> SemanticBench:
    return SemanticBench(request.param, fakeredis_)


def warnings(caplog) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]


def vectors(*texts: str) -> Drawn:
    return Drawn({text: (1.0, number / 10) for number, text in enumerate(texts)})


PETS, BIKES, NOISE = (f"{FORM}{end}" for end in ("May I keep a cat?", "Where go bikes?", "Noise?"))


@pytest.mark.parametrize("kind", [SemanticLLMCache, HybridLLMCache])
def test_an_llm_cache_warns_once_and_serves_all_the_same(bench, caplog, kind):
    options = {"embedding_cache": vectors(PETS, BIKES, NOISE), "openai": ChatAPI().client()}
    cache = bench.llm(kind, **options, threshold=0.9, scope="house")
    for system in (None, "Be brief."):
        for question in (PETS, BIKES, NOISE):
            cache.get_or_generate(question, system=system)
    assert cache.stats.hits == 4 and cache.stats.errors == 0
    (warning,) = warnings(caplog)
    assert "scope 'house'" in warning and "system=" in warning and "similarity 0.995" in warning
    assert f"of {len(PETS)} and {len(BIKES)} characters" in warning
    assert "blah" not in warning, "the texts are the users' own"


def test_so_does_a_semantic_cache(bench, caplog):
    cache = bench.semantic(vectors(PETS, BIKES), threshold=0.9)
    cache.add_cache(PETS, "Yes.")
    assert cache.lookup(BIKES).response == "Yes."
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize(
    ("cached", "asked"),
    [
        pytest.param(PETS, PETS, id="the same question"),
        pytest.param(PETS, f"{PETS[:-1]} ??", id="the same, typed otherwise"),
        pytest.param("May I keep a cat?", "May I keep a dog?", id="short"),
        pytest.param(f"{FORM}{'cats ' * 90}", f"{FORM}{'bikes ' * 90}", id="less than half"),
        pytest.param(f"A cat? {FORM}", f"Bikes? {FORM}", id="a long end"),
    ],
)
def test_what_is_no_long_beginning_is_not_warned_of(bench, caplog, cached, asked):
    cache = bench.semantic(vectors(cached, asked), threshold=0.9)
    cache.add_cache(cached, "Yes.")
    assert cache.lookup(asked).response == "Yes."
    assert not warnings(caplog)


def test_what_is_not_served_is_not_warned_of(bench, caplog):
    cache = bench.semantic(vectors(PETS, BIKES), threshold=0.999)
    cache.add_cache(PETS, "Yes.")
    assert cache.lookup(BIKES) is None and not warnings(caplog)
