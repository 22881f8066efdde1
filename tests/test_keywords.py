"""The options that a type checker is told of are those that there are."""

import dataclasses
import inspect
from typing import Any, get_type_hints

import fakeredis
import openai
import pytest
from semantic_bench import Drawn

import semcache
from semcache.answers.base import AnswersFace, LLMKeywords
from semcache.answers.hybrid import TierKeywords, Tiers
from semcache.answers.options import AnswerKeywords, AnswerOptions
from semcache.embedding.faces import EmbeddingFace
from semcache.embedding.options import EmbeddingKeywords, EmbeddingOptions, RareKeywords
from semcache.errors import ConfigError
from semcache.guard import Guard, Row, Verifier


@pytest.mark.parametrize(
    ("keywords", "options"),
    [(EmbeddingKeywords, EmbeddingOptions), (AnswerKeywords, AnswerOptions)],
)
def test_keywords_are_the_fields_of_the_options(keywords: type, options: Any):
    fields = {field.name for field in dataclasses.fields(options)}
    hints = get_type_hints(options)
    assert get_type_hints(keywords) == {name: hints[name] for name in fields}


@pytest.mark.parametrize(
    ("made", "hidden", "all_names"),
    [
        (EmbeddingFace, RareKeywords, EmbeddingKeywords),
        (AnswersFace, AnswerKeywords, LLMKeywords),
        (Tiers, LLMKeywords, TierKeywords),
    ],
)
def test_what_a_class_spells_out_and_what_it_does_not_are_all_names(
    made: type, hidden: type, all_names: type
):
    parameters = inspect.signature(made).parameters.values()
    spelt = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    names = set(get_type_hints(all_names))
    assert spelt | set(get_type_hints(hidden)) == names
    assert not spelt & set(get_type_hints(hidden))


# What is given wrongly -------------------------------------------------------------------------

ANSWERS = [
    "SemanticCache", "SemanticLLMCache", "HybridLLMCache", "CacheTransport", "cached",
    "AsyncSemanticCache", "AsyncSemanticLLMCache", "AsyncHybridLLMCache", "AsyncCacheTransport",
]  # fmt: skip
EMBEDDINGS = [
    name for name in semcache.__all__
    if name.endswith("EmbeddingCache") and not name.startswith("Tiered")
]  # fmt: skip


def make(name: str, **options: Any) -> Any:
    is_async = name.startswith("Async")
    redis = fakeredis.FakeAsyncRedis() if is_async else fakeredis.FakeRedis()
    client = (openai.AsyncOpenAI if is_async else openai.OpenAI)(api_key="none")
    if name in ("SemanticCache", "AsyncSemanticCache"):
        return getattr(semcache, name)(redis, Drawn(), **options)
    if name == "cached":
        return semcache.cached(client, redis, **options)
    return getattr(semcache, name)(redis, client, **options)


@pytest.mark.parametrize("name", [*ANSWERS, *EMBEDDINGS])
def test_a_misspelt_option_is_named_with_the_one_that_was_meant(name: str):
    written, meant = ("treshold", "threshold") if name in ANSWERS else ("modle", "model")
    with pytest.raises(ConfigError, match=f"no option '{written}': did you mean {meant}[?]"):
        make(name, **{written: 0.9})
    with pytest.raises(ConfigError, match=r"no option 'xyzzy': help\(\w+\) lists them"):
        make(name, xyzzy=1)


def test_an_option_that_a_class_spells_out_is_meant_too():
    with pytest.raises(ConfigError, match="did you mean standalone"):
        make("cached", standalon=None)
    with pytest.raises(ConfigError, match="did you mean embedding_model"):
        make("HybridLLMCache", embeding_model="m")


@pytest.fixture(scope="module")
def fitted() -> Verifier:
    rows = [Row(f"open file {n}", f"open file {n + n % 2}", 0.95) for n in range(60)]
    return Verifier.fit(rows, [n % 2 == 0 for n in range(60)])


@pytest.mark.parametrize("name", ANSWERS)
def test_a_verifier_that_would_fail_at_each_lookup_is_refused_at_once(name: str, fitted):
    with pytest.raises(ConfigError, match=r"give Guard\(\), Verifier.load\('v.json'\)"):
        make(name, verifier="v.json")
    with pytest.raises(ConfigError, match="has no threshold"):
        make(name, verifier=fitted)
    for fine in (None, Guard(), lambda cached, asked, similarity: True):
        make(name, verifier=fine)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_verifier_of_another_embedding_model_is_refused(name: str, fitted):
    ours = Drawn().model if "SemanticCache" in name else "text-embedding-3-small"
    verifier = fitted.with_threshold(0.9)
    make(name, verifier=verifier)  # nobody said of which model it is
    verifier.embedding_model = ours
    make(name, verifier=verifier)
    verifier.embedding_model = "multilingual-e5-small"
    with pytest.raises(ConfigError, match=f"of multilingual-e5-small, and these are of {ours}"):
        make(name, verifier=verifier)


@pytest.mark.parametrize("name", ["HybridLLMCache", "AsyncHybridLLMCache"])
def test_a_client_of_the_other_face_is_told_how_to_make_one(name: str):
    is_async = name.startswith("Async")
    other = fakeredis.FakeRedis() if is_async else fakeredis.FakeAsyncRedis()
    client = (openai.AsyncOpenAI if is_async else openai.OpenAI)(api_key="none")
    how = r"redis_client\(url, asynchronous=True\)" if is_async else r"redis_client\(url\)"
    with pytest.raises(ConfigError, match=how):
        getattr(semcache, name)(other, client)
