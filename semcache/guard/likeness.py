"""How alike two sentences are, apart from what is known to differ in them.

"$15 or $25" decides in one and the same sentence; a number that stands in only one of two quite
different wordings says nothing. So every difference weighs as far as the sentences are alike.
"""

from semcache.guard.reading import Reading

__all__ = ["likeness"]

_WEIGHT = {"small": 0.25, "stop": 0.0, "not": 0.0}  # of words that carry no topic


def likeness(one: Reading, two: Reading, exchanged: int = 0) -> float:
    """Return the share of words that the texts have in common (Dice), from 0 to 1.

    A number counts as any other number, a date as any other date.

    Args:
        one: A text.
        two: The other.
        exchanged: How many words of ``one`` have their opposite, or another name of their kind,
            in ``two``: such two hold one place of a sentence, and count as one word.

    Example:
        >>> from semcache.guard.reading import read
        >>> likeness(read("a bill of $15"), read("a bill of $25"))
        1.0
    """
    total = common = 0.0
    there = two.counts
    for token, count in one.counts.items():
        weight = _WEIGHT.get(token.kind, 1.0)
        total += count * weight
        if token in there:
            common += min(count, there[token]) * weight
    for token, count in there.items():
        total += count * _WEIGHT.get(token.kind, 1.0)
    return min(1.0, 2 * (common + exchanged) / total) if total else 1.0
