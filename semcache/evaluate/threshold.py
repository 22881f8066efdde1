r"""Choose a threshold that keeps a promise about wrong answers. Lesson 08.

The promise: *with the stated confidence, at most ``max_wrong`` of the answers served are wrong*,
for pairs drawn as the labelled ones were. "Confidence" is over the draw of the labelled pairs: of
a hundred teams who label and choose, at 0.95 about five or fewer end with a worse threshold.

**Why the obvious scan is wrong.** Take the lowest threshold at which no more than 5 % of the served
pairs are wrong: this looks at a dozen noisy rates and keeps a lucky one. Even a threshold whose
true rate is 6 % often shows 4 % in a few hundred pairs, and a scan stops exactly there. In
``tests/test_threshold.py`` it breaks its limit in a third to five sixths of the runs. A confidence
bound for each line does not mend it: the best of a dozen 95 % bounds is not a 95 % bound.

**What is tested.** Wrong among served is a ratio of two random counts. Given that a threshold t
serves n pairs, though, each of these is wrong with one and the same probability R(t), and
independently: the number of wrong ones is binomial(n, R(t)), whatever n came out. So
``P(binomial(n, max_wrong) <= wrong)`` is an exact p-value for "R(t) is above the limit" given n,
and therefore also over all n. It is at most a exactly where the Clopper-Pearson upper bound at
confidence 1 - a is at most ``max_wrong``.

**What is corrected.** To choose by testing many thresholds, as in "Learn then Test" (Angelopoulos,
Bates, Candès, Jordan and Lei, 2021, arXiv:2110.01052), the chance that *any* bad threshold passes
(the family-wise error) must be at most 1 - confidence = a. Each correction fixes, before looking,
a grid, an order from the strictest threshold down, and each test's share of a:

- ``"bonferroni"``: each of m tests at level a / m. Always valid, and wasteful.
- ``"fixed-sequence"``: the first test at the full level a, the next only if it passed, and so on;
  the first failure ends it. Valid since a bad threshold can pass only if the *first* bad one in
  the order does, which is one test at level a. Strong if the grid begins where enough is served,
  and useless if it begins with a threshold that serves ten pairs: nothing passes with ten.
- ``"fallback"`` (Wiens, "A fixed sequence Bonferroni procedure for testing multiple endpoints",
  Pharmaceutical Statistics 2, 2003; the default): each test owns a / m, and one that passes hands
  its whole level on to the next. Never weaker than Bonferroni, and a failure at ten pairs ends
  nothing. Valid since, up to the first bad threshold that passes, no other bad one handed
  anything on: its level is at most the shares of those since the bad one before it. These stretches
  do not overlap, so all such levels sum to at most a.

None of them needs R(t) to rise as t falls; that only makes the last two powerful. On our data it
does not: the strictest thresholds are the worst.

**What it does not promise.** Pairs that share a text are not independent. Traffic unlike the
labelled pairs, such as more traps than were labelled, breaks it, and nothing measured on
yesterday's pairs can show that. A threshold for probabilities must not be chosen on the pairs that
the probabilities were fitted on.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from semcache.errors import ConfigError
from semcache.evaluate.binomial import tail
from semcache.evaluate.choice import Choice, Correction, Trial
from semcache.evaluate.scored import SIMILARITIES, Scored, counts

__all__ = ["Choice", "Correction", "Scored", "Trial", "choose_threshold"]


def choose_threshold(
    rows: Sequence[Scored],
    *,
    max_wrong: float = 0.05,
    confidence: float = 0.95,
    grid: Iterable[float] | None = None,
    correction: Correction = "fallback",
    by: Literal["language", "scope"] | None = None,
    min_group: int = 100,
) -> Choice:
    """Return the lowest threshold that provably keeps wrong answers within a limit.

    The module's docstring says what "provably" means, and why.

    Args:
        rows: Labelled pairs with their scores, drawn as the traffic is.
        max_wrong: The limit on wrong answers among those served, in (0, 1).
        confidence: Of the promise, in (0, 1).
        grid: The thresholds to test, fixed before looking at ``rows``;
            :data:`~semcache.evaluate.scored.SIMILARITIES` if not given. A short grid that begins
            where something is served has more power than a long one.
        correction: For testing many thresholds.
        by: Also choose for each language or scope. The doubt, 1 - confidence, is divided evenly
            among these and the common choice, so that all promises hold at once (union bound).
        min_group: Groups with fewer pairs than this use the common threshold. A group with as
            many stands by itself, also when that means to serve nothing.

    Raises:
        ConfigError: An option out of its range, an empty grid.
        InvalidInput: A score is not a number.

    Example:
        >>> rows = [Scored(0.97, True)] * 300 + [Scored(0.91, False)] * 100
        >>> choice = choose_threshold(rows, grid=[0.99, 0.95, 0.90])
        >>> choice.threshold, choice.serves(0.96), choice.serves(0.92)
        (0.95, True, False)
        >>> print(choose_threshold(rows[250:], grid=[0.95, 0.90]))
        Chosen threshold: none. At no threshold can it be shown with 95 % confidence that
        at most 5 % of the answers served are wrong: serve nothing by this score alone.
        Nearest: 0.95, where 0 of 50 served are wrong (0.0 %; upper bound 7.1 %).
        At that rate about 66 more labelled pairs would do.
    """
    _check(max_wrong, confidence, correction)
    grid = tuple(SIMILARITIES if grid is None else grid)
    members: dict[str, list[Scored]] = {}
    for row in rows if by else ():
        members.setdefault(getattr(row, by or ""), []).append(row)
    large = {name: group for name, group in members.items() if len(group) >= min_group}
    each = 1 - (1 - confidence) / (len(large) + 1)

    def choose(part: Sequence[Scored], groups: Mapping[str, Choice]) -> Choice:
        tests = _tests(part, grid, max_wrong, 1 - each, correction)
        passed = [test.threshold for test in tests if test.passed]
        threshold = min(passed, default=None)
        return Choice(threshold, max_wrong, each, correction, len(part), tests, groups)

    return choose(rows, {name: choose(group, {}) for name, group in large.items()})


def _check(max_wrong: float, confidence: float, correction: str) -> None:
    for name, share in (("max_wrong", max_wrong), ("confidence", confidence)):
        if not 0 < share < 1:
            raise ConfigError(f"{name} is {share}, but it must lie between 0 and 1")
    if correction not in ("fallback", "fixed-sequence", "bonferroni"):
        raise ConfigError(
            f"correction is {correction!r}, but there are fallback, fixed-sequence and bonferroni"
        )


def _tests(
    rows: Sequence[Scored],
    grid: Iterable[float],
    max_wrong: float,
    doubt: float,
    correction: Correction,
) -> tuple[Trial, ...]:
    """Test every threshold from the strictest down, each at the level that is its share."""
    tests: list[Trial] = []
    thresholds, served, wrong = counts(rows, grid)
    first = correction == "fixed-sequence"
    shares = [doubt if first else doubt / len(thresholds)]
    shares += [0.0 if first else doubt / len(thresholds)] * (len(thresholds) - 1)
    handed_on = 0.0
    for threshold, n, w, share in zip(thresholds, served, wrong, shares, strict=True):
        level = share + handed_on
        passed = level > 0 and n > 0 and tail(w, n, max_wrong) <= level
        tests.append(Trial(threshold, n, w, level, passed))
        handed_on = level if passed and correction != "bonferroni" else 0.0
    return tuple(tests)
