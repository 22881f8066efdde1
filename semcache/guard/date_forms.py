"""How dates are written, English and Chinese: expressions in the order in which they are tried."""

import re
from collections.abc import Callable

from semcache.guard.date_values import (
    DAY,
    DAY_OF,
    DAYS,
    MONTH,
    MONTH_OF,
    MONTHS,
    OFFSETS,
    RELATIVE_DAY,
    SAFE_MONTH,
    SEASONS,
    Date,
    clock,
    iso,
    month,
    named,
    relative,
    weekday_han,
)

__all__ = ["FORMS", "NEEDS", "SIGNS"]

_YEAR = r"(?:19|20)\d\d"
# What a text must hold for a reader to be tried: most texts hold none of it.
SIGNS = {
    "digit": re.compile("[0-9]"),
    "character": re.compile("[年月周星礼今昨明前后春夏秋冬季点]"),
    "word": re.compile(
        rf"\b(?:{'|'.join(m[:3] for m in MONTHS)}|mon|tue|wed|thu|fri|sat|sun|yesterday|tomorrow|"
        r"(?:last|previous|past|prior|this|current|next|coming|upcoming|following)[ -](?:day|week|"
        r"month|"
        r"year|quarter|semester|term|night|spring|summer|autumn|fall|winter)|day|quarter|to(?:day|"
        r"night)|"
        r"(?:1st|2nd|3rd|4th|first) quarter|(?:week|month|year) (?:before|after)|"
        r"summer|autumn|winter|spring|fall|q[1-4])"
    ),
}
# Of some forms: words, one of which must be there, too. To look for them is cheaper.
NEEDS = {
    "word which": (
        *("last", "previous", "past", "prior", "this"),
        *("current", "next", "coming", "following"),
    ),
    "word yesterday": ("yesterday",),
    "word tomorrow": ("tomorrow",),
    "word season": ("summer", "autumn", "winter", "spring", "fall"),
    "any quarter": ("quarter", "季度", "q1", "q2", "q3", "q4"),
}
FORMS: list[tuple[str, re.Pattern[str], Callable[[re.Match[str]], list[Date]]]] = [
    ("digit", re.compile(rf"\b({_YEAR})[-/.](\d\d?)(?:[-/.](\d\d?))?\b"), iso),
    (
        "character",
        re.compile(rf"(?:({_YEAR})年)?(?<!\d)(1[0-2]|0?[1-9])月(?:份|(\d\d?)[日号]?)?"),
        iso,
    ),
    (
        "digit",
        re.compile(
            rf"\b(?P<month>{MONTH})\.?\s+(?:the\s+)?(?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?!\d|:)"
            rf"(?:,?\s+(?P<year>{_YEAR}))?"
        ),
        month,
    ),
    (
        "digit",
        re.compile(
            rf"\b(?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?:\s+of)?\s+(?P<month>{MONTH})\b\.?"
            rf"(?:,?\s+(?P<year>{_YEAR}))?"
        ),
        month,
    ),
    (
        "word",
        re.compile(
            rf"\b(?:(?P<month>{SAFE_MONTH})|(?:(?<=in )|(?<=the ))(?P<m2>may|march|mar|dec|jan))\b"
            rf"(?P<day>)(?:,?\s+(?P<year>{_YEAR}))?"
        ),
        lambda m: month(m) if m["month"] else [Date("month", str(MONTH_OF[m["m2"]]))],
    ),
    (
        "word which",
        re.compile(
            rf"\b(?P<which>last|previous|past|prior|this|current|next|coming|upcoming|following)"
            rf"[ -](?P<unit>day|week|month|year|quarter|weekend|semester|"
            rf"term|spring|summer|autumn|fall|winter|{'|'.join(DAYS)})\b"
        ),
        relative,
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
    (
        "word yesterday",
        re.compile(r"\bday before yesterday\b"),
        lambda m: [Date("relative day", "-2")],
    ),
    ("word tomorrow", re.compile(r"\bday after tomorrow\b"), lambda m: [Date("relative day", "2")]),
    (
        "any",
        re.compile("|".join(rf"\b{word}\b" if word.isascii() else word for word in RELATIVE_DAY)),
        named("relative day", RELATIVE_DAY),
    ),
    (
        "character",
        re.compile(
            "(?P<which>上|下|这|本)?(?:个)?(?:周|星期|礼拜)(?P<day>[一二三四五六日天1-6])(?!天|"
            "个|次|年|月)"
        ),
        weekday_han,
    ),
    (
        "character",
        re.compile(
            "(?P<which>上|这|本|当|下)一?个?(?P<unit>周|星期|礼拜|月|季度|季|年|学期)(?!一|二|"
            "三|四|五|六|日|天)"
        ),
        relative,
    ),
    (
        "character",
        re.compile("(?P<which>今|昨|明|前|后)(?P<unit>天|晚)|(?P<w2>今|去|明|前|后)年"),
        lambda m: relative(m) if m["which"] else [Date("relative year", str(OFFSETS[m["w2"]]))],
    ),
    (
        "word",
        re.compile(rf"\b(?:{DAY})s?\b"),
        lambda m: [Date("weekday", str(DAY_OF[m[0].rstrip("s") if m[0] not in DAY_OF else m[0]]))],
    ),
    (
        "any quarter",
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
        clock,
    ),
    (
        "digit",
        re.compile(
            r"(?P<before>)(?P<noon>)(?P<half>)(?<![\d:])(?P<hour>[01]?\d|"
            r"2[0-4]):(?P<minute>[0-5]\d)(?![\d:])"
        ),
        clock,
    ),
    (
        "character",
        re.compile(
            r"(?P<noon>)(?P<before>早上|上午|中午|下午|晚上|凌晨|傍晚|早|"
            r"晚)?(?P<hour>\d\d?)点(?:钟|"
            r"整|(?P<half>半)|"
            r"(?P<minute>\d\d?)分?)?(?!数|击|个)"
        ),
        clock,
    ),
    (
        "word season",
        re.compile(
            r"\b(?:summer|autumn|winter|(?:(?<=in )|(?<=during )|(?<=early )|"
            r"(?<=late ))(?:the )?(?:spring|"
            r"fall))\b"
        ),
        lambda m: [Date("season", SEASONS[m[0].removeprefix("the ")])],
    ),
    (
        "character",
        re.compile("[春夏秋冬](?=[天季])[天季]"),
        lambda m: [Date("season", SEASONS[m[0][0]])],
    ),
]
