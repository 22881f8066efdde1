"""A table of questions: a column of text, and if there time, language, tenant, answer, label, id.

Names of columns are compared without case and blanks; of several names for one thing, the first
that is there counts.
"""

from collections.abc import Mapping
from typing import Any

from semcache.errors import InvalidInput
from semcache.evaluate import cells
from semcache.evaluate.logs.entry import Entry, LeftOut, moment, word

__all__ = ["COLUMNS", "NAMES", "TEXT", "fits", "read"]

TEXT = ("text", "question", "query", "prompt")
NAMES: Mapping[str, tuple[str, ...]] = {
    "text": TEXT,
    "time": ("time", "timestamp", "created", "created_at", "date", "start_time"),
    "language": ("language", "lang", "locale"),
    "tenant": ("tenant", "tenant_id", "customer", "customer_id"),
    "answer": ("answer", "response", "reply", "completion"),
    "label": ("label", "intent", "answer_id"),
    "id": ("id", "request_id"),
}
COLUMNS = tuple(name for names in NAMES.values() for name in names)


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a row of such a table."""
    return any(isinstance(_bare(record).get(name), str) for name in TEXT)


def read(record: Mapping[str, Any]) -> Entry:
    """Return the question of a row.

    Raises:
        LeftOut: The text is blank.
        InvalidInput: There is no text, or the time is none.

    Example:
        >>> read({"Question": "reset my password", "lang": "en"})[:3]
        ('reset my password', nan, 'en')
    """
    row = _bare(record)
    found = {
        name: next((row[k] for k in names if row.get(k) is not None), None)
        for name, names in NAMES.items()
    }
    text, answer = found["text"], found["answer"]
    if text is None and not any(name in row for name in TEXT):
        raise InvalidInput(f"no {' or '.join(TEXT)}")
    if text is None or (isinstance(text, str) and not text.strip()):
        raise LeftOut("no text")
    return Entry(
        cells.text("the question", text),
        moment(found["time"]),
        word(found["language"]),
        word(found["tenant"]),
        answer if isinstance(answer, str) else "",
        word(found["id"]),
        label=word(found["label"]),
    )


def _bare(record: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name).strip().casefold(): value for name, value in record.items()}
