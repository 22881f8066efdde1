"""How many pairs to label: the rule of choose_threshold, read backwards."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcache.errors import ConfigError
from semcache.evaluate.binomial import upper_bound
from semcache.evaluate.planning import most_served, plan
from semcache.evaluate.scored import Scored
from semcache.evaluate.threshold import choose_threshold


@settings(max_examples=60)
@given(
    st.floats(0.01, 0.5),
    st.floats(0.3, 0.999),
    st.integers(1, 14),
    st.integers(0, 8),
    st.data(),
)
def test_what_the_plan_says_is_enough_and_one_less_is_not(limit, confidence, k, wrong, data):
    (step,) = plan(limit, confidence, thresholds=k, wrong=[wrong]).steps
    grid = [1 - at / 20 for at in range(k)]
    lowest = data.draw(st.sampled_from(grid))  # where what is served begins

    def chosen(served: int) -> float | None:
        rows = Scored([lowest] * served, [at >= wrong for at in range(served)])
        choice = choose_threshold(rows, max_wrong=limit, confidence=confidence, grid=grid)
        return choice.threshold

    assert chosen(step.served) == grid[-1]
    assert step.served == wrong + 1 or chosen(step.served - 1) is None


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.02])
def test_what_suffices_for_a_true_rate_passes_nine_times_in_ten(rate):
    step = plan(0.05, 0.95).suffices(rate)
    draws = np.random.default_rng(1).binomial(step.served, rate, 20_000)
    bounds = {w: upper_bound(w, step.served, 1 - 0.05 / 12) for w in set(draws.tolist())}
    passed = np.mean([bounds[w] <= 0.05 for w in draws.tolist()])
    assert passed >= 0.895 and (rate == 0 or passed < 0.95)
    with pytest.raises(ConfigError, match="cannot be shown"):
        plan(0.05, 0.95).suffices(0.05)


@pytest.mark.parametrize(
    ("limit", "confidence", "k", "served"),
    [(0.05, 0.95, 1, 59), (0.05, 0.95, 12, 107), (0.02, 0.90, 12, 237), (0.10, 0.95, 12, 53),
     (0.5, 0.75, 1, 2)],
)  # fmt: skip
def test_with_no_error_it_is_the_formula_that_one_can_solve_by_hand(limit, confidence, k, served):
    assert plan(limit, confidence, thresholds=k).steps[0].served == served
    doubt = (1 - confidence) / k
    assert (1 - limit) ** served <= doubt < (1 - limit) ** (served - 1)


def test_the_pairs_are_those_served_over_their_share_in_each_part():
    text = str(plan(0.02, 0.90, served=0.3, wrong=[0]))
    assert "    0      237              790           790          1,580" in text
    assert "114 served without an error" in text and "nine times in ten" in text
    assert "at least 29.4 % of the pairs have the same answer" in text
    assert "2,370" in str(plan(0.02, 0.90, served=0.3, wrong=[0], fit=True))
    assert "pairs if 30 % are served" in str(plan(0.02, 0.90))


def test_what_cannot_be_reached_is_said():
    assert plan(served=0.3).reachable is None and plan(served=0.3, same=0.3).reachable
    hopeless = plan(served=0.3, same=0.2)
    assert hopeless.reachable is False and "So 30 % cannot be reached." in str(hopeless)


@given(st.floats(0, 1), st.floats(0, 0.99))
def test_who_serves_more_than_that_has_too_few_right_answers(wrong, limit):
    most = most_served(wrong, limit)
    assert most == 1 or 1 - most == pytest.approx((wrong - limit) / (1 - limit))
    for served in (most, (1 + most) / 2):
        share_wrong = (served - (1 - wrong)) / served if served else 0
        assert (share_wrong <= limit + 1e-9) is (served <= most) or math.isclose(served, most)


@pytest.mark.parametrize(
    "options",
    [{"max_wrong": 5}, {"confidence": 1}, {"served": 0}, {"served": 30}, {"same": 2},
     {"thresholds": 0}, {"wrong": []}, {"wrong": [-1]}, {"max_wrong": 1e-9}],
)  # fmt: skip
def test_what_cannot_be_planned_is_refused(options):
    with pytest.raises(ConfigError):
        plan(**options)
