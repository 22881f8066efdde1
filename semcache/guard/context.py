"""Signals of one text alone: personal, volatile, follow-up. Such questions are no one else's.

The answer to "where is my order" belongs to one person, that to "who is on call" to one hour, and
that to "and how do I undo that?" to one conversation: no similarity makes them safe to share.
"""

from semcache.guard.patterns import pattern
from semcache.guard.reading import Reading

__all__ = ["follow_up", "personal", "volatile"]

_POSSESSIVE = pattern("context", "possessive")
_FIRST_PERSON = pattern("context", "first_person")
# What one person has and another does not: the answer is a value looked up for the asker.
_THING = pattern("context", "thing")
_STATE = pattern("context", "state")
_PROCEDURE = pattern("context", "procedure")
_NOW = pattern("context", "now")
_CHANGING = pattern("context", "changing")
_PRONOUN = pattern("context", "pronoun")
_OPENING = pattern("context", "opening")
_HAN_OPENING = pattern("context", "han_opening")
_HAN_PRONOUN = pattern("context", "han_pronoun")


def personal(reading: Reading) -> float:
    """Return how far the answer belongs to the asker: 1 asks for a value of theirs, 0.5 may.

    Example:
        >>> from semcache.guard.reading import read
        >>> [personal(read(t)) for t in ("where is my order", "how do I track an order")]
        [1.0, 0.0]
    """
    text = reading.folded
    if not _FIRST_PERSON.search(text) and not _POSSESSIVE.search(text):
        return 0.0
    if _PROCEDURE.search(text):
        return 0.0
    if _STATE.search(text):
        return 1.0
    return 0.5 * bool(_POSSESSIVE.search(text) and _THING.search(text))


def volatile(reading: Reading) -> float:
    """Return how far the answer changes with time: 1 says "now" and names a changing thing.

    Example:
        >>> from semcache.guard.reading import read
        >>> volatile(read("current price of gold")), volatile(read("what is a class"))
        (0.5, 0.0)
    """
    text = reading.folded
    now, changing = bool(_NOW.search(text)), bool(_CHANGING.search(text))
    if not now and any(date.part in ("weekday", "clock") for date in reading.dates):
        return 0.0  # "open on Saturdays" asks for a timetable
    return 0.5 * now + 0.5 * changing


def follow_up(reading: Reading) -> float:
    """Return how far the text needs what was said before: an opening, a pronoun, little content.

    Example:
        >>> from semcache.guard.reading import read
        >>> follow_up(read("and how do I undo that?")), follow_up(read("How do I undo a merge?"))
        (1.0, 0.0)
    """
    text = reading.folded.strip()
    if text.startswith(("how is it possible", "is it ", "was it ")) and len(reading.content) >= 2:
        return 0.0  # "is it safe to …": the pronoun points forwards
    opening = bool(_OPENING.search(text) or _HAN_OPENING.search(text))
    pronoun = _PRONOUN.search(text) or _HAN_PRONOUN.search(text)
    antecedent = False
    if pronoun:
        before = text[: pronoun.start()]
        antecedent = sum(t.text in before for t in (*reading.content, *reading.named)) >= 2
    dangling = bool(pronoun and not antecedent)
    thin = len(reading.content) + len(reading.named) <= 1
    return min(1.0, 0.5 * opening + 0.5 * dangling + 0.25 * (thin and (opening or dangling)))
