"""What the cells of a file of pairs mean, in the many ways that they are written. Lesson 08."""

import contextlib
import math
from datetime import UTC, datetime

from semcache.errors import InvalidInput
from semcache.evaluate.dividing import CALIBRATION, HELD_OUT

__all__ = ["UNSURE", "Times", "label", "no_label", "nothing", "number", "split", "text"]

UNSURE = "unsure"

_YES = ("true", "yes", "y", "t", "1", "wahr", "ja", "vrai", "oui", "verdadero", "sí", "vero", "是")
_NO = ("false", "no", "n", "f", "0", "falsch", "nein", "faux", "non", "falso", "否")
_LABELS = {**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}


def text(name: str, text: object) -> str:
    """Return a question.

    Raises:
        InvalidInput: It is no text, blank, or half a character.
    """
    if not isinstance(text, str) or not text.strip():
        raise InvalidInput(f"{name} has no text")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidInput(
                f"{name} has half a character (a lone surrogate) at {error.start}: write the file "
                "anew from texts that were decoded with errors='replace'"
            ) from None
    return text


def label(value: object) -> bool:
    """Return a label: true / false, yes / no, y / n, 1 / 0, 1.0 / 0.0, in any case.

    Raises:
        InvalidInput: It is none of these.

    Example:
        >>> [label(value) for value in (True, "TRUE", "y", "1.0", 0.0, " No ")]
        [True, True, True, True, False, False]
    """
    if isinstance(value, bool):
        return value
    text = "" if value is None else str(value).strip().casefold()
    if text not in _LABELS:
        with contextlib.suppress(ValueError):  # 1.0 of pandas, 1,0 of a spreadsheet
            text = f"{float(text.replace(',', '.')):g}"
    if text not in _LABELS:
        found = "not there" if value is None else f"{value!r:.60}"
        raise InvalidInput(
            f"same is {found}, but it must be true or false: label the pair or drop it"
        )
    return _LABELS[text]


def no_label(value: object) -> str:
    """Return why a cell holds no label, ``"unlabelled"`` or ``"unsure"``; blank if it holds one.

    Example:
        >>> [no_label(value) for value in (None, " ", "Unsure", "yes", False)]
        ['unlabelled', 'unlabelled', 'unsure', '', '']
    """
    text = "" if value is None else str(value).strip().casefold()
    return {"": "unlabelled", UNSURE: UNSURE}.get(text, "")


def number(name: str, value: object) -> float:
    """Return a number, also with a decimal comma; nan if the cell is blank.

    Raises:
        InvalidInput: It is no number.
    """
    text = str(value).strip().replace(",", ".")
    if not text or text.lower() == "nan":
        return math.nan
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"{name} is {value!r:.60}, but it must be a number") from None


def nothing(*_: object) -> float:
    """Return nan, whatever the cell holds."""
    return math.nan


class Times:
    """Reads a column of times: all of them seconds since the epoch, or all of them dates.

    Example:
        >>> read = Times()
        >>> read("at", "2026-11-29") - read("at", "2026-11-28T23:00:00Z")
        3600.0
    """

    def __init__(self) -> None:
        self._dates: bool | None = None

    def __call__(self, name: str, value: object) -> float:
        """Return seconds since the epoch; a date is taken to be UTC if it names no zone.

        Raises:
            InvalidInput: It is neither, or the other than those before it.
        """
        text = str(value).strip()
        try:
            seconds, date = float(text), False
        except ValueError:
            seconds, date = _seconds(name, text), True
        if self._dates not in (None, date):
            raise InvalidInput(f"{name} is {text!r:.60}: dates and numbers do not mix")
        self._dates = date
        return seconds


def _seconds(name: str, text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"{name} is {text!r:.60}: write it as 2026-11-28T14:05:00Z, as 2026-11-28, or in "
            "seconds"
        ) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def split(text: str) -> str:
    """Return the part that a row asks to be in.

    Raises:
        InvalidInput: There is no such part.
    """
    found = text.casefold()
    if found not in (CALIBRATION, HELD_OUT):
        raise InvalidInput(f"split is {text!r:.60}, but it must be {CALIBRATION} or {HELD_OUT}")
    return found
