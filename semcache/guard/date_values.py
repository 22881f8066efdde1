"""What the parts of a date are, and how a match of one is read."""

import re
from collections.abc import Callable
from typing import NamedTuple

__all__ = [
    "DAY",
    "DAYS",
    "DAY_OF",
    "MONTH",
    "MONTHS",
    "MONTH_OF",
    "OFFSETS",
    "RELATIVE_DAY",
    "SAFE_MONTH",
    "SEASONS",
    "Date",
    "clock",
    "iso",
    "month",
    "named",
    "relative",
    "weekday_han",
]


class Date(NamedTuple):
    """One part of a date: what part, and its value."""

    part: str
    value: str


MONTHS = [
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
]
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MONTH_OF = {name[:length]: n for n, name in enumerate(MONTHS, 1) for length in (3, len(name))}
MONTH_OF["sept"] = 9
DAY_OF = {name[:n]: day for day, name in enumerate(DAYS, 1) for n in (3, 4, 5, len(name))}
_UNITS = {"天": "day", "日": "day", "晚": "day", "周": "week", "星期": "week", "礼拜": "week"} | {
    "月": "month", "季度": "quarter", "季": "quarter", "年": "year", "学期": "term"}  # fmt: skip
OFFSETS = {
    "last": -1, "previous": -1, "past": -1, "prior": -1, "preceding": -1, "this": 0, "current": 0,
    "next": 1, "coming": 1, "upcoming": 1, "following": 1,
    "上": -1, "这": 0, "本": 0, "当": 0, "今": 0, "下": 1, "去": -1, "昨": -1, "明": 1,
    "前": -2, "后": 2,
}  # fmt: skip
MONTH = "|".join(sorted(MONTH_OF, key=len, reverse=True))
SAFE_MONTH = "|".join(
    m
    for m in sorted(MONTH_OF, key=len, reverse=True)
    if m not in ("may", "mar", "march", "dec", "jan")
)
DAY = "|".join([*DAYS, "tues", "thurs", "thur", "mon(?=day|$)", "fri"])
SEASONS = {
    "spring": "spring", "summer": "summer", "autumn": "autumn", "fall": "autumn",
    "winter": "winter", "春": "spring", "夏": "summer", "秋": "autumn", "冬": "winter",
}  # fmt: skip


def month(match: re.Match[str]) -> list[Date]:
    """Read "Feb 3, 2024": a month by name, with its day and year if they stand there."""
    parts = [Date("month", str(MONTH_OF[match["month"]]))]
    if match["day"]:
        parts.append(Date("day", str(int(match["day"]))))
    if match["year"]:
        parts.append(Date("year", match["year"]))
    return parts


def iso(match: re.Match[str]) -> list[Date]:
    """Read year, month and day in that order, as numbers: 2024-02-03, 2024年2月3日."""
    year, month, day = match.groups()
    parts = [Date("year", year)] if year else []
    parts.append(Date("month", str(int(month))))
    return [*parts, Date("day", str(int(day)))] if day else parts


def relative(match: re.Match[str]) -> list[Date]:
    """Read what is counted from today: "next Monday", "last month", 上个月."""
    unit = match["unit"]
    if unit in DAY_OF:
        return [
            Date("relative week", str(OFFSETS[match["which"]])),
            Date("weekday", str(DAY_OF[unit])),
        ]
    if unit in SEASONS:
        return [
            Date("relative year", str(OFFSETS[match["which"]])),
            Date("season", SEASONS[unit]),
        ]
    return [Date(f"relative {_UNITS.get(unit, unit)}", str(OFFSETS[match["which"]]))]


def weekday_han(match: re.Match[str]) -> list[Date]:
    """Read a Chinese day of the week: 星期天, 下周五."""
    day = "一二三四五六日".find("日" if match["day"] == "天" else match["day"])
    if day < 0:
        day = int(match["day"]) - 1
    parts = [Date("weekday", str(day + 1))]
    if match["which"]:
        parts.append(Date("relative week", str(OFFSETS[match["which"][0]])))
    return parts


def clock(match: re.Match[str]) -> list[Date]:
    """Read a time of day, of 24 hours: "5 pm", 17:30, 下午5点半."""
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if match["half"]:
        minute = 30
    half_day = (match["noon"] or match["before"] or "").replace(".", "").strip()
    if half_day in ("pm", "p", "下午", "晚上", "傍晚") and hour < 12:
        hour += 12
    elif half_day in ("am", "a", "凌晨") and hour == 12:
        hour = 0
    return [Date("clock", f"{hour}:{minute:02}")]


def named(part: str, values: dict[str, str]) -> Callable[[re.Match[str]], list[Date]]:
    """Return a reader of words that each are one value: "today", "tomorrow"."""
    return lambda match: [Date(part, values[match[0]])]


RELATIVE_DAY = {"today": "0", "yesterday": "-1", "tomorrow": "1", "tonight": "0",
                 "last night": "-1",
                 "今日": "0", "昨日": "-1", "明日": "1"}  # fmt: skip
