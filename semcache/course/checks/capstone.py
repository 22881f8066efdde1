"""Checks of lesson 14: what a wrong answer may cost, a decision, its defence."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from semcache.course.day import Day, Decision, Outcome, Terms, complaint
from semcache.course.day.causes import CUSTOMER
from semcache.course.exercises import Exercise
from semcache.replay import Design
from semcache.sharing import DEFAULT_RULES

OBJECTIVES = {
    "14.a": "read a replay: what a design saves, why its wrong answers are wrong, and what one of "
    "them may cost",
    "14.b": "decide on tiers, threshold, TTL, memory and what is not shared, so that a promise "
    "holds",
    "14.c": "defend the decision in three sentences, each with a figure that could have come out "
    "otherwise",
}

QUESTIONS = (
    "What does one wrong answer cost you, and who in your company can say so?",
    "Which of your answers differ by customer, and which change within a day?",
    "After which figure, on which day, would you switch your cache off?",
)

_LETTERS = 4  # a sentence has at least so many, in any script
_PROMISE = 0.01  # of the desk's day; on a day of one's own it is one's own

_PRICES: tuple[tuple[tuple[float, int, float, int], float | None], ...] = (
    ((10.0, 5, 4.0, 25), 0.3),
    ((4.0, 25, 10.0, 5), 0.3),
    ((1.0, 0, 0.5, 1), 0.5),
    ((5.0, 10, 5.0, 20), 0.0),
    ((4.0, 5, 10.0, 25), None),
    ((10.0, 25, 4.0, 5), None),
    ((10.0, 7, 4.0, 7), None),
    ((4.0, 5, 4.0, 5), None),
    ((10.0, 1_005, 9.9, 5), None),
    ((1.0, 1_000_005, 0.999, 5), None),
    ((0.233, 1_436, 0.378, 441), 0.145 / 995),
    ((120.0, 3, 80.0, 10), 40 / 7),
)


def _verify_price(break_even: Callable[..., Any]) -> str | None:
    for given, wanted in _PRICES:
        found, call = break_even(*given), "break_even({}, {}, {}, {})".format(*given)
        if wanted is None:
            if found is not None:
                return f"{call} is {found!r}, but no price from 0 up makes the two cost the same."
        elif found is None or isinstance(found, bool):
            return f"{call} is {found!r}, which is no price; there is one."
        elif not math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-15):
            return (
                f"at {float(found):g} dollars for a wrong answer, {call[10:]} do not cost the same."
            )
    return None


def _verify_decision(decision: object) -> str | None:
    if not isinstance(decision, Decision):
        return f"decision is a {type(decision).__name__}: write Decision(Design(...), promise=...)."
    ours = decision.day is None or decision.day.is_ours
    if ours and decision.promise > _PROMISE:
        return f"a promise of {decision.promise:.1%} is more than the desk gives: {_PROMISE:.0%}."
    return complaint(decision) or (_another_day(decision) if ours else None)


def _another_day(decision: Decision) -> str | None:
    """Return what a second day says of rules that only know the texts of the first."""
    _, own = replace(decision, day=_another()).outcomes()
    wrong, served = own.wrong.count, own.wrong.of
    if not own.causes[CUSTOMER] and wrong <= decision.promise * served:
        return None
    ((text, _),) = own.wrongly.most_common(1)
    return (
        f"on a second day, with a word more in the questions, {wrong:,} of {served:,} are wrong, "
        f"such as what {text!r} is given: a rule must know more than the texts of one day."
    )


@cache
def _another() -> Day:
    return Day.another()


@cache
def _replayed() -> tuple[Outcome, tuple[Outcome, ...]]:
    """A day without a cache, and with three that differ in every figure; the last one loses."""
    designs = [Design("none", "none"), Design("exact", "exact", ttl=None)]
    day = Day.ours(Terms(node_dollars=0.204))  # so that a sum cut off is not a sum rounded
    none, apart = day.replay(designs, rules=DEFAULT_RULES, apart=["tenant"])
    _, shared = day.replay(designs, rules=DEFAULT_RULES)
    (short,) = day.replay([Design("a minute", "exact", ttl=60)])
    return none, (apart, shared, short)


def _verify_defence(defence: Callable[..., Any]) -> str | None:
    none, others = _replayed()
    for own, promise in zip(others, (0.02, 0.005, 0.03), strict=True):
        said = defence(none, own, promise)
        if not isinstance(said, tuple | list) or not all(
            isinstance(sentence, str) for sentence in said
        ):
            return "defence does not return a tuple or list of texts, a sentence each."
        if len(said) != 3:
            return f"defence returns {len(said)} sentences, not three."
        for (which, what, value, unit), sentence in zip(
            (
                ("first", "the dollars that it saves a day", none.dollars - own.dollars, "cents"),
                ("second", "how much of what is served may be wrong", own.at_most, "percent"),
                ("third", "the promise at which you would act", promise, "percent"),
            ),
            said,
            strict=True,
        ):
            if fault := _speaks_against(sentence, value, unit):
                return (
                    f"on one of three days the {which} sentence {fault} {what}: {sentence!r:.90}."
                )
    return None


_NUMBER = re.compile(
    r"(?P<before>百分之\s*)?(?P<sign>[-−–]?)(?:(?:US)?[$€]\s*)?(?P<minus>[-−–]?)"
    r"(?P<number>\d[\d,]*\.\d+)\s*(?P<after>%|％|percent\b|per\s+cent\b|pct\b)?",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W\d_]+")


def _speaks_against(sentence: str, value: float, unit: str) -> str | None:
    """Return why a sentence does not say a value, as the beginning of what is said of it."""
    found = list(_NUMBER.finditer(sentence))
    if len(found) > 1:
        return "has several figures with a decimal point, where one would say"
    if not found:
        return "has no figure with a decimal point to say"
    (figure,) = found
    digits = figure["number"].replace(",", "")
    percent = bool(figure["before"] or figure["after"])
    decimals = len(digits.partition(".")[2])
    if unit == "percent" and not (percent and decimals == 1):
        return "has no figure in percent (%, percent, per cent) with one decimal to say"
    if unit == "cents" and (percent or decimals != 2):
        return "has no figure in dollars with two decimals to say"
    if len("".join(_WORDS.findall(_NUMBER.sub("", sentence)))) < _LETTERS:
        return "is a figure without the words that say"
    shown = float(digits) * (-1 if figure["sign"] or figure["minus"] else 1)
    wanted, half = (100 * value, 0.05) if unit == "percent" else (value, 0.005)
    return None if abs(shown - wanted) <= half + 1e-9 else "does not say, well rounded,"


_SOLUTION = r"""
import re

OWN = r"days of trial|free seats|payment|renewal|have we used|admins of our|discount do"
NOW = r"\bproblems\b|\bslow\b|^status\?|incident"
refused = [
    *DEFAULT_RULES,
    Rule("own data", "a customer's own", lambda text: bool(re.search(OWN, text, re.I))),
    Rule("now", "the state now", lambda text: bool(re.search(NOW, text)), "exact", ttl=60),
]
decision = Decision(Design("mine", "exact", ttl=4 * 3_600, memory=5e5), promise=0.01, rules=refused)
"""

EXERCISES = (
    Exercise(
        id="14.1",
        objectives=("14.a",),
        name="break_even",
        hint="Write both bills with a price p for each wrong answer, set them equal, and solve for "
        "p. Then ask when there is no p, and when it is below 0.",
        solution="""
def break_even(dollars, wrong, other_dollars, other_wrong):
    if wrong == other_wrong:
        return None
    price = (dollars - other_dollars) / (other_wrong - wrong)
    return price if price >= 0 else None
""",
        wrong=(
            """
def break_even(dollars, wrong, other_dollars, other_wrong):
    if wrong == other_wrong:
        return None
    return (dollars - other_dollars) / (other_wrong - wrong)
""",
            """
def break_even(dollars, wrong, other_dollars, other_wrong):
    return (dollars - other_dollars) / other_wrong if other_wrong else None
""",
            """
def break_even(dollars, wrong, other_dollars, other_wrong):
    if other_wrong <= wrong:
        return None
    return max(0.0, (dollars - other_dollars) / (other_wrong - wrong))
""",
            """
def break_even(dollars, wrong, other_dollars, other_wrong):
    if wrong == other_wrong:
        return 0.0 if dollars == other_dollars else None
    price = (dollars - other_dollars) / (other_wrong - wrong)
    return price if price >= 0 else None
""",
            """
def break_even(dollars, wrong, other_dollars, other_wrong):
    if wrong == other_wrong:
        return 0.0
    price = (dollars - other_dollars) / (other_wrong - wrong)
    return price if price >= 0 else None
""",
            """
def break_even(dollars, wrong, other_dollars, other_wrong):
    if wrong == other_wrong:
        return None
    price = round((dollars - other_dollars) / (other_wrong - wrong), 2)
    return price if price >= 0 else None
""",
            """
def break_even(dollars, wrong, other_dollars, other_wrong):
    if wrong == other_wrong:
        return None
    price = (dollars - other_dollars) / (other_wrong - wrong)
    return max(price, 0.0) if price >= -0.001 else None
""",
        ),
        verify=_verify_price,
    ),
    Exercise(
        id="14.2",
        objectives=("14.b",),
        name="decision",
        hint="decision.outcomes()[1].wrongly counts the texts that were given a wrong answer: read "
        "them, write a rule for each kind, replay, read again. What remains is for the threshold.",
        solution=_SOLUTION,
        wrong=(
            'decision = Decision(Design("mine", "hybrid", 0.9, memory=1e6), promise=0.01)',
            'decision = Decision(Design("mine", "exact", ttl=3_600, memory=1e6), promise=0.01, '
            "rules=DEFAULT_RULES)",
            'decision = Decision(Design("mine", "exact", ttl=3_600, memory=1e6), promise=0.02, '
            'apart=["tenant"])',
            'decision = Decision(Design("mine", "exact", ttl=None), promise=0.01, '
            'rules=DEFAULT_RULES, apart=["tenant"])',
            'decision = Decision(Design("mine", "exact", ttl=None, memory=5e5), promise=0.5)',
            'decision = Decision(Design("mine", "none"), promise=0.01)',
            'decision = Decision(Design("mine", "exact", ttl=4 * 3_600, memory=1e6), promise=0.05, '
            'rules=DEFAULT_RULES, apart=["tenant"])',
            'decision = {"kind": "exact", "ttl": 3_600}',
            """
own = {text for text, label in zip(Day.ours().log.text, Day.ours().labels) if "@" in label}
now = {text for text, label in zip(Day.ours().log.text, Day.ours().labels) if "#" in label}
decision = Decision(
    Design("mine", "exact", ttl=4 * 3_600, memory=5e5),
    promise=0.01,
    rules=[
        *DEFAULT_RULES,
        Rule("own", "a list", lambda text: text in own),
        Rule("now", "a list", lambda text: text in now, "exact", ttl=60),
    ],
)
""",
            'decision = Decision(Design("mine", "exact", memory=1e6), promise=0.01, '
            'apart=["customer"])',
        ),
        verify=_verify_decision,
    ),
    Exercise(
        id="14.3",
        objectives=("14.c",),
        name="defence",
        hint="f-strings: none.dollars - own.dollars, own.at_most and promise; f'{x:.1%}' writes a "
        "share in percent.",
        solution="""
def defence(none, own, promise):
    return (
        f"It saves {none.dollars - own.dollars:.2f} dollars a day, with its node.",
        f"Of what it serves at most {own.at_most:.1%} are wrong, on a day like this one.",
        f"Once the upper limit of a week's sample is above {promise:.1%}, it is switched off.",
    )
""",
        wrong=(
            """
def defence(none, own, promise):
    return ("It saves a lot of money.", "Hardly any answer is wrong.", "We shall watch it.")
""",
            """
def defence(none, own, promise):
    return (
        f"It saves {none.figures.dollars - own.figures.dollars:.2f} dollars a day.",
        f"At most {own.at_most:.1%} of what it serves are wrong.",
        f"Above {promise:.1%} it is switched off.",
    )
""",
            """
def defence(none, own, promise):
    return (
        f"It saves {none.dollars - own.dollars:.2f} dollars a day.",
        f"{own.wrong.value:.1%} of what it serves are wrong.",
        f"Above {promise:.1%} it is switched off.",
    )
""",
            """
def defence(none, own, promise):
    return (
        f"It saves {none.dollars - own.dollars:.2f} dollars a day, {own.at_most:.1%} are wrong.",
        f"Above {promise:.1%} it is switched off.",
    )
""",
            """
def defence(none, own, promise):
    return (
        f"It saves {none.dollars - own.dollars:.2f} dollars a day.",
        f"At most {own.at_most:.1%} of what it serves are wrong.",
        "Above 1 % it is switched off.",
    )
""",
            """
def defence(none, own, promise):
    return (
        f"It saves ${max(0, none.dollars - own.dollars):.2f} a day.",
        f"At most {own.at_most:.1%} of what it serves are wrong.",
        f"Above {promise:.1%} it is switched off.",
    )
""",
            """
def defence(none, own, promise):
    return (
        f"It saves ${own.dollars - none.dollars:.2f} a day.",
        f"At most {own.at_most:.1%} of what it serves are wrong.",
        f"Above {promise:.1%} it is switched off.",
    )
""",
            """
def defence(none, own, promise):
    return (
        f"It takes ${none.dollars:.2f}, ${own.dollars:.2f}, ${none.dollars - own.dollars:.2f}.",
        f"At most {own.at_most:.1%} of what it serves are wrong.",
        f"Above {promise:.1%} it is switched off.",
    )
""",
            """
def defence(none, own, promise):
    return (
        f"{none.dollars - own.dollars:.2f}",
        f"{own.at_most:.1%}",
        f"{promise:.1%}",
    )
""",
            """
def defence(none, own, promise):
    saved = none.dollars - own.dollars
    one = f"It saves {saved:.2f} dollars, {own.at_most:.1%} are wrong, {promise:.1%} at most."
    return one, one, one
""",
            """
def defence(none, own, promise):
    return (
        f"It saves {none.dollars - own.dollars:.2f} dollars a day.",
        f"At most {own.at_most:.3f} of what it serves are wrong.",
        f"Above {promise:.1%} it is switched off.",
    )
""",
            """
def defence(none, own, promise):
    return (
        f"It saves {none.dollars - own.dollars:.2f} dollars a day.",
        f"At most {own.at_most:.2%} of what it serves are wrong.",
        f"Above {promise:.1%} it is switched off.",
    )
""",
            """
def defence(none, own, promise):
    return (
        f"It saves {none.dollars - own.dollars:.2f} dollars a day.",
        f"At most {own.at_most:.1%} of what it serves are wrong.",
        f"Above {promise} it is switched off.",
    )
""",
            """
def defence(none, own, promise):
    return (
        f"It saves {none.dollars - own.dollars:.3f} dollars a day.",
        f"At most {own.at_most:.1%} of what it serves are wrong.",
        f"Above {promise:.1%} it is switched off.",
    )
""",
            """
def defence(none, own, promise):
    return (
        f"It saves {int(100 * (none.dollars - own.dollars)) / 100:.2f} dollars a day.",
        f"At most {own.at_most:.1%} of what it serves are wrong.",
        f"Above {promise:.1%} it is switched off.",
    )
""",
            """
def defence(none, own, promise):
    return (
        f"It saves {none.dollars - own.dollars:.2f} dollars a day.",
        f"At most {int(1000 * own.at_most) / 10:.1f} % of what it serves are wrong.",
        f"Above {promise:.1%} it is switched off.",
    )
""",
        ),
        verify=_verify_defence,
    ),
)
