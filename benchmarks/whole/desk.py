"""A support desk's cache with 1,000 questions, and requests that go a known way through it.

The questions are the course's own (data/phrasings.jsonl). What is asked beside them is one of
them after a greeting, such as "Quick question: forgot password": a text that no cache has seen,
and that means what a stored one means. No such text is used twice, since an answer found by
similarity is promoted, and the same text would be an exact hit the next time.
"""

import itertools
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import openai
import redis

from semcache import HybridLLMCache
from semcache.offline.answers import CHAT_MODELS
from semcache.offline.model import EMBEDDING_MODEL, embed
from semcache.traffic import load_phrasings

__all__ = ["PATHS", "Desk", "Path", "open_desk"]

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
    """

    name: str
    tier: int
    embedded: bool = False
    threshold: float = THRESHOLD


PATHS = (
    Path("exact hit", 0),
    Path("semantic hit, embedding cached", 1, embedded=True),
    Path("semantic hit, new text", 1),
    Path("miss", 2, threshold=1.0),
)


class Desk:
    """A cache with answers in it, and an unending supply of questions for each path."""

    def __init__(self, cache: HybridLLMCache, questions: list[str]) -> None:
        self.cache, self._questions = cache, questions
        parts = itertools.product(GREETINGS, questions, ENDINGS)
        greeted = ["".join(part) for part in parts]
        random.Random(7).shuffle(greeted)
        self._greeted = iter(greeted)
        self._known: Iterator[str] = itertools.cycle(questions)

    def texts(self, path: Path, count: int) -> list[str]:
        """Return questions for a path; they work once."""
        texts = list(itertools.islice(self._known if path.tier == 0 else self._greeted, count))
        if len(texts) < count:
            raise ValueError(f"only {len(texts)} of {count} new questions are left")
        if path.embedded:
            embed_in_threads(texts)
            self.cache.semantic.embedding_cache.get_embeddings_batch(texts)  # type: ignore[attr-defined]
        return texts

    def ask(self, path: Path) -> Callable[[str], str]:
        """Return what sends one question on its path."""
        get, model = self.cache.get_or_generate, CHAT_MODELS[1]
        return lambda text: get(text, model=model, semantic_threshold=path.threshold)

    def answered(self) -> tuple[int, int, int]:
        """How many requests each tier has answered so far."""
        exact, semantic = self.cache.exact_stats, self.cache.semantic.stats
        return exact.hits, semantic.hits, semantic.api_calls


def open_desk(client: redis.Redis, api: openai.OpenAI, scope: str, entries: int) -> Desk:
    """Return a desk whose cache has answered ``entries`` questions, fewer if few exist."""
    rows = load_phrasings()
    questions = [row.text for row in random.Random(7).sample(rows, min(entries, len(rows)))]
    cache = HybridLLMCache(
        client, api, embedding_model=EMBEDDING_MODEL, scope=scope, threshold=THRESHOLD, ttl=TTL
    )
    desk = Desk(cache, questions)
    embed_in_threads(questions)
    ask = desk.ask(PATHS[3])
    for question in questions:
        ask(question)
    return desk


def embed_in_threads(texts: list[str]) -> None:
    """Have the stand-in embed texts on two cores, and remember them."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(embed, texts))
