"""English words reduced to stems, so that the forms of one word meet.

A stem need not be a word ("cancellation" and "cancelled" meet in "cancel", "price" and "pricing"
in "pric"); it has to be the same for the forms of one word and different for different words.
"""

import re
import tomllib
from functools import lru_cache
from pathlib import Path

__all__ = ["LISTS", "expand", "stem"]

LISTS: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("grammar.toml").read_text(encoding="utf-8")
)
_IRREGULAR = dict(form.split("=") for form in LISTS["english"]["irregular"].split())
_KEEP_E = frozenset(LISTS["english"]["keep_e"].split())
_SHORT = re.compile(
    r"\b(?P<verb>ca|wo|do|does|did|is|are|was|were|has|have|had|could|should|would|must|need)n'?t\b"
    r"|\bcannot\b|(?<=\w)'(?:s|re|ll|d|ve|m)\b|\bw/o\b|\b(?P<free>[a-z]+)-free\b"
    r"|\bprior to\b|\bwith out\b"
)
_SIGNS = ("'", "nt ", "cannot", "w/o", "-free", "prior to", "with out")
_FULL = {"cannot": "can not", "w/o": "without", "prior to": "before", "with out": "without"}
# "turn the sound off" is "turn off the sound", "log me out" is "log out me".
_PARTICLE = re.compile(
    r"\b(?P<verb>(?:turn|switch|shut|put|log|sign)(?:s|ed|ing|ting|ging|ping)?)"
    r"(?P<thing>(?: (?!to\b|from\b)[\w'-]+){1,4}?) (?P<particle>on|off|in|out)\b"
    r"(?= *(?:$|[?.!,;]|again|for|in|automatically|by|when|without|please|and|at|right|now))"
)
_VOWEL = re.compile("[aeiouy]")
_DOUBLE = re.compile(r"([b-df-hj-np-tv-z])\1$")


def expand(folded: str) -> str:
    """Return case-folded text with contractions written out, and particles beside their verbs.

    Example:
        >>> expand("can't turn the sound off")
        'can not turn off the sound'
    """
    if any(sign in folded for sign in _SIGNS):
        folded = _SHORT.sub(_written_out, folded)
    return _PARTICLE.sub(r"\g<verb> \g<particle>\g<thing>", folded)


def _written_out(match: re.Match[str]) -> str:
    if match["verb"]:
        return f"{ {'ca': 'can', 'wo': 'will'}.get(match['verb'], match['verb']) } not"
    if match["free"]:
        return f"without {match['free']}"
    return _FULL.get(match[0], "")


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """Return the stem that all forms of a lower-case English word share.

    Example:
        >>> stem("cancelled") == stem("cancellation") == stem("cancel")
        True
        >>> stem("policies") == stem("policy"), stem("paid") == stem("pay")
        (True, True)
    """
    word = _IRREGULAR.get(word, word)
    if len(word) <= 3:
        return word
    word = _inflection(word)
    if word in _KEEP_E:
        return word
    for suffix, keep in (("ation", 4), ("ment", 3), ("ally", 4), ("ness", 4), ("ly", 4)):
        if word.endswith(suffix) and len(word) - len(suffix) >= keep:
            word = word.removesuffix(suffix)
            break
    else:
        if word.endswith(("tion", "sion")) and len(word) >= 7:
            word = word.removesuffix("ion")
    if word.endswith("ate") and len(word) >= 6:
        word = word.removesuffix("ate")
    if word.endswith("e") and len(word) > 3:
        word = word[:-1]
    if word.endswith("y") and len(word) > 3:
        word = word[:-1] + "i"
    return _DOUBLE.sub(r"\1", word)


def _inflection(word: str) -> str:
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        if word.endswith("ies") and len(word) > 4:
            word = word[:-3] + "y"
        elif word.endswith(("ches", "shes", "sses", "xes", "zes")):
            word = word[:-2]
        else:
            word = word[:-1]
    for suffix in ("ing", "ed"):
        root = word.removesuffix(suffix)
        if root != word and root + "e" in _KEEP_E:
            return root + "e"
        if root != word and len(root) >= 2 and _VOWEL.search(root) and not word.endswith("eed"):
            return root[:-1] + "y" if root.endswith("i") else root
    return word
