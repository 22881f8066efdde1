"""Shares of a log, told from pairs that were drawn from it by weight."""

import math
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.evaluate.binomial import upper_bound
from semcache.evaluate.curve import risk_coverage
from semcache.evaluate.drawing import draw
from semcache.evaluate.rate import Rate, WeightedRate
from semcache.evaluate.scored import Scored
from semcache.evaluate.tables import evaluate
from semcache.evaluate.threshold import choose_threshold

labels = st.lists(st.booleans(), min_size=2, max_size=5)


@given(labels, labels, st.booleans())
def test_against_a_log_at_the_limit_no_bet_wins_on_the_average(one, two, by_two):
    """Over every sample that can be drawn; only the shares strictly between 0 and 1 are limits."""
    bands, drawn = (one, two), (1 + by_two, 1)
    share = sum(map(sum, bands)) / sum(map(len, bands))
    if not 0 < share < 1:
        return
    weights = [len(band) / n for band, n in zip(bands, drawn, strict=True)]
    samples = list(product(*(combinations(band, n) for band, n in zip(bands, drawn, strict=True))))
    totals = np.zeros(4)
    for sample in samples:
        strata = [(w, sum(s), len(s) - sum(s)) for w, s in zip(weights, sample, strict=True)]
        rate = WeightedRate(0, sum(drawn), 0.95, tuple(strata), max(weights))
        totals += np.exp(rate._gains(share))
    assert (totals / len(samples) <= 1 + 1e-9).all()


def log_of(n: int, wrong_above: float, wrong_below: float) -> tuple[np.ndarray, np.ndarray]:
    """Similarities of a log, few of them high, and which pairs are wrong."""
    rng = np.random.default_rng(5)
    similarity = rng.beta(6, 2, n)
    share = np.where(similarity >= 0.9, wrong_above, wrong_below)
    return similarity, rng.random(n) < share


def test_a_false_promise_is_as_rare_as_it_says_where_the_counts_alone_would_break_it():
    similarity, wrong = log_of(3_000, 0.0, 0.12)
    truth, broken, naive = wrong.mean(), 0, 0
    edges, runs = [0.7, 0.9], 300
    for seed in range(runs):
        at, weight, _ = draw(similarity, 300, edges, seed)
        rate = Scored(similarity[at], ~wrong[at], weight=weight).rate(wrong[at])
        broken += rate.upper(0.1) < truth
        naive += upper_bound(int(wrong[at].sum()), len(at), 0.9) < truth
    assert broken <= 0.1 * runs
    assert naive > 0.1 * runs


def test_the_estimate_is_that_of_the_log():
    similarity, wrong = log_of(20_000, 0.02, 0.4)
    at, weight, _ = draw(similarity, 6_000, [0.5, 0.7, 0.9])
    rows = Scored(similarity[at], ~wrong[at], weight=weight)
    (line,) = evaluate(rows, [0.7]).lines
    served = similarity >= 0.7
    assert line.hit_rate.value == pytest.approx(served.mean(), abs=1e-9)
    assert line.false_hit_rate.value == pytest.approx(wrong[served].mean(), abs=0.02)
    assert line.false_hit_rate.of == (rows.score >= 0.7).sum()
    low, high = line.false_hit_rate.interval
    assert low < wrong[served].mean() < high


@given(
    st.lists(
        st.tuples(st.sampled_from([0.5, 1.0, 4.0]), st.integers(0, 30), st.integers(0, 30)),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([0.001, 0.05, 0.3]),
)
def test_the_bound_is_where_the_promise_begins(strata, level):
    hits, misses = (sum(row[k] for row in strata) for k in (1, 2))
    rate = WeightedRate(hits, hits + misses, 0.9, tuple(strata), 4.0)
    bound = rate.upper(level)
    if bound < 1:
        assert rate.is_below(min(1.0, bound + 1e-6), level) and not rate.is_below(
            bound - 1e-6, level
        )
        assert bound >= rate.value
    low, high = rate.interval
    assert low <= high and (not rate.of or low - 1e-9 <= rate.value <= high + 1e-9)


def test_labels_cost_what_the_docstring_says():
    def fewest(is_below) -> int:
        return next(n for n in range(1, 1_000) if is_below(n))

    level = 0.05 / 12
    even = fewest(lambda n: WeightedRate(0, n, 0.95, ((3.0, 0, n),), 3.0).is_below(0.05, level))
    twice = fewest(lambda n: WeightedRate(0, n, 0.95, ((3.0, 0, n),), 6.0).is_below(0.05, level))
    assert fewest(lambda n: Rate(0, n).is_below(0.05, level)) == 107
    assert (even, twice) == (107, 263)


def test_a_threshold_is_chosen_by_the_log_and_not_by_the_mix_that_was_labelled():
    # Of the log 6 in 700 served are wrong; of the labelled ones, drawn evenly, 6 in 206.
    score = [0.97] * 200 + [0.91] * 100
    same = [True] * 200 + [False] * 30 + [True] * 70
    light = choose_threshold(
        Scored(score, same, weight=[9.0] * 200 + [1.0] * 100), grid=[0.95, 0.9]
    )
    plain = choose_threshold(Scored(score, same), grid=[0.95, 0.9])
    assert plain.threshold == 0.95 and light.threshold == 0.9
    assert light.chosen is not None and light.chosen.rate.value == pytest.approx(30 / 1_900)
    assert "30 of them wrong, 1.6 % by weight; upper bound" in str(light)
    heavy = choose_threshold(Scored(score, same, weight=[1.0] * 200 + [9.0] * 100), grid=[0.9])
    assert heavy.threshold is None and heavy.more_pairs is None
    few = choose_threshold(Scored(score[:50], same[:50], weight=[1.0, 2.0] * 25), grid=[0.9])
    assert few.more_pairs and "more labelled pairs" in str(few)


def test_a_part_knows_how_heavy_the_whole_is():
    rows = Scored([0.9, 0.8, 0.7], [True] * 3, weight=[1, 2, 8], language=["en", "en", "zh"])
    rate = rows.by("language")["en"].rate(np.ones(2, bool))
    assert isinstance(rate, WeightedRate) and rate.heaviest == 8
    at_top = rows.rate(rows.same, rows.score >= 0.8, threshold=0.8)
    assert isinstance(at_top, WeightedRate) and at_top.heaviest == 2


def test_the_curve_is_of_the_log():
    curve = risk_coverage(Scored([0.9, 0.8, 0.7], [True, False, True], weight=[1, 3, 4]))
    assert curve.coverage.tolist() == [1 / 8, 4 / 8, 1.0]
    assert curve.risk.tolist() == [0.0, 3 / 4, 3 / 8]
    assert (curve.low <= curve.risk).all() and (curve.risk <= curve.high).all()


def test_nothing_is_known_of_nothing():
    rate = WeightedRate(0, 0)
    assert math.isnan(rate.value) and rate.interval == (0.0, 1.0) and str(rate) == "-"
    assert not rate.is_below(0.5, 0.05) and rate.times(0.05, 0.05) is None
