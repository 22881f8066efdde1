"""Checks of lesson 01: the bill, the break-even, the wait."""

import math
from collections.abc import Callable
from typing import Any

from semcache.course.exercises import Exercise

OBJECTIVES = {
    "01.a": "compute what a workload costs with and without a cache, Redis included",
    "01.b": "say from how much traffic on a cache pays for its Redis",
    "01.c": "compute how long callers wait with a cache, on a hit and on a miss",
}

QUESTIONS = (
    "What are the four numbers of your own service: requests a day, tokens, hit rate, Redis bill?",
    "Which of them did you measure, and which did you guess?",
)


def _near(value: Any, expected: float) -> bool:
    return math.isclose(float(value), expected, rel_tol=1e-6, abs_tol=1e-12)


def _verify_bill(monthly_bill: Callable[..., Any]) -> str | None:
    day = (10_000, 50, 0.00002)
    if not _near(monthly_bill(*day, 0, 0), 0.30):
        return "without a hit and without Redis, the document's day costs $0.30 a month."
    if not _near(monthly_bill(*day, 1, 0), 0):
        return "when every request is a hit and Redis is free, nothing is left to pay."
    if not _near(monthly_bill(*day, 0.8, 0), 0.06):
        return "at a hit rate of 0.8 only the misses, a fifth of the calls, are paid for."
    if not _near(monthly_bill(*day, 0.8, 12), 12.06):
        return "Redis is paid for once a month, in full, whatever the hit rate."
    if not _near(monthly_bill(500, 200, 0.0001, 0.5, 7), 7.15):
        return "it is right for the document's day, but not for another one."
    return None


def _verify_break_even(queries_to_break_even: Callable[..., Any]) -> str | None:
    if not _near(queries_to_break_even(0.000001, 1, 30), 1_000_000):
        return (
            "a million hits a day at a millionth of a dollar save $1 a day: $30 a month, "
            "and that should be the answer for a Redis at $30."
        )
    if not _near(queries_to_break_even(0.000001, 0.8, 12), 500_000):
        return "only hits save anything; at a hit rate of 0.8 more queries are needed than at 1."
    if not _near(queries_to_break_even(0.0002, 0.25, 12), 8_000):
        return "it is right for embeddings, but not for something that costs more."
    if queries_to_break_even(0.000001, 0, 12) != math.inf:
        return 'without hits no traffic pays for Redis, however large: that is float("inf").'
    return None


def _verify_wait(mean_wait: Callable[..., Any]) -> str | None:
    if not _near(mean_wait(1, 0.3, 0.001), 0.001):
        return "when every request is a hit, each waits for the cache and for nothing else."
    if not _near(mean_wait(0, 0.3, 0.1), 0.4):
        return "a miss has asked the cache first: it waits for both."
    if not _near(mean_wait(0.8, 0.3, 0.001), 0.061):
        return "at a hit rate of 0.8, 0.3 s and 0.001 s the mean is not right."
    if not _near(mean_wait(0.25, 2, 0.5), 2.0):
        return "it is right where the cache is fast, but not where it takes half a second."
    return None


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
        ),
        verify=_verify_bill,
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
        ),
        verify=_verify_break_even,
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
        ),
        verify=_verify_wait,
    ),
)
