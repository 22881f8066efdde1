"""Slips of the fingers: one word typed twice, English and Chinese.

Chinese is typed by its sound, so its slips are characters of one syllable: 征信 as 政信. GB 2312
orders its 3,755 common characters by pronunciation (its rows 16 to 55), so two of them that stand
near each other there sound alike, and no dictionary of sounds is needed.
"""

import re
from functools import lru_cache

__all__ = ["is_typo", "mend", "sound_alike"]

_VOWELS, _HISSES = frozenset("aeiouy"), frozenset("cksz")
_FIRST_ROW, _LAST_ROW, _ROW = 0xB0, 0xD7, 94
_HAN = re.compile("[\u3400-\u9fff]")
# Numerals, and characters that sound alike and mean opposite things.
_MEANT = frozenset("〇零一二三四五六七八九十百千万亿两半几双单周日买卖进近升生收售有无是否")
_NEAR = 12  # places: most syllables have more characters, so this rarely leaves the syllable


def is_typo(one: str, two: str) -> bool:
    """Return whether two words are probably one word typed twice: one slip of the fingers apart.

    A slip is two letters in the wrong order, a letter too many or too few, a wrong vowel or a wrong
    hiss (c, k, s, z) in a word of five letters or more, any wrong letter in one of seven or more.
    The first letter is right. Words of three letters are never a slip of each other: too many of
    them are neighbours (cat / cut).

    Example:
        >>> is_typo("password", "pasword"), is_typo("import", "export"), is_typo("road", "raod")
        (True, False, True)
    """
    if min(len(one), len(two)) < 4 or one[0] != two[0] or abs(len(one) - len(two)) > 1:
        return False
    start = 0
    for a, b in zip(one, two, strict=False):
        if a != b:
            break
        start += 1
    rest_one, rest_two = one[start:], two[start:]
    if len(one) != len(two):
        longer, shorter = sorted((rest_one, rest_two), key=len, reverse=True)
        return longer[1:] == shorter
    if rest_one[:2] == rest_two[:2][::-1]:
        return rest_one[2:] == rest_two[2:] and {one, two} != {"form", "from"}
    sounds = {rest_one[0], rest_two[0]}
    wrong = len(one) >= 7 or (len(one) >= 5 and (sounds <= _VOWELS or sounds <= _HISSES))
    return wrong and rest_one[1:] == rest_two[1:]


def _place(char: str) -> int:
    try:
        code = char.encode("gb2312")
    except UnicodeEncodeError:
        return -1
    if len(code) != 2 or not _FIRST_ROW <= code[0] <= _LAST_ROW:
        return -1
    return (code[0] - _FIRST_ROW) * _ROW + code[1]


@lru_cache(maxsize=8_192)
def sound_alike(one: str, two: str) -> bool:
    """Return whether two Chinese characters are pronounced alike, as far as GB 2312 tells.

    Example:
        >>> sound_alike("征", "政"), sound_alike("茄", "冬")
        (True, False)
    """
    places = _place(one), _place(two)
    return min(places) >= 0 and abs(places[0] - places[1]) <= _NEAR


def mend(text: str, model: str) -> str:
    """Return a Chinese text with its slips mended after another text that has the right word.

    A character is a slip where the other text has, between the same neighbours (or after, or
    before, the same two), one that sounds alike, and neither text has the other's.

    Example:
        >>> mend("怎么查政信报告", "怎么查征信报告"), mend("怎么卖房", "怎么买房")
        ('怎么查征信报告', '怎么卖房')
    """
    if not _HAN.search(text) or not _HAN.search(model):
        return text
    lacking = [char for char in model if char not in text and char not in _MEANT]
    if not lacking:
        return text
    mended = list(text)
    for at, char in enumerate(text):
        if char in model or char in _MEANT:
            continue
        for right in lacking:
            if sound_alike(char, right) and _stands_there(text, at, model, right):
                mended[at] = right
                break
    return "".join(mended)


def _stands_there(text: str, at: int, model: str, right: str) -> bool:
    before, after = text[max(0, at - 2) : at], text[at + 1 : at + 3]
    frames = [before[-1:] + right + after[:1]] if before and after else []
    frames += [before + right] if len(before) == 2 else []
    frames += [right + after] if len(after) == 2 else []
    return any(frame in model for frame in frames)
