"""What a cache has done so far: one set of counters for every cache."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, TypedDict, Unpack

from semcache.locks import Lock

__all__ = ["Observer", "Stats"]

log = logging.getLogger("semcache")

Observer = Callable[[object], object]  # called with what semcache.observing describes


class Counts(TypedDict, total=False):
    """The counters by name, for a type checker."""

    hits: int
    misses: int
    joined: int
    api_calls: int
    tokens: int
    errors: int
    stale: int
    bypassed: int
    overloads: int
    refused: int
    evictions: int


@dataclass(repr=False)
class Stats:
    """Counters of one cache, safe to update from many threads.

    Attributes:
        hits: Lookups answered from the cache.
        misses: Lookups that were not.
        joined: Misses that waited for another caller's API call instead of paying for their own.
        api_calls: Requests the API has answered.
        tokens: Tokens the API has charged for.
        errors: Damaged entries found, and Redis operations that failed.
        stale: Answers that were served because the LLM failed: expired, or to be renewed.
        bypassed: Operations for which Redis was not asked, since it had just failed.
        overloads: Operations that found no free connection in the client's pool in time.
        refused: Requests that a rule of admission kept from the cache, or from similarity.
        evictions: Entries pushed out to make room: of memory, or by a cap on a scope's answers.
        observers: Who is told more than numbers; see :mod:`semcache.observing`.

    Example:
        >>> stats = Stats()
        >>> stats.count(hits=3, misses=2)
        >>> stats.lookups, f"{stats.hit_rate:.1%}"
        (5, '60.0%')
        >>> Stats().hit_rate
        0.0
    """

    hits: int = 0
    misses: int = 0
    joined: int = 0
    api_calls: int = 0
    tokens: int = 0
    errors: int = 0
    stale: int = 0
    bypassed: int = 0
    overloads: int = 0
    refused: int = 0
    evictions: int = 0
    _lock: threading.Lock = field(default_factory=Lock, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.observers: tuple[Observer, ...] = ()
        self._told: set[int] = set()  # whose first error was told

    def count(self, **more: Unpack[Counts]) -> None:
        """Add to the counters, all of them in one step."""
        counters = vars(self)
        with self._lock:
            for name, number in more.items():
                counters[name] += number

    def __repr__(self) -> str:
        """The usual counters, and of the rest those that have counted anything."""
        usual = ("hits", "misses", "api_calls", "tokens", "errors", "evictions")
        counts = self.as_dict().items()
        shown = [f"{name}={count}" for name, count in counts if count or name in usual]
        return f"Stats({', '.join(shown)})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy the numbers, as a worker sends them; observers stay where they are."""
        return Stats, tuple(self.as_dict().values())

    @property
    def lookups(self) -> int:
        """How many lookups were counted: hits + misses."""
        with self._lock:
            return self.hits + self.misses

    @property
    def hit_rate(self) -> float:
        """Hits divided by lookups, in [0, 1]; 0.0 before the first lookup."""
        counts = self.as_dict()
        lookups = counts["hits"] + counts["misses"]
        return counts["hits"] / lookups if lookups else 0.0

    def as_dict(self) -> dict[str, int]:
        """Return the counters as a plain dictionary, for a log line or a metric."""
        with self._lock:
            return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "_lock"}

    def reset(self) -> None:
        """Set every counter back to zero."""
        with self._lock:
            for f in fields(self):
                if f.name != "_lock":
                    setattr(self, f.name, 0)

    def observe(self, observer: Observer) -> None:
        """Tell an observer, too, from now on."""
        with self._lock:
            self.observers = (*self.observers, observer)

    def forget(self, observer: Observer) -> None:
        """Tell an observer no more."""
        with self._lock:
            self.observers = tuple(one for one in self.observers if one != observer)

    def tell(self, event: object) -> None:
        """Tell the observers; one that raises is counted, and the first error of each is told."""
        for observer in self.observers:
            try:
                observer(event)
            except Exception:
                self.count(errors=1)
                if id(observer) not in self._told:
                    self._told.add(id(observer))
                    log.exception("an observer of the cache failed; the request goes on")
