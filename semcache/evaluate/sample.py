"""A fair sample of what is served, for whoever reads it: one in N, in bounded memory. Lesson 13."""

import random
from dataclasses import dataclass

from semcache.errors import ConfigError
from semcache.locks import Lock
from semcache.observing import Served

__all__ = ["Noted", "Sample"]


@dataclass(frozen=True)
class Noted:
    """An answer that was served, to be judged.

    Attributes:
        query: The question that was asked.
        original: The question that the answer was given to.
        answer: The answer; of a transport the whole reply, as JSON.
        similarity: Cosine of the two questions' embeddings.
        tier: ``"exact"``, for a copy of what was found by similarity before, or ``"semantic"``.
    """

    query: str
    original: str
    answer: str
    similarity: float
    tier: str


class Sample:
    """Notes one in ``every`` answers that a cache serves; safe to use from many threads.

    Each is noted with the same chance, whatever came before, so that nothing periodic in the
    traffic is missed. What is noted when there is no room gives way at random, too: the oldest or
    newest would be a sample of another day. What was served for the very question that it was
    given to is passed over unless asked for: the promise of a threshold is about the others.

    Args:
        every: Of how many answers one is noted; 1 for all.
        seed: Draws the same of the same traffic; ``None`` for another draw each time.
        most: How many wait to be read, at most.
        own: Whether to note also what was served for the very question it was given to.

    Attributes:
        served: How many answers it has been told of that could be noted.
        dropped: How many were noted and gave way to another before they were read.

    Raises:
        ConfigError: A number below 1.

    Example:
        >>> from semcache import SemanticLLMCache, connect
        >>> from semcache.observing import observe
        >>> lab = connect(quiet=True)
        >>> cache = SemanticLLMCache(
        ...     lab.redis, lab.openai, embedding_model=lab.embedding_model, threshold=0.87
        ... )
        >>> sample = Sample(every=1)
        >>> stop = observe(cache, sample)
        >>> for question in ("What is Python?", "Python是什么？"):
        ...     answer = cache.get_or_generate(question, model=lab.chat_model)
        >>> for one in sample.take():
        ...     print(one.query, "<-", one.original)
        Python是什么？ <- What is Python?
        >>> len(sample)
        0
    """

    def __init__(
        self, every: int = 20, seed: int | None = None, most: int = 1_000, own: bool = False
    ) -> None:
        for name, number in (("every", every), ("most", most)):
            if number < 1:
                raise ConfigError(f"{name} is {number}: give 1 or more")
        self.every, self.most, self.own = every, most, own
        self.served = self.dropped = 0
        self._random, self._lock = random.Random(seed), Lock()
        self._noted: list[Noted] = []
        self._since_taken = 0

    def __len__(self) -> int:
        """How many wait to be read."""
        return len(self._noted)

    def __call__(self, event: object) -> None:
        """Take what a cache tells; see :func:`~semcache.observing.observe`."""
        if not isinstance(event, Served) or (event.original is None and not self.own):
            return
        with self._lock:
            self.served += 1
            if self._random.random() * self.every < 1:
                self._note(event)

    def _note(self, hit: Served) -> None:
        original = hit.query if hit.original is None else hit.original
        noted = Noted(hit.query, original, hit.response, hit.similarity, hit.tier)
        self._since_taken += 1
        if len(self._noted) < self.most:
            self._noted.append(noted)
            return
        self.dropped += 1
        place = self._random.randrange(self._since_taken)  # Vitter's reservoir (algorithm R, 1985)
        if place < self.most:
            self._noted[place] = noted

    def take(self) -> list[Noted]:
        """Return what waits to be read, and begin anew."""
        with self._lock:
            taken = list(self._noted)
            self._noted.clear()
            self._since_taken = 0
        return taken
