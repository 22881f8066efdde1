"""What tokens cost: today's prices as data, or a price of your own, in exact dollars.

Amounts are `Decimal` and not `float`, because a bill is compared to the last digit:

>>> 10_000 * (1 - 0.8), 10_000 * (1 - Decimal("0.8"))
(1999.9999999999995, Decimal('2000.0'))

Prices come as data with the genai-prices package; nothing is fetched. `price_source()` says how
old they are.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.metadata import version

import genai_prices
from genai_prices.data import providers
from genai_prices.types import ModelInfo, StartDateConstraint

from semcache.errors import ConfigError

__all__ = ["Number", "Price", "amount", "dollars", "exact", "price_of", "price_source"]

PROVIDER = "openai"  # a model's name alone is ambiguous: several providers sell the same one

Number = int | float | Decimal


@dataclass(frozen=True)
class Price:
    """What a million tokens cost, in dollars.

    Attributes:
        input: Dollars for a million tokens sent.
        output: Dollars for a million tokens written; None for a model that writes none.

    Raises:
        ConfigError: An amount is negative or no number.
    """

    input: Number
    output: Number | None = None

    def __post_init__(self) -> None:
        amount("input", self.input)
        if self.output is not None:
            amount("output", self.output)

    @classmethod
    def per_1k(cls, input: Number, output: Number | None = None) -> "Price":
        """Return a price that is quoted for 1,000 tokens.

        Raises:
            ConfigError: An amount is negative or no number.

        Example:
            >>> Price.per_1k(0.00002)
            Price(input=Decimal('0.02000'), output=None)
        """
        written = None if output is None else amount("output", output) * 1_000
        return cls(amount("input", input) * 1_000, written)


@cache
def price_of(model: str) -> Price:
    """Return the price of an OpenAI model, from the installed genai-prices.

    Where long texts cost more by the token, it is the price of short ones.

    Raises:
        ConfigError: The model is unknown there, or it is not sold by the token.

    Example:
        >>> price_of("text-embedding-3-small") == Price.per_1k(0.00002)
        True
    """
    usage = genai_prices.Usage(input_tokens=1_000, output_tokens=1_000)
    when = datetime.combine(_prices_date(), time(), UTC)  # or outputs would change by themselves
    try:
        found = genai_prices.calc_price(
            usage, model, provider_id=PROVIDER, genai_request_timestamp=when
        )
    except (LookupError, AttributeError):  # unknown, or not even a string
        found = None
    if found is None or not found.input_price:  # speech is sold by the hour, drawings by the piece
        raise ConfigError(
            f"no price for the tokens of {model!r} in {price_source()}: check the name, "
            "or give a price yourself, as in Scenario(price=Price.per_1k(0.00002))"
        )
    return Price(found.input_price * 1_000, found.output_price * 1_000 or None)


def price_source() -> str:
    """Return where the prices come from and how old they are.

    Example:
        >>> price_source()  # doctest: +ELLIPSIS
        'genai-prices ..., OpenAI prices as of ...-...-...'
    """
    return f"genai-prices {version('genai-prices')}, OpenAI prices as of {_prices_date()}"


def dollars(value: Number, places: int = 2) -> str:
    """Return an amount of money as text.

    Example:
        >>> dollars(-9.76), dollars(Decimal("0.01"), 4), dollars(1234567), dollars(-0.001)
        ('-$9.76', '$0.0100', '$1,234,567.00', '$0.00')
    """
    text = f"{abs(exact(value)):,.{places}f}"
    return f"-${text}" if value < 0 and text.strip("0.,") else f"${text}"


@cache
def _prices_date() -> date:
    """The newest day on which the package says that an OpenAI price began or was verified.

    The package gives its data no date of its own, and installed files carry the day of the
    installation. Days to come are prices announced, not prices.
    """
    models = next(provider.models for provider in providers if provider.id == PROVIDER)
    today = datetime.now(UTC).date()
    return max(day for day in _dates(models) if day <= today)


def _dates(models: Iterable[ModelInfo]) -> Iterator[date]:
    for model in models:
        for text in re.findall(r"\b\d{4}-\d\d-\d\d\b", model.price_comments or ""):
            yield date.fromisoformat(text)
        for price in model.prices if isinstance(model.prices, list) else []:
            if isinstance(price.constraint, StartDateConstraint):
                yield price.constraint.start_date


def amount(name: str, value: object) -> Decimal:
    """Return a value as a Decimal, or say what is wrong with it."""
    try:
        number = exact(value)
    except InvalidOperation:
        number = Decimal("nan")
    if isinstance(value, bool | str) or not number.is_finite() or number < 0:
        raise ConfigError(f"{name} is {value!r}: a number is needed, 0 or more")
    return number


def exact(value: object) -> Decimal:
    """Read a float as it is written: 0.8 is 8/10 here, not the nearest binary fraction."""
    return Decimal(str(value))
