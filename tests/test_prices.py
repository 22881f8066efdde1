from datetime import UTC, date, datetime
from importlib.metadata import version

import genai_prices
import pytest

from semcache.errors import ConfigError
from semcache.lab import prices
from semcache.lab.prices import Price, dollars, price_of, price_source


def test_a_price_is_a_number(subtests: pytest.Subtests) -> None:
    for make in (Price, Price.per_1k):
        for amount in (-0.1, None, "0.02", float("nan")):
            refused = pytest.raises(ConfigError, match=r"^input is")
            with subtests.test(f"{make.__name__}({amount!r})"), refused:
                make(amount)  # type: ignore[arg-type]
        with subtests.test(make.__name__), pytest.raises(ConfigError, match=r"^output is"):
            make(1, -1)


def test_a_model_that_is_not_sold_by_the_token_is_not_free(subtests: pytest.Subtests) -> None:
    for model in ("whisper-1", "tts-1", "moderation"):
        with subtests.test(model), pytest.raises(ConfigError, match="no price for the tokens"):
            price_of(model)


def test_embedding_models_have_no_price_for_output() -> None:
    assert price_of("text-embedding-3-small").output is None
    assert price_of("gpt-4o-mini").output


def test_the_price_is_that_of_short_texts() -> None:
    tiered = price_of("gpt-5.4")
    long = genai_prices.Usage(input_tokens=1_000_000)
    assert genai_prices.calc_price(long, "gpt-5.4", provider_id="openai").input_price > tiered.input


def test_the_source_of_prices_names_its_release_and_a_day_in_the_data() -> None:
    text = price_source()
    day = date.fromisoformat(text.rpartition(" ")[2])
    assert version("genai-prices") in text
    assert date(2025, 1, 1) < day <= datetime.now(UTC).date()


def test_announced_prices_do_not_date_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    days = [date(2026, 1, 2), date(2999, 1, 1), date(2025, 1, 1)]
    monkeypatch.setattr(prices, "_dates", lambda models: iter(days))
    prices._prices_date.cache_clear()
    try:
        assert price_source().endswith(" 2026-01-02")
    finally:
        prices._prices_date.cache_clear()


def test_dollars_are_rounded_half_to_even_with_their_sign_in_front() -> None:
    amounts = {0: "$0.00", 0.125: "$0.12", -1234.5: "-$1,234.50", -0.004: "$0.00"}
    assert {amount: dollars(amount) for amount in amounts} == amounts
    assert dollars(-0.0) == "$0.00"
