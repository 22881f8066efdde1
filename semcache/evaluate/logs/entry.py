"""One question of a log, and a log of them."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from semcache.errors import InvalidInput
from semcache.evaluate.cells import Times

__all__ = ["Entry", "LeftOut", "Log", "moment", "word"]

_MILLISECONDS = 1e11  # as seconds, a time after the year 5000


class Entry(NamedTuple):
    """One question.

    Attributes:
        text: As it was typed.
        time: Seconds since the epoch; nan if nobody says.
        language: Blank if nobody says.
        tenant: Likewise.
        answer: What was answered; blank if nobody says.
        id: Of the request; blank if nobody says.
        parent: Of the run that this one is a part of.
        line: Where it begins in the file; of records that have no lines, its number from 1.
        label: Names the answer that was right, such as an intent; blank if nobody says.
    """

    text: str
    time: float = math.nan
    language: str = ""
    tenant: str = ""
    answer: str = ""
    id: str = ""
    parent: str = ""
    line: int = 0
    label: str = ""


class LeftOut(Exception):
    """A record that is sound, but that no cache could answer by similarity; says why."""


@dataclass(frozen=True)
class Log:
    """The questions of a file, in the order they were asked.

    Attributes:
        entries: Those that a cache could answer by similarity.
        format: The name of the reader.
        left_out: How many of the other requests there are, by reason.
        faults: What could not be read, a sentence each, with its line.
        ordered: Whether they are in order of time; if not, in that of the file.
    """

    entries: tuple[Entry, ...]
    format: str
    left_out: Mapping[str, int] = field(default_factory=Counter)
    faults: tuple[str, ...] = ()
    ordered: bool = False


def moment(value: object) -> float:
    """Return a time as seconds since the epoch, from seconds, milliseconds or ISO 8601.

    Raises:
        InvalidInput: It is none of these.

    Example:
        >>> moment("2026-11-28T00:00:00Z") == moment(1795824000) == moment(1795824000000)
        True
        >>> moment("")
        nan
    """
    if value is None or isinstance(value, bool) or not str(value).strip():
        return math.nan
    iso = getattr(value, "isoformat", None)
    seconds = Times()("the time", iso() if iso else value)
    if not math.isfinite(seconds):
        raise InvalidInput(f"the time is {value}")
    return seconds / 1_000 if abs(seconds) > _MILLISECONDS else seconds


def word(value: Any) -> str:
    """Return a short value such as a tenant as text; blank for what is none.

    Example:
        >>> word(" de "), word(7), word(None), word({"a": 1})
        ('de', '7', '', '')
    """
    return str(value).strip() if isinstance(value, str | int) else ""
