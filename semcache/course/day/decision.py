"""What somebody decides about a cache, and what speaks against it on a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from semcache.course.day.causes import CUSTOMER
from semcache.course.day.day import Day, Outcome
from semcache.replay import Design
from semcache.sharing import DEFAULT_RULES, Rule

__all__ = ["Decision", "complaint"]

MOST = 0.05  # a promise above it is none that somebody would sign


@dataclass(frozen=True)
class Decision:
    """A cache, what it keeps apart, and what it promises.

    Attributes:
        design: Which tiers, threshold, verifier, TTLs, memory.
        promise: At most this share of what is served is wrong, in (0, 1).
        rules: What is not shared, or not kept, whatever the similarity.
        apart: Columns of the log whose values share no answers: ``"tenant"``, ``"language"``.
        day: On which it is judged; the support desk's if none is given.
    """

    design: Design
    promise: float
    rules: Sequence[Rule] = ()
    apart: Sequence[str] = ()
    day: Day | None = None

    def outcomes(self) -> tuple[Outcome, Outcome]:
        """Return what the day comes to without a cache, and with this one."""
        day = self.day or _ours()
        both = [Design("no cache", "none"), self.design]
        none, own = day.replay(both, rules=self.rules, apart=self.apart)
        return none, own


def complaint(decision: Decision) -> str | None:
    """Return what speaks against a decision on its day, in one sentence; ``None`` if nothing.

    Raises:
        ConfigError: A rule or an option of it cannot be used.
    """
    return _in_itself(decision) or _on_the_day(decision)


def _in_itself(decision: Decision) -> str | None:
    day = decision.day or _ours()
    if not day.known:
        return "the day has no labels, so no promise can be checked on it: see the column label."
    if not 0 < decision.promise <= MOST:
        return f"a promise of {decision.promise:g} is none: state a share above 0, up to {MOST:g}."
    memory, node = decision.design.memory, day.terms.node_mb
    if decision.design.kind == "none":
        return None
    if memory is None:
        return f"memory is not bound, and the node has {node:g} MB: say how much the cache takes."
    if memory > node * 1e6:
        return f"memory is {memory / 1e6:g} MB, and the node has {node:g} MB."
    return None


def _on_the_day(decision: Decision) -> str | None:
    none, own = decision.outcomes()
    if decision.design.kind == "none":
        return _without(decision.day or _ours(), none)
    if own.causes[CUSTOMER]:
        return f"{own.causes[CUSTOMER]} answers went to another customer than the one they are for."
    if own.at_most > decision.promise:
        why = ", ".join(f"{n} {cause}" for cause, n in own.causes.items() if n) or "none seen"
        digits = 1 if round(own.at_most, 3) > round(decision.promise, 3) else 3
        return (
            f"{own.wrong.count} of {own.wrong.of} served are wrong ({why}), so up to "
            f"{own.at_most:.{digits}%} may be, and the promise is {decision.promise:.{digits}%}."
        )
    if own.dollars >= none.dollars:
        return f"it costs ${own.dollars:.2f} a day with its node, and no cache ${none.dollars:.2f}."
    return None


def _without(day: Day, none: Outcome) -> str | None:
    """No cache is a choice where the plainest one does not pay."""
    plain = Design("plain", "exact", ttl=None, memory=day.terms.node_mb * 1e6)
    (least,) = day.replay([plain], rules=DEFAULT_RULES, apart=["tenant"])
    if least.dollars >= none.dollars:
        return None
    return "no cache is what the others are compared with, and on this day a plain one pays."


@cache
def _ours() -> Day:
    return Day.ours()
