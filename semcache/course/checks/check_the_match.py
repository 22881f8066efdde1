"""Checks of lesson 09: what a verifier costs, what a probability is for, what a judge is worth."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from semcache.course.exercises import Exercise

OBJECTIVES = {
    "09.a": "refuse, by reading the two texts, what no threshold separates",
    "09.b": "find out whether a verifier helps or harms on ordinary questions",
    "09.c": "fit a verifier on your own pairs, check it on others, and deploy it",
    "09.d": "say what a slower judge would add, and what it costs",
}

QUESTIONS = (
    "Which two questions of your users differ in one word and need two answers? Which need one?",
    "What does a wrong answer cost where you work, in calls of the LLM, and who pays it?",
)

Row = tuple[float, bool, bool]

# rows (similarity, accepted, same), threshold, right answers lost and wrong ones stopped, complaint
_EFFECTS: tuple[tuple[list[Row], float, tuple[int, int], str], ...] = (
    (
        [(0.95, True, True), (0.95, False, True), (0.95, False, False), (0.95, True, False)],
        0.9,
        (1, 1),
        "of four served, one right and one wrong answer are refused: (1, 1).",
    ),
    (
        [(0.95, False, True)] * 3 + [(0.95, False, False)],
        0.9,
        (3, 1),
        "three right answers and a wrong one are refused: (3, 1), the right ones first.",
    ),
    (
        [(0.80, False, True), (0.80, False, False), (0.95, False, False)],
        0.9,
        (0, 1),
        "what does not reach the threshold is not served anyway: nothing is lost or stopped there.",
    ),
    (
        [(0.90, False, True)],
        0.9,
        (1, 0),
        "a similarity equal to the threshold is served, so refusing it loses a right answer.",
    ),
    (
        [(0.95, True, True), (0.95, True, False)],
        0.9,
        (0, 0),
        "who refuses nothing changes nothing.",
    ),
    ([], 0.9, (0, 0), "of no rows none is lost and none is stopped."),
)


def _verify_effect(effect: Callable[..., Any]) -> str | None:
    for rows, threshold, right, complaint in _EFFECTS:
        found = effect(list(rows), threshold)
        if not isinstance(found, tuple | list) or len(found) != 2:
            return "it is to return two numbers: right answers lost, wrong ones stopped."
        if tuple(found) != right:
            return complaint
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


# noted, accepted, again, price of a judgement, price of a call, dollars gained, complaint
_JUDGES: tuple[tuple[float, float, float, float, float, float, str], ...] = (
    (
        100,
        40,
        3,
        0.001,
        0.002,
        0.14,
        "40 answers, 3 times each, save $0.24; 100 verdicts cost $0.10.",
    ),
    (100, 40, 3, 0.01, 0.002, -0.76, "a judge may cost more than it saves: then it is below 0."),
    (100, 0, 3, 0.001, 0.002, -0.1, "verdicts are paid for, also if none accepts."),
    (100, 40, 0, 0.001, 0.002, -0.1, "an answer that nobody asks for again saves nothing."),
    (
        0,
        0,
        5,
        0.001,
        0.002,
        0.0,
        "without near misses there is nothing to pay and nothing to gain.",
    ),
    (
        50,
        50,
        1,
        0.001,
        0.001,
        0.0,
        "if each is asked once more and both cost the same, it is even.",
    ),
)


def _verify_gain(gain: Callable[..., Any]) -> str | None:
    for *numbers, right, complaint in _JUDGES:
        found = gain(*numbers)
        if not isinstance(found, int | float | np.number):
            return "a gain is one number of dollars."
        if not math.isclose(found, right, abs_tol=1e-9):
            return complaint
    return None


_EFFECT = """
def effect(rows, threshold):
    served = [row for row in rows if row[0] >= threshold]
    refused = [same for _, accepted, same in served if not accepted]
    return refused.count(True), refused.count(False)
"""

EXERCISES = (
    Exercise(
        id="09.1",
        objectives=("09.a", "09.b"),
        name="effect",
        hint="Only what reaches the threshold would have been served. Of that, look at what the "
        "verifier did not accept: some of it had the same answer, some had not.",
        solution=_EFFECT,
        wrong=(
            _EFFECT.replace("in served if", "in rows if"),
            _EFFECT.replace(">= threshold", "> threshold"),
            _EFFECT.replace(
                "count(True), refused.count(False)", "count(False), refused.count(True)"
            ),
            _EFFECT.replace("if not accepted", "if accepted"),
            _EFFECT.replace("count(True)", "count(True) / len(refused)"),
        ),
        verify=_verify_effect,
    ),
    Exercise(
        id="09.2",
        objectives=("09.c",),
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
        id="09.3",
        objectives=("09.d",),
        name="gain",
        hint="Every verdict is paid for, whatever it says. What is saved are the calls that "
        "accepted answers spare later.",
        solution="""
def gain(noted, accepted, again, judge_price, call_price):
    return accepted * again * call_price - noted * judge_price
""",
        wrong=(
            """
def gain(noted, accepted, again, judge_price, call_price):
    return accepted * (again * call_price - judge_price)
""",
            """
def gain(noted, accepted, again, judge_price, call_price):
    return noted * again * call_price - noted * judge_price
""",
            """
def gain(noted, accepted, again, judge_price, call_price):
    return max(0.0, accepted * again * call_price - noted * judge_price)
""",
            """
def gain(noted, accepted, again, judge_price, call_price):
    return accepted * call_price - noted * judge_price
""",
            """
def gain(noted, accepted, again, judge_price, call_price):
    return accepted * (again - 1) * call_price - noted * judge_price
""",
        ),
        verify=_verify_gain,
    ),
)
