"""Signal: dates. Weekdays, months, days, years, quarters, seasons, clock times, relative dates.

"Feb 3", "3 February" and 2月3日 are one date; "last month" is 上个月.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

__all__ = ["DATE", "Date", "changed", "take_dates"]

DATE = "\ue000"  # stands in a text where a date was


class Date(NamedTuple):
    """One part of a date: what part, and its value."""

    part: str
    value: str


_MONTHS = [
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
]
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_MONTH_OF = {name[:length]: n for n, name in enumerate(_MONTHS, 1) for length in (3, len(name))}
_MONTH_OF["sept"] = 9
_DAY_OF = {name[:n]: day for day, name in enumerate(_DAYS, 1) for n in (3, 4, 5, len(name))}
_UNITS = {"天": "day", "日": "day", "晚": "day", "周": "week", "星期": "week", "礼拜": "week"} | {
    "月": "month", "季度": "quarter", "季": "quarter", "年": "year", "学期": "term"}  # fmt: skip
_OFFSETS = {
    "last": -1, "previous": -1, "past": -1, "prior": -1, "preceding": -1, "this": 0, "current": 0,
    "next": 1, "coming": 1, "upcoming": 1, "following": 1,
    "上": -1, "这": 0, "本": 0, "当": 0, "今": 0, "下": 1, "去": -1, "昨": -1, "明": 1,
    "前": -2, "后": 2,
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_SAFE_MONTH = "|".join(
    m
    for m in sorted(_MONTH_OF, key=len, reverse=True)
    if m not in ("may", "mar", "march", "dec", "jan")
)
_DAY = "|".join([*_DAYS, "tues", "thurs", "thur", "mon(?=day|$)", "fri"])
_SEASONS = {
    "spring": "spring", "summer": "summer", "autumn": "autumn", "fall": "autumn",
    "winter": "winter", "春": "spring", "夏": "summer", "秋": "autumn", "冬": "winter",
}  # fmt: skip


def _month(match: re.Match[str]) -> list[Date]:
    parts = [Date("month", str(_MONTH_OF[match["month"]]))]
    if match["day"]:
        parts.append(Date("day", str(int(match["day"]))))
    if match["year"]:
        parts.append(Date("year", match["year"]))
    return parts


def _iso(match: re.Match[str]) -> list[Date]:
    year, month, day = match.groups()
    parts = [Date("year", year)] if year else []
    parts.append(Date("month", str(int(month))))
    return [*parts, Date("day", str(int(day)))] if day else parts


def _relative(match: re.Match[str]) -> list[Date]:
    unit = match["unit"]
    if unit in _DAY_OF:
        return [
            Date("relative week", str(_OFFSETS[match["which"]])),
            Date("weekday", str(_DAY_OF[unit])),
        ]
    if unit in _SEASONS:
        return [
            Date("relative year", str(_OFFSETS[match["which"]])),
            Date("season", _SEASONS[unit]),
        ]
    return [Date(f"relative {_UNITS.get(unit, unit)}", str(_OFFSETS[match["which"]]))]


def _weekday_han(match: re.Match[str]) -> list[Date]:
    day = "一二三四五六日".find("日" if match["day"] == "天" else match["day"])
    if day < 0:
        day = int(match["day"]) - 1
    parts = [Date("weekday", str(day + 1))]
    if match["which"]:
        parts.append(Date("relative week", str(_OFFSETS[match["which"][0]])))
    return parts


def _clock(match: re.Match[str]) -> list[Date]:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if match["half"]:
        minute = 30
    half_day = (match["noon"] or match["before"] or "").replace(".", "").strip()
    if half_day in ("pm", "p", "下午", "晚上", "傍晚") and hour < 12:
        hour += 12
    elif half_day in ("am", "a", "凌晨") and hour == 12:
        hour = 0
    return [Date("clock", f"{hour}:{minute:02}")]


def _named(part: str, values: dict[str, str]) -> Callable[[re.Match[str]], list[Date]]:
    return lambda match: [Date(part, values[match[0]])]


_RELATIVE_DAY = {"today": "0", "yesterday": "-1", "tomorrow": "1", "tonight": "0",
                 "last night": "-1",
                 "今日": "0", "昨日": "-1", "明日": "1"}  # fmt: skip
_YEAR = r"(?:19|20)\d\d"
# What a text must hold for a reader to be tried: most texts hold none of it.
_SIGNS = {
    "digit": re.compile("[0-9]"),
    "character": re.compile("[年月周星礼今昨明前后春夏秋冬季点]"),
    "word": re.compile(
        rf"\b(?:{'|'.join(m[:3] for m in _MONTHS)}|mon|tue|wed|thu|fri|sat|sun|yesterday|tomorrow|"
        r"(?:last|previous|past|prior|this|current|next|coming|upcoming|following)[ -](?:day|week|"
        r"month|"
        r"year|quarter|semester|term|night|spring|summer|autumn|fall|winter)|day|quarter|to(?:day|"
        r"night)|"
        r"(?:1st|2nd|3rd|4th|first) quarter|(?:week|month|year) (?:before|after)|"
        r"summer|autumn|winter|spring|fall|q[1-4])"
    ),
}
_READERS: list[tuple[str, re.Pattern[str], Callable[[re.Match[str]], list[Date]]]] = [
    ("digit", re.compile(rf"\b({_YEAR})[-/.](\d\d?)(?:[-/.](\d\d?))?\b"), _iso),
    (
        "character",
        re.compile(rf"(?:({_YEAR})年)?(?<!\d)(1[0-2]|0?[1-9])月(?:份|(\d\d?)[日号]?)?"),
        _iso,
    ),
    (
        "digit",
        re.compile(
            rf"\b(?P<month>{_MONTH})\.?\s+(?:the\s+)?(?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?!\d|:)"
            rf"(?:,?\s+(?P<year>{_YEAR}))?"
        ),
        _month,
    ),
    (
        "digit",
        re.compile(
            rf"\b(?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?:\s+of)?\s+(?P<month>{_MONTH})\b\.?"
            rf"(?:,?\s+(?P<year>{_YEAR}))?"
        ),
        _month,
    ),
    (
        "word",
        re.compile(
            rf"\b(?:(?P<month>{_SAFE_MONTH})|(?:(?<=in )|(?<=the ))(?P<m2>may|march|mar|dec|jan))\b"
            rf"(?P<day>)(?:,?\s+(?P<year>{_YEAR}))?"
        ),
        lambda m: _month(m) if m["month"] else [Date("month", str(_MONTH_OF[m["m2"]]))],
    ),
    (
        "word",
        re.compile(
            rf"\b(?P<which>last|previous|past|prior|this|current|next|coming|upcoming|following)"
            rf"[ -](?P<unit>day|week|month|year|quarter|weekend|semester|"
            rf"term|spring|summer|autumn|fall|winter|{'|'.join(_DAYS)})\b"
        ),
        _relative,
    ),
    (
        "digit",
        re.compile(
            r"(?:week|month|year) (?:before|after) (?:last|next)|\b((?:19|20)\d\d)(?:年|"
            r"\b(?!\s?(?:[kmgt]b|k?g|k?m|%|元|块|人|个|件|users?|rows?|items?|people|words?|"
            r"k?cal|px|tokens?|dollars?|euros?|steps?)\b))"
        ),
        lambda m: [Date("year", m[1])] if m[1] else [Date("relative", m[0])],
    ),
    ("word", re.compile(r"\bday before yesterday\b"), lambda m: [Date("relative day", "-2")]),
    ("word", re.compile(r"\bday after tomorrow\b"), lambda m: [Date("relative day", "2")]),
    (
        "any",
        re.compile("|".join(rf"\b{word}\b" if word.isascii() else word for word in _RELATIVE_DAY)),
        _named("relative day", _RELATIVE_DAY),
    ),
    (
        "character",
        re.compile(
            "(?P<which>上|下|这|本)?(?:个)?(?:周|星期|礼拜)(?P<day>[一二三四五六日天1-6])(?!天|"
            "个|次|年|月)"
        ),
        _weekday_han,
    ),
    (
        "character",
        re.compile(
            "(?P<which>上|这|本|当|下)一?个?(?P<unit>周|星期|礼拜|月|季度|季|年|学期)(?!一|二|"
            "三|四|五|六|日|天)"
        ),
        _relative,
    ),
    (
        "character",
        re.compile("(?P<which>今|昨|明|前|后)(?P<unit>天|晚)|(?P<w2>今|去|明|前|后)年"),
        lambda m: _relative(m) if m["which"] else [Date("relative year", str(_OFFSETS[m["w2"]]))],
    ),
    (
        "word",
        re.compile(rf"\b(?:{_DAY})s?\b"),
        lambda m: [
            Date("weekday", str(_DAY_OF[m[0].rstrip("s") if m[0] not in _DAY_OF else m[0]]))
        ],
    ),
    (
        "any",
        re.compile(
            r"\bq([1-4])\b|\b#?(1st|2|2nd|3|3rd|4|4th|first) quarter\b|第?([一二三四1-4])季度"
        ),
        lambda m: [
            Date(
                "quarter",
                {"一": "1", "二": "2", "三": "3", "四": "4", "f": "1"}.get(
                    (m[1] or m[2] or m[3])[0], (m[1] or m[2] or m[3])[0]
                ),
            )
        ],
    ),
    (
        "digit",
        re.compile(
            r"(?P<half>)(?P<before>)\b(?P<hour>\d\d?)(?:[:.](?P<minute>\d\d))?\s?(?P<noon>[ap]\.?m)\b\.?"
        ),
        _clock,
    ),
    (
        "digit",
        re.compile(
            r"(?P<before>)(?P<noon>)(?P<half>)(?<![\d:])(?P<hour>[01]?\d|"
            r"2[0-4]):(?P<minute>[0-5]\d)(?![\d:])"
        ),
        _clock,
    ),
    (
        "character",
        re.compile(
            r"(?P<noon>)(?P<before>早上|上午|中午|下午|晚上|凌晨|傍晚|早|"
            r"晚)?(?P<hour>\d\d?)点(?:钟|"
            r"整|(?P<half>半)|"
            r"(?P<minute>\d\d?)分?)?(?!数|击|个)"
        ),
        _clock,
    ),
    (
        "word",
        re.compile(
            r"\b(?:summer|autumn|winter|(?:(?<=in )|(?<=during )|(?<=early )|"
            r"(?<=late ))(?:the )?(?:spring|"
            r"fall))\b"
        ),
        lambda m: [Date("season", _SEASONS[m[0].removeprefix("the ")])],
    ),
    (
        "character",
        re.compile("[春夏秋冬](?=[天季])[天季]"),
        lambda m: [Date("season", _SEASONS[m[0][0]])],
    ),
]


def take_dates(folded: str, found: list[Date]) -> str:
    """Return the text with :data:`DATE` for each date, its parts appended to ``found``."""
    holds = {name for name, sign in _SIGNS.items() if sign.search(folded)}
    if not holds:
        return folded
    holds.add("any")
    for sign, form, read in _READERS:
        if sign in holds:
            folded = form.sub(partial(_take, read, found), folded)
    return folded


def _take(
    read: Callable[[re.Match[str]], list[Date]], found: list[Date], match: re.Match[str]
) -> str:
    found.extend(read(match))
    return f" {DATE} "


def changed(one: frozenset[Date], two: frozenset[Date]) -> tuple[str, str] | None:
    """Return a part of a date of each text that the other does not have, or None.

    Example:
        >>> changed(frozenset([Date("month", "2")]), frozenset([Date("month", "3")]))
        ('month 2', 'month 3')
        >>> changed(frozenset([Date("month", "2")]), frozenset())
    """
    if one <= two or two <= one:
        return None
    return " ".join(min(one - two)), " ".join(min(two - one))
