"""The options of every cache of answers, as one value."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from semcache.answers.callbacks import check_plain, fingerprint_of
from semcache.answers.match import Verifier
from semcache.errors import ConfigError
from semcache.expiry import check_ttl
from semcache.index.base import Index, IndexSettings
from semcache.index.choose import best_index
from semcache.options import (
    as_number,
    check_callable,
    check_count,
    check_flag,
    check_jitter,
    check_on_error,
    check_scope,
    check_seconds,
)
from semcache.sharing import Rule

__all__ = ["AnswerOptions", "check_threshold"]

BEST_INDEX = best_index()


@dataclass(frozen=True, kw_only=True)
class AnswerOptions:
    """What a cache of answers is told at construction; refuses what cannot work.

    Where it says seconds, a ``timedelta`` will do, too.

    Attributes:
        scope: Who shares the answers; part of every key.
        threshold: Least similarity to serve an answer. Depends on the model: choose it from
            labelled pairs, as lesson 08 does.
        ttl: Seconds an answer lives, or a ``timedelta``; ``None`` for ever.
        index: The class that keeps and finds entries; ``best_index()``, which is ``MatrixIndex``,
            if not given.
        verifier: Asked about candidates above the threshold, the most similar first, until it
            accepts one; none by default. It answers True or False, and is not awaited; its
            ``fingerprint``, if it has one, is a text.
        judge_from: Least similarity of a candidate that was not served to be noted for
            ``judge_near_misses``; ``None`` to note none.
        jitter: In [0, 1): each TTL is shortened by a random part of up to this much, so that
            answers written together do not all expire together.
        renew_ahead: Seconds before its expiry from about when an answer is renewed by one caller,
            while the others are served the old one, and so is that caller if the LLM fails or what
            it says may not be kept, unless a stream has begun; 0 for not at all.
        stale_if_error: Seconds that the exact tier keeps an answer beyond its expiry, to be served,
            counted and told, while the LLM fails.
        rules: Which questions may not be shared, or not by similarity; see
            :mod:`semcache.sharing`. None by default: the lessons' questions are all harmless.
        answer_rules: Which answers are not kept; none by default.
        refuse_excess: Whether an answer is refused, whatever the similarity, to a question that
            stands word for word in the one it was given to, which said more: see
            :mod:`semcache.sharing.excess`.
        keep_calls: Whether the exact tier keeps replies that call a tool, where a cache takes such
            requests at all; they are never found by similarity.
        hit_takes: Seconds that a hit takes at least, so that its time does not tell one who asks
            whether somebody asked before; 0 for as fast as can be.
        lease: Seconds that one process has to answer a new question while the others wait for it,
            looking into the exact tier, which HybridLLMCache has; 0 for not at all.
        max_entries: How many answers the scope may hold, of one embedding model; the oldest give
            way, with their copies. ``None`` for no cap.
        max_entries_per_asker: How many of them one asker, named by the request, may give rise to:
            beyond that the asker's own oldest give way. ``None`` for no cap.
        on_error: What happens when Redis fails: ``"bypass"`` counts the error and goes on without
            it; ``"raise"`` raises :class:`CacheUnavailable`.
        clock: Seconds since the epoch; tests turn it by hand.

    Raises:
        ConfigError: An option that cannot work; the message says what to change.
    """

    scope: str = "default"
    threshold: float = 0.9
    ttl: float | timedelta | None = 3_600
    index: Callable[[IndexSettings], Index] = BEST_INDEX
    verifier: Verifier | None = None
    judge_from: float | None = None
    jitter: float = 0.0
    renew_ahead: float = 0.0
    stale_if_error: float = 0.0
    lease: float = 0.0
    rules: Sequence[Rule] = ()
    answer_rules: Sequence[Rule] = ()
    refuse_excess: bool = False
    keep_calls: bool = False
    hit_takes: float = 0.0
    max_entries: int | None = None
    max_entries_per_asker: int | None = None
    on_error: Literal["bypass", "raise"] = "bypass"
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        check_scope(self.scope)
        checked: dict[str, float] = {"threshold": check_threshold(self.threshold)}
        check_ttl(self.ttl)
        check_on_error(self.on_error)
        check_index(self.index)
        check_callable("clock", self.clock, "a function that returns seconds, such as time.time")
        for name in ("refuse_excess", "keep_calls"):
            check_flag(name, getattr(self, name))
        for name in ("rules", "answer_rules"):
            vars(self)[name] = check_rules(name, getattr(self, name))
        check_plain("verifier", self.verifier)
        check_plain("verifier.score", getattr(self.verifier, "score", None))
        fingerprint_of(self.verifier)
        if self.judge_from is not None:
            checked["judge_from"] = check_threshold(self.judge_from, "judge_from")
        checked["jitter"] = check_jitter(self.jitter)
        for name in ("renew_ahead", "stale_if_error", "lease", "hit_takes"):
            checked[name] = check_seconds(name, getattr(self, name))
        for name in ("max_entries", "max_entries_per_asker"):
            if getattr(self, name) is not None:
                wanted = "a number of answers, at least 1, or None"
                checked[name] = check_count(name, getattr(self, name), 1, wanted)
        vars(self).update(checked)  # numbers of Python's own, for JSON

    @property
    def is_capped(self) -> bool:
        """Whether there is a cap on entries."""
        return self.max_entries is not None or self.max_entries_per_asker is not None

    @property
    def seconds(self) -> float | None:
        """Seconds an answer lives; ``None`` for ever."""
        return check_ttl(self.ttl)


def check_index(index: object) -> None:
    """Refuse what makes no index, such as an index that is made already.

    Raises:
        ConfigError: It cannot be called, or is a class of something else.
    """
    check_callable("index", index, "a class, such as MatrixIndex")
    if isinstance(index, type) and not issubclass(index, Index):
        raise ConfigError(f"index is {index!r}: give a class of index, such as MatrixIndex")


def check_rules(name: str, rules: object) -> tuple[Rule, ...]:
    """Return rules as they are now; what is added to a list later is not seen.

    Raises:
        ConfigError: They are no collection of rules.
    """
    found = tuple(rules) if isinstance(rules, Iterable) else (rules,)
    if not isinstance(rules, Iterable) or not all(isinstance(rule, Rule) for rule in found):
        raise ConfigError(f"{name} is {rules!r}: give a list of semcache.Rule; see DEFAULT_RULES")
    return found


def check_threshold(threshold: float, name: str = "threshold") -> float:
    """Return a threshold that is a cosine; ``name`` is what the message calls it.

    Raises:
        ConfigError: It is no number in [-1, 1].
    """
    cosine = None if isinstance(threshold, timedelta) else as_number(threshold)
    if cosine is None or not -1 <= cosine <= 1:
        raise ConfigError(f"{name} is {threshold!r}: a similarity lies between -1 and 1")
    return cosine
