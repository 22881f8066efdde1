"""What two texts differ in, and how alike they are otherwise."""

from typing import NamedTuple

from semcache.guard import dates, numbers
from semcache.guard.likeness import likeness
from semcache.guard.names import exchange
from semcache.guard.opposites import opposition
from semcache.guard.order import exchanged
from semcache.guard.reading import Reading, read

__all__ = ["SIGNALS", "Comparison", "Difference", "compare"]

_ALIKE = 0.9  # texts that share less say things in other ways: no single word decides
SIGNALS = ("number", "date", "opposite", "order", "name")


class Difference(NamedTuple):
    """What stands in the two texts, and does not mean the same; ``signal`` is its kind."""

    signal: str
    cached: str
    asked: str


class Comparison(NamedTuple):
    """The differences of two texts.

    ``weight`` says how far they count: 1 where the sentences are the same otherwise, down to 0
    where they have no more than nine words of ten in common.
    """

    weight: float
    differences: tuple[Difference, ...]


def compare(cached: str, asked: str) -> Comparison | None:
    """Return what two questions differ in, or None if one of them is too long to be read.

    Exchanging the two exchanges ``cached`` and ``asked`` in each difference, and nothing else. The
    time it takes grows with the length of the texts, and the longest is read in a few
    milliseconds.

    Example:
        >>> compare("cancel within 15 days", "cancel within 30 days").differences
        (Difference(signal='number', cached='15 days', asked='30 days'),)
    """
    one, two = read(cached), read(asked)
    if one is None or two is None:
        return None
    if cached <= asked:
        return _compare(one, two)
    weight, turned = _compare(two, one)
    return Comparison(weight, tuple(Difference(d[0], d[2], d[1]) for d in turned))


def _compare(one: Reading, two: Reading) -> Comparison:
    opposed, named = opposition(one, two), exchange(one, two)
    found = {
        "number": numbers.changed(one.numbers, two.numbers),
        "date": dates.changed(one.dates, two.dates),
        "opposite": opposed and opposed[:2],
        "order": exchanged(one, two),
        "name": named and named[:2],
    }
    in_one_place = (opposed.words if opposed else 0) + (named.pairs if named else 0)
    alike = likeness(one, two, in_one_place)
    return Comparison(
        max(0.0, (alike - _ALIKE) / (1 - _ALIKE)),
        tuple(Difference(signal, *pair) for signal, pair in found.items() if pair),
    )
