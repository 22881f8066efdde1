import itertools
import math
from dataclasses import FrozenInstanceError, replace
from decimal import Decimal
from fractions import Fraction

import genai_prices
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.errors import ConfigError
from semcache.lab.costs import Scenario
from semcache.lab.prices import Price, dollars

SOURCE_PRICE = Price.per_1k(0.00002)
DAY = Scenario(daily_requests=10_000, input_tokens=50, hit_rate=0.8, price=SOURCE_PRICE)
ANSWERS = replace(DAY, output_tokens=300, model="gpt-4o-mini", price=None)


def test_the_five_figures_of_the_source_document() -> None:
    assert dollars(DAY.daily_cost_without, 4) == "$0.0100"
    assert dollars(DAY.daily_cost_with, 4) == "$0.0020"
    assert dollars(DAY.monthly_cost_without) == "$0.30"
    assert dollars(DAY.monthly_cost_with) == "$0.06"
    assert dollars(DAY.monthly_saving) == "$0.24"


def test_the_five_figures_are_exact_and_not_rounded_to_look_so() -> None:
    exact = [Decimal(text) for text in ("0.01", "0.002", "0.30", "0.06", "0.24")]
    assert [
        DAY.daily_cost_without,
        DAY.daily_cost_with,
        DAY.monthly_cost_without,
        DAY.monthly_cost_with,
        DAY.monthly_saving,
    ] == exact


def test_todays_price_of_the_sources_model_is_still_the_sources_price() -> None:
    assert replace(DAY, price=None).monthly_saving == DAY.monthly_saving


def test_a_month_is_thirty_days_and_redis_is_in_the_cost_with_a_cache() -> None:
    with_redis = replace(DAY, redis_per_month=15)
    assert with_redis.monthly_cost_with == Decimal("15.06")
    assert with_redis.daily_cost_with == Decimal("0.502")
    assert with_redis.monthly_cost_without == DAY.monthly_cost_without
    assert with_redis.monthly_saving == Decimal("-14.76")


# Answers


def test_an_answer_pays_for_what_is_sent_and_for_what_is_written() -> None:
    priced = replace(ANSWERS, price=Price(input=1, output=10))
    assert priced.cost_per_request == Decimal("0.00305")  # 50 at $1 and 300 at $10 a million


def test_an_answer_costs_what_genai_prices_says() -> None:
    usage = genai_prices.Usage(input_tokens=50, output_tokens=300)
    theirs = genai_prices.calc_price(usage, "gpt-4o-mini", provider_id="openai")
    assert ANSWERS.cost_per_request == theirs.total_price


def test_output_tokens_need_a_price() -> None:
    for price in (None, SOURCE_PRICE):
        with pytest.raises(ConfigError, match=r"300.*chat model.*text-embedding-3-small"):
            replace(DAY, price=price, output_tokens=300)


# Break-even


def test_break_even_is_the_share_of_the_calls_that_redis_costs() -> None:
    rates = {0: Decimal(0), 0.03: Decimal("0.1"), 0.3: Decimal(1), 0.31: None, 15: None}
    found = {redis: replace(DAY, redis_per_month=redis).break_even_hit_rate for redis in rates}
    assert found == rates


def test_without_traffic_only_a_free_redis_pays() -> None:
    idle = replace(DAY, daily_requests=0)
    assert idle.break_even_hit_rate == 0
    assert replace(idle, redis_per_month=1).break_even_hit_rate is None


@given(
    requests=st.integers(0, 10**9),
    tokens=st.integers(0, 8_192),
    rate=st.floats(0, 1),
    redis=st.decimals(0, 10_000, places=2),
)
def test_break_even_is_where_the_saving_changes_its_sign(
    requests: int, tokens: int, rate: float, redis: Decimal
) -> None:
    one = Scenario(
        daily_requests=requests,
        input_tokens=tokens,
        hit_rate=rate,
        price=SOURCE_PRICE,
        redis_per_month=redis,
    )
    least = one.break_even_hit_rate
    if least is None:
        assert replace(one, hit_rate=1).monthly_saving < 0
    else:
        at_least = replace(one, hit_rate=least)
        assert abs(at_least.monthly_saving) < Decimal("1e-15")
        if abs(Decimal(str(rate)) - least) > Decimal("1e-15") and one.monthly_cost_without:
            assert (one.monthly_saving > 0) == (Decimal(str(rate)) > least)


def test_break_even_requests_are_what_redis_costs_over_what_a_request_saves() -> None:
    requests = {(12, 0.5): 800_000, (12, 0.8): 500_000, (0, 0.5): 0, (12, 0): math.inf, (0, 0): 0}
    found = {
        (redis, rate): replace(DAY, redis_per_month=redis, hit_rate=rate).break_even_requests
        for redis, rate in requests
    }
    assert found == requests


def test_no_traffic_pays_for_redis_when_calls_are_free() -> None:
    free = replace(DAY, price=Price(0), redis_per_month=12)
    assert free.break_even_requests == math.inf


@given(tokens=st.integers(1, 8_192), rate=st.floats(0.001, 1), redis=st.integers(1, 10_000))
def test_both_break_evens_are_the_same_point(tokens: int, rate: float, redis: int) -> None:
    one = replace(DAY, input_tokens=tokens, hit_rate=rate, redis_per_month=redis)
    even = replace(one, daily_requests=one.break_even_requests)
    assert abs(even.monthly_saving) < Decimal("1e-15")
    assert replace(even, daily_requests=even.break_even_requests * 2).monthly_saving > 0
    # rounding to 28 digits may put the rate a hair above 1, where there is none
    assert abs((even.break_even_hit_rate or 1) - Decimal(str(rate))) < Decimal("1e-15")


# Time


def test_a_miss_waits_for_the_cache_too() -> None:
    timed = replace(DAY, api_seconds=0.3, cache_seconds=0.001)
    assert timed.daily_seconds_saved == 2_390  # 8,000 calls of 0.3 s, less 10,000 looks of 0.001 s


def test_a_cache_that_is_seldom_hit_costs_time() -> None:
    timed = replace(DAY, hit_rate=0, api_seconds=0.3, cache_seconds=0.001)
    assert timed.daily_seconds_saved == -10


# What is refused


NAMES = ("daily_requests", "input_tokens", "output_tokens", "redis_per_month")
NAMES += ("api_seconds", "cache_seconds", "hit_rate")
BAD = (-1, -0.001, float("nan"), float("inf"), None, "0.5", True, Decimal("sNaN"), Fraction(1, 3))


def test_a_value_out_of_its_range_is_named(subtests: pytest.Subtests) -> None:
    for name, value in itertools.product(NAMES, BAD):
        refused = pytest.raises(ConfigError, match=f"^{name} is ")
        with subtests.test(f"{name}={value!r}"), refused:
            replace(DAY, **{name: value})  # type: ignore[arg-type]


def test_a_hit_rate_is_no_percentage(subtests: pytest.Subtests) -> None:
    for rate in (80, 1.0001, Decimal("1.5")):
        with subtests.test(str(rate)), pytest.raises(ConfigError, match=r"share from 0 to 1"):
            replace(DAY, hit_rate=rate)


def test_a_bare_number_is_no_price_because_its_unit_is_unknown() -> None:
    with pytest.raises(ConfigError, match="per_1k"):
        replace(DAY, price=0.00002)  # type: ignore[arg-type]


def test_numbers_of_numpy_are_numbers() -> None:
    measured = replace(DAY, hit_rate=np.float64(0.8), daily_requests=np.int64(10_000))
    assert measured.monthly_saving == DAY.monthly_saving


def test_a_scenario_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        DAY.hit_rate = 0.9  # type: ignore[misc]


def test_an_unknown_model_is_refused_at_once_with_what_to_do(subtests: pytest.Subtests) -> None:
    what_to_do = r"no price for .*check the name, or give a price"
    for model in ("text-embedding-3-tiny", "multilingual-e5-small", "", None):
        with subtests.test(repr(model)), pytest.raises(ConfigError, match=what_to_do):
            replace(DAY, price=None, model=model)  # type: ignore[arg-type]


def test_an_unknown_model_is_welcome_with_a_price() -> None:
    local = replace(DAY, model="multilingual-e5-small", price=Price(0), redis_per_month=1)
    assert local.monthly_cost_without == 0
    assert local.break_even_hit_rate is None


# Words


def test_summary_says_that_nothing_can_pay() -> None:
    assert replace(DAY, redis_per_month=15).summary().splitlines() == [
        "                        a day       a month",
        "without a cache       $0.0100         $0.30",
        "with a cache          $0.5020        $15.06",
        "saved                -$0.4920       -$14.76",
        "No hit rate pays for Redis: it costs $15.00 a month, all the calls $0.30.",
    ]


def test_summary_says_from_where_it_pays() -> None:
    for redis, rate in ((15, "50.0%"), (10, "33.4%"), (0.001, "0.1%")):
        words = replace(DAY, daily_requests=1_000_000, redis_per_month=redis).summary()
        assert words.endswith(f"a month) pays for itself from a hit rate of {rate}.")


def test_summary_keeps_its_columns_for_large_amounts() -> None:
    rows = replace(ANSWERS, daily_requests=10**8, redis_per_month=9_999).summary().splitlines()[:4]
    assert len({len(row) for row in rows}) == 1
