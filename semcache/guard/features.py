"""All signals of a pair, as one row of numbers."""

from functools import lru_cache
from typing import NamedTuple

from semcache.guard import content, context, dates, direction, entities, numbers, roles
from semcache.guard import contrast as contrast_signal
from semcache.guard import polarity as polarity_signal
from semcache.guard.reading import read
from semcache.guard.slips import mend

__all__ = ["Features", "features"]


class Features(NamedTuple):
    """What two questions differ in. All but the similarity are at least 0, and 1 means fully."""

    similarity: float  # the cosine above 0.9 in steps of 0.05, as far as the wording differs
    number_changed: float  # numbers, amounts or versions that are another in the other text
    number_added: float  # numbers in one text only, times the likeness of the sentences
    date_changed: float  # parts of a date that are another
    date_added: float  # parts of a date in one text only, likewise
    antonyms: float  # words whose opposite stands in the other text
    contrast: float  # 1: a small word stands against its opposite: with / without, 高 / 低
    reversed: float  # 1: the same things in opposite parts: from / to, before / after, who / whom
    turned: float  # the likeness of the sentences, if they are opposite or reversed
    scope: float  # 1: one text alone asks for the extreme; less: for the only one, for all
    name_changed: float  # 1: another name of the same kind; 0.5: of another kind
    name_added: float  # names and codes in one text only, times the likeness of the sentences
    swapped: float  # content words exchanged in one sentence: 1 means nothing else differs
    added: float  # content words added to one sentence: 1 means nothing else differs
    inserted: float  # 1: one text is the other with a few words of content put in
    condition: float  # phrases with if, for, without, 如果 … that are new as a whole
    narrowed: float  # 1: one text says all that the other says, and sets such a condition
    personal: float  # the answer belongs to the asker, in both texts
    personal_differs: float  # in one text it does, in the other it does not
    volatile: float  # the answer changes with time, in both texts
    follow_up: float  # a text needs what was said before it
    shared: float  # content words with a counterpart, up to three: 1 means three or more
    languages: float  # 1: one text is Chinese and the other is not


@lru_cache(maxsize=8_192)
def _alone(text: str) -> tuple[float, float, float]:
    """Return what is said of one text alone: personal, volatile, follow-up."""
    reading = read(text)
    return context.personal(reading), context.volatile(reading), context.follow_up(reading)


def features(cached: str, asked: str, similarity: float = 0.9) -> Features:
    """Return what a cached question and a new one differ in.

    The similarity counts as far as the wording differs, and within two steps: where the sentences
    are alike it only says again that they are.

    Args:
        cached: The question whose answer is in the cache.
        asked: The question that arrived. Exchanging the two changes nothing.
        similarity: The cosine of their embeddings.

    Example:
        >>> row = features("How do I turn on two-factor?", "disable 2FA")
        >>> row.antonyms, round(row.turned, 2)
        (1.0, 0.57)
        >>> features("turn it off after two hours", "120分钟后关掉").turned
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
    reversal = direction.reversal(one, two) or roles.exchanged(one, two)
    # Two opposites hold one place of a sentence, so they do not make the sentences less alike.
    alike = min(1.0, about.frame + 2 * polar.antonyms / max(1, about.tokens))
    alone_one, alone_two = _alone(cached), _alone(asked)
    owner = (alone_one[0], alone_two[0])
    return Features(
        similarity=(1 - about.frame) * max(-2.0, min(2.0, (similarity - 0.9) / 0.05)),
        number_changed=float(min(2, number[0])),
        number_added=about.frame * min(2, number[1]),
        date_changed=float(min(2, date[0])),
        date_added=about.frame * min(2, date[1]),
        antonyms=float(min(2, polar.antonyms)),
        contrast=contrast_signal.contrast(
            one,
            two,
            about.frame,
            same_words=not only_one and not only_two,
            opposite=polar.opposite and not polar.antonyms,
        ),
        reversed=float(reversal),
        turned=alike * (polar.opposite or reversal or polar.antonyms > 0),
        scope=contrast_signal.scope(one, two, about.frame),
        name_changed=name[0],
        name_added=about.frame * min(2, name[1]),
        swapped=about.swapped,
        added=about.added,
        inserted=float(about.inserted),
        condition=float(min(2, about.condition)),
        narrowed=float(about.condition > 0 and bool(only_one) != bool(only_two)),
        personal=min(owner),
        personal_differs=float(max(owner) == 1.0) * (1 - min(owner)),
        volatile=min(alone_one[1], alone_two[1]),
        follow_up=max(alone_one[2], alone_two[2]),
        shared=about.shared,
        languages=float(one.chinese != two.chinese),
    )
