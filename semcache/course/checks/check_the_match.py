"""Checks of lesson 09: what a verifier costs, how one is deployed, what a judge is worth."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from semcache.course.exercises import Exercise
from semcache.evaluate import Scored, choose_threshold
from semcache.evaluate.scored import PROBABILITIES
from semcache.guard import Row as Pair
from semcache.guard import Verifier

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


_Part = tuple[list[Pair], list[bool]]


def _parts(seed: int) -> tuple[_Part, _Part, _Part]:
    """Three parts of made-up pairs, drawn alike: the more similar, the more often they agree."""
    rng = np.random.default_rng(seed)
    parts: list[_Part] = []
    for count in (60, 160, 90):
        similarities = rng.uniform(0.85, 1.0, count)
        same = rng.uniform(0.87, 0.93, count) < similarities
        texts = [f"{seed} {len(parts)} {row}" for row in range(count)]
        rows = [Pair(text, text, float(s)) for text, s in zip(texts, similarities, strict=True)]
        parts.append((rows, same.tolist()))
    return parts[0], parts[1], parts[2]


def _verify_deploy(deploy: Callable[..., Any]) -> str | None:
    for seed, limit in ((1, 0.1), (2, 0.1), (2, 0.2)):
        parts = _parts(seed)
        complaint = _judge_deployed(deploy(*_parts(seed), limit), parts, limit)
        if complaint is not None:
            return complaint
    if deploy(*_parts(1), 0.001) is not None:
        return "if no threshold keeps the limit, return None."
    return None


def _judge_deployed(found: Any, parts: tuple[_Part, _Part, _Part], limit: float) -> str | None:
    if not isinstance(found, tuple | list) or len(found) != 3:
        return "it is to return three things: the verifier, how many are served, how many wrong."
    verifier, served, wrong = found
    fitted = Verifier.fit(*parts[0])
    if not isinstance(verifier, Verifier) or verifier.coefficients != fitted.coefficients:
        return "the first of the three is a verifier fitted on the first part, and on nothing else."
    rows, same = parts[1]
    scored = Scored([fitted.score(*row) for row in rows], same)
    threshold = choose_threshold(scored, max_wrong=limit, grid=PROBABILITIES).threshold
    if threshold is None or verifier.threshold != threshold:
        return "the verifier is to have the threshold chosen on the second part, by this limit."
    checked = fitted.with_threshold(threshold)
    right = [label for row, label in zip(*parts[2], strict=True) if checked(*row)]
    if (served, wrong) != (len(right), right.count(False)):
        return "count on the third part: how many are served there, and how many of these wrong."
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

_DEPLOY = """
def deploy(fit_on, choose_on, check_on, limit):
    verifier = Verifier.fit(*fit_on)
    rows, same = choose_on
    scored = Scored([verifier.score(*row) for row in rows], same)
    threshold = choose_threshold(scored, max_wrong=limit, grid=PROBABILITIES).threshold
    if threshold is None:
        return None
    verifier = verifier.with_threshold(threshold)
    served = [right for row, right in zip(*check_on) if verifier(*row)]
    return verifier, len(served), served.count(False)
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
        name="deploy",
        hint="Verifier.fit(*fit_on); a Scored of the second part, from verifier.score(*row), for "
        "choose_threshold; verifier.with_threshold; then ask it about each row of the third part.",
        solution=_DEPLOY,
        wrong=(
            _DEPLOY.replace("fit(*fit_on)", "fit(*choose_on)"),
            _DEPLOY.replace(
                "fit(*fit_on)", "fit(fit_on[0] + choose_on[0], fit_on[1] + choose_on[1])"
            ),
            _DEPLOY.replace("rows, same = choose_on", "rows, same = fit_on"),
            _DEPLOY.replace("rows, same = choose_on", "rows, same = check_on"),
            _DEPLOY.replace("zip(*check_on)", "zip(*choose_on)"),
            _DEPLOY.replace("max_wrong=limit", "max_wrong=0.1"),
            _DEPLOY.replace(", grid=PROBABILITIES", ""),
            _DEPLOY.replace("return None", "return verifier, 0, 0"),
            _DEPLOY.replace("served.count(False)", "served.count(True)"),
            _DEPLOY.replace("served.count(False)", "served.count(False) / len(served)"),
        ),
        verify=_verify_deploy,
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
