"""Which class of answers takes which options: for a type checker, and when one is made.

What has no effect is refused. ``SemanticCache`` finds and keeps answers by similarity;
``SemanticLLMCache`` also asks an LLM, and rules decide what is shared; ``HybridLLMCache`` also has
the exact tier; and ``cached(client)`` also sees replies that are more than a text.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, TypedDict

from semcache.answers.completion import Admit
from semcache.answers.match import Embeds, Verifier
from semcache.answers.options import AnswerOptions
from semcache.errors import ConfigError
from semcache.index.base import Index, IndexSettings
from semcache.options import options_of
from semcache.sharing import Rule

__all__ = [
    "LLMKeywords",
    "SemanticKeywords",
    "TierKeywords",
    "TransportKeywords",
    "answer_options",
]


class _Similar(TypedDict, total=False):
    scope: str
    threshold: float
    ttl: float | timedelta | None
    index: Callable[[IndexSettings], Index]
    verifier: Verifier | None
    judge_from: float | None
    jitter: float
    max_entries: int | None
    on_error: Literal["bypass", "raise"]
    clock: Callable[[], float]


class _Asking(TypedDict, total=False):
    hit_takes: float
    max_entries_per_asker: int | None
    embedding_cache: Embeds | None
    embedding_model: str | None
    embed_within: float | None


class _Exact(TypedDict, total=False):
    renew_ahead: float
    stale_if_error: float
    lease: float
    fold_case: bool
    fold_spaces: bool


class _Calling(TypedDict, total=False):
    keep_calls: bool


class SemanticKeywords(_Similar, total=False):
    """The options of ``SemanticCache``."""

    refuse_excess: bool


class LLMKeywords(SemanticKeywords, _Asking, total=False):
    """The options of ``SemanticLLMCache``."""

    rules: Sequence[Rule]
    answer_rules: Sequence[Rule]
    admit: Admit


class TierKeywords(LLMKeywords, _Exact, total=False):
    """The options of ``HybridLLMCache``."""


class TransportKeywords(_Similar, _Asking, _Exact, _Calling, total=False):
    """The options of ``CacheTransport`` but for those that it spells out."""


def names_of(keywords: Any) -> frozenset[str]:
    """Return the names that a class of keywords has, with those that it inherits."""
    names: frozenset[str] = keywords.__optional_keys__
    return names


TAKES = {
    "SemanticCache": names_of(SemanticKeywords),
    "SemanticLLMCache": names_of(LLMKeywords),
    "HybridLLMCache": names_of(TierKeywords),
    "cached(client)": names_of(TierKeywords) | names_of(_Calling) | {"standalone"},
}


def answer_options(given: Mapping[str, Any], face: type, takes: str) -> AnswerOptions:
    """Return options as one value; refuse one that would have no effect, and say where it has.

    Args:
        given: What is left of the options after the classes have taken what they spell out.
        face: The class that is made.
        takes: Which of :data:`TAKES` says what it takes.

    Raises:
        ConfigError: There is no such option, this class has no use for it, or it cannot work.
    """
    for name in given:
        takers = [taker for taker, names in TAKES.items() if name in names]
        if takers and takes not in takers:
            *others, last = takers
            listed = f"{', '.join(others)} and {last}" if others else last
            raise ConfigError(
                f"{name} is an option of {listed}: {face.__name__} would do nothing with it"
            )
    return options_of(AnswerOptions, given, face, takes=TAKES[takes])
