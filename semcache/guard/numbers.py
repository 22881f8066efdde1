"""Signal: numbers, amounts and units, however they are written.

"two hours", "120 minutes" and 两个小时 are one amount; "3.10" and "3.1" are two versions. A number
that English and Chinese use as an article ("a week", 一个) is optional: it can agree with a
number of the other text, but its absence there means nothing.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from semcache.guard.english import LISTS

__all__ = ["NUMBER", "Quantity", "changed", "take_numbers"]

NUMBER = "\ue002"  # stands in a text where a number was
_FEW = 8
_POUNDS = {"pound", "pounds"}


class Quantity(NamedTuple):
    """One amount: what is measured, the value in the base unit, the unit as typed."""

    kind: str
    value: float | str
    unit: str = ""
    optional: bool = False
    typed: float = 0.0


_UNITS: dict[str, tuple[str, float]] = {}
for _kind, _factor, _names in (
    ("time", 1, "s sec secs second seconds 秒 秒钟"),
    ("time", 60, "min mins minute minutes 分钟"),
    ("time", 3600, "h hr hrs hour hours 小时 个小时 钟头 个钟头 个钟"),
    ("time", 86_400, "d day days 天 日"),
    ("time", 604_800, "wk wks week weeks 周 个星期 星期 个礼拜 礼拜"),
    ("time", 2_629_800, "mo month months 个月 月"),
    ("time", 31_557_600, "yr yrs year years 年"),
    ("mass", 1, "g gram grams 克"),
    ("mass", 1000, "kg kgs kilo kilos kilogram kilograms 公斤 千克"),
    ("mass", 500, "斤"),
    ("mass", 0.001, "mg 毫克"),
    ("mass", 453.592, "lb lbs pound pounds 磅"),
    ("mass", 28.3495, "oz ounce ounces 盎司"),
    ("length", 1, "m metre metres meter meters 米"),
    ("length", 1000, "km kms kilometre kilometres kilometer kilometers 公里 千米"),
    ("length", 0.01, "cm centimetre centimetres centimeter centimeters 厘米 公分"),
    ("length", 0.001, "mm 毫米"),
    ("length", 1609.34, "mi mile miles 英里"),
    ("length", 0.3048, "ft foot feet 英尺"),
    ("length", 0.0254, "inch inches 英寸 寸"),
    ("volume", 1, "l litre litres liter liters 升"),
    ("volume", 0.001, "ml millilitre milliliter 毫升"),
    ("volume", 3.78541, "gallon gallons gal 加仑"),
    ("volume", 0.24, "cup cups 杯"),
    ("data", 1, "b byte bytes 字节"),
    ("data", 2.0**10, "kb"),
    ("data", 2.0**20, "mb 兆"),
    ("data", 2.0**30, "gb gib gig gigs"),
    ("data", 2.0**40, "tb"),
    ("percent", 1, "% percent pct 个点 个百分点"),
    ("celsius", 1, "°c ℃ celsius c 摄氏度 度 degrees degree °"),
    ("fahrenheit", 1, "°f ℉ fahrenheit f 华氏度"),
    ("usd", 1, "$ usd dollar dollars buck bucks 美元 美金"),
    ("usd", 0.01, "cent cents"),
    ("eur", 1, "€ eur euro euros 欧元 欧"),
    ("gbp", 1, "£ gbp quid 英镑"),
    ("cny", 1, "¥ cny rmb yuan 元 块 块钱 人民币"),
    ("jpy", 1, "jpy yen 日元"),
    ("inr", 1, "₹ inr rupee rupees"),
):
    _UNITS |= {name: (_kind, _factor) for name in _names.split()}
_MULTIPLES = {"k": 1_000, "m": 10**6, "mn": 10**6, "bn": 10**9, "b": 10**9} | {
    "million": 10**6, "billion": 10**9, "thousand": 1_000, "hundred": 100,
    "千": 1_000, "w": 10**4, "万": 10**4, "百万": 10**6, "亿": 10**8,
}  # fmt: skip
_UNIT = "|".join(re.escape(name) for name in sorted(_UNITS, key=len, reverse=True))
# "of 1.5" is a number; "Python 3.10" is a version.
_BEFORE_DECIMALS = frozenset(LISTS["english"]["before_decimals"].split())
_DIGIT = re.compile("[0-9]")
_NUMBER = re.compile(
    r"(?P<version>\bv(?:ersion)?\s?\.?|\b[a-z]{2,}[ -]?(?=\d+\.\d)|版本)?"
    r"(?P<ordinal>第|#)?(?P<sign>[$€£¥₹])?\s?(?P<optional>~)?(?<![\d.])"
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)*)"
    r"(?:(?P<th>st|nd|rd|th)\b|(?:\s?(?P<multiple>million|billion|thousand|hundred|百万|千|万|亿|(?<=\d)(?:k|mn|m|bn|w)(?![a-z])))?"
    rf"(?:[\s-]?(?P<unit>{_UNIT})(?![a-z]))?)"
)


def take_numbers(text: str, found: list[Quantity]) -> str:
    """Return the text with :data:`NUMBER` for each number; append the numbers to ``found``.

    Args:
        text: Case-folded, number words spelled out in digits.
        found: Receives one quantity for each number.
    """
    if not _DIGIT.search(text):
        return text

    def take(match: re.Match[str]) -> str:
        found.append(_quantity(match))
        lead = match["version"] if match["version"] and len(match["version"].strip()) > 1 else ""
        return f"{lead} {NUMBER} "

    return _NUMBER.sub(take, text)


def _quantity(match: re.Match[str]) -> Quantity:
    number, unit = match["number"].replace(",", ""), match["unit"] or match["sign"] or ""
    if match["ordinal"] or match["th"]:
        rank = float(number.split(".")[0])
        return Quantity("ordinal", rank, typed=rank)
    named = match["version"] and match["version"].strip() not in _BEFORE_DECIMALS
    if number.count(".") > 1 or (named and not unit and not match["multiple"]):
        return Quantity("version", number)
    typed = float(number) * _MULTIPLES.get(match["multiple"] or "", 1)
    kind, factor = _UNITS.get(unit, ("count", 1.0))
    value = typed * factor
    if kind == "fahrenheit":
        kind, value = "celsius", (typed - 32) / 1.8
    return Quantity(kind, value, unit, bool(match["optional"]), typed)


def _agree(one: Quantity, two: Quantity) -> bool:
    if one.kind == two.kind:
        if isinstance(one.value, str) or isinstance(two.value, str) or one.unit == two.unit:
            return one.value == two.value
        # Other units: 30 days and a month, 5 km and 3.1 miles are the same amount to a person.
        return abs(one.value - two.value) <= 0.02 * max(abs(one.value), abs(two.value))
    kinds = {one.kind, two.kind}
    if "version" in kinds:
        return str(one.value).removesuffix(".0") == str(two.value).removesuffix(".0")
    if kinds == {"mass", "gbp"}:  # a pound is either
        return one.typed == two.typed and _POUNDS & {one.unit, two.unit} != set()
    # A bare number agrees with the same number of anything but per cent: "90" and "90 days".
    return "count" in kinds and "percent" not in kinds and one.typed == two.typed


def changed(one: Sequence[Quantity], two: Sequence[Quantity]) -> tuple[str, str] | None:
    """Return a number of each text that agrees with none of the other, or None.

    Example:
        >>> hours, minutes = Quantity("time", 7200.0, "hours", typed=2), Quantity("time", 7200.0)
        >>> changed([hours], [minutes]), changed([hours], [])
        (None, None)
        >>> changed([hours], [Quantity("time", 60.0, "min", typed=1)])
        ('2 hours', '1 min')
    """
    if not (one and two):
        return None
    left, right = _without_equals(one, two), _without_equals(two, one)
    if len(left) <= _FEW and len(right) <= _FEW:  # of many numbers, only equal ones agree
        for quantity in tuple(left):
            partner = next((other for other in right if _agree(quantity, other)), None)
            if partner is not None:
                left.remove(quantity)
                right.remove(partner)
    if not (left and right) or all(quantity.optional for quantity in (*left, *right)):
        return None
    return _typed(left[0]), _typed(right[0])


def _typed(quantity: Quantity) -> str:
    number = quantity.value if isinstance(quantity.value, str) else f"{quantity.typed:g}"
    return f"{number} {quantity.unit}".rstrip()


def _without_equals(one: Sequence[Quantity], two: Sequence[Quantity]) -> list[Quantity]:
    spare = Counter((quantity.kind, quantity.value) for quantity in two)
    rest = []
    for quantity in one:
        key = quantity.kind, quantity.value
        if spare[key]:
            spare[key] -= 1
        else:
            rest.append(quantity)
    return rest
