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
    "09.a": "have both texts read where no threshold separates two meanings",
    "09.b": "find out whether a verifier helps or harms on ordinary questions",
    "09.c": "fit a verifier on your own pairs, check it on others, and deploy it",
    "09.d": "say what a slower judge would add, and what it costs",
}

QUESTIONS = (
    "Which two questions of your users differ in one word and need two answers? Which need one?",
    "What does a wrong answer cost where you work, in calls of the LLM, and who pays it?",
)

_Labelled = tuple[str, str, float, bool]


def _verifier(cached: str, asked: str, similarity: float) -> bool:
    """A verifier that tells by the text that was asked, and by how near it is."""
    return "not" not in asked and similarity < 0.999


def _pair(similarity: float, same: bool, refused: bool) -> _Labelled:
    """Two texts that it refuses or accepts; the other way round it refuses them all."""
    return "not this one", "not that one" if refused else "this one", similarity, same


# pairs, threshold, right answers lost and wrong ones stopped, complaint
_EFFECTS: tuple[tuple[list[_Labelled], float, tuple[int, int], str], ...] = (
    (
        [
            _pair(0.95, True, False),
            _pair(0.95, True, True),
            _pair(0.95, False, True),
            _pair(0.95, False, False),
        ],
        0.9,
        (1, 1),
        "of four served, one right and one wrong answer are refused: (1, 1). The verifier takes "
        "the cached text, the one that was asked and their similarity.",
    ),
    (
        [_pair(0.95, True, True)] * 3 + [_pair(0.95, False, True)],
        0.9,
        (3, 1),
        "three right answers and a wrong one are refused: (3, 1), the right ones first.",
    ),
    (
        [_pair(0.80, True, True), _pair(0.80, False, True), _pair(0.95, False, True)],
        0.9,
        (0, 1),
        "what does not reach the threshold is not served anyway: nothing is lost or stopped there.",
    ),
    (
        [_pair(0.91, True, True), _pair(0.96, False, True), _pair(-0.97, True, True)],
        0.95,
        (0, 1),
        "only 0.96 reaches a threshold of 0.95.",
    ),
    (
        [_pair(0.9499999, True, True), _pair(0.96, True, True)],
        0.95,
        (1, 0),
        "0.9499999 does not reach 0.95: similarities are not rounded.",
    ),
    (
        [_pair(0.90, True, True)],
        0.9,
        (1, 0),
        "a similarity equal to the threshold is served, so refusing it loses a right answer.",
    ),
    (
        [_pair(0.9995, True, False), _pair(0.9995, False, False), _pair(0.95, True, False)],
        0.9,
        (1, 1),
        "the verifier is told the similarity, too, and may refuse for it.",
    ),
    (
        [_pair(0.95, True, False), _pair(0.95, False, False)],
        0.9,
        (0, 0),
        "who refuses nothing changes nothing.",
    ),
    ([], 0.9, (0, 0), "of no pairs none is lost and none is stopped."),
)


def _verify_effect(effect: Callable[..., Any]) -> str | None:
    for pairs, threshold, right, complaint in _EFFECTS:
        found = effect(list(pairs), _verifier, threshold)
        if not isinstance(found, tuple | list | np.ndarray) or len(found) != 2:
            return "it is to return two numbers: right answers lost, wrong ones stopped."
        if tuple(found) != right:
            return complaint
    return None


_Part = tuple[list[Pair], list[bool]]

_DRAWN = ((1, 0.1), (1, 0.15), (4, 0.2), (8, 0.2))  # seeds and limits


def _parts(seed: int) -> tuple[_Part, _Part, _Part]:
    """Three parts of made-up pairs: the more similar and the larger the margin, the surer.

    One pair in five has no margin.
    """
    rng = np.random.default_rng(seed)
    parts: list[_Part] = []
    for count in (60, 160, 90):
        similarities, margins = rng.uniform(0.85, 1.0, count), rng.uniform(0, 0.1, count)
        same = rng.uniform(0.90, 0.97, count) < similarities + 0.8 * (margins - 0.05)
        texts = [f"{seed} {len(parts)} {row}" for row in range(count)]
        rows = [
            Pair(text, text, float(s), None if n % 5 == 0 else float(m))
            for n, (text, s, m) in enumerate(zip(texts, similarities, margins, strict=True))
        ]
        parts.append((rows, same.tolist()))
    return parts[0], parts[1], parts[2]


def _chosen(fitted: Verifier, part: _Part, limit: float) -> float | None:
    scored = Scored([fitted.score(*row) for row in part[0]], part[1])
    return choose_threshold(scored, max_wrong=limit, grid=PROBABILITIES).threshold


def _on_the_edge(fitted: Verifier, threshold: float) -> list[Pair]:
    """A pair whose score is the threshold itself, if a few margins lead to one."""
    for margin in np.linspace(0.0, 0.1, 40).tolist():
        low, high = -9.0, 9.0
        while low < (middle := (low + high) / 2) < high:
            pair = Pair("edge", "edge", middle, margin)
            score = fitted.score(*pair)
            if score == threshold:
                return [pair]
            low, high = (middle, high) if score < threshold else (low, middle)
    return []


def _verify_deploy(deploy: Callable[..., Any]) -> str | None:
    for seed, limit in _DRAWN:
        parts = _parts(seed)
        fitted = Verifier.fit(*parts[0])
        edge = _on_the_edge(fitted, _chosen(fitted, parts[1], limit) or 0.5)
        rows, same = parts[2]
        rows, same = rows + edge, same + [False] * len(edge)
        parts = (*parts[:2], (rows, same))
        given = [(list(rows), list(same)) for rows, same in parts]
        complaint = _judge_deployed(deploy(*given, limit), fitted, parts, limit)
        if complaint is not None:
            return complaint
    if deploy(*_parts(1), 0.001) is not None:
        return "if no threshold keeps the limit, return None."
    return None


def _judge_deployed(
    found: Any, fitted: Verifier, parts: tuple[_Part, _Part, _Part], limit: float
) -> str | None:
    if not isinstance(found, tuple | list) or len(found) != 3:
        return "it is to return three things: the verifier, how many are served, how many wrong."
    verifier, served, wrong = found
    if not isinstance(verifier, Verifier) or verifier.coefficients != fitted.coefficients:
        return (
            "the first of the three is a verifier fitted on the first part, margins included, and "
            "on nothing else."
        )
    threshold = _chosen(fitted, parts[1], limit)
    if threshold is None or verifier.threshold != threshold:
        return "the verifier is to have the threshold chosen on the second part, by this limit."
    checked = fitted.with_threshold(threshold)
    right = [label for row, label in zip(*parts[2], strict=True) if checked(*row)]
    if (served, wrong) != (len(right), right.count(False)):
        return (
            "count on the third part, a score equal to the threshold being served: how many are "
            "served there, and how many of these wrong."
        )
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
    (7, 3, 2, 0.00001, 0.000123, 0.000668, "small prices make small gains: do not round."),
)


def _verify_gain(gain: Callable[..., Any]) -> str | None:
    for *numbers, right, complaint in _JUDGES:
        found = gain(*numbers)
        try:
            dollars = float(found)  # also of a Decimal, a Fraction, an array of one number
        except (TypeError, ValueError):
            return "a gain is one number of dollars."
        if isinstance(found, str | bool):
            return "a gain is one number of dollars."
        if not math.isclose(dollars, right, rel_tol=1e-5, abs_tol=1e-8):
            return complaint
    return None


_EFFECT = """
def effect(pairs, verifier, threshold):
    lost = stopped = 0
    for cached, asked, similarity, same in pairs:
        if similarity >= threshold and not verifier(cached, asked, similarity):
            lost += same
            stopped += not same
    return lost, stopped
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
        "verifier does not accept: some of it has the same answer, some has not.",
        solution=_EFFECT,
        wrong=(
            _EFFECT.replace("similarity >= threshold and ", ""),
            _EFFECT.replace(">= threshold", "> threshold"),
            _EFFECT.replace(">= threshold", ">= 0.9"),
            _EFFECT.replace(">= threshold", ">= threshold - 1e-6"),
            _EFFECT.replace("similarity >=", "round(similarity, 3) >="),
            _EFFECT.replace("similarity >=", "abs(similarity) >="),
            _EFFECT.replace("return lost, stopped", "return stopped, lost"),
            _EFFECT.replace("not verifier", "verifier"),
            _EFFECT.replace("verifier(cached, asked", "verifier(asked, cached"),
            _EFFECT.replace("(cached, asked, similarity):", "(cached, asked, 0.95):"),
            _EFFECT.replace("return lost,", "return lost / max(1, lost + stopped),"),
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
            _DEPLOY.replace("max_wrong=limit", "confidence=0.9, max_wrong=limit"),
            _DEPLOY.replace("if verifier(*row)", "if verifier.score(*row) > threshold"),
            _DEPLOY.replace(
                "    verifier = Verifier.fit(*fit_on)",
                """
    def bare(part):
        return [row._replace(margin=None) for row in part[0]], part[1]

    fit_on, choose_on, check_on = bare(fit_on), bare(choose_on), bare(check_on)
    verifier = Verifier.fit(*fit_on)""",
            ),
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
    return round(accepted * again * call_price - noted * judge_price, 4)
""",
            """
def gain(noted, accepted, again, judge_price, call_price):
    return accepted * (again - 1) * call_price - noted * judge_price
""",
        ),
        verify=_verify_gain,
    ),
)
