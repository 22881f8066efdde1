"""The options that a type checker is told of are those that there are."""

import dataclasses
import inspect
import re
from datetime import timedelta
from functools import cache
from typing import Any, get_type_hints

import fakeredis
import numpy as np
import openai
import pytest
from semantic_bench import Drawn

import semcache
from semcache.answers.base import AnswersFace
from semcache.answers.hybrid import Tiers
from semcache.answers.keywords import TAKES, LLMKeywords, SemanticKeywords, TierKeywords
from semcache.answers.options import AnswerOptions
from semcache.client.cache import ClientCache, ClientKeywords
from semcache.embedding.faces import EmbeddingFace
from semcache.embedding.options import EmbeddingKeywords, EmbeddingOptions, RareKeywords
from semcache.errors import ConfigError
from semcache.guard import Guard, Row, Verifier
from semcache.sharing import DEFAULT_RULES


@pytest.mark.parametrize(
    ("keywords", "options"),
    [(EmbeddingKeywords, EmbeddingOptions), (ClientKeywords, AnswerOptions)],
)
def test_keywords_are_the_fields_of_the_options(keywords: type, options: Any):
    fields = {field.name for field in dataclasses.fields(options)}
    hints, known = get_type_hints(options), get_type_hints(keywords)
    assert {name: known.get(name) for name in fields} == {name: hints[name] for name in fields}


@pytest.mark.parametrize(
    ("made", "rest", "all_names"),
    [
        (EmbeddingFace, RareKeywords, EmbeddingKeywords),
        (semcache.SemanticCache, SemanticKeywords, SemanticKeywords),
        (semcache.SemanticLLMCache, LLMKeywords, LLMKeywords),
        (semcache.HybridLLMCache, TierKeywords, TierKeywords),
        (ClientCache, None, ClientKeywords),
    ],
)
def test_what_a_class_spells_out_and_what_it_does_not_are_all_names(
    made: type, rest: type | None, all_names: type
):
    """A type checker is told of all that a class takes, and of nothing else."""
    names = set(get_type_hints(all_names))
    rest_of = get_type_hints(made.__init__, include_extras=True)["options"].__args__[0]
    assert rest in (None, rest_of)
    assert spelt_by(made) | set(get_type_hints(rest_of)) == names | (spelt_by(made) - names)
    assert not spelt_by(made) & set(get_type_hints(rest_of))


def spelt_by(made: type) -> set[str]:
    parameters = inspect.signature(made).parameters.values()
    return {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}


def test_each_class_is_told_of_the_options_that_it_takes_when_it_is_made():
    by_keywords = {
        "SemanticCache": SemanticKeywords,
        "SemanticLLMCache": LLMKeywords,
        "HybridLLMCache": TierKeywords,
        "cached(client)": ClientKeywords,
    }
    assert {kind: frozenset(get_type_hints(by_keywords[kind])) for kind in TAKES} == TAKES
    spelt = spelt_by(AnswersFace) | spelt_by(Tiers)
    assert spelt - {"redis_client", "openai_client"} <= TAKES["HybridLLMCache"]


# Each option: refused, or used -----------------------------------------------------------------

# Of each class, the options that change what it does. Who adds an option says here who uses it.
FINDS = {
    "scope", "threshold", "ttl", "index", "verifier", "judge_from", "jitter", "refuse_excess",
    "max_entries", "on_error", "clock",
}  # fmt: skip
ASKS = FINDS | {
    "rules", "answer_rules", "hit_takes", "max_entries_per_asker", "embedding_cache",
    "embedding_model", "embed_within", "admit",
}  # fmt: skip
HAS_AN_EXACT_TIER = ASKS | {"renew_ahead", "stale_if_error", "lease", "fold_case", "fold_spaces"}
SEES_REPLIES = HAS_AN_EXACT_TIER | {"keep_calls", "standalone"}
USED = {
    "SemanticCache": FINDS,
    "SemanticLLMCache": ASKS,
    "HybridLLMCache": HAS_AN_EXACT_TIER,
    "CacheTransport": SEES_REPLIES,
    "cached": SEES_REPLIES,
}
FINE: dict[str, Any] = {
    "scope": "shop", "threshold": 0.8, "ttl": 60, "index": semcache.ScanIndex,
    "verifier": Guard(), "judge_from": 0.7, "jitter": 0.1, "refuse_excess": True,
    "max_entries": 10, "on_error": "raise", "clock": lambda: 0.0, "rules": DEFAULT_RULES,
    "answer_rules": DEFAULT_RULES, "hit_takes": 0.1, "max_entries_per_asker": 2,
    "embedding_cache": Drawn(), "embedding_model": "m", "embed_within": 0.5,
    "admit": lambda completion: True, "renew_ahead": 1.0, "stale_if_error": 1.0, "lease": 1.0,
    "fold_case": True, "fold_spaces": True, "keep_calls": True, "standalone": lambda said: None,
}  # fmt: skip


def test_every_option_is_known_here():
    assert set(FINE) == SEES_REPLIES == set().union(*TAKES.values())


@pytest.mark.parametrize("name", FINE)
@pytest.mark.parametrize("kind", [*USED, *(f"Async{kind}" for kind in USED if kind != "cached")])
def test_an_option_is_used_or_refused_with_the_class_that_uses_it(kind: str, name: str):
    if name == "embedding_cache" and kind.endswith("SemanticCache"):
        return  # which it is given by position
    if name in USED[kind.removeprefix("Async")]:
        make(kind, **{name: FINE[name]})
        return
    with pytest.raises(ConfigError, match=rf"^{name} is an option of .*cached.*: {kind} would"):
        make(kind, **{name: FINE[name]})


def test_the_class_that_uses_an_option_is_named():
    listed = "an option of SemanticLLMCache, HybridLLMCache and cached"
    with pytest.raises(ConfigError, match=f"^rules is {listed}.*: SemanticCache would do nothing"):
        make("SemanticCache", rules=DEFAULT_RULES)
    with pytest.raises(ConfigError, match=r"^lease is an option of HybridLLMCache and cached"):
        make("SemanticLLMCache", lease=5)
    with pytest.raises(ConfigError, match=r"^keep_calls is an option of cached\(client\): Hybrid"):
        make("HybridLLMCache", keep_calls=True)


@pytest.mark.parametrize("kind", ["SemanticCache", "SemanticLLMCache", "HybridLLMCache"])
def test_a_docstring_lists_what_a_class_uses(kind: str):
    made = getattr(semcache, kind)
    said = set()
    for one in made.__mro__ if kind == "HybridLLMCache" else [made]:
        arguments = (one.__doc__ or "").partition("Args:")[2].partition("Attributes:")[0]
        said |= {name for name in FINE if re.search(rf"\b{name}\b", arguments)}
    if kind == "HybridLLMCache":  # "Those of SemanticLLMCache, and ..."
        said |= ASKS
    assert said - {"embedding_cache"} == USED[kind] - {"embedding_cache"}


@pytest.mark.parametrize("kind", ["SemanticLLMCache", "HybridLLMCache", "cached"])
@pytest.mark.parametrize("name", ["embedding_model", "embed_within"])
def test_how_questions_are_embedded_is_said_once(kind: str, name: str):
    with pytest.raises(ConfigError, match=f"{name} says how .* give one of the two"):
        make(kind, embedding_cache=Drawn(), **{name: FINE[name]})


def test_the_model_of_a_given_embedding_cache_may_be_named():
    given = Drawn()
    assert make("HybridLLMCache", embedding_cache=given, embedding_model=given.model)


def test_a_given_embedding_cache_is_the_only_one(monkeypatch):
    def made(*clients: Any, **options: Any) -> None:
        raise AssertionError("an embedding cache was made, and thrown away")

    monkeypatch.setattr(semcache.EmbeddingCache, "__init__", made)
    make("HybridLLMCache", embedding_cache=Drawn())


# What is given wrongly -------------------------------------------------------------------------

ANSWERS = [
    "SemanticCache", "SemanticLLMCache", "HybridLLMCache", "CacheTransport", "cached",
    "AsyncSemanticCache", "AsyncSemanticLLMCache", "AsyncHybridLLMCache", "AsyncCacheTransport",
]  # fmt: skip
EMBEDDINGS = [
    name for name in semcache.__all__
    if name.endswith("EmbeddingCache") and not name.startswith("Tiered")
]  # fmt: skip


@cache  # an OpenAI client takes longer to make than all caches together
def clients(is_async: bool) -> tuple[Any, Any]:
    if is_async:
        return fakeredis.FakeAsyncRedis(), openai.AsyncOpenAI(api_key="none")
    return fakeredis.FakeRedis(), openai.OpenAI(api_key="none")


def make(name: str, **options: Any) -> Any:
    redis, client = clients(name.startswith("Async"))
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


# Options of a wrong type -----------------------------------------------------------------------

ODD = [None, [], {}, object(), "odd", 5, -1, 0, float("nan"), True, b"odd", ["odd"], timedelta(-1)]
CALLED = ("index", "clock", "admit", "standalone", "verifier")
FLAGS = ("refuse_excess", "keep_calls", "fold_case", "fold_spaces", "refresh_on_read")


def options_of(name: str) -> set[str]:
    """The options of a class."""
    kind = name.removeprefix("Async")
    if kind in USED:
        return USED[kind] | ({"audience", "stats"} if kind == "SemanticCache" else set())
    own = {"TieredEmbeddingCache": {"memory_size", "memory_ttl", "backing"}}
    own["HashEmbeddingCache"] = {"ttl_scope"}
    return set(get_type_hints(EmbeddingKeywords)) | own.get(kind, set())


@pytest.mark.parametrize("name", [*ANSWERS, *EMBEDDINGS, "TieredEmbeddingCache"])
def test_an_option_of_a_wrong_type_is_an_error_of_ours(name: str):
    at_fault = []
    for option in sorted(options_of(name)):
        for odd in ODD:
            try:
                make(name, **{option: odd})
            except ConfigError as error:
                if option not in str(error):
                    at_fault.append((option, odd, f"the message does not name it: {error}"))
            except Exception as error:
                at_fault.append((option, odd, repr(error)))
            else:
                given = odd is not (None if option in CALLED else True)
                if option in (*CALLED, *FLAGS) and given:
                    at_fault.append((option, odd, "accepted"))
    assert at_fault == []


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_what_the_client_could_not_send_is_refused_at_once(name: str):
    for odd in ({"x": object()}, {"x": {1, 2}}, ["x"], {"x": float("nan")}):
        with pytest.raises(ConfigError, match="extra_body"):
            make(name, extra_body=odd)
    with pytest.raises(ConfigError, match="encoding_format is 'bogus': give 'float' or 'base64'"):
        make(name, encoding_format="bogus")
    with pytest.raises(ConfigError, match="codec"):
        make(name, codec=[])
    make(name, extra_body={"input_type": "query", "more": [1, None]}, encoding_format="float")


def test_classes_and_parts_of_something_else_are_refused():
    for name, odd in (("SemanticCache", {"index": dict}), ("cached", {"index": semcache.Stats}),
                      ("SemanticCache", {"stats": 5}), ("AsyncSemanticCache", {"audience": 5}),
                      ("TieredEmbeddingCache", {"backing": dict})):  # fmt: skip
        (option,) = odd
        with pytest.raises(ConfigError, match=f"^{option} is "):
            make(name, **odd)
    made = make("SemanticCache", stats=semcache.Stats(), audience="")
    assert made.stats is made.room.stats


def test_rules_are_a_list_of_rules():
    for odd in (DEFAULT_RULES[0], [lambda text: True], "secrets", None):
        with pytest.raises(ConfigError, match=r"rules is .*: give a list of semcache\.Rule"):
            make("HybridLLMCache", rules=odd)
    cache = make("HybridLLMCache", rules=iter(DEFAULT_RULES), answer_rules=iter(DEFAULT_RULES))
    assert cache.options.rules == cache.options.answer_rules == tuple(DEFAULT_RULES)


def test_a_message_names_the_option_that_was_given():
    with pytest.raises(ConfigError, match=r"^judge_from is 2: a similarity lies between -1 and 1"):
        make("SemanticCache", judge_from=2)


def test_numbers_of_numpy_are_numbers():
    cache = make("HybridLLMCache", threshold=np.float32(0.5), max_entries=np.int64(5))
    assert type(cache.options.threshold) is float and type(cache.options.max_entries) is int
