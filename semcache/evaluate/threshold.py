r"""Choose a threshold that keeps a promise about wrong answers. Lesson 08.

The promise: *with the stated confidence, at most ``max_wrong`` of the answers served are wrong*,
for pairs drawn as the labelled ones were. "Confidence" is over the draw of the labelled pairs: of
a hundred teams who label and choose, at 0.95 about five or fewer end with a worse threshold.

**The rule.** Fix a few thresholds before looking at the pairs, twelve say. Divide the doubt, 5 %,
evenly among them: a twelfth of it each. A threshold passes if the upper confidence bound of wrong
among served, at the confidence that its share of the doubt leaves, is within the limit. Take the
lowest that passed. If none did, serve nothing.

In one's own words: *each of the twelve may fool me in at most one draw of 240; so any of them does
in at most twelve of 240, which is one of twenty.* That is the whole proof. Statisticians call it
the Bonferroni correction; the frame is "Learn then Test" (Angelopoulos, Bates, Candès, Jordan and
Lei, 2021, arXiv:2110.01052). :func:`semcache.evaluate.planning.plan` turns the rule around: how
many pairs to label until a threshold can pass.

**Why the obvious scan is wrong.** Take the lowest threshold at which no more than 5 % of the served
pairs are wrong: this looks at a dozen noisy rates and keeps a lucky one. In
``tests/test_threshold.py`` it breaks its limit in a third to five sixths of the runs. A 95 % bound
for each line does not mend it: the best of a dozen 95 % bounds is not a 95 % bound.

**Why the bound is exact.** Given that a threshold t serves n pairs, each of these is wrong with
one and the same probability R(t), and independently: the number of wrong ones is binomial(n, R(t)),
whatever n came out. So ``P(binomial(n, max_wrong) <= wrong)`` is a p-value for "R(t) is above the
limit". It is at most a exactly where the Clopper-Pearson upper bound at confidence 1 - a is at most
``max_wrong``.

**The other rule, by name.** ``rule="fixed-sequence"`` walks from the strictest threshold down,
gives each the whole doubt, and stops at the first that fails. A bad threshold is chosen only if the
first bad one on the way passes, which is one test, so nothing need be divided. It wins where the
first threshold of the grid is known to serve enough: 59 served without an error show 5 % at
95 %, where each of twelve needs 107. It loses everything where the strictest threshold serves ten
pairs, since ten show nothing, or where the most similar pairs are the worst, as on our own: the
walk ends before it began. On 1,500 pairs whose risk rises as their score falls it serves 36 %
if it begins in the right place, where the first rule serves 30 %; where the highest scores are a
pocket of traps, 8 % at best, where the first serves 35 %. Whoever does not know the grid takes the
first.

**Pairs drawn by weight.** Where the rows have weights, as ``python -m semcache pairs`` draws them,
the counts are not binomial; the test of :mod:`semcache.evaluate.rate` takes the place of the
bound, and the promise is about the log that was sampled.

**What neither promises.** Pairs that share a text are not independent. Traffic unlike the
labelled pairs, such as more traps than were labelled, breaks the promise, and nothing measured on
yesterday's pairs can show that. A threshold for a verifier must not be chosen on the pairs that
the verifier was fitted on.
"""

from collections.abc import Iterable, Mapping

from semcache.errors import ConfigError
from semcache.evaluate.choice import Choice, Rule, Trial
from semcache.evaluate.rate import WeightedRate
from semcache.evaluate.scored import SIMILARITIES, Scored, counts

__all__ = ["Choice", "Rule", "Scored", "Trial", "check_promise", "choose_threshold"]


def choose_threshold(
    rows: Scored,
    *,
    max_wrong: float = 0.05,
    confidence: float = 0.95,
    grid: Iterable[float] | None = None,
    rule: Rule = "bonferroni",
    by: str | None = None,
    min_group: int = 100,
) -> Choice:
    """Return the lowest threshold that provably keeps wrong answers within a limit.

    The module's docstring says what "provably" means, and why.

    Args:
        rows: Labelled pairs with their scores, drawn as the traffic is, or with weights.
        max_wrong: The limit on wrong answers among those served, in (0, 1).
        confidence: Of the promise, in (0, 1).
        grid: The thresholds to test, fixed before looking at ``rows``;
            :data:`~semcache.evaluate.scored.SIMILARITIES` if not given. Each costs its share of
            the doubt: a short grid has more power than a long one.
        rule: ``"bonferroni"`` divides the doubt; ``"fixed-sequence"`` stops at the first failure.
        by: Also choose for each value of this column of ``rows.groups``. The doubt,
            1 - confidence, is divided evenly among these and the common choice, so that all
            promises hold at once.
        min_group: Groups with fewer pairs than this use the common threshold. A group with as
            many stands by itself, also when that means to serve nothing.

    Raises:
        ConfigError: An option out of its range, an empty grid, no such column.

    Example:
        >>> rows = Scored([0.97] * 300 + [0.91] * 100, [True] * 300 + [False] * 100)
        >>> choice = choose_threshold(rows, grid=[0.99, 0.95, 0.90])
        >>> choice.threshold, choice.serves(0.96), choice.serves(0.92)
        (0.95, True, False)
        >>> print(choose_threshold(rows[250:], grid=[0.95, 0.90]))
        Chosen threshold: none. At no threshold can it be shown with 95 % confidence that
        at most 5 % of the answers served are wrong: serve nothing by this score alone.
        Nearest: 0.95, where 0 of 50 served are wrong (0.0 %; upper bound 7.1 %).
        At that rate about 66 more labelled pairs to choose with would do;
        with one more of the 50 wrong, about 540.
        At 0.90 more pairs would not help: more than 5 % are wrong there, not by chance.
    """
    check_promise(max_wrong, confidence)
    if rule not in ("bonferroni", "fixed-sequence"):
        raise ConfigError(f"rule is {rule!r}, but there are bonferroni and fixed-sequence")
    grid = tuple(SIMILARITIES if grid is None else grid)
    members = rows.by(by) if by else {}
    large = {name: group for name, group in members.items() if len(group) >= min_group}
    doubt = (1 - confidence) / (len(large) + 1)

    def choose(part: Scored, groups: Mapping[str, Choice]) -> Choice:
        tests = _tests(part, grid, max_wrong, doubt, rule)
        threshold = min((test.threshold for test in tests if test.passed), default=None)
        return Choice(threshold, max_wrong, 1 - doubt, rule, len(part), tests, groups)

    return choose(rows, {name: choose(group, {}) for name, group in large.items()})


def check_promise(max_wrong: float, confidence: float) -> None:
    """Refuse a share that is not between 0 and 1.

    Raises:
        ConfigError: A share does not lie between 0 and 1.
    """
    for name, share in (("max_wrong", max_wrong), ("confidence", confidence)):
        if not 0 < share < 1:
            raise ConfigError(
                f"{name} is {share:g}, but a share lies between 0 and 1: 5 % is written 0.05"
            )


def _tests(
    rows: Scored, grid: Iterable[float], max_wrong: float, doubt: float, rule: Rule
) -> tuple[Trial, ...]:
    """Test every threshold from the strictest down, each at the level that is its share."""
    tests: list[Trial] = []
    thresholds, served, wrong = counts(rows, grid)
    level = doubt / len(thresholds) if rule == "bonferroni" else doubt
    for threshold, n, w in zip(thresholds, served, wrong, strict=True):
        among = rows.score >= threshold
        rate = rows.rate(~rows.same, among, threshold=threshold)
        passed = level > 0 and n > 0 and rate.is_below(max_wrong, level)
        weighted = rate if isinstance(rate, WeightedRate) else None
        tests.append(Trial(threshold, n, w, level, passed, weighted))
        if rule == "fixed-sequence" and not passed:
            level = 0.0  # what comes after a failure is not tested
    return tuple(tests)
