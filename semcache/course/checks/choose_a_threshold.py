"""Checks of lesson 08: a threshold with a promise, and how much to label."""

from collections.abc import Callable
from typing import Any

from semcache.course.exercises import Exercise
from semcache.evaluate.binomial import upper_bound

OBJECTIVES = {
    "08.a": "say what a threshold serves, and how much of that is wrong",
    "08.b": "choose a threshold that keeps a promise, or show that there is none",
    "08.c": "plan how many pairs to label",
}

QUESTIONS = (
    "What limit on wrong answers would you promise where you work, and how sure?",
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
        _band(0.96, 100, 0) + _band(0.91, 20, 10) + _band(0.86, 900, 0),
        0.85,
        "0.90 fails, and 0.85 passes: a failure ends nothing, since the doubt is divided already.",
    ),
    (
        _band(0.86, 60, 0),
        None,
        "60 right answers are too few, though two of the thresholds serve nothing: the doubt is "
        "divided among all, before anybody looks.",
    ),
    (_band(0.849, 200, 0), None, "0.849 does not reach 0.85: do not round."),
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
    told: list[float] = []

    def bound(wrong: int, served: int, confidence: float) -> float:
        told.append(confidence)
        return 1.0

    choose(_band(0.96, 5, 0), [0.95, 0.9, 0.85, 0.8], 0.05, 0.10, bound)
    if any(abs(confidence - 0.975) > 1e-9 for confidence in told):
        return "with a doubt of 10 % and four thresholds each test has a confidence of 97.5 %."
    if choose(_band(0.2, 900, 0), [0.5, 0.0], 0.05, 0.05, upper_bound) != 0.0:
        return "a threshold of 0 may pass, too, and is no None."
    lenient = _band(0.96, 97, 4)
    if choose(lenient, [0.95], 0.10, 0.05, upper_bound) != 0.95:
        return "the limit is not always 5 %: 4 of 101 wrong are within 10 %."
    if choose(_band(0.96, 59, 0), [0.95], 0.05, 0.05, upper_bound) != 0.95:
        return "a single threshold has all of the doubt: 59 right answers are enough."
    if (
        choose(_band(0.96, 30, 0), [0.95], 0.05, 0.05, lambda wrong, served, confidence: 0.05)
        != 0.95
    ):
        return "a bound that equals the limit is within it."
    if choose(_band(0.96, 45, 0), [0.95], 0.05, 0.10, upper_bound) != 0.95:
        return "the doubt is not always 5 %: at 10 %, a single threshold passes with 45 right ones."
    return None


# limit, confidence, thresholds, share served, pairs in the file, what is wrong otherwise
_PLANS: tuple[tuple[float, float, int, float, int, str], ...] = (
    (
        0.05,
        0.95,
        1,
        1.0,
        118,
        "one threshold, 5 % at 95 %, all served: 59 to choose with, 59 more.",
    ),
    (0.05, 0.95, 12, 1.0, 214, "each of twelve thresholds has a twelfth of the doubt: 107, twice."),
    (0.02, 0.90, 12, 0.3, 1_580, "237 must be served; if 30 % are, that takes 790, and 790 more."),
    (0.05, 0.99, 12, 1.0, 278, "more confidence needs more pairs: 139 at 99 %, twice."),
    (0.10, 0.95, 12, 1.0, 106, "for 10 % it is 53, twice; 3 / limit is not the rule."),
    (
        0.05,
        0.95,
        1,
        0.4,
        296,
        "59 of 40 % are 147.5: half a pair cannot be labelled, so 148, twice.",
    ),
    (0.05, 0.95, 1, 0.7, 170, "59 of 70 % are 84.3: 84 would serve too few, so 85, twice."),
    (0.5, 0.75, 1, 1.0, 4, "at a limit of 50 %, two right answers leave exactly 25 %: enough."),
)


def _verify_to_label(to_label: Callable[..., Any]) -> str | None:
    for *sizes, right, complaint in _PLANS:
        if to_label(*sizes) != right:
            return complaint
    return None


_CHOOSE = """
def choose(rows, grid, limit, doubt, bound):
    lowest = None
    for threshold in grid:
        served = [right for score, right in rows if score >= threshold]
        if served and bound(served.count(False), len(served), 1 - doubt / len(grid)) <= limit:
            lowest = threshold
    return lowest
"""
_BOUND = "bound(served.count(False), len(served), 1 - doubt / len(grid))"

_TO_LABEL = """
def to_label(limit, confidence, thresholds, served):
    n = 1
    while (1 - limit) ** n > (1 - confidence) / thresholds:
        n += 1
    return 2 * int(np.ceil(n / served))
"""

EXERCISES = (
    Exercise(
        id="08.1",
        objectives=("08.a", "08.b"),
        name="choose",
        hint="Each threshold has doubt / len(grid) of the doubt. At each: how many rows reach it, "
        "how many of those are not right, and what does bound say at the confidence that is left? "
        "Keep the last threshold that passed, None at first; a failure ends nothing.",
        solution=_CHOOSE,
        wrong=(
            _CHOOSE.replace(_BOUND, "served.count(False) / len(served)"),
            _CHOOSE.replace("1 - doubt / len(grid)", "1 - doubt"),
            _CHOOSE.replace("1 - doubt / len(grid)", "1 - doubt / 12"),
            # a failure ends the search, or a success
            _CHOOSE.replace("    return", "        else:\n            break\n    return"),
            _CHOOSE.replace("lowest = threshold", "return threshold"),
            _CHOOSE.replace("lowest = None", "lowest = grid[0]"),
            _CHOOSE.replace("score >= threshold", "score > threshold"),
            _CHOOSE.replace("len(served)", "len(rows)"),
            _CHOOSE.replace("<= limit", "< limit"),
        ),
        verify=_verify_choose,
    ),
    Exercise(
        id="08.2",
        objectives=("08.c",),
        name="to_label",
        hint="n answers in a row are right with probability (1 - limit) ** n if the true rate is "
        "the limit. Count n up until that is within one threshold's share of the doubt. So many "
        "must be served; how many pairs does that take, and how many more are put aside?",
        solution=_TO_LABEL,
        wrong=(
            _TO_LABEL.replace(" / thresholds", ""),
            _TO_LABEL.replace(" / thresholds", "").replace("n / served", "n * thresholds / served"),
            _TO_LABEL.replace("2 * ", ""),
            _TO_LABEL.replace("int(np.ceil(n / served))", "n"),
            _TO_LABEL.replace("n > ", "n >= "),
            _TO_LABEL.replace("int(np.ceil(n / served))", "int(n / served)"),
            """
def to_label(limit, confidence, thresholds, served):
    return 2 * int(np.ceil(round(3 / limit) / served))
""",
            """
def to_label(limit, confidence, thresholds, served):
    n = int(np.log((1 - confidence) / thresholds) / np.log(1 - limit))
    return 2 * int(np.ceil(n / served))
""",
        ),
        verify=_verify_to_label,
    ),
)
