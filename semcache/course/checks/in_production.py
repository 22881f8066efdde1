"""Checks of lesson 13: shares by weight, a week's hit rate, days to an alarm, a server's memory."""

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

from semcache.course.exercises import Exercise
from semcache.evaluate import Drift

OBJECTIVES = {
    "13.a": "lead a log to labelled pairs, and from there to a verifier with a promise",
    "13.b": "read a running cache's metrics, and say what they cannot show",
    "13.c": "watch a promise by a sample, and plan how long an alarm takes",
    "13.d": "let a deployment be judged by checks that run, memory among them",
}

QUESTIONS = (
    "Which of your dashboards would have shown the release of week three, and on which day?",
    "Who would read the sample where you work, and how many answers a week?",
)

_SERVED: tuple[tuple[list[Any], float], ...] = (
    ([(1, True), (4, False)], 0.2),
    ([(4, True), (1, False)], 0.8),
    ([(3.4, True), (1.0, False), (1.0, True), (3.4, False)], 0.5),
    ([(0.25, True), (0.5, False)], 1 / 3),
    ([(1, False), (1, False)], 0.0),
    ([(2, True)], 1.0),
    ([(1, True)] + [(2, False)] * 500, 1 / 1001),
    ([], 0.0),
)


def _verify_share(share_wrong: Callable[..., Any]) -> str | None:
    for rows, expected in _SERVED:
        found = share_wrong(list(rows))
        shown = str(rows) if len(rows) < 5 else f"of {len(rows)} rows, one wrong"
        if not _is_number(found):
            return f"share_wrong of {shown} is {found!r}, which is no number."
        if not math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12):
            return f"share_wrong of {shown} is {found:.6g}, and that is not the log's share."
        if found != found or not math.isclose(share_wrong(tuple(rows)), found):
            return "share_wrong gives a tuple of the same rows another share."
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _quiet(looks: int, max_wrong: float = 0.10) -> Drift:
    """A watch that has seen so many answers, one in forty of them wrong."""
    drift = Drift(max_wrong)
    for look in range(looks):
        drift = drift.seen(wrong=look % 40 == 39)
    return drift


class _Endless(Drift):
    """A watch to which a million looks are too few, which would take half a minute to compute."""

    def needs(self, excess: float, after: int = 0, before: float | None = None) -> None:
        """Return at once what a million looks come to."""


def _verify_days(days_to_alarm: Callable[..., Any]) -> str | None:
    for drift, excess in (
        (Drift(0.10), 0.20), (_quiet(200), 0.20), (Drift(0.05), 0.30),
        (Drift(0.10, confidence=0.99), 0.20), (Drift(0.10), 0.10),
    ):  # fmt: skip
        looks = drift.needs(excess, after=drift.looked)
        assert looks is not None
        about = f"after {drift.looked} looks at a promise of {drift.max_wrong:g}"
        for every, served in ((2, 20), (1, looks), (1, looks - 1), (3, looks), (50, 7), (1, 10**6)):
            expected = -(-looks * every // served)
            found = days_to_alarm(drift, excess, every, served)
            if not _is_number(found) or found != expected:
                return (
                    f"{about}, excess {excess:g}, one in {every}, {served:,} a day: needs gives "
                    f"{looks} looks, and days_to_alarm {found!r}."
                )
    if days_to_alarm(_Endless(0.10), 0.20, 2, 20) is not None:
        return "Where needs gives None, days_to_alarm does not."
    return None


def _scrape(exact: int, semantic: int, llm: int) -> dict[str, int]:
    return {"exact": exact, "semantic": semantic, "llm": llm}


_SCRAPES: tuple[tuple[dict[str, int], dict[str, int], float | None], ...] = (
    (_scrape(44, 7, 69), _scrape(90, 17, 113), 0.56),
    (_scrape(0, 0, 0), _scrape(1, 1, 2), 0.5),
    (_scrape(5, 5, 5), _scrape(5, 5, 9), 0.0),
    (_scrape(5, 5, 5), _scrape(8, 5, 5), 1.0),
    (_scrape(3, 2, 1), _scrape(4, 4, 7), 1 / 3),
    (_scrape(5, 5, 5), _scrape(5, 5, 5), None),
    (_scrape(0, 0, 0), _scrape(0, 0, 0), None),
    (_scrape(50, 50, 50), _scrape(3, 1, 4), 0.5),  # all smaller: started anew
    (_scrape(50, 5, 50), _scrape(60, 4, 61), 64 / 125),  # one smaller is enough
    (_scrape(5, 5, 50), _scrape(6, 6, 12), 0.5),
    (_scrape(9, 9, 9), _scrape(0, 0, 0), None),
)


def _verify_hit_rate(hit_rate: Callable[..., Any]) -> str | None:
    for before, after, expected in _SCRAPES:
        found = hit_rate(dict(before), dict(after))
        call = f"from {before} to {after} hit_rate is {found!r}"
        if expected is None:
            if found is not None:
                return f"{call}, but there was no request."
        elif not _is_number(found):
            return f"{call}, which is no number."
        elif not math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12):
            return f"{call}, which is not the share of hits between the two."
    return None


_MEMORY = (
    ("0", "allkeys-lru", False),
    ("2000000000", "allkeys-lru", True),
    ("1", "allkeys-lru", True),
    ("1", "allkeys-random", False),
    ("104857600", "allkeys-lfu", False),
    ("104857600", "volatile-lru", False),
    ("104857600", "volatile-ttl", False),
    ("104857600", "noeviction", False),
    ("0", "noeviction", False),
    ("104857600", "allkeys-lru-old", False),  # no policy of today's
)


def _verify_memory(memory_is_safe: Callable[..., Any]) -> str | None:
    for limit, policy, expected in _MEMORY:
        server = {"maxmemory": limit, "maxmemory-policy": policy, "maxmemory-samples": "5"}
        server |= {"maxmemory-note": "allkeys-lru"}  # no answer to what the policy is
        if bool(memory_is_safe(server)) is not expected:
            return f"With maxmemory {limit} and {policy}, memory_is_safe is not {expected}."
    return None


EXERCISES = (
    Exercise(
        id="13.1",
        objectives=("13.a",),
        name="share_wrong",
        hint="Add up the weights of the wrong ones, and the weights of all; what if that is 0?",
        solution="""
def share_wrong(rows):
    served = sum(weight for weight, _ in rows)
    wrong = sum(weight for weight, is_wrong in rows if is_wrong)
    return wrong / served if served else 0.0
""",
        wrong=(
            """
def share_wrong(rows):
    return sum(wrong for _, wrong in rows) / len(rows) if rows else 0.0
""",
            """
def share_wrong(rows):
    served = sum(weight for weight, _ in rows)
    return sum(weight for weight, wrong in rows if wrong) / served
""",
            """
def share_wrong(rows):
    served = sum(weight for weight, _ in rows)
    return round(sum(weight for weight, wrong in rows if wrong) / served, 2) if served else 0.0
""",
            """
def share_wrong(rows):
    wrong = sum(weight for weight, is_wrong in rows if is_wrong)
    return wrong / len(rows) if rows else 0.0
""",
            """
def share_wrong(rows):
    served = sum(weight for weight, _ in rows)
    return sum(weight for weight, wrong in rows if not wrong) / served if served else 0.0
""",
            """
def share_wrong(rows):
    served = wrong = 0
    while rows:
        weight, is_wrong = rows.pop()
        served, wrong = served + weight, wrong + weight * is_wrong
    return wrong / served if served else 0.0
""",
        ),
        verify=_verify_share,
    ),
    Exercise(
        id="13.2",
        objectives=("13.b",),
        name="hit_rate",
        hint="First settle what to subtract: before, or nothing if any number has shrunk. Then "
        "add up the differences.",
        solution="""
def hit_rate(before, after):
    if any(after[tier] < before[tier] for tier in after):
        before = {tier: 0 for tier in after}
    new = {tier: after[tier] - before[tier] for tier in after}
    requests = sum(new.values())
    return (new["exact"] + new["semantic"]) / requests if requests else None
""",
        wrong=(
            # since the process was started
            """
def hit_rate(before, after):
    requests = sum(after.values())
    return (after["exact"] + after["semantic"]) / requests if requests else None
""",
            # a restart is not noticed
            """
def hit_rate(before, after):
    new = {tier: after[tier] - before[tier] for tier in after}
    requests = sum(new.values())
    return (new["exact"] + new["semantic"]) / requests if requests else None
""",
            # each number by itself
            """
def hit_rate(before, after):
    new = {t: after[t] - before[t] if after[t] >= before[t] else after[t] for t in after}
    requests = sum(new.values())
    return (new["exact"] + new["semantic"]) / requests if requests else None
""",
            # only exact hits count
            """
def hit_rate(before, after):
    if any(after[tier] < before[tier] for tier in after):
        before = {tier: 0 for tier in after}
    new = {tier: after[tier] - before[tier] for tier in after}
    requests = sum(new.values())
    return new["exact"] / requests if requests else None
""",
            # 0.0 where there was nothing
            """
def hit_rate(before, after):
    if any(after[tier] < before[tier] for tier in after):
        before = {tier: 0 for tier in after}
    new = {tier: after[tier] - before[tier] for tier in after}
    return (new["exact"] + new["semantic"]) / max(1, sum(new.values()))
""",
            # rounded
            """
def hit_rate(before, after):
    if any(after[tier] < before[tier] for tier in after):
        before = {tier: 0 for tier in after}
    new = {tier: after[tier] - before[tier] for tier in after}
    requests = sum(new.values())
    return round((new["exact"] + new["semantic"]) / requests, 2) if requests else None
""",
            # the sum has not shrunk, so nothing has
            """
def hit_rate(before, after):
    if sum(after.values()) < sum(before.values()):
        before = {tier: 0 for tier in after}
    new = {tier: after[tier] - before[tier] for tier in after}
    requests = sum(new.values())
    return (new["exact"] + new["semantic"]) / requests if requests else None
""",
        ),
        verify=_verify_hit_rate,
    ),
    Exercise(
        id="13.3",
        objectives=("13.c",),
        name="days_to_alarm",
        hint="drift.needs(excess, after=drift.looked) are answers read; times every, they are "
        "answers served. math.ceil rounds up.",
        solution="""
import math

def days_to_alarm(drift, excess, every, served_a_day):
    looks = drift.needs(excess, after=drift.looked)
    return None if looks is None else math.ceil(looks * every / served_a_day)
""",
        wrong=(
            """
def days_to_alarm(drift, excess, every, served_a_day):
    looks = drift.needs(excess, after=drift.looked)
    return None if looks is None else looks * every // served_a_day
""",
            """
def days_to_alarm(drift, excess, every, served_a_day):
    looks = drift.needs(excess, after=drift.looked)
    return None if looks is None else looks * every // served_a_day + 1
""",
            """
import math

def days_to_alarm(drift, excess, every, served_a_day):
    looks = drift.needs(excess)
    return None if looks is None else math.ceil(looks * every / served_a_day)
""",
            """
import math

def days_to_alarm(drift, excess, every, served_a_day):
    looks = drift.needs(excess, after=drift.looked)
    return None if looks is None else math.ceil(looks / served_a_day)
""",
            """
import math

def days_to_alarm(drift, excess, every, served_a_day):
    return math.ceil(drift.needs(excess, after=drift.looked) * every / served_a_day)
""",
            """
import math
from semcache.evaluate import Drift

def days_to_alarm(drift, excess, every, served_a_day):
    looks = Drift(0.10).needs(excess, after=drift.looked)
    return None if looks is None else math.ceil(looks * every / served_a_day)
""",
        ),
        verify=_verify_days,
    ),
    Exercise(
        id="13.4",
        objectives=("13.d",),
        name="memory_is_safe",
        hint="Both values are texts, and the text '0' counts as true in Python.",
        solution="""
def memory_is_safe(server):
    return int(server["maxmemory"]) > 0 and server["maxmemory-policy"] == "allkeys-lru"
""",
        wrong=(
            """
def memory_is_safe(server):
    return bool(server["maxmemory"]) and server["maxmemory-policy"] == "allkeys-lru"
""",
            """
def memory_is_safe(server):
    return server["maxmemory"] != "0" and server["maxmemory-policy"] != "noeviction"
""",
            """
def memory_is_safe(server):
    return server["maxmemory"] != "0" and server["maxmemory-policy"].startswith("allkeys-")
""",
            """
def memory_is_safe(server):
    return server["maxmemory-policy"] == "allkeys-lru"
""",
            """
def memory_is_safe(server):
    return int(server["maxmemory"]) > 1 and server["maxmemory-policy"] == "allkeys-lru"
""",
            """
def memory_is_safe(server):
    return int(server["maxmemory"]) > 0 and server["maxmemory-policy"].endswith("-lru")
""",
            """
def memory_is_safe(server):
    return int(server["maxmemory"]) > 0 and "allkeys-lru" in server.values()
""",
        ),
        verify=_verify_memory,
    ),
)
