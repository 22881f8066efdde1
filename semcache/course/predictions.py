"""A prediction beside a measurement, in plain words."""

import re
from decimal import Decimal
from numbers import Real

_THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_NUMBER = re.compile(r"([+-]?)(\d[\d,._]*)\s*(%?)")
_TRUTHS = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}


def verdict(guess: object, measured: object, what: str = "") -> str:
    """Say in one line what was predicted, what was measured, and how far apart they are.

    A number may be written as a text, with a decimal comma or as a percentage; yes and no may be
    True and False.

    >>> verdict(None, 12, "API calls")
    'You made no prediction; measured: 12 API calls.'
    >>> verdict(12, 12, "API calls")
    'You predicted 12 API calls; measured: 12 API calls. Right.'
    >>> verdict(1500, 30000, "bytes")
    'You predicted 1,500 bytes; measured: 30,000 bytes. Too low by a factor of 20.'
    >>> verdict("94%", 0.94)
    'You predicted 94%; measured: 0.94. Right.'
    >>> verdict("yes", "no")
    'You predicted yes; measured: no. Not this time.'
    """
    found = _show(measured, what)
    if guess is None or guess is ...:
        return f"You made no prediction; measured: {found}."
    meant = _meant(guess, measured, what)
    return f"You predicted {_show(guess, what)}; measured: {found}. {_judge(meant, measured)}."


def _meant(guess: object, measured: object, what: str) -> object:
    """Return what a guess says in the kind of the measurement, if that can be told."""
    if _is_number(measured) and isinstance(guess, str):
        return _read(guess.strip(), percent="%" in what)
    if isinstance(measured, bool | str) and isinstance(guess, bool | str):
        said, found = _plain(guess), _plain(measured)
        if said in _TRUTHS and found in _TRUTHS:
            return measured if _TRUTHS[said] == _TRUTHS[found] else guess
    return guess


def _read(text: str, percent: bool) -> object:
    if not (found := _NUMBER.fullmatch(text)):
        return text
    sign, digits, unit = found.groups()
    digits = digits.replace("," if _THOUSANDS.fullmatch(digits) else "_", "").replace(",", ".")
    try:
        value = Decimal(f"{sign}{digits.rstrip('.')}")
    except ArithmeticError:  # two points
        return text
    return value / 100 if unit and not percent else value


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
    return str(value).strip().rstrip(".!").casefold()


def _show(value: object, what: str) -> str:
    shown = _number(float(value)) if _is_number(value) else str(value)  # type: ignore[arg-type]
    return f"{shown} {what}".strip()


def _number(value: float) -> str:
    if value.is_integer() or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
