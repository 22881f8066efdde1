"""What rules say of a text: the strictest of those that apply decides."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cachetools import LRUCache

from semcache.locks import Lock
from semcache.sharing.rule import Rule

__all__ = ["Admission", "Verdicts", "strictest"]

REMEMBERED = 1_024  # texts
LONGEST = 1_000  # characters, so that what is remembered takes 4 MB at most


@dataclass(frozen=True)
class Admission:
    """What may be done with a question or an answer, and which rule decided; true if none refused.

    Attributes:
        rule: Of the rules that apply the strictest, the first of them if several are; ``None`` if
            none applies.
    """

    rule: Rule | None = None

    def __bool__(self) -> bool:
        return self.rule is None

    @property
    def by_similarity(self) -> bool:
        """Whether similar questions may share the answer."""
        return self.rule is None

    @property
    def exact(self) -> bool:
        """Whether the exact tier may keep and give the answer."""
        return self.rule is None or self.rule.leaves == "exact"

    @property
    def ttl(self) -> float | None:
        """For how many seconds at most; ``None``: as long as the cache keeps answers."""
        return None if self.rule is None else self.rule.ttl


def strictest(text: str, rules: Sequence[Rule]) -> Admission:
    """Return what the strictest rule that applies leaves; what a test raises is raised here."""
    found: Rule | None = None
    for rule in rules:
        if (found is None or _allows(rule) < _allows(found)) and rule.applies(text):
            found = rule
    return Admission(found)


class Verdicts:
    """What some rules say of questions, remembered for those that are asked again.

    Remembered are the last 1,024 texts of up to 1,000 characters, if every rule is ``pure``; not
    those of which nothing may be kept, such as secrets. Threads may share it.

    Args:
        rules: As they are now; what is added to a list later is not seen.

    Example:
        >>> asked = []
        >>> def test(text): return bool(asked.append(text))
        >>> twice = Verdicts([Rule("pure", "asked once", test, pure=True)])
        >>> bool(twice.of("What is Python?")), bool(twice.of("What is Python?")), len(asked)
        (True, True, 1)
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._remembers = all(rule.pure for rule in self.rules)
        self._known: LRUCache[str, Admission] = LRUCache(REMEMBERED)
        self._lock = Lock()

    def of(self, text: str) -> Admission:
        """Return what the rules say; what a test raises is raised here, and asked again."""
        if not self._remembers or len(text) > LONGEST:
            return strictest(text, self.rules)
        with self._lock:
            known = self._known.get(text)
        if known is None:
            known = strictest(text, self.rules)
            if known.exact:
                with self._lock:
                    self._known[text] = known
        return known


def _allows(rule: Rule) -> float:
    """For how many seconds a rule allows the exact tier."""
    if rule.leaves == "nothing":
        return 0.0
    return math.inf if rule.ttl is None else rule.ttl
