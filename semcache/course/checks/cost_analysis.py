"""Checks of lesson 01: the bill, the break-even, the wait."""

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from numbers import Real
from typing import Any

from semcache.course.exercises import Exercise
from semcache.lab.prices import exact

OBJECTIVES = {
    "01.a": "compute what a workload costs with and without a cache, Redis included",
    "01.b": "say from how much traffic on a cache pays for its Redis",
    "01.c": "compute how long callers wait with a cache, on a hit and on a miss",
}

QUESTIONS = (
    "What are the four numbers of your own service: requests a day, tokens, hit rate, Redis bill?",
    "Which of them did you measure, and which did you guess?",
)


_NO_ROUNDING = 1_000  # from here on, a difference of less than 2 can only come from rounding


def _near(value: Any, expected: float) -> bool:
    return math.isclose(float(value), expected, rel_tol=1e-6, abs_tol=1e-12)


def _first_wrong(
    function: Callable[..., Any],
    *,
    name: str,
    cases: Sequence[tuple[tuple[float, ...], float, str]],
) -> str | None:
    """Return what is wrong in the first case that is not right.

    A case is the arguments, the result, and what to say when another result comes out. Each
    argument is varied alone, and rounding is looked for, before what is hard.
    """
    for arguments, expected, complaint in cases:
        call = ", ".join(f"{exact(value):f}" for value in arguments)  # 0.000001 and not 1e-06
        try:
            found = function(*arguments)
        except ZeroDivisionError:
            return f"{name}({call}) raised ZeroDivisionError: {complaint}"
        if found is None:
            return f"{name}({call}) returned nothing: return the number, do not print it."
        if not isinstance(found, Real | Decimal) or isinstance(found, bool):
            return f"the answer is a number, not {type(found).__name__}."
        if _near(found, expected):
            continue
        if math.inf > expected >= _NO_ROUNDING and abs(float(found) - expected) < 2:
            return (
                f"{name}({call}) should be {expected:,.6f}, not {float(found):,.6f}: no rounding."
            )
        return complaint
    return None


_BILLS = (
    (
        (10_000, 50, 0.00002, 0, 0),
        0.30,
        "with a hit rate of 0 and Redis at $0, monthly_bill(10_000, 50, 0.00002, 0, 0) "
        "should be 0.30.",
    ),
    ((30_000, 50, 0.00002, 0, 0), 0.90, "three times as many queries cost three times as much."),
    ((10_000, 150, 0.00002, 0, 0), 0.90, "queries three times as long cost three times as much."),
    (
        (10_000, 50, 0.0001, 0, 0),
        1.50,
        "a price five times as high makes a bill five times as high.",
    ),
    (
        (10_000, 50, 0.00002, 0, 12),
        12.30,
        "Redis is paid for while it runs, also at a hit rate of 0.",
    ),
    ((7, 50, 0.00002, 0, 0), 0.00021, "a small bill is a bill: do not round."),
    (
        (10_000, 50, 0.00002, 1, 0),
        0,
        "when every request is a hit and Redis is free, nothing is left to pay.",
    ),
    (
        (10_000, 50, 0.00002, 0.8, 0),
        0.06,
        "at a hit rate of 0.8 only the misses, a fifth of the calls, are paid for.",
    ),
    (
        (10_000, 50, 0.00002, 1, 12),
        12,
        "Redis is paid for also when every request is a hit: once a month, in full.",
    ),
    (
        (10_000, 50, 0.00002, 0.8, 12),
        12.06,
        "Redis is paid for once a month, in full, whatever the hit rate.",
    ),
    (
        (500, 200, 0.0001, 0.5, 7),
        7.15,
        "it is right for 10,000 queries of 50 tokens, but monthly_bill(500, 200, 0.0001, 0.5, 7) "
        "should be 7.15.",
    ),
)

_BREAK_EVENS = (
    (
        (0.000001, 1, 30),
        1_000_000,
        "a million hits a day at a millionth of a dollar save $1 a day, $30 a month; "
        "so for a Redis at $30 and a hit rate of 1 the answer is 1,000,000.",
    ),
    ((0.000001, 1, 90), 3_000_000, "a Redis three times as dear needs three times the queries."),
    ((0.0002, 1, 30), 5_000, "it is right for embeddings, but not for something that costs more."),
    ((0.07, 1, 12), 5.714285714285714, "5.71 and more digits are meant: do not round."),
    (
        (0.000001, 0.8, 12),
        500_000,
        "only hits save anything; at a hit rate of 0.8 more queries are needed than at 1.",
    ),
    (
        (0.0002, 0.25, 12),
        8_000,
        "it is right at a hit rate of 0.8, but not at one of 0.25.",
    ),
    (
        (0.0007, 0.3, 12),
        1_904.761904761905,
        "queries_to_break_even(0.0007, 0.3, 12) should be 1,904.76 and more digits.",
    ),
    (
        (0.000001, 0.8, 0),
        0,
        "a Redis that costs nothing needs no queries to pay for it: 0.",
    ),
    (
        (0.00000001, 0.01, 120),
        40_000_000_000,
        "however many queries it takes, as long as hits save something they are a number.",
    ),
    (
        (0, 0.5, 12),
        math.inf,
        'calls that cost nothing pay for no Redis, however many hit; that is float("inf").',
    ),
    (
        (0.000001, 0, 12),
        math.inf,
        'without hits no traffic pays for Redis, however large; that is float("inf").',
    ),
)

_WAITS = (
    (
        (1, 0.3, 0.001),
        0.001,
        "when every request is a hit, each waits for the cache and for nothing else.",
    ),
    ((0, 0.3, 0.1), 0.4, "a miss has asked the cache first: it waits for both."),
    ((0, 2, 0.1), 2.1, "it is right for a call of 0.3 s, but not for one of 2 s."),
    (
        (0, 0.3, 0.5),
        0.8,
        "it is right where the cache is fast, but not where it takes half a second.",
    ),
    ((0, 0.0004, 0.0001), 0.0005, "fractions of a millisecond count, too: do not round."),
    ((0.8, 0.3, 0.001), 0.061, "at a hit rate of 0.8, 0.3 s and 0.001 s the mean is not right."),
    ((0.25, 2, 0.5), 2.0, "it is right at a hit rate of 0.8, but not at one of 0.25."),
    ((0.5, 0.0004, 0.00011), 0.00031, "fractions of a millisecond count, too: do not round."),
)


EXERCISES = (
    Exercise(
        id="01.1",
        objectives=("01.a",),
        name="monthly_bill",
        hint="Work out one call, then a day of misses, then 30 days. Redis comes last.",
        solution="""
def monthly_bill(daily_queries, tokens, price_per_1k, hit_rate, redis_per_month):
    cost_per_query = tokens / 1000 * price_per_1k
    misses = daily_queries * (1 - hit_rate)
    return 30 * misses * cost_per_query + redis_per_month
""",
        wrong=(
            """
def monthly_bill(daily_queries, tokens, price_per_1k, hit_rate, redis_per_month):
    return 30 * daily_queries * (1 - hit_rate) * tokens / 1000 * price_per_1k
""",
            """
def monthly_bill(daily_queries, tokens, price_per_1k, hit_rate, redis_per_month):
    return 30 * daily_queries * hit_rate * tokens / 1000 * price_per_1k + redis_per_month
""",
            """
def monthly_bill(daily_queries, tokens, price_per_1k, hit_rate, redis_per_month):
    calls = daily_queries * tokens / 1000 * price_per_1k
    return 30 * (1 - hit_rate) * (calls + redis_per_month)
""",
            """
def monthly_bill(daily_queries, tokens, price_per_1k, hit_rate, redis_per_month):
    return 30 * daily_queries * (1 - hit_rate) * tokens * price_per_1k + redis_per_month
""",
            """
def monthly_bill(daily_queries, tokens, price_per_1k, hit_rate, redis_per_month):
    return daily_queries * (1 - hit_rate) * tokens / 1000 * price_per_1k + redis_per_month
""",
            """
def monthly_bill(daily_queries, tokens, price_per_1k, hit_rate, redis_per_month):
    calls = 30 * daily_queries * (1 - hit_rate) * tokens / 1000 * price_per_1k
    return calls + (redis_per_month if hit_rate else 0)
""",
            """
def monthly_bill(daily_queries, tokens, price_per_1k, hit_rate, redis_per_month):
    calls = 30 * daily_queries * (1 - hit_rate) * tokens / 1000 * price_per_1k
    return round(calls + redis_per_month, 2)
""",
            """
def monthly_bill(daily_queries, tokens, price_per_1k, hit_rate, redis_per_month):
    if hit_rate == 1:
        return 0
    return 30 * daily_queries * (1 - hit_rate) * tokens / 1000 * price_per_1k + redis_per_month
""",
            """
def monthly_bill(daily_queries, tokens, price_per_1k, hit_rate, redis_per_month):
    print(30 * daily_queries * (1 - hit_rate) * tokens / 1000 * price_per_1k + redis_per_month)
""",
        ),
        verify=partial(_first_wrong, name="monthly_bill", cases=_BILLS),
    ),
    Exercise(
        id="01.2",
        objectives=("01.b",),
        name="queries_to_break_even",
        hint="What does one query a day, hit or miss, save in a month on average?",
        solution="""
def queries_to_break_even(cost_per_query, hit_rate, redis_per_month):
    saved_by_one = 30 * hit_rate * cost_per_query
    return redis_per_month / saved_by_one if saved_by_one else float("inf")
""",
        wrong=(
            """
def queries_to_break_even(cost_per_query, hit_rate, redis_per_month):
    return redis_per_month / (30 * cost_per_query)
""",
            """
def queries_to_break_even(cost_per_query, hit_rate, redis_per_month):
    return redis_per_month / (30 * hit_rate * cost_per_query)
""",
            """
def queries_to_break_even(cost_per_query, hit_rate, redis_per_month):
    return redis_per_month / (hit_rate * cost_per_query) if hit_rate else float("inf")
""",
            """
def queries_to_break_even(cost_per_query, hit_rate, redis_per_month):
    missed = 30 * (1 - hit_rate) * cost_per_query
    return redis_per_month / missed if missed else float("inf")
""",
            """
def queries_to_break_even(cost_per_query, hit_rate, redis_per_month):
    saved_by_one = 30 * hit_rate * cost_per_query
    return round(redis_per_month / saved_by_one) if saved_by_one else float("inf")
""",
            """
def queries_to_break_even(cost_per_query, hit_rate, redis_per_month):
    return redis_per_month / (30 * hit_rate * cost_per_query) if hit_rate else float("inf")
""",
            """
def queries_to_break_even(cost_per_query, hit_rate, redis_per_month):
    saved_by_one = 30 * hit_rate * cost_per_query
    return redis_per_month / saved_by_one if saved_by_one else "inf"
""",
            """
def queries_to_break_even(cost_per_query, hit_rate, redis_per_month):
    saved_by_one = 30 * hit_rate * cost_per_query
    return redis_per_month / saved_by_one if saved_by_one and redis_per_month else float("inf")
""",
            """
def queries_to_break_even(cost_per_query, hit_rate, redis_per_month):
    saved_by_one = 30 * hit_rate * cost_per_query
    needed = redis_per_month / saved_by_one if saved_by_one else float("inf")
    return needed if needed < 1e9 else float("inf")
""",
        ),
        verify=partial(_first_wrong, name="queries_to_break_even", cases=_BREAK_EVENS),
    ),
    Exercise(
        id="01.3",
        objectives=("01.c",),
        name="mean_wait",
        hint="Every request asks the cache. What do the misses wait for in addition?",
        solution="""
def mean_wait(hit_rate, api_seconds, cache_seconds):
    return cache_seconds + (1 - hit_rate) * api_seconds
""",
        wrong=(
            """
def mean_wait(hit_rate, api_seconds, cache_seconds):
    return hit_rate * cache_seconds + (1 - hit_rate) * api_seconds
""",
            """
def mean_wait(hit_rate, api_seconds, cache_seconds):
    return cache_seconds + hit_rate * api_seconds
""",
            """
def mean_wait(hit_rate, api_seconds, cache_seconds):
    return (1 - hit_rate) * (cache_seconds + api_seconds)
""",
            """
def mean_wait(hit_rate, api_seconds, cache_seconds):
    return (1 - hit_rate) * api_seconds
""",
            """
def mean_wait(hit_rate, api_seconds, cache_seconds):
    return cache_seconds + (1 - hit_rate) * 0.3
""",
        ),
        verify=partial(_first_wrong, name="mean_wait", cases=_WAITS),
    ),
)
