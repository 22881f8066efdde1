"""What an application gives to be called: verifier, admission, filter. Nothing odd is a yes."""

import gc
from functools import partial
from typing import Any

import numpy as np
import pytest
from bench import SERVERS
from semantic_bench import SERVER_FIXTURES, ChatAPI, Drawn, SemanticBench

from semcache.errors import ConfigError

TWICE = "q@0", "near@20"


@pytest.fixture(params=["matrix", "async matrix"])
def bench(request) -> SemanticBench:
    return SemanticBench(request.param, request.getfixturevalue(SERVER_FIXTURES[SERVERS[0]]))


@pytest.fixture
def hybrid(bench) -> Any:
    api = ChatAPI()
    given = {"embedding_cache": Drawn(), "openai": api.client(), "threshold": 0.9}
    return partial(bench.hybrid, **given)


async def later(*_said: Any) -> bool:
    return True


class Later:
    async def __call__(self, *said: Any) -> bool:
        return await later(*said)


def test_what_is_no_verdict_refuses_is_counted_and_told(hybrid, caplog, recwarn, subtests):
    for said in ("no", 0.2, float("nan"), 1, None, later):
        with subtests.test(repr(said)):
            answer = later if said is later else lambda *_, said=said: said
            cache = hybrid(scope=repr(said), verifier=lambda *args, answer=answer: answer(*args))
            first, second = (cache.get_or_generate(question) for question in TWICE)
            assert first != second and cache.stats.errors == 1
            assert "verifier returned" in caplog.text
    gc.collect()
    assert not [one for one in recwarn if "never awaited" in str(one.message)]


def test_numpys_verdict_is_one(hybrid):
    for least, calls in ((0.9, 1), (0.99, 2)):
        limit = np.float64(least)
        verifier = lambda cached, asked, similarity, limit=limit: similarity > limit  # noqa: E731
        cache = hybrid(scope=str(least), verifier=verifier)
        for question in TWICE:
            cache.get_or_generate(question)
        assert (cache.stats.api_calls, cache.stats.errors) == (calls, 0)


@pytest.mark.parametrize("name", ["verifier", "admit", "where"])
def test_a_coroutine_function_is_refused(hybrid, name):
    for function in (later, Later(), partial(later, 1)):
        with pytest.raises(ConfigError, match=f"{name} is a coroutine function"):
            if name == "where":
                hybrid().invalidate(where=function)
            else:
                hybrid(**{name: function})


def test_an_awaitable_keeps_nothing_and_deletes_nothing(bench, hybrid):
    cache = hybrid(admit=lambda completion: later())
    cache.get_or_generate("q@0")
    assert cache.stats.errors == 1 and not bench.stored()
    keeps = hybrid()
    kept = keeps.get_or_generate("q@0")
    with pytest.raises(ConfigError, match="where returned an awaitable"):
        keeps.invalidate(where=lambda answer: later())
    assert keeps.get_or_generate("q@0") == kept and keeps.stats.hits == 1


class Named:
    """A verifier whose fingerprint may be anything."""

    def __init__(self, known: Any) -> None:
        self.known, self.asked = known, 0

    def __call__(self, cached: str, asked: str, similarity: float) -> bool:
        self.asked += 1
        return True

    @property
    def fingerprint(self) -> Any:
        if isinstance(self.known, Exception):
            raise self.known
        return self.known


def test_a_fingerprint_is_a_text_and_one_that_is_none_later_on_names_nobody(hybrid, subtests):
    odd = (b"v1", 1, RuntimeError("the model is not loaded"), "\ud83d", lambda: "v1")
    for number, known in enumerate(odd):
        with subtests.test(repr(known)):
            with pytest.raises(ConfigError, match=r"verifier\.fingerprint"):
                hybrid(verifier=Named(known))
            verifier = Named("v1")
            cache = hybrid(scope=str(number), verifier=verifier)
            first = cache.get_or_generate(TWICE[0])
            verifier.known = known
            assert [cache.get_or_generate(TWICE[1]) for _ in range(3)] == [first] * 3
            assert verifier.asked == 3, "about each copy anew"
