"""Signal: names and codes. Another city, plan, error code or file type: another question."""

import itertools
import re

from semcache.guard.content import han_share
from semcache.guard.reading import Reading
from semcache.guard.slips import is_typo

__all__ = ["difference"]

_LETTERS = re.compile("[a-z0-9]+")


def _spelled(acronym: str, words: list[str]) -> bool:
    """Return whether consecutive words begin with the letters of the acronym."""
    size = len(acronym)
    initials = [word[0] for word in words]
    return size >= 2 and any(
        "".join(initials[at : at + size]) == acronym for at in range(len(words) - size + 1)
    )


def _unmatched(one: Reading, two: Reading) -> dict[str, str]:
    """Return the names of ``one`` that ``two`` does not have, in whatever way it writes them."""
    keys = {token.key for token in two.tokens}
    words = _LETTERS.findall(two.folded)
    joined = {a + b for a, b in itertools.pairwise(words)}
    plain = [token.text for token in two.content if token.role == "word"]
    texts = {token.key: token.text for token in one.named}
    return {
        key: kind
        for key, kind in one.names.items()
        if key not in keys
        and not _spelled(key, words)
        and key not in words
        and key.replace(" ", "") not in joined
        and not (
            len(texts[key]) >= 3
            and kind not in two.names.values()
            and han_share(texts[key], two) >= 0.5
        )
        and not (kind != "code" and any(is_typo(key, word) for word in plain))
    }


def difference(one: Reading, two: Reading) -> tuple[float, int]:
    """Return how far names are exchanged (0, 0.5 or 1), and how many stand in one text only.

    An exchange counts in full when the two names are of one kind (two cities), or when one is of
    no listed kind; a city here and a browser there is half an exchange.

    Example:
        >>> from semcache.guard.reading import read
        >>> difference(read("weather in Paris"), read("weather in London"))
        (1.0, 0)
        >>> difference(read("js array length"), read("array length in JavaScript"))
        (0.0, 0)
    """
    only_one, only_two = _unmatched(one, two), _unmatched(two, one)
    # Chinese and English spell open-class names in unlike ways: only listed ones can be compared.
    if one.chinese != two.chinese:
        only_one = {key: kind for key, kind in only_one.items() if kind != "capital"}
        only_two = {key: kind for key, kind in only_two.items() if kind != "capital"}
    if not (only_one and only_two):
        return 0.0, len(only_one) + len(only_two)
    kinds_one, kinds_two = set(only_one.values()), set(only_two.values())
    open_kinds = {"capital", "code", "letter"}
    same = bool(kinds_one & kinds_two or kinds_one & open_kinds or kinds_two & open_kinds)
    return (1.0 if same else 0.5), abs(len(only_one) - len(only_two))
