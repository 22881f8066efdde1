"""Fill a cache ahead with the answers of a log, through the cache's own classes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from semcache.answers import HybridLLMCache
from semcache.answers.request import Request, normalise
from semcache.answers.wishes import OWN
from semcache.blocking import run
from semcache.embedding.api import is_embeddable
from semcache.errors import InvalidInput
from semcache.replay.log import Log
from semcache.sharing import Admission, may_keep, may_share

__all__ = ["Warmed", "warm"]

_CHUNK = 512  # questions embedded in one call


class Warmed(NamedTuple):
    """What became of a log's questions.

    Attributes:
        kept: Answers that the cache has now.
        refused: Questions or answers that a rule of admission did not let in.
        there: Questions that had an answer already, which was left.
        older: Requests whose question was asked again later: the newest answer is kept.
        skipped: Requests without an answer, or whose question cannot be embedded.
    """

    kept: int = 0
    refused: int = 0
    there: int = 0
    older: int = 0
    skipped: int = 0


class _One(NamedTuple):
    text: str
    answer: str
    admission: Admission


def warm(
    cache: HybridLLMCache,
    log: Log,
    *,
    model: str = "gpt-4o-mini",
    system: str | None = None,
    replace: bool = False,
    tell: Callable[[int], object] = lambda count: None,
) -> Warmed:
    """Keep the answers of a log, for as long as the cache keeps answers, from now on.

    Args:
        cache: With its rules of admission, its TTL and its ``fold_case``.
        log: With answers.
        model: The LLM whose answers they are: only requests to it are given them.
        system: The system prompt that they were given under.
        replace: Whether an answer that the cache has already gives way.
        tell: Called with the number of questions that are done.

    Raises:
        InvalidInput: The log has no answers.
        openai.OpenAIError: The embedding API failed.
        CacheUnavailable: Redis failed, and the cache has ``on_error="raise"``.

    Example:
        >>> from semcache import connect
        >>> lab = connect(quiet=True)
        >>> cache = HybridLLMCache(lab.redis, lab.openai, embedding_model=lab.embedding_model)
        >>> warm(cache, Log(["Refund?"], ["Within 14 days."])).kept
        1
        >>> cache.get_or_generate("Refund?"), cache.stats.api_calls
        ('Within 14 days.', 0)
    """
    if log.answer is None:
        raise InvalidInput("the log has no answers: a column answer, or response, holds them")
    newest, without = _newest(log)
    older = len(log) - without - len(newest)
    done = Warmed(older=older, skipped=without)
    for start in range(0, len(newest), _CHUNK):
        some = list(_admitted(cache, newest[start : start + _CHUNK]))
        wanted = [
            one.text for one in some if one.admission.by_similarity and is_embeddable(one.text)
        ]
        if wanted:
            embeddings: Any = cache.embedding_cache  # one call for all; an answer then reads it
            embeddings.get_embeddings_batch(wanted)
        for one in some:
            done = _kept(done, cache, one, model, system, replace)
        tell(len(some))
    return done


def _newest(log: Log) -> tuple[list[tuple[str, str]], int]:
    """Return the questions with their newest answers, and how many requests have none."""
    order: Sequence[int] = range(len(log))
    if log.time is not None:
        times = [-float("inf") if time is None else time for time in log.time]
        order = sorted(order, key=times.__getitem__)
    newest: dict[str, tuple[str, str]] = {}
    without = 0
    for at in order:
        answer = (log.answer or ())[at]
        if answer is None:
            without += 1
            continue
        newest[normalise(log.text[at])] = log.text[at], answer
    return list(newest.values()), without


def _admitted(cache: HybridLLMCache, newest: Sequence[tuple[str, str]]) -> Iterator[_One]:
    for text, answer in newest:
        yield _One(text, answer, may_share(text, cache.options.rules))


def _kept(
    done: Warmed, cache: HybridLLMCache, one: _One, model: str, system: str | None, replace: bool
) -> Warmed:
    """Keep one answer, as far as the rules let it in; return the counts with it."""
    if not one.admission.exact or not may_keep(one.answer, cache.options.answer_rules):
        return done._replace(refused=done.refused + 1)
    semantic = cache.semantic_cache(model, system=system)
    room, request = semantic.room, Request(one.text, model, system)
    if not replace:
        there = run(room.policy.attempt(None, room.redis.ask(room.exact.question(request))))
        if there is not None and there.source is None and room.exact.is_fresh(there):
            return done._replace(there=done.there + 1)
    if one.admission.by_similarity:
        if not is_embeddable(one.text):
            return done._replace(skipped=done.skipped + 1)
        semantic.add_cache(one.text, one.answer, OWN)
    else:
        limits = [ttl for ttl in (cache.options.seconds, one.admission.ttl) if ttl is not None]
        answer = room.answer(one.text, one.answer, min(limits, default=None))
        run(room.keep(request, answer, None, None, replaces=True))
    return done._replace(kept=done.kept + 1)
