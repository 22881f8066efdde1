"""Exact limits, the table over thresholds, and the promise of choose_threshold."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.binomial import interval, tail, upper_bound
from semcache.evaluate.curve import risk_coverage
from semcache.evaluate.scored import Rate, Scored, counts
from semcache.evaluate.tables import evaluate, evaluate_by
from semcache.evaluate.threshold import choose_threshold

# Exact limits ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "trials", "confidence", "low", "high"),
    [
        # Conover, "Practical Nonparametric Statistics" (1971), p. 97, as R's ?binom.test prints it
        (682, 925, 0.95, 0.7076683, 0.7654066),
        # further outputs of R's binom.test
        (9, 24, 0.95, 0.1879929, 0.5940636),
        (1, 1497, 0.90, 3.426347e-05, 3.164954e-03),
        # nothing, and all: the equation solves by hand
        (0, 10, 0.95, 0.0, 1 - 0.025 ** (1 / 10)),
        (10, 10, 0.95, 0.025 ** (1 / 10), 1.0),
        (0, 0, 0.95, 0.0, 1.0),
    ],
)
def test_intervals_are_the_published_ones(count, trials, confidence, low, high):
    assert interval(count, trials, confidence) == pytest.approx((low, high), rel=1e-6, abs=1e-12)


@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0.001, 0.05, 0.3, 0.5, 0.97]))
def test_the_tail_is_the_sum_of_the_probabilities(one, two, share):
    count, trials = sorted((one, two))
    p = Fraction(share)
    exact = sum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(count + 1))
    assert tail(count, trials, share) == pytest.approx(float(exact), rel=1e-11)


def test_the_tail_of_very_many_trials():
    # The normal approximation and its first correction (Edgeworth), at n p = 50,000.
    deviation = math.sqrt(50_000 * 0.95)
    z = (50_100 + 0.5 - 50_000) / deviation
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    expected = (1 + math.erf(z / 2**0.5)) / 2 + 0.9 * (1 - z * z) / (6 * deviation) * density
    assert tail(50_100, 1_000_000, 0.05) == pytest.approx(expected, abs=1e-6)


@given(st.integers(0, 300), st.integers(0, 300), st.floats(0.5, 0.999))
def test_the_bound_is_where_the_tail_is_the_doubt(one, two, confidence):
    count, trials = sorted((one, two))
    bound = upper_bound(count, trials, confidence)
    if count == trials:
        assert bound == 1
    else:
        assert count / trials < bound < 1
        assert tail(count, trials, bound) == pytest.approx(1 - confidence, abs=1e-9)


def test_intervals_cover_the_true_share_at_least_as_often_as_they_say():
    for n, share in ((20, 0.03), (60, 0.05), (150, 0.3)):
        covered = math.fsum(
            math.comb(n, k) * share**k * (1 - share) ** (n - k)
            for k in range(n + 1)
            if (limits := interval(k, n, 0.9))[0] <= share <= limits[1]
        )
        assert 0.9 <= covered < 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: tail(3, 2, 0.5),
        lambda: tail(-1, 2, 0.5),
        lambda: tail(1, 2, 1.5),
        lambda: interval(1, 2, 1.0),
        lambda: interval(1, 2, -0.5),
        lambda: upper_bound(1, 2, 0.0),
    ],
)
def test_impossible_arguments_are_refused(call):
    with pytest.raises(ConfigError):
        call()


# The table ------------------------------------------------------------------------------

ROWS = Scored(
    [0.99, 0.97, 0.95, 0.95, 0.90, 0.80],
    [False, True, True, False, True, True],
    language=["en", "en", "zh", "zh", "zh", "en"],
    kind=["negation", "paraphrase", "paraphrase", "number", "typo", "paraphrase"],
)


def test_a_threshold_serves_what_reaches_it_ties_included():
    table = evaluate(ROWS, [0.9, 0.95, 0.999])
    assert [line.threshold for line in table.lines] == [0.999, 0.95, 0.9]
    nothing, strict, loose = table.lines
    assert (nothing.hit_rate, nothing.recall) == (Rate(0, 6), Rate(0, 4))
    assert math.isnan(nothing.false_hit_rate.value)
    assert (strict.hit_rate, strict.false_hit_rate) == (Rate(4, 6), Rate(2, 4))
    assert (strict.wrong_of_all, strict.recall) == (Rate(2, 6), Rate(2, 4))
    assert (loose.hit_rate, loose.false_hit_rate, loose.recall) == (
        Rate(5, 6),
        Rate(2, 5),
        Rate(3, 4),
    )


def test_money_is_the_calls_saved_less_the_cost_of_wrong_answers():
    (line,) = evaluate(ROWS, [0.95], call_price=0.03, wrong_price=0.05).lines
    assert line.saved == pytest.approx((4 * 0.03 - 2 * 0.05) / 6 * 1_000)
    (line,) = evaluate(ROWS, [0.95]).lines
    assert line.saved is None


def test_groups_partition_the_pairs():
    by_kind = evaluate_by(ROWS, "kind", [0.95])
    assert list(by_kind) == ["paraphrase", "negation", "number", "typo"]
    rates = [table.lines[0].hit_rate for table in by_kind.values()]
    assert rates == [Rate(2, 3), Rate(1, 1), Rate(1, 1), Rate(0, 1)]
    assert sum(table.same for table in evaluate_by(ROWS, "language", [0.9]).values()) == 4
    with pytest.raises(ConfigError, match=r"'tenant'.*language, kind"):
        evaluate_by(ROWS, "tenant")


def test_the_curve_has_a_point_for_each_distinct_score():
    curve = risk_coverage(ROWS)
    assert curve.threshold.tolist() == [0.99, 0.97, 0.95, 0.90, 0.80]
    assert curve.coverage.tolist() == [1 / 6, 2 / 6, 4 / 6, 5 / 6, 1]
    assert curve.risk.tolist() == [1, 1 / 2, 2 / 4, 2 / 5, 2 / 6]
    assert all(curve.low <= curve.risk) and all(curve.risk <= curve.high)
    assert (curve.low[2], curve.high[2]) == interval(2, 4)
    assert curve.at(0.96) == (2 / 6, 1 / 2) and curve.at(1.0) == (0, 0)


def test_a_curve_of_very_many_scores_keeps_some_of_its_points():
    rows = draw(np.random.default_rng(5), RISING, 600)
    whole, thin = risk_coverage(rows, points=1_000), risk_coverage(rows, points=50)
    assert len(whole.risk) == 600 and len(thin.risk) == 50
    assert set(zip(*thin, strict=True)) <= set(zip(*whole, strict=True))
    assert np.diff(thin.coverage).max() < 0.03 and thin.coverage[-1] == 1


def test_the_printed_table_explains_each_of_its_columns():
    table = evaluate(ROWS, [0.95, 0.999], call_price=0.01, wrong_price=0.1)
    head, nothing, line = str(table).splitlines()
    assert nothing.startswith("0.999") and "   -   " in nothing
    assert "4        66.7 % (22.3-95.7)   2" in line and line.endswith("-$26.67")
    for column in head.replace("of served", "").replace("of all", "").split():
        assert f"\n{column} " in f"\n{table.legend}"
    assert "saved" not in evaluate(ROWS, [0.95]).legend


@pytest.mark.parametrize("grid", [[], [math.nan], [0.9, math.inf]])
def test_thresholds_that_are_none_are_refused(grid):
    with pytest.raises(ConfigError, match="finite"):
        evaluate(ROWS, grid)


@pytest.mark.parametrize(
    ("score", "same", "groups", "message"),
    [
        ([0.9, math.nan], [True, True], {}, "pair 1 has a score"),
        ([0.9, 0.8], [True], {}, "2 scores, but same has 1"),
        ([0.9], [True], {"language": ["en", "zh"]}, "1 scores, but language has 2"),
        ([0.9], [2], {}, "true and false"),
        ([0.9], ["false"], {}, "true and false"),
    ],
)
def test_columns_that_do_not_fit_are_refused(score, same, groups, message):
    with pytest.raises(InvalidInput, match=message):
        Scored(score, same, **groups)


def test_without_pairs_there_is_no_curve_and_nothing_is_served():
    nobody = Scored([], [])
    with pytest.raises(InvalidInput, match="no pairs"):
        risk_coverage(nobody)
    assert evaluate(nobody, [0.9]).lines[0].hit_rate.count == 0


# Choosing -------------------------------------------------------------------------------


def rows_of(*bands: tuple[float, int, int], **groups: str) -> Scored:
    """Bands of one score: (score, pairs, wrong ones)."""
    score = [score for score, pairs, _ in bands for _ in range(pairs)]
    same = [k >= wrong for _, pairs, wrong in bands for k in range(pairs)]
    return Scored(score, same, **{name: [value] * len(score) for name, value in groups.items()})


def test_the_lowest_threshold_passes_whose_bound_at_its_share_of_the_doubt_is_within_the_limit():
    rows = rows_of((0.97, 250, 2), (0.93, 250, 3), (0.88, 200, 60), (0.82, 9, 0))
    choice = choose_threshold(rows, grid=[0.95, 0.9, 0.85, 0.8])
    assert choice.threshold == 0.9
    for test in choice.tests:
        assert test.level == pytest.approx(0.05 / 4)
        assert test.passed == (test.bound <= 0.05)
        assert test.bound == upper_bound(test.wrong, test.served, 1 - test.level)


def test_the_other_rule_gives_all_of_the_doubt_to_each_up_to_the_first_failure():
    rows = rows_of((0.97, 60, 0), (0.93, 300, 200), (0.88, 9_000, 0))
    choice = choose_threshold(rows, grid=[0.95, 0.9, 0.85], rule="fixed-sequence")
    assert [test.level for test in choice.tests] == [pytest.approx(0.05)] * 2 + [0]
    assert [test.passed for test in choice.tests] == [True, False, False]


def test_each_rule_wins_where_the_docstring_says():
    grid = [0.95, 0.9, 0.85]
    enough_at_once = rows_of((0.97, 60, 0))
    assert choose_threshold(enough_at_once, grid=grid).threshold is None
    assert choose_threshold(enough_at_once, grid=grid, rule="fixed-sequence").threshold == 0.85
    for few_or_bad_at_first in (
        rows_of((0.97, 10, 0), (0.92, 200, 0)),
        rows_of((0.97, 9, 8), (0.92, 900, 0)),
    ):
        assert choose_threshold(few_or_bad_at_first, grid=grid).threshold == 0.85
        found = choose_threshold(few_or_bad_at_first, grid=grid, rule="fixed-sequence")
        assert found.threshold is None


def test_when_none_is_good_enough_the_choice_says_how_near_it_came():
    choice = choose_threshold(rows_of((0.97, 100, 1), (0.9, 300, 150)), grid=[0.95, 0.9])
    assert choice.threshold is None and choice.nearest == choice.tests[0]
    more = choice.more_pairs
    text = str(choice)
    assert "Chosen threshold: none" in text and "1 of 100 served are wrong" in text
    assert f"about {more:,} more labelled pairs" in text
    assert "At 0.90 more pairs would not help" in text
    # With that many more pairs of the same mix it does pass, and with 20 % fewer it does not.
    for times, passes in ((1 + more / 400, True), (1 + 0.8 * more / 400, False)):
        n = round(100 * times)
        rows = rows_of((0.97, n, math.ceil(n / 100)), (0.9, 3 * n, 2 * n))
        assert (choose_threshold(rows, grid=[0.95, 0.9]).threshold == 0.95) is passes


def test_a_few_pairs_cannot_tell_and_many_bad_ones_can():
    text = str(choose_threshold(rows_of((0.97, 13, 2)), grid=[0.95]))
    assert "Cannot tell yet: at 0.95, 2 of 13 served" in text and "1.9 to 45.4 %" in text
    assert "would not help" not in text
    choice = choose_threshold(rows_of((0.97, 100, 60)), grid=[0.95, 0.9])
    assert choice.more_pairs is None and "Cannot tell" not in str(choice)
    assert "At every threshold that serves a pair more pairs would not help" in str(choice)
    for rows in (Scored([], []), rows_of((0.1, 50, 0))):
        assert "No labelled pair reaches" in str(choose_threshold(rows))


def test_groups_choose_for_themselves_and_small_ones_use_the_common_threshold():
    parts = [
        rows_of((0.95, 800, 2), (0.85, 200, 180), tenant="acme"),
        rows_of((0.95, 100, 60), tenant="beta"),
        rows_of((0.95, 20, 0), tenant="new"),
    ]
    rows = Scored(
        np.concatenate([part.score for part in parts]),
        np.concatenate([part.same for part in parts]),
        tenant=np.concatenate([part.groups["tenant"] for part in parts]),
    )
    choice = choose_threshold(rows, grid=[0.9, 0.8], by="tenant", max_wrong=0.1)
    assert choice.groups.keys() == {"acme", "beta"}
    assert choice.threshold_for("acme") == 0.9
    assert choice.threshold_for("new") == choice.threshold
    assert choice.threshold_for("beta") is None and not choice.serves(0.99, "beta")
    # Three promises share the doubt of 5 %, and each its two thresholds.
    assert choice.confidence == pytest.approx(1 - 0.05 / 3)
    assert choice.groups["acme"].tests[0].level == pytest.approx(0.05 / 3 / 2)


@pytest.mark.parametrize(
    "options",
    [
        {"max_wrong": 0},
        {"max_wrong": 5},
        {"confidence": 1},
        {"rule": "none"},
        {"grid": []},
        {"by": "x"},
    ],
)
def test_options_that_cannot_work_are_refused(options):
    with pytest.raises(ConfigError):
        choose_threshold(ROWS, **options)


# The promise ----------------------------------------------------------------------------
#
# Populations with a known risk: scores are uniform on [0, 1], and a pair of score s is wrong with
# probability risk(s). A run draws labelled pairs, chooses, and breaks the promise if the true risk
# above the threshold is over the limit.

GRID = (0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0)
LIMIT = 0.05
RUNS = 400
# If a run breaks the promise with probability 0.05, more than 0.083 of 400 runs do so in about 1
# of 500 repetitions: three standard errors of sqrt(0.05 * 0.95 / 400) = 0.011. The seed is fixed.
SLACK = 3 * math.sqrt(0.05 * 0.95 / RUNS)

Risk = Callable[[np.ndarray], np.ndarray]


def RISING(s):  # the lower the score, the riskier
    return 0.6 * (1 - s) ** 2


def EDGE(s):  # every threshold is a little too risky: whatever is chosen breaks the promise
    return np.full_like(s, 0.051)


def POCKET(s):  # as on our pairs, the highest scores are the worst: risk falls, then rises
    return np.where(s > 0.9, 0.12, np.where(s > 0.45, 0.005, 0.4))


def draw(rng: np.random.Generator, risk: Risk, n: int, traps: float = 1.0) -> Scored:
    """Labelled pairs; with ``traps`` = 2, every pair that could be wrong comes twice as often."""
    scores = rng.random(n * 3)
    wrong = rng.random(n * 3) < risk(scores)
    keep = rng.random(n * 3) < np.where(wrong, 1, 1 / traps)
    return Scored(scores[keep][:n], ~wrong[keep][:n])


def true_risk(risk: Risk, threshold: float, traps: float = 1.0) -> float:
    scores = np.linspace(threshold, 1, 100_001)
    wrong = float(risk(scores).mean())
    return traps * wrong / (traps * wrong + 1 - wrong)


def naive(rows: Scored) -> float | None:
    """The lowest threshold whose observed rate is within the limit."""
    thresholds, served, wrong = counts(rows, GRID)
    good = [t for t, n, w in zip(thresholds, served, wrong, strict=True) if n and w <= LIMIT * n]
    return min(good, default=None)


def chosen(risk: Risk, n: int, choose: Callable[[Scored], float | None]) -> list[float]:
    """The thresholds that the runs chose, without the runs that chose none."""
    rng = np.random.default_rng(11)
    found = (choose(draw(rng, risk, n)) for _ in range(RUNS))
    return [threshold for threshold in found if threshold is not None]


def broken(risk: Risk, thresholds: list[float], traps: float = 1.0) -> float:
    """The share of the runs whose threshold breaks the limit."""
    too_risky = {t: true_risk(risk, t, traps) > LIMIT for t in set(thresholds)}
    return sum(too_risky[t] for t in thresholds) / RUNS


def uncorrected(rows: Scored) -> float | None:
    """The lowest threshold whose own 95 % bound is within the limit."""
    counted = zip(*counts(rows, GRID), strict=True)
    return min((t for t, n, w in counted if tail(w, n, LIMIT) <= 0.05), default=None)


def promised(rows: Scored, grid=GRID, **options) -> float | None:
    return choose_threshold(rows, max_wrong=LIMIT, grid=grid, **options).threshold


@pytest.mark.parametrize(("rule", "grid"), [("bonferroni", GRID), ("fixed-sequence", GRID[3:])])
@pytest.mark.parametrize("risk", [RISING, EDGE, POCKET])
def test_the_promise_holds(risk, rule, grid):
    found = chosen(risk, 800, lambda rows: promised(rows, grid, rule=rule))
    assert broken(risk, found) <= 0.05 + SLACK


@pytest.mark.parametrize(("risk", "at_least"), [(RISING, 0.4), (EDGE, 0.7), (POCKET, 0.2)])
def test_the_naive_choice_breaks_it_far_more_often(risk, at_least):
    assert broken(risk, chosen(risk, 400, naive)) >= at_least


def test_the_best_of_many_bounds_breaks_it_too():
    assert broken(EDGE, chosen(EDGE, 800, uncorrected)) > 0.05 + SLACK


@pytest.mark.parametrize(("risk", "at_least"), [(RISING, 0.9), (POCKET, 0.5)])
def test_the_promise_is_not_kept_by_choosing_nothing(risk, at_least):
    assert len(chosen(risk, 1_500, promised)) >= at_least * RUNS


def test_pairs_drawn_anew_are_wrong_as_often_as_the_true_risk_says():
    rng = np.random.default_rng(2)
    for risk in (RISING, EDGE, POCKET):
        for traps in (1.0, 2.0):
            rows = draw(rng, risk, 30_000, traps)
            (line,) = evaluate(rows, [0.6], confidence=0.999).lines
            low, high = line.false_hit_rate.interval
            assert low <= true_risk(risk, 0.6, traps) <= high


def test_when_the_traffic_drifts_the_promise_fails():
    """Chosen on yesterday's pairs; today the share of traps has doubled."""
    found = chosen(RISING, 1_500, promised)
    assert len(found) > 0.8 * RUNS
    assert broken(RISING, found) <= 0.05 + SLACK
    # Twice the traps are nearly twice the wrong answers: 2.0 % become 3.9 % on average, and a
    # quarter of the runs, instead of next to none, serve more wrong answers than they promised.
    assert broken(RISING, found, traps=2.0) == pytest.approx(0.26, abs=0.1)
    before, after = (np.mean([true_risk(RISING, t, k) for t in found]) for k in (1.0, 2.0))
    assert before == pytest.approx(0.020, abs=0.004) and after == pytest.approx(0.039, abs=0.008)
