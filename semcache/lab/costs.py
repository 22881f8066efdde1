"""What a cache saves: the bill with it and without it, in exact dollars. Lesson 01."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from semcache.errors import ConfigError
from semcache.lab.prices import Number, Price, amount, dollars, exact, price_of

__all__ = ["DAYS_PER_MONTH", "Scenario"]

DAYS_PER_MONTH = 30


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One workload, and what a cache in front of its API calls would change.

    Every request asks the cache first; a miss then calls the API. Money is in dollars, times in
    seconds, a month has 30 days. Redis is part of every cost "with" the cache.

    Attributes:
        daily_requests: Requests a day.
        input_tokens: Tokens sent with a request, on average.
        hit_rate: Share of the requests that the cache answers, in [0, 1].
        output_tokens: Tokens written for a request, on average; 0 for embeddings.
        model: The model whose price of today is used, unless there is a ``price``.
        price: A price of your own.
        redis_per_month: What Redis costs, whatever the traffic.
        api_seconds: How long a call takes.
        cache_seconds: How long asking the cache takes, for a hit and for a miss.

    Raises:
        ConfigError: A value is out of its range, or the model has no known price.

    Example:
        >>> day = Scenario(daily_requests=10_000, input_tokens=50, hit_rate=0.8,
        ...                price=Price.per_1k(0.00002))
        >>> dollars(day.monthly_saving)
        '$0.24'
        >>> print(day.summary())
                                a day       a month
        without a cache       $0.0100         $0.30
        with a cache          $0.0020         $0.06
        saved                 $0.0080         $0.24
        Redis costs nothing here, so every hit is a saving.
    """

    daily_requests: Number
    input_tokens: Number
    hit_rate: Number
    output_tokens: Number = 0
    model: str = "text-embedding-3-small"
    price: Price | None = None
    redis_per_month: Number = 0
    api_seconds: Number = 0
    cache_seconds: Number = 0

    def __post_init__(self) -> None:
        for name in ("daily_requests", "input_tokens", "output_tokens", "redis_per_month"):
            amount(name, getattr(self, name))
        for name in ("api_seconds", "cache_seconds"):
            amount(name, getattr(self, name))
        if amount("hit_rate", self.hit_rate) > 1:
            raise ConfigError(f"hit_rate is {self.hit_rate}: write a share from 0 to 1, as 0.8")
        if not isinstance(self.price, Price | None):
            raise ConfigError(f"price is {self.price!r}: write Price.per_1k(...) or Price(...)")
        if self.unit_price.output is None and self.output_tokens:
            raise ConfigError(
                f"output_tokens is {self.output_tokens}, but the price has none for output: "
                f"name a chat model (model is {self.model!r}), or give the price both amounts"
            )

    @property
    def unit_price(self) -> Price:
        """The price in use: the one given, or that of the model."""
        return price_of(self.model) if self.price is None else self.price

    @property
    def cost_per_request(self) -> Decimal:
        """Dollars for one call of the API."""
        price = self.unit_price
        sent = exact(self.input_tokens) * exact(price.input)
        written = exact(self.output_tokens) * exact(price.output or 0)
        return (sent + written) / 1_000_000

    @property
    def daily_cost_without(self) -> Decimal:
        """Dollars a day when every request calls the API."""
        return exact(self.daily_requests) * self.cost_per_request

    @property
    def daily_cost_with(self) -> Decimal:
        """Dollars a day with the cache: the misses, and a day's share of Redis."""
        redis = exact(self.redis_per_month) / DAYS_PER_MONTH
        return self.daily_cost_without * (1 - exact(self.hit_rate)) + redis

    @property
    def monthly_cost_without(self) -> Decimal:
        """Dollars a month when every request calls the API."""
        return self.daily_cost_without * DAYS_PER_MONTH

    @property
    def monthly_cost_with(self) -> Decimal:
        """Dollars a month with the cache: the misses, and Redis."""
        misses = self.monthly_cost_without * (1 - exact(self.hit_rate))
        return misses + exact(self.redis_per_month)

    @property
    def monthly_saving(self) -> Decimal:
        """Dollars a month that the cache saves; negative when Redis costs more than it saves."""
        return self.monthly_cost_without - self.monthly_cost_with

    @property
    def break_even_hit_rate(self) -> Decimal | None:
        """The hit rate from which Redis pays for itself; None when no hit rate is enough.

        Example:
            >>> day = dict(daily_requests=1_000_000, input_tokens=50, hit_rate=0.8,
            ...            price=Price.per_1k(0.00002))
            >>> Scenario(**day, redis_per_month=12).break_even_hit_rate
            Decimal('0.4')
            >>> Scenario(**day, redis_per_month=40).break_even_hit_rate is None
            True
        """
        redis, calls = exact(self.redis_per_month), self.monthly_cost_without
        if redis > calls:
            return None
        return redis / calls if redis else Decimal(0)

    @property
    def break_even_requests(self) -> Decimal:
        """The requests a day from which Redis pays for itself; infinity when none are enough.

        Example:
            >>> day = Scenario(daily_requests=0, input_tokens=50, hit_rate=0.5, redis_per_month=12,
            ...                price=Price.per_1k(0.00002))
            >>> f"{day.break_even_requests:,.0f}"
            '800,000'
        """
        redis = exact(self.redis_per_month)
        saved_by_one = DAYS_PER_MONTH * exact(self.hit_rate) * self.cost_per_request
        if not redis:
            return Decimal(0)
        return redis / saved_by_one if saved_by_one else Decimal("Infinity")

    @property
    def daily_seconds_saved(self) -> Decimal:
        """Seconds a day that callers no longer wait; negative when asking costs more.

        A hit saves a call; every request, hit or miss, first asks the cache.
        """
        calls_spared = exact(self.hit_rate) * exact(self.api_seconds)
        return exact(self.daily_requests) * (calls_spared - exact(self.cache_seconds))

    def summary(self) -> str:
        """Return the bill as a small table, and in words whether Redis pays for itself."""
        daily, monthly = self.daily_cost_without, self.monthly_cost_without
        rows = (
            ("without a cache", daily, monthly),
            ("with a cache", self.daily_cost_with, self.monthly_cost_with),
            ("saved", daily - self.daily_cost_with, self.monthly_saving),
        )
        lines = [f"{name:15}{dollars(day, 4):>14}{dollars(month):>14}" for name, day, month in rows]
        return "\n".join([f"{'a day':>29}{'a month':>14}", *lines, self._verdict()])

    def _verdict(self) -> str:
        least, redis = self.break_even_hit_rate, dollars(self.redis_per_month)
        if not self.redis_per_month:
            return "Redis costs nothing here, so every hit is a saving."
        if least is None:
            calls = dollars(self.monthly_cost_without)
            return f"No hit rate pays for Redis: it costs {redis} a month, all the calls {calls}."
        least = least.quantize(Decimal("0.001"), ROUND_CEILING)  # rounded down it would not pay
        return f"Redis ({redis} a month) pays for itself from a hit rate of {least:.1%}."
