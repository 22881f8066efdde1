"""Signal: direction and order. The same words, and two of them have changed places.

"USD to EUR" and "EUR to USD", "can my landlord sue me" and "can I sue my landlord", 北京到上海 and
上海到北京: the two stand on both sides of a third word that stays, and each stands now where the
other stood. A phrase that moves as a whole ("in Excel, how do I ...", "from A to B", "to B from A")
takes no other's place, and a list ("tea and coffee") has no order.
"""

from collections import Counter
from itertools import pairwise
from typing import NamedTuple

from semcache.guard.english import LISTS
from semcache.guard.reading import Reading

__all__ = ["exchanged"]

_JOINTS = frozenset(LISTS["english"]["joints"].split()) | set(LISTS["chinese"]["joints"])
_PASSIVE = frozenset(["by", "被"])
_SPEAKER = {"i": "i", "me": "i", "we": "we", "us": "we", "he": "he", "him": "he"}
_SPEAKER |= {"she": "she", "her": "she", "they": "they", "them": "they", "我": "我", "咱": "我"}
_SPEAKER |= {person: person for person in "你您他她它"}
_NO_THINGS = ("stop", "number", "date")
_PLACES = {1: 4, 2: 3}  # of the four neighbours that the two had, this many stay; see exchanged()


class _Block(NamedTuple):
    """Words that follow each other in both texts.

    ``one``: places in the first text, of the first word and the last; ``two``: ranks in the second
    among all such words; ``topic``: whether any of them carries a topic.
    """

    one: tuple[int, int]
    two: tuple[int, int]
    topic: bool


def exchanged(one: Reading, two: Reading) -> tuple[str, str] | None:
    """Return the two words that changed places, or None.

    Example:
        >>> from semcache.guard.reading import read
        >>> exchanged(read("change dollars to yen"), read("change yen to dollars"))
        ('usd', 'jpy')
        >>> exchanged(read("from yen to dollars"), read("to dollars from yen"))
    """
    first, second = _words(one), _words(two)
    if first == second or _PASSIVE.intersection(first) != _PASSIVE.intersection(second):
        return None
    small = {token.key for token in one.tokens if token.kind == "small"}
    places, blocks = _blocks(first, second, small - _SPEAKER.keys())
    once: set[str] = set()  # words of the blocks, once they are wanted
    for at, left in enumerate(blocks):
        # The right one follows, behind words that stand more than once; or another block does.
        for step, right in enumerate(blocks[at + 1 : at + 3], start=1):
            if not (left.topic and right.topic):
                continue
            chain = blocks[at : at + step + 1]
            if not all(b.two[1] + 1 == a.two[0] for a, b in pairwise(chain)):
                continue
            words = first[left.one[1]], first[right.one[1]]
            between = first[left.one[1] + 1 : right.one[0]]
            once = once or {second[place] for place in places}
            if not _ordered(words, between, small, once):
                continue
            there = [(places[block.two[0]], places[block.two[1]]) for block in (right, left)]
            if _kept(first, second, [left.one, right.one], there) >= _PLACES[step]:
                return words
    return None


def _ordered(words: tuple[str, str], between: list[str], small: set[str], once: set[str]) -> bool:
    """Return whether what stands between two words says that their order matters."""
    if any(word in once and word not in small and word not in _JOINTS for word in between):
        return True
    return bool(between) and _JOINTS.isdisjoint(between) and _SPEAKER.keys().isdisjoint(words)


def _words(reading: Reading) -> list[str]:
    return [_SPEAKER.get(t.key, t.key) for t in reading.tokens if t.kind not in _NO_THINGS]


def _blocks(first: list[str], second: list[str], small: set[str]) -> tuple[list[int], list[_Block]]:
    """Return the places in the second text of the words that stand once in each, and their blocks.

    The blocks are in the order of the first text.
    """
    once = _single(first) & _single(second)
    places = [at for at, word in enumerate(second) if word in once]
    rank = {second[at]: index for index, at in enumerate(places)}
    blocks: list[_Block] = []
    for at, word in enumerate(first):
        if word not in once:
            continue
        topic, last = word not in small, blocks[-1] if blocks else None
        if last and rank[word] == last.two[1] + 1:
            ends = (last.one[0], at), (last.two[0], rank[word])
            blocks[-1] = _Block(*ends, last.topic or topic)
        else:
            blocks.append(_Block((at, at), (rank[word], rank[word]), topic))
    return places, blocks


def _single(words: list[str]) -> set[str]:
    """Return the words that stand once among them."""
    single = set(words)
    if len(single) < len(words):
        single.difference_update([word for word, n in Counter(words).items() if n > 1])
    return single


def _kept(
    first: list[str], second: list[str], here: list[tuple[int, int]], there: list[tuple[int, int]]
) -> int:
    """Return how many neighbours of each word in ``first`` are the other's in ``second``."""
    return sum(
        (_at(first, a[0] - 1) == _at(second, b[0] - 1))
        + (_at(first, a[1] + 1) == _at(second, b[1] + 1))
        for a, b in zip(here, there, strict=True)
    )


def _at(words: list[str], place: int) -> str:
    return words[place] if 0 <= place < len(words) else ""
