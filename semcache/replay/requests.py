"""A log as numbers: which texts are one, who shares, what a rule allows; worked out once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcache.answers.request import normalise
from semcache.embedding.api import is_embeddable
from semcache.errors import InvalidInput
from semcache.replay.log import Log
from semcache.sharing import Admission, Rule, may_keep, may_share

__all__ = ["Requests", "Text", "requests_of"]

_FEW, _ALIKE = 20, 0.05  # texts that prove nothing; the least share that has an answer in common

Ints = NDArray[np.int32]
Codes = dict[Any, int]


class Text(NamedTuple):
    """A text that one tenant asks, however often.

    Attributes:
        text: As it was typed.
        scope: A number of those who share.
        row: Of its vector: texts of two tenants have one.
        spelt: A number of its question in the exact tier.
        entry: A number of its question in an index, where no case is folded.
        embeds: Whether it can be embedded.
        admission: What the rules leave.
    """

    text: str
    scope: int
    row: int
    spelt: int
    entry: int
    embeds: bool
    admission: Admission


@dataclass(frozen=True)
class Requests:
    """The n requests of a log in the order of their times.

    Attributes:
        texts: The distinct texts of each tenant.
        unique: Those of all tenants, as strings: row k of the vectors is that of ``unique[k]``.
        text: Which of ``texts`` each request asks, shape (n,).
        time: Seconds since the epoch, shape (n,); zeros if the log has no times.
        said: A number of what the LLM answers, shape (n,): equal for equal answers.
        answers: The answers by that number; ``None`` where the log has none.
        label: A number of the answer that is right, shape (n,); -1 where it is not known.
        kept: Whether the answer of a request may be kept, shape (n,).
        first: The position in the log at which each of ``unique`` comes first.
        timed: Whether the log has times.
        known: By what wrong answers are known: ``"label"``, ``"answer"`` or ``None``; not by
            answers if hardly two texts have one in common, since the LLM words each anew.
    """

    texts: list[Text]
    unique: list[str]
    text: Ints
    time: NDArray[np.float64]
    said: Ints
    answers: list[str | None]
    label: Ints
    kept: NDArray[np.bool_]
    first: Ints
    timed: bool
    known: str | None

    def __len__(self) -> int:
        return len(self.text)


def requests_of(
    log: Log,
    *,
    rules: Sequence[Rule] = (),
    answer_rules: Sequence[Rule] = (),
    fold_case: bool = False,
    fold_spaces: bool = False,
    apart: Sequence[str] = ("tenant",),
) -> Requests:
    """Return the requests of a log.

    Args:
        log: The log.
        rules: Of admission, for questions.
        answer_rules: The same for answers.
        fold_case: Whether capitals do not count in the exact tier.
        fold_spaces: Whether several spaces are one there.
        apart: Columns whose values do not share answers: ``"tenant"``, ``"language"``.

    Raises:
        InvalidInput: Some rows have a time and others none; names the line.
    """
    time, order = _times(log)
    answered, labelled = _has(log.answer), _has(log.label)
    groups = [getattr(log, name) for name in apart if _has(getattr(log, name))]
    scopes = _numbers(zip(*groups, strict=True) if groups else ((),) * len(log))
    unique, texts = _Unique(fold_case, fold_spaces, rules), Codes()
    text = [
        texts.setdefault((scope, unique.row(log.text[at], at)), len(texts))
        for scope, at in zip(scopes[order].tolist(), order.tolist(), strict=True)
    ]
    label = _column(log.label, order)
    said, answers = _said(log, order)
    may = [answer is None or bool(may_keep(answer, answer_rules)) for answer in answers]
    known = "label" if labelled else "answer" if answered and _say_alike(text, said) else None
    return Requests(
        [unique.text(*key) for key in texts],
        unique.strings,
        np.array(text, np.int32),
        time[order],
        said,
        answers,
        label if known != "answer" else np.where(_column(log.answer, order) < 0, -1, said),
        np.array(may, bool)[said],
        np.array(unique.first, np.int32),
        _has(log.time),
        known,
    )


class _Unique:
    """The distinct strings of a log, and what is worked out once for each."""

    def __init__(self, fold_case: bool, fold_spaces: bool, rules: Sequence[Rule]) -> None:
        self._fold, self._rules = (fold_case, fold_spaces), rules
        self._rows, self._spelt, self._entries = Codes(), Codes(), Codes()
        self._about: list[tuple[str, str, bool, Admission]] = []
        self.strings: list[str] = []
        self.first: list[int] = []

    def row(self, text: str, at: int) -> int:
        """Return the number of a string, which is at a position of the log."""
        row = self._rows.setdefault(text, len(self._rows))
        if row == len(self.strings):
            self.strings.append(text)
            self.first.append(at)
            admission = may_share(text, self._rules)
            self._about.append(
                (normalise(text, *self._fold), normalise(text), is_embeddable(text), admission)
            )
        return row

    def text(self, scope: int, row: int) -> Text:
        """Return what is known of a string that is asked in a scope."""
        spelt, entry, embeds, admission = self._about[row]
        spelt_as = self._spelt.setdefault((scope, spelt), len(self._spelt))
        entry_as = self._entries.setdefault((scope, entry), len(self._entries))
        return Text(self.strings[row], scope, row, spelt_as, entry_as, embeds, admission)


def _say_alike(text: Sequence[int], said: Ints) -> bool:
    """Whether answers tell if two texts ask for the same: not where each is worded anew."""
    texts: dict[int, set[int]] = {}
    for asked, answer in zip(text, said.tolist(), strict=True):
        texts.setdefault(answer, set()).add(asked)
    shared = sum(len(asked) for asked in texts.values() if len(asked) > 1)
    return len(set(text)) < _FEW or shared >= _ALIKE * len(set(text))


def _has(column: Sequence[Any] | None) -> bool:
    """Whether a column is there, and not blank."""
    return column is not None and any(cell is not None for cell in column)


def _times(log: Log) -> tuple[NDArray[np.float64], Ints]:
    if log.time is None or not _has(log.time):
        return np.zeros(len(log)), np.arange(len(log), dtype=np.int32)
    for at, value in enumerate(log.time):
        if value is None or value != value:
            lines = getattr(log, "line", None)
            line = at + 1 if lines is None else lines[at]
            raise InvalidInput(f"line {line}: no time, but other rows have one: fill it in")
    time = np.asarray(log.time, np.float64)
    return time, np.argsort(time, kind="stable").astype(np.int32)


def _numbers(values: Iterator[Any] | Sequence[Any]) -> Ints:
    codes = Codes()
    return np.array([codes.setdefault(value, len(codes)) for value in values], np.int32)


def _column(column: Sequence[Any] | None, order: Ints) -> Ints:
    """Number the cells of a column, in an order; -1 for those that are not there."""
    if column is None:
        return np.full(len(order), -1, np.int32)
    codes = Codes({None: -1})
    numbers = [codes.setdefault(column[at], len(codes) - 1) for at in order.tolist()]
    return np.array(numbers, np.int32)


def _said(log: Log, order: Ints) -> tuple[Ints, list[str | None]]:
    """Number what the LLM says: by the log's answers, else all apart, since no two are alike.

    Not by labels: a cache does not know them, so neither may the margin.
    """
    if not _has(log.answer):
        return np.arange(len(order), dtype=np.int32), [None] * len(order)
    keyed: Callable[[int], Any] = lambda at: (log.answer or ())[at]  # noqa: E731
    codes = Codes()
    said_by = [
        codes.setdefault(("new", at) if keyed(at) is None else keyed(at), len(codes))
        for at in order.tolist()
    ]
    return np.array(said_by, np.int32), [key if isinstance(key, str) else None for key in codes]
