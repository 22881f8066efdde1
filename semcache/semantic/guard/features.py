"""All signals of a pair, as one row of numbers."""

from functools import lru_cache
from typing import NamedTuple

from semcache.semantic.guard import content, context, dates, direction, entities, numbers, roles
from semcache.semantic.guard import contrast as contrast_signal
from semcache.semantic.guard import polarity as polarity_signal
from semcache.semantic.guard import question as question_signal
from semcache.semantic.guard.reading import read
from semcache.semantic.guard.slips import mend

__all__ = ["Features", "features"]


class Features(NamedTuple):
    """What two questions differ in. Every number is at least 0; those not counts are at most 1."""

    number_changed: float  # numbers, amounts or versions that are another in the other text
    number_added: float  # numbers in one text only, times the likeness of the frame
    date_changed: float  # parts of a date that are another
    date_added: float  # parts of a date in one text only, likewise
    antonyms: float  # words whose opposite stands in the other text
    negation: float  # 1: one text denies, the other does not
    opposite: float  # 1: antonyms and negation together turn the question round
    contrast: float  # 1: a small word stands against its opposite: with / without, 高 / 低
    scope: float  # 1: one text alone says the most, the least or the only; 0.5: all
    target: float  # 1: both exclude something, and not the same thing
    reversed: float  # 1: the same things in opposite parts: from / to, before / after, who / whom
    name_changed: float  # 1: another name of the same kind; 0.5: of another kind
    name_added: float  # names and codes in one text only, likewise
    swapped: float  # content words exchanged in one frame: 1 means nothing else differs
    added: float  # content words added to one frame: 1 means nothing else differs
    condition: float  # phrases with if, for, without, 如果 … that are new as a whole
    question: float  # 1: why against when, how much against how to
    personal: float  # the answer belongs to the asker, in both texts
    personal_differs: float  # in one text it does, in the other it does not
    volatile: float  # the answer changes with time, in both texts
    follow_up: float  # a text needs what was said before it
    covered_most: float  # share of the content words with a counterpart, in the better covered text
    covered_least: float  # the same in the other text
    shared: float  # content words with a counterpart, up to three: 1 means three or more
    identical: float  # 1: nothing differs but light words, slips and ways of writing
    overlap: float  # shared content words over all (Jaccard)
    characters: float  # shared pairs of characters over all (Jaccard)
    lengths: float  # the shorter text's length over the longer's
    languages: float  # 1: one text is Chinese and the other is not


@lru_cache(maxsize=8_192)
def _alone(text: str) -> tuple[float, float, float]:
    """Return what is said of one text alone: personal, volatile, follow-up."""
    reading = read(text)
    return context.personal(reading), context.volatile(reading), context.follow_up(reading)


def features(cached: str, asked: str) -> Features:
    """Return what a cached question and a new one differ in.

    Args:
        cached: The question whose answer is in the cache.
        asked: The question that arrived. Exchanging the two changes nothing.

    Example:
        >>> row = features("How do I turn on two-factor?", "disable 2FA")
        >>> row.antonyms, row.opposite, row.covered_least
        (1.0, 1.0, 0.5)
        >>> features("turn it off after two hours", "120分钟后关掉").opposite
        0.0
    """
    # The same whichever of the two is asked: the text that comes first in order is the model.
    right, mended = sorted((cached, asked))
    one, two = read(right), read(mend(mended, right))
    only_one, only_two = content.unmatched(one, two), content.unmatched(two, one)
    number = numbers.difference(one.numbers, two.numbers)
    date = dates.difference(one.dates, two.dates)
    name = entities.difference(one, two)
    polar = polarity_signal.compare(one, two, only_one, only_two)
    about = content.compare(one, two, only_one, only_two)
    alone_one, alone_two = _alone(cached), _alone(asked)
    owner = (alone_one[0], alone_two[0])
    sizes = sorted((len(one.text), len(two.text)))
    return Features(
        number_changed=float(min(2, number[0])),
        number_added=about.frame * min(2, number[1]),
        date_changed=float(min(2, date[0])),
        date_added=about.frame * min(2, date[1]),
        antonyms=float(min(2, polar.antonyms)),
        negation=float(polar.negation),
        opposite=float(polar.opposite),
        contrast=contrast_signal.contrast(one, two, about.frame),
        scope=contrast_signal.scope(one, two, about.frame),
        target=float(polar.target),
        reversed=float(direction.reversal(one, two) or roles.exchanged(one, two)),
        name_changed=name[0],
        name_added=about.frame * min(2, name[1]),
        swapped=about.swapped,
        added=about.added,
        condition=float(min(2, about.condition)),
        question=question_signal.conflict(one, two),
        personal=min(owner),
        personal_differs=float(max(owner) == 1.0) * (1 - min(owner)),
        volatile=min(alone_one[1], alone_two[1]),
        follow_up=max(alone_one[2], alone_two[2]),
        covered_most=about.covered_most,
        covered_least=about.covered_least,
        shared=about.shared,
        identical=float(about.identical),
        overlap=about.overlap,
        characters=about.characters,
        lengths=sizes[0] / sizes[1] if sizes[1] else 1.0,
        languages=float(one.chinese != two.chinese),
    )
