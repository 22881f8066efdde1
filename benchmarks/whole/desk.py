"""A support desk's cache with 1,000 questions, and requests that go a known way through it.

The questions are the course's own (data/phrasings.jsonl). What is asked beside them is one of
them after a greeting, such as "Quick question: forgot password": a text that no cache has seen,
and that means what a stored one means. An answer found by similarity is promoted, and the same text
would be an exact hit the next time: so each such text is new, or what was promoted is deleted.
"""

import itertools
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import openai
import redis
from redis.asyncio import Redis as AsyncRedis

from semcache import AsyncHybridLLMCache, HybridLLMCache
from semcache.answers.request import Request
from semcache.lab.offline.answers import CHAT_MODELS
from semcache.lab.offline.model import EMBEDDING_MODEL, embed_all
from semcache.lab.traffic import load_phrasings

__all__ = ["PATHS", "Desk", "Path", "open_desk"]

MODEL = CHAT_MODELS[1]
THRESHOLD = 0.87
TTL = 86_400
GREETINGS = (
    "Hi, ", "Hello! ", "Good morning. ", "Quick question: ", "Hi team, ", "Hey, ", "Dear all, ",
    "A question: ", "Good evening, ", "Hello there, ",
)  # fmt: skip
ENDINGS = ("", " Thanks!")


@dataclass(frozen=True)
class Path:
    """One way through the cache.

    Attributes:
        name: What the tables call it.
        tier: Who answers: 0 the exact tier, 1 the semantic tier, 2 the LLM.
        embedded: Whether the embedding cache has the question's vector.
        threshold: Asked for; 1.0 makes any question that is not stored a miss.
        share: How many times as many requests the quick paths get, to be timed as surely.
    """

    name: str
    tier: int
    embedded: bool = False
    threshold: float = THRESHOLD
    share: int = 1


PATHS = (
    Path("exact hit", 0, share=20),
    Path("semantic hit, embedding cached", 1, embedded=True, share=4),
    Path("semantic hit, new text", 1),
    Path("miss", 2, threshold=1.0),
)


class Desk:
    """A cache with answers in it, and an unending supply of questions for each path."""

    def __init__(
        self,
        cache: HybridLLMCache,
        questions: list[str],
        make_twin: Callable[[], AsyncHybridLLMCache] | None = None,
    ) -> None:
        self.cache, self._questions = cache, questions
        self._make_twin = make_twin
        self._twins: list[AsyncHybridLLMCache] = []
        parts = itertools.product(GREETINGS, questions, ENDINGS)
        greeted = ["".join(part) for part in parts]
        random.Random(7).shuffle(greeted)
        self._greeted = iter(greeted)
        self._known: Iterator[str] = itertools.cycle(questions)
        self._embedded: list[str] = []

    def texts(self, path: Path, count: int) -> list[str]:
        """Return questions for a path; they work once, and those given before no more."""
        if path.tier == 0:
            return list(itertools.islice(self._known, count))
        return self._not_promoted(count) if path.embedded else self._new(count)

    def _new(self, count: int) -> list[str]:
        texts = list(itertools.islice(self._greeted, count))
        if len(texts) < count:
            raise ValueError(f"only {len(texts)} of {count} new questions are left")
        return texts

    def _not_promoted(self, count: int) -> list[str]:
        """Return questions whose embeddings are cached, and whose answers are in no exact tier."""
        more = self._new(max(0, count - len(self._embedded)))
        if more:
            embed_all(more)
            self.cache.embedding_cache.get_embeddings_batch(more)
        for text in self._embedded[:count]:
            self._forget_promotion(text)
        self._embedded += more
        self.ask(PATHS[2])(self._new(1)[0])  # the index hears of what was deleted
        return self._embedded[:count]

    def _forget_promotion(self, text: str) -> None:
        """Delete the copy in the exact tier; delete() would take its source along."""
        (key,) = self.cache.flow.exact.question(Request(text, MODEL)).keys
        self.cache.embedding_cache.redis_client.unlink(key)

    def ask(self, path: Path) -> Callable[[str], str]:
        """Return what sends one question on its path."""
        get = self.cache.get_or_generate
        return lambda text: get(text, MODEL, threshold=path.threshold)

    def ask_async(self, path: Path) -> Callable[[str], Awaitable[str]]:
        """Return what sends one question on its path, from a task of the running event loop."""
        assert self._make_twin is not None
        self._twins.append(self._make_twin())
        get = self._twins[-1].get_or_generate
        return lambda text: get(text, MODEL, threshold=path.threshold)

    def answered(self) -> tuple[int, int, int]:
        """How many requests each tier has answered so far."""
        caches = [self.cache, *self._twins]
        exact = sum(cache.exact_stats.hits for cache in caches)
        semantic = [cache.semantic.stats for cache in caches]
        return exact, sum(s.hits for s in semantic), sum(s.api_calls for s in semantic)


def open_desk(
    client: redis.Redis,
    api: openai.OpenAI,
    scope: str,
    entries: int,
    make_clients: Callable[[], tuple[AsyncRedis, openai.AsyncOpenAI]] | None = None,
) -> Desk:
    """Return a desk whose cache has answered ``entries`` questions, fewer if few exist.

    ``make_clients`` makes the clients of an asynchronous twin, on a running event loop.
    """
    rows = load_phrasings()
    questions = [row.text for row in random.Random(7).sample(rows, min(entries, len(rows)))]
    options: dict[str, Any] = {"embedding_model": EMBEDDING_MODEL, "scope": scope}
    options |= {"threshold": THRESHOLD, "ttl": TTL}
    cache = HybridLLMCache(client, api, **options)

    def make_twin() -> AsyncHybridLLMCache:
        assert make_clients is not None
        return AsyncHybridLLMCache(*make_clients(), **options)

    desk = Desk(cache, questions, make_twin)
    embed_all(questions)
    ask = desk.ask(PATHS[3])
    for question in questions:
        ask(question)
    return desk
