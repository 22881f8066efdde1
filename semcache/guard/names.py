"""Signal: names and codes. Another city, plan, error code or file type: another question."""

from typing import NamedTuple

from semcache.guard.reading import Reading

__all__ = ["Exchange", "exchange"]

_PLAIN = frozenset(["word", "small", "stop", "not", "number", "date", "opposite", "state"])


class Exchange(NamedTuple):
    """Names of one kind that stand in one text each, and how many pairs of them there are."""

    one: str
    two: str
    pairs: int


def exchange(one: Reading, two: Reading) -> Exchange | None:
    """Return the names that were exchanged for others of their kind, or None.

    Names that no list knows are told by their capitals, in English in the middle of a sentence.
    A name in one text only says nothing: the other may leave it out.

    Example:
        >>> from semcache.guard.reading import read
        >>> exchange(read("weather in Paris"), read("weather in London"))
        Exchange(one='paris', two='london', pairs=1)
        >>> exchange(read("js array length"), read("array length in JavaScript"))
    """
    left = _only(one, two)
    right = _only(two, one) if left else {}
    kinds = [kind for kind in left if kind in right]
    if not kinds:
        return None
    count = sum(min(len(left[kind]), len(right[kind])) for kind in kinds)
    return Exchange(left[kinds[0]][0], right[kinds[0]][0], count)


def _only(one: Reading, two: Reading) -> dict[str, list[str]]:
    """Return the names of ``one`` that ``two`` does not have, by kind."""
    named = [token for token in one.counts if token.kind not in _PLAIN]
    said = {token.key for token in two.counts} if named else ()
    found: dict[str, list[str]] = {}
    for token in named:
        if token.key not in said:
            found.setdefault(token.kind, []).append(token.key)
    return found
