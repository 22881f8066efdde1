"""Fill a cache ahead with the answers of a log, through the cache's own classes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from semcache.answers import HybridLLMCache
from semcache.answers.completion import Completion
from semcache.answers.request import Request, normalise
from semcache.answers.wishes import Wishes
from semcache.blocking import run
from semcache.client import CacheTransport
from semcache.embedding.api import is_embeddable
from semcache.errors import ConfigError, InvalidInput
from semcache.options import check_label
from semcache.replay.log import Log
from semcache.sharing import Admission, Rule, may_keep, may_share

__all__ = ["Warmed", "warm"]

_CHUNK = 512  # questions embedded in one call


class Warmed(NamedTuple):
    """What became of a log's questions.

    Attributes:
        kept: Answers that the cache has now.
        refused: Questions or answers that a rule of admission did not let in.
        there: Questions that had an answer already, which was left.
        older: Requests whose question was asked again later: the newest answer is kept.
        skipped: Requests without an answer, or whose question cannot be embedded; and answers that
            the cache did not keep for another reason.
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


class _Client:
    """A cached client's cache, which keeps whole replies."""

    def __init__(self, cache: CacheTransport, model: str, system: str | None) -> None:
        self._cache, self._model, self._system = cache, model, system

    def contains(self, one: _One) -> bool:
        return self._cache.contains(**self._asking(one))

    def keep(self, one: _One) -> bool:
        return self._cache.keep(one.answer, **self._asking(one))

    def _asking(self, one: _One) -> dict[str, Any]:
        return Request(one.text, self._model, self._system).arguments()


class _Hybrid:
    """A HybridLLMCache, which keeps texts."""

    def __init__(self, cache: HybridLLMCache, model: str, system: str | None) -> None:
        self._cache, self._model, self._system = cache, model, system

    def contains(self, one: _One) -> bool:
        return run(self._cache.flow.contains(self._request(one)))

    def keep(self, one: _One) -> bool:
        own = self._cache.options
        wishes = Wishes(own.threshold, own.seconds)
        if not one.admission:
            wishes = wishes.within(one.admission)
        answer = Completion(one.answer, "stop")
        return run(self._cache.flow.keep(self._request(one), answer, wishes))

    def _request(self, one: _One) -> Request:
        return Request(one.text, self._model, self._system)


def warm(
    cache: CacheTransport | HybridLLMCache,
    log: Log,
    *,
    model: str = "gpt-4o-mini",
    system: str | None = None,
    replace: bool = False,
    tell: Callable[[int], object] = lambda count: None,
) -> Warmed:
    """Keep the answers of a log, for as long as the cache keeps answers, from now on.

    Through a cached client they are then given to ``chat.completions.create(model=...,
    messages=...)`` without further arguments, where the messages are the system prompt, if there is
    one, and the question; sent to the address of the client that ``cache`` was made with. What is
    asked with more is kept by :meth:`CacheTransport.keep`.

    Args:
        cache: That of a blocking cached client, ``cache_of(client)``, or a ``HybridLLMCache``: with
            its rules of admission, its TTL and its ``fold_case``.
        log: With answers.
        model: The LLM whose answers they are: only requests to it are given them.
        system: The system prompt that they were given under.
        replace: Whether an answer that the cache has already gives way.
        tell: Called with the number of questions that are done.

    Raises:
        ConfigError: The cache is another, or the model has no name.
        InvalidInput: The log has no answers.
        openai.OpenAIError: The embedding API failed.
        CacheUnavailable: Redis failed. With ``on_error="bypass"`` what it did not take may also
            count as skipped.

    Example:
        >>> from semcache import cache_of, cached, connect
        >>> lab = connect(quiet=True)
        >>> client = cached(lab.openai, lab.redis, embedding_model=lab.embedding_model)
        >>> log = Log(["Refund?"], ["Within 14 days."])
        >>> warm(cache_of(client), log, model=lab.chat_model).kept
        1
        >>> asked = [{"role": "user", "content": "Refund?"}]
        >>> reply = client.chat.completions.create(model=lab.chat_model, messages=asked)
        >>> reply.choices[0].message.content, cache_of(client).stats.api_calls
        ('Within 14 days.', 0)
    """
    if log.answer is None:
        raise InvalidInput("the log has no answers: a column answer, or response, holds them")
    check_label("model", model)
    into = _into(cache, model, system)
    newest, without = _newest(log)
    older = len(log) - without - len(newest)
    done = Warmed(older=older, skipped=without)
    for start in range(0, len(newest), _CHUNK):
        some = list(_admitted(cache, newest[start : start + _CHUNK]))
        wanted = [
            one.text for one in some if one.admission.by_similarity and is_embeddable(one.text)
        ]
        batch = getattr(cache.embedding_cache, "get_embeddings_batch", None)
        if wanted and batch is not None:  # another program's may have none
            batch(wanted)  # one call for all; an answer then reads its own
        for one in some:
            what = _became(into, one, cache.options.answer_rules, replace)
            done = done._replace(**{what: getattr(done, what) + 1})
        tell(len(some))
    return done


def _into(cache: object, model: str, system: str | None) -> _Client | _Hybrid:
    if isinstance(cache, CacheTransport):
        return _Client(cache, model, system)
    if isinstance(cache, HybridLLMCache):
        return _Hybrid(cache, model, system)
    raise ConfigError(
        f"cache is {type(cache).__name__}: give cache_of(client) of a blocking cached client, or a "
        "HybridLLMCache"
    )


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


def _admitted(
    cache: CacheTransport | HybridLLMCache, newest: Sequence[tuple[str, str]]
) -> Iterator[_One]:
    for text, answer in newest:
        yield _One(text, answer, may_share(text, cache.options.rules))


def _became(into: _Client | _Hybrid, one: _One, answer_rules: Sequence[Rule], replace: bool) -> str:
    """Keep one answer, as far as the rules let it in; return which count it adds to."""
    if not one.admission.exact or not may_keep(one.answer, answer_rules):
        return "refused"
    if not replace and into.contains(one):
        return "there"
    if one.admission.by_similarity and not is_embeddable(one.text):
        return "skipped"
    return "kept" if into.keep(one) else "skipped"
