"""English words reduced to stems, so that the forms of one word meet.

A stem need not be a word ("cancellation" and "cancelled" meet in "cancel", "price" and "pricing"
in "pric"); it has to be the same for the forms of one word and different for different words.
"""

import re
import tomllib
from functools import lru_cache
from pathlib import Path

__all__ = ["expand", "stem"]

_LISTS: dict[str, str] = tomllib.loads(
    Path(__file__).with_name("grammar.toml").read_text(encoding="utf-8")
)["english"]
_IRREGULAR = dict(form.split("=") for form in _LISTS["irregular"].split())
_KEEP_E = frozenset(_LISTS["keep_e"].split())
_CONTRACTIONS = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\b(?:can't|cant|cannot|can not)\b", "can not"),
        (r"\b(?:won't|wont)\b", "will not"),
        (r"\b(?:shan't)\b", "shall not"),
        (r"\b(?:ain't|aint)\b", "is not"),
        (
            r"\b(do|does|did|is|are|was|were|has|have|had|could|should|would|must|might|need)n'?t\b",
            r"\1 not",
        ),
        (r"\b(what|where|how|who|that|there)s\b", r"\1"),
        (r"(?<=\w)'(?:s|re|ll|d|ve|m)\b", ""),
        (r"\bplz\b|\bpls\b", "please"),
        (r"\b(?:teh|hte)\b", "the"),
        (r"\bwat\b", "what"),
        (r"\bwich\b", "which"),
        (r"\b(?:adn|nad)\b", "and"),
        (r"\bwen\b", "when"),
        (r"(?<=[a-z]{2})our(?=s?\b|ed\b|ing\b|ful\b|ite)", "or"),  # one spelling of two
        (r"(?<=[a-z]{3})is(?=e[sd]?\b|ing\b|ation)", "iz"),
        (r"\b(?:bring|drive|push)(?:s|ing)? ((?:\w+ ){1,3})down\b", r"lower \1"),
        (r"\b(?:bring|drive|push)(?:s|ing)? ((?:\w+ ){1,3})up\b", r"raise \1"),
        (r"\bw/o\b", "without"),
        (r"\bw/(?=\s|\w)", "with "),
        (r"\bb4\b|\bprior to\b|\bahead of\b", "before"),
        (r"\bout of(?! stock| order| date)\b", "from"),
        (r"\b(\w+)-free\b", r"without \1"),
        (r"\bnon-(?=\w)", "not "),
    )
]
_SCRAMBLED = {"".join(sorted(word)): word for word in _LISTS["scrambled"].split()}
_LETTERS = re.compile("[a-z]{4,}")
_VOWEL = re.compile("[aeiouy]")
_DOUBLE = re.compile(r"([b-df-hj-np-tv-z])\1$")


def expand(folded: str) -> str:
    """Return case-folded text with contractions written out and small words spelled right.

    Example:
        >>> expand("can't log in wihtout it")
        'can not log in without it'
    """
    folded = _LETTERS.sub(lambda m: _SCRAMBLED.get("".join(sorted(m[0])), m[0]), folded)
    for pattern, replacement in _CONTRACTIONS:
        folded = pattern.sub(replacement, folded)
    return folded


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
