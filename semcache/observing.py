"""What a cache tells those who watch it: values, to functions that are called with them.

Counters say how often. Whoever wants to know more (a histogram of similarities, a sample for a
reader) observes the cache: :func:`observe` has a function called with each :class:`Served` and
each :class:`Called`. Without an observer nothing is made and nothing is called.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from semcache.errors import ConfigError
from semcache.stats import Observer, Stats

__all__ = ["Called", "Observer", "Served", "observe", "stats_of"]


@dataclass(frozen=True)
class Served:
    """An answer that the cache gave.

    Attributes:
        tier: ``"exact"`` or ``"semantic"``.
        query: The question that was asked.
        original: The question that the answer was given to; ``None`` if it was this very one.
        response: The answer; what a transport keeps is the whole reply, as JSON.
        similarity: Cosine of the two questions' embeddings; 1.0 for this very question.
        margin: How far the next candidate with another answer was behind; ``None`` if that is not
            known, as in the exact tier.
        seconds: From the beginning of the lookup.
        model: The LLM whose answer it is; empty where a cache knows none.
    """

    tier: str
    query: str
    original: str | None
    response: str
    similarity: float
    margin: float | None
    seconds: float
    model: str = ""


@dataclass(frozen=True)
class Called:
    """A request to the LLM or to the embedding API.

    Attributes:
        operation: ``"chat"`` or ``"embeddings"``.
        model: The model.
        seconds: Until it had answered, or failed; a stream also waits for its reader.
        tokens: Charged, 0 if the API did not say.
        written: Those of them that the LLM wrote.
        texts: How many texts were embedded, or questions answered.
        response: The answer, as it is kept; ``None`` for embeddings.
        error: The class of the error; ``None`` if there was none.
    """

    operation: str
    model: str
    seconds: float
    tokens: int = 0
    written: int = 0
    texts: int = 1
    response: str | None = None
    error: str | None = None


def stats_of(cache: Any) -> Stats:
    """Return the counters through which a cache tells its observers.

    Raises:
        ConfigError: It is no cache of ours.
    """
    flow = getattr(cache, "flow", None) or getattr(cache, "room", None)
    stats = getattr(getattr(flow, "behind", flow), "stats", None)
    if not isinstance(stats, Stats):
        raise ConfigError(
            f"{type(cache).__name__} is no cache of ours; of a cached client give cache_of(client)"
        )
    return stats


def observe(cache: Any, observer: Observer) -> Callable[[], None]:
    """Have a function called with what a cache does; return what ends that.

    It is called in the thread or on the event loop of the request, which waits for it: it should
    be quick. What it raises is counted among the cache's errors and told once; the request goes on.

    Args:
        cache: An embedding cache, SemanticCache, an LLM cache or a transport, of either face.
        observer: Called with each :class:`Served` and :class:`Called`.

    Raises:
        ConfigError: It is no cache of ours.

    Example:
        >>> from semcache import SemanticLLMCache, connect
        >>> lab = connect(quiet=True)
        >>> cache = SemanticLLMCache(
        ...     lab.redis, lab.openai, embedding_model=lab.embedding_model, threshold=0.87
        ... )
        >>> seen = []
        >>> stop = observe(cache, seen.append)
        >>> for question in ("What is Python?", "Python是什么？"):
        ...     answer = cache.get_or_generate(question, model=lab.chat_model)
        >>> [type(event).__name__ for event in seen], seen[1].original
        (['Called', 'Served'], 'What is Python?')
        >>> stop()
    """
    stats = stats_of(cache)
    stats.observe(observer)
    return lambda: stats.forget(observer)
