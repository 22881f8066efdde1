"""A prediction beside a measurement, in plain words."""

from decimal import Decimal
from numbers import Real


def verdict(guess: object, measured: object, what: str = "") -> str:
    """Say in one line what was predicted, what was measured, and how far apart they are.

    >>> verdict(None, 12, "API calls")
    'You made no prediction; measured: 12 API calls.'
    >>> verdict(12, 12, "API calls")
    'You predicted 12 API calls; measured: 12 API calls. Right.'
    >>> verdict(1500, 30000, "bytes")
    'You predicted 1,500 bytes; measured: 30,000 bytes. Too low by a factor of 20.'
    >>> verdict("yes", "no")
    'You predicted yes; measured: no. Not this time.'
    """
    found = _show(measured, what)
    if guess is None or guess is ...:
        return f"You made no prediction; measured: {found}."
    return f"You predicted {_show(guess, what)}; measured: {found}. {_judge(guess, measured)}."


def _judge(guess: object, measured: object) -> str:
    if _is_number(guess) and _is_number(measured):
        return _distance(float(guess), float(measured))  # type: ignore[arg-type]
    same = _plain(guess) == _plain(measured)
    return "Right" if same else "Not this time"


def _distance(guess: float, measured: float) -> str:
    if guess == measured:
        return "Right"
    high = "high" if guess > measured else "low"
    if guess * measured <= 0:  # a factor says nothing across zero
        return f"Too {high} by {_number(abs(guess - measured))}"
    if -1 < measured < 1 and measured:  # a share or a cosine: nobody multiplies those
        by = abs(guess - measured)
        return "Close: within 0.02" if by <= 0.02 else f"Too {high} by {_number(by)}"
    factor = max(guess / measured, measured / guess)
    if factor <= 1.1:
        return "Close: within 10 %"
    return f"Too {high} by a factor of {_number(float(f'{factor:.2g}'))}"


def _is_number(value: object) -> bool:
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


def _plain(value: object) -> str:
    return str(value).strip().casefold()


def _show(value: object, what: str) -> str:
    shown = _number(float(value)) if _is_number(value) else str(value)  # type: ignore[arg-type]
    return f"{shown} {what}".strip()


def _number(value: float) -> str:
    if value.is_integer() or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
