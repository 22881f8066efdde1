"""Checks of lesson 08: a threshold with a promise, the price of an error, how much to label."""

import math
from collections.abc import Callable
from typing import Any

from semcache.course.exercises import Exercise
from semcache.evaluate.binomial import upper_bound

OBJECTIVES = {
    "08.a": "say what a threshold serves, and how much of that is wrong",
    "08.b": "choose a threshold that keeps a promise, or show that there is none",
    "08.c": "weigh a wrong answer against a call of the LLM",
    "08.d": "plan how many pairs to label",
}

QUESTIONS = (
    "What does a wrong answer cost where you work, and who pays it?",
    "Where would two hundred labelled pairs of your own traffic come from, and who would label?",
)

Row = tuple[float, bool]


def _band(score: float, right: int, wrong: int) -> list[Row]:
    return [(score, True)] * right + [(score, False)] * wrong


_GRID = [0.95, 0.90, 0.85]

# rows, threshold, what is wrong otherwise; the limit is 5 %, the doubt 5 %, divided among three
_CHOICES: tuple[tuple[list[Row], float | None, str], ...] = (
    (
        _band(0.96, 100, 0) + _band(0.91, 150, 3) + _band(0.86, 20, 30),
        0.90,
        "with 0 of 100, then 3 of 253, then 33 of 303 wrong, the lowest that passes is 0.90.",
    ),
    (
        _band(0.85, 80, 0) + _band(0.80, 0, 100),
        0.85,
        "a score equal to the threshold is served, and what lies below the grid is not.",
    ),
    (
        _band(0.96, 79, 0) + _band(0.70, 300, 0),
        None,
        "with three thresholds, 79 right answers are one too few: each has a third of the doubt.",
    ),
    (
        _band(0.96, 97, 4),
        None,
        "4 of 101 wrong is a rate within 5 %, but its bound is not.",
    ),
    (
        _band(0.96, 10, 5) + _band(0.91, 900, 5),
        0.85,
        "where a threshold fails, the ones below it may still pass: the doubt is divided already.",
    ),
    (_band(0.70, 500, 0), None, "where no pair reaches a threshold, it fails."),
)


def _verify_choose(choose: Callable[..., Any]) -> str | None:
    for rows, right, complaint in _CHOICES:
        # the order of the rows says nothing
        found = choose(sorted(rows, key=lambda row: row[1]), list(_GRID), 0.05, 0.05, upper_bound)
        if found != right:
            return complaint
    lenient = _band(0.96, 97, 4)
    if choose(lenient, [0.95], 0.10, 0.05, upper_bound) != 0.95:
        return "the limit is not always 5 %: 4 of 101 wrong are within 10 %."
    if choose(_band(0.96, 59, 0), [0.95], 0.05, 0.05, upper_bound) != 0.95:
        return "a single threshold has all of the doubt: 59 right answers are enough."
    if choose(_band(0.96, 45, 0), [0.95], 0.05, 0.10, upper_bound) != 0.95:
        return "the doubt is not always 5 %: at 10 %, a single threshold passes with 45 right ones."
    return None


# calls that a wrong answer costs, probability, what is wrong otherwise
_PRICES: tuple[tuple[float, float, str], ...] = (
    (20, 0.95, "at 20 calls for a wrong answer it is 0.95."),
    (4, 0.75, "at 4 calls for a wrong answer, 3 right ones must pay for a wrong one: 0.75."),
    (1_000, 0.999, "at 1,000 calls for a wrong answer it is 0.999."),
    (1, 0.0, "if a wrong answer costs one call, it costs what it saves: serve from 0.0 on."),
    (0.5, 0.0, "a probability is never below 0, however cheap a wrong answer is."),
    (0, 0.0, "if a wrong answer costs nothing, serve from 0.0 on."),
)


def _verify_serve_from(serve_from: Callable[..., Any]) -> str | None:
    for cost, right, complaint in _PRICES:
        if not math.isclose(serve_from(cost), right, abs_tol=1e-9):
            return complaint
    return None


# limit, confidence, how many, what is wrong otherwise
_PLANS: tuple[tuple[float, float, int, str], ...] = (
    (0.05, 0.95, 59, "for 5 % at 95 % it is 59: with 58, the chance of no error is above 5 %."),
    (0.10, 0.95, 29, "for 10 % at 95 % it is 29."),
    (0.01, 0.95, 299, "for 1 % at 95 % it is 299; the rule of three, 3 / limit, is only near."),
    (0.05, 0.99, 90, "for 5 % at 99 % it is 90: more confidence needs more pairs."),
    (0.5, 0.5, 1, "for 50 % at 50 % one is enough."),
    (0.5, 0.75, 2, "at a limit of 50 %, two right answers leave a doubt of exactly 25 %: enough."),
)


def _verify_needed(needed: Callable[..., Any]) -> str | None:
    for limit, confidence, right, complaint in _PLANS:
        if needed(limit, confidence) != right:
            return complaint
    return None


EXERCISES = (
    Exercise(
        id="08.1",
        objectives=("08.a", "08.b"),
        name="choose",
        hint="Each threshold has doubt / len(grid) of the doubt. At each: how many rows reach it, "
        "how many of those are not right, and what does bound say at the confidence that is left? "
        "Keep the last threshold that passed, None at first; a failure ends nothing.",
        solution="""
def choose(rows, grid, limit, doubt, bound):
    lowest = None
    for threshold in grid:
        served = [right for score, right in rows if score >= threshold]
        if served and bound(served.count(False), len(served), 1 - doubt / len(grid)) <= limit:
            lowest = threshold
    return lowest
""",
        wrong=(
            """
def choose(rows, grid, limit, doubt, bound):
    lowest = None
    for threshold in grid:
        served = [right for score, right in rows if score >= threshold]
        if served and served.count(False) / len(served) <= limit:
            lowest = threshold
    return lowest
""",
            """
def choose(rows, grid, limit, doubt, bound):
    lowest = None
    for threshold in grid:
        served = [right for score, right in rows if score >= threshold]
        if served and bound(served.count(False), len(served), 1 - doubt) <= limit:
            lowest = threshold
    return lowest
""",
            """
def choose(rows, grid, limit, doubt, bound):
    lowest = None
    for threshold in grid:
        served = [right for score, right in rows if score >= threshold]
        if served and bound(served.count(False), len(served), 1 - doubt / len(grid)) <= limit:
            lowest = threshold
        else:
            break
    return lowest
""",
            """
def choose(rows, grid, limit, doubt, bound):
    for threshold in grid:
        served = [right for score, right in rows if score >= threshold]
        if served and bound(served.count(False), len(served), 1 - doubt / len(grid)) <= limit:
            return threshold
    return None
""",
            """
def choose(rows, grid, limit, doubt, bound):
    lowest = None
    for threshold in grid:
        served = [right for score, right in rows if score > threshold]
        if served and bound(served.count(False), len(served), 1 - doubt / len(grid)) <= limit:
            lowest = threshold
    return lowest
""",
            """
def choose(rows, grid, limit, doubt, bound):
    lowest = grid[0]
    for threshold in grid:
        served = [right for score, right in rows if score >= threshold]
        if served and bound(served.count(False), len(served), 1 - doubt / len(grid)) <= limit:
            lowest = threshold
    return lowest
""",
            """
def choose(rows, grid, limit, doubt, bound):
    lowest = None
    for threshold in grid:
        served = [right for score, right in rows if score >= threshold]
        if served and bound(served.count(False), len(rows), 1 - doubt / len(grid)) <= limit:
            lowest = threshold
    return lowest
""",
        ),
        verify=_verify_choose,
    ),
    Exercise(
        id="08.2",
        objectives=("08.c",),
        name="serve_from",
        hint="Serving saves one call for certain, and costs a wrong answer with probability 1 - p. "
        "At which p is the one worth the other?",
        solution="""
def serve_from(cost):
    return max(0.0, 1 - 1 / cost) if cost else 0.0
""",
        wrong=(
            """
def serve_from(cost):
    return cost / (1 + cost)
""",
            """
def serve_from(cost):
    return 1 - 1 / cost if cost else 0.0
""",
            """
def serve_from(cost):
    return 1 / cost if cost else 0.0
""",
            """
def serve_from(cost):
    return max(0.0, 1 - 1 / max(cost, 2))
""",
            """
def serve_from(cost):
    return 0.5
""",
        ),
        verify=_verify_serve_from,
    ),
    Exercise(
        id="08.3",
        objectives=("08.d",),
        name="needed",
        hint="n answers in a row are right with probability (1 - limit) ** n if the true rate is "
        "the limit. Count n up until that is no longer above 1 - confidence.",
        solution="""
def needed(limit, confidence):
    n = 1
    while (1 - limit) ** n > 1 - confidence:
        n += 1
    return n
""",
        wrong=(
            """
def needed(limit, confidence):
    return round(3 / limit)
""",
            """
def needed(limit, confidence):
    return int(np.log(1 - confidence) / np.log(1 - limit))
""",
            """
def needed(limit, confidence):
    n = 1
    while limit**n > 1 - confidence:
        n += 1
    return n
""",
            """
def needed(limit, confidence):
    return round(1 / limit)
""",
            """
def needed(limit, confidence):
    n = 1
    while (1 - limit) ** n >= 1 - confidence:
        n += 1
    return n
""",
        ),
        verify=_verify_needed,
    ),
)
