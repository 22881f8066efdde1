"""Signal: dates. Weekdays, months, days, years, quarters, seasons, clock times, relative dates.

"Feb 3", "3 February" and 2月3日 are one date; "last month" is 上个月.
"""

import re
from collections.abc import Callable
from functools import partial

from semcache.guard.date_forms import FORMS, NEEDS, SIGNS
from semcache.guard.date_values import Date

__all__ = ["DATE", "Date", "changed", "take_dates"]

DATE = "\ue000"  # stands in a text where a date was
_FORMS = [(kind.split()[0], NEEDS.get(kind, ()), form, read) for kind, form, read in FORMS]


def take_dates(folded: str, found: list[Date]) -> str:
    """Return the text with :data:`DATE` for each date, its parts appended to ``found``."""
    holds = {name for name, sign in SIGNS.items() if sign.search(folded)}
    if not holds:
        return folded
    holds.add("any")
    for sign, needs, form, read in _FORMS:
        if sign in holds and (not needs or any(word in folded for word in needs)):
            folded = form.sub(partial(_take, read, found), folded)
    return folded


def _take(
    read: Callable[[re.Match[str]], list[Date]], found: list[Date], match: re.Match[str]
) -> str:
    found.extend(read(match))
    return f" {DATE} "


def changed(one: frozenset[Date], two: frozenset[Date]) -> tuple[str, str] | None:
    """Return a part of a date of each text that the other does not have, or None.

    Example:
        >>> changed(frozenset([Date("month", "2")]), frozenset([Date("month", "3")]))
        ('month 2', 'month 3')
        >>> changed(frozenset([Date("month", "2")]), frozenset())
    """
    if one <= two or two <= one:
        return None
    return " ".join(min(one - two)), " ".join(min(two - one))
