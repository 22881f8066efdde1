"""Number words, English and Chinese, written out as digits."""

import re
from collections.abc import Callable

from semcache.guard.english import LISTS

__all__ = ["spell_out"]

_ONES = LISTS["english"]["numerals"].split()
_TENS = LISTS["english"]["tens"].split()
_VALUES = {word: value for value, word in enumerate(_ONES)}
_VALUES |= {word: 10 * value for value, word in enumerate(_TENS, start=2)}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9}
_ORDINALS = LISTS["english"]["ordinals"].split()
_WORD = "|".join(sorted((*_VALUES, *_SCALES), key=len, reverse=True))
_ENGLISH = re.compile(rf"\b(?:{_WORD})(?:[\s-]+(?:and[\s-]+)?(?:{_WORD}))*\b(?!-?factor|-step)")
_HAN_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1_000, "万": 10**4, "亿": 10**8}
# Numerals inside words that do not count anything.
_NOT_COUNTING = (
    r"一(?:下|直|起|般|定|样|些|边|旦|共|键|切|致|旁|律|向|生|会儿|方面|不小心|点|体|流|时|步步|"
    r"楼)|十分(?!钟|之)|"
    r"千万别|万一|统一|唯一|之一|同一|单一|某一|另一|每一|二维|二手|三方|三星|三亚|四川|"
    r"五一(?!十)|双十一|百度|万能|万事|万达|"
    r"百科|七夕|八卦|星期[一二三四五六日]|周[一二三四五六日]|礼拜[一二三四五六]|不管三七|"
    r"一五一十|九寨|千问|百分(?!之|点)|两(?:者|"
    r"步|边)|二次(?=验证|元|曲|函|方程)|双|千兆|五险一金|初[一二三四五六七八九十]|零(?=食|钱|售|"
    r"件|基础|碎|用)|第一次|"
    r"三餐|百货|一卡通|一线|二线"
)
_HAN_NUMBER = re.compile(
    rf"(?P<word>{_NOT_COUNTING})|"
    r"百分之(?P<percent>[零〇一二两三四五六七八九十百]+(?:点[零一二三四五六七八九]+)?)|"
    r"(?P<off>[一二三四五六七八九1-9]{1,2}|[1-9]\.[1-9])折|"
    r"(?P<number>[零〇一二两三四五六七八九十百千]+[零〇一二两三四五六七八九十百千万亿]*|"
    r"半)(?=(?P<next>.?))"
)
_REWRITES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\bhalf an? (hour|day|year|kilo|dozen)"), r"0.5 \1"),
    (
        re.compile(r"\b(?:an?|~?1|one) (hour|day|week|month|year|kilo)s? and a half"),
        r"1.5 \1",
    ),
    (re.compile(r"\b(?:(\d+|two|three|four|five)|an?) dozen"), lambda match: _dozens(match)),
    (re.compile(r"\b(?:a couple of|couple|twice)\b"), "2"),
    (re.compile(r"\b(times|once|2) an? (hour|day|week|month|year)\b"), r"\1 per \2"),
    (re.compile(r"\ba second(?= [a-z])(?! (?:or|ago|later|per|after|before|to|in)\b)"), "a #2"),
    (re.compile(r"\ban? (second|minute|hour|day|week|month|year)\b"), r"~1 \1"),
    (_ENGLISH, lambda match: _english(match)),
    (re.compile(r"(?<=\d) and a half"), ".5"),
    (
        re.compile(rf"(?<![\d~] )(?<!per )(?<!each )\b({'|'.join(_ORDINALS)})\b(?! hand)"),
        lambda match: f"#{_ORDINALS.index(match[1]) + 2}",
    ),
)
_HAN_HALVES = (
    (re.compile(r"(?<!\d)~?(\d{1,6})个(?:0\.5|半)(?=小时|月|钟头|星期)"), r"\1.5个"),
    (re.compile(r"(?<!\d)~?(\d{1,6})(年|天|小时)半"), r"\1.5\2"),
)
_COUNTS = re.compile(
    rf"half|dozen|couple|twice|once|times|\ban? (?:second|minute|hour|day|week|month|year)|"
    rf"\b(?:{_WORD}|{'|'.join(_ORDINALS)})\b"
)


def spell_out(folded: str) -> str:
    """Return case-folded text with its number words as digits; ``~`` marks an optional number."""
    if _COUNTS.search(folded):
        for rewrite, replacement in _REWRITES:
            folded = rewrite.sub(replacement, folded)
    if folded.isascii():
        return folded
    folded = _HAN_NUMBER.sub(_han, folded)
    for rewrite, half in _HAN_HALVES:
        folded = rewrite.sub(half, folded)
    return folded


def _dozens(match: re.Match[str]) -> str:
    count = match[1] or "1"
    return str(12 * (int(count) if count.isdigit() else _VALUES[count]))


def _english(match: re.Match[str]) -> str:
    words = [word for word in re.split(r"[\s-]+", match[0]) if word != "and"]
    if words == ["one"]:
        return "~1"
    if words[0] in _SCALES:
        return match[0] if len(words) == 1 else str(_SCALES[words[0]])
    if all(word in _VALUES and _VALUES[word] < 10 for word in words) and len(words) > 1:
        return " ".join(str(_VALUES[word]) for word in words)
    if len(words) == 2 and 0 < _VALUES.get(words[0], 0) < 13 and 9 < _VALUES.get(words[1], 0) < 60:
        return f"{_VALUES[words[0]]}:{_VALUES[words[1]]}"  # "four thirty"
    total = current = 0
    for word in words:
        if word in _VALUES:
            current += _VALUES[word]
        elif word == "hundred":
            current = max(current, 1) * 100
        else:
            total, current = total + max(current, 1) * _SCALES[word], 0
    return str(total + current)


def _han(match: re.Match[str]) -> str:
    if match["word"]:
        return match["word"]
    if match["percent"]:
        whole, _, decimals = match["percent"].partition("点")
        digits = "".join(str(_HAN_DIGITS[char]) for char in decimals)
        return f"{_han_value(whole)}{'.' if digits else ''}{digits}%"
    if match["off"]:  # 七折 is 70 % of the price: 30 % off
        left = "".join(str(_HAN_DIGITS.get(char, char)) for char in match["off"] if char != ".")
        return f"{100 - int(left.ljust(2, '0'))}%"
    number = match["number"]
    if number == "半":
        return "0.5" if match["next"] and match["next"] in "小个年天月斤公" else "半"
    optional = "~" if number == "一" else ""
    value = _han_value(number)
    return f"{optional}{value}"


def _han_value(number: str) -> int:
    if all(char in _HAN_DIGITS for char in number):
        return int("".join(str(_HAN_DIGITS[char]) for char in number))
    total = section = digit = 0
    for char in number:
        if char in _HAN_DIGITS:
            digit = _HAN_DIGITS[char]
        elif (scale := _HAN_SCALES[char]) >= 10**4:
            total, section, digit = (total + section + digit) * scale, 0, 0
        else:
            section, digit = section + max(digit, 1) * scale, 0
    return total + section + digit
