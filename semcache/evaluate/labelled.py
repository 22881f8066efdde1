"""Labelled pairs in memory: one as a value, many as columns. Lesson 08."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

__all__ = ["GROUPS", "Pair", "Pairs", "contradictions", "repeated_texts"]

GROUPS = ("language", "kind", "scope", "split")


class Pair(NamedTuple):
    """Two questions, and whether they have the same right answer."""

    a: str
    b: str
    same: bool
    language: str = ""
    kind: str = ""
    scope: str = ""
    split: str = ""


@dataclass(frozen=True, eq=False)
class Pairs(Sequence[Pair]):
    """Many pairs as columns, so that a million rows of few texts take little room.

    A sequence of :class:`Pair`; a slice, a mask or an array of positions gives fewer of them.

    Attributes:
        texts: The distinct texts.
        a: int32, shape (n,): where in ``texts`` the cached question is.
        b: int32, shape (n,): likewise the question that is asked.
        same: bool, shape (n,).
        line: int32, shape (n,): the line of the file; of pairs made by hand, counted from 1.
        groups: Columns of text, shape (n,): language, kind, scope, split, and what was asked for.
        similarity: float64, shape (n,), if the file has that column.
        margin: float64, shape (n,), if the file has it: the similarity less that of the next
            different answer; nan where it is blank.
        time: float64, shape (n,), in seconds, if that was asked for.
        weight: float64, shape (n,), if the file has it: for how many pairs of a log each stands.
        embedding_model: The model whose similarities these are, if the file says it.
        unlabelled: How many rows of such a file were left out, since nobody has labelled them.
        unsure: Likewise, since whoever labelled them was not sure.

    Example:
        >>> pairs = Pairs.of([Pair("a", "b", True), Pair("a", "c", False)])
        >>> len(pairs.texts), pairs[1], pairs[~pairs.same][0].b
        (3, Pair(a='a', b='c', same=False, language='', kind='', scope='', split=''), 'c')
    """

    texts: list[str]
    a: NDArray[np.int32]
    b: NDArray[np.int32]
    same: NDArray[np.bool_]
    line: NDArray[np.int32]
    groups: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    similarity: NDArray[np.float64] | None = None
    margin: NDArray[np.float64] | None = None
    time: NDArray[np.float64] | None = None
    weight: NDArray[np.float64] | None = None
    unlabelled: int = 0
    unsure: int = 0
    embedding_model: str | None = None

    @classmethod
    def of(cls, pairs: Iterable[Pair]) -> "Pairs":
        """Return pairs made by hand as columns."""
        if isinstance(pairs, cls):
            return pairs
        rows, code = list(pairs), dict[str, int]()
        a = [code.setdefault(row.a, len(code)) for row in rows]
        b = [code.setdefault(row.b, len(code)) for row in rows]
        return cls(
            list(code),
            np.array(a, np.int32),
            np.array(b, np.int32),
            np.array([row.same for row in rows], bool),
            np.arange(1, len(rows) + 1, dtype=np.int32),
            {name: np.array([getattr(row, name) for row in rows], object) for name in GROUPS},
        )

    def __len__(self) -> int:
        return len(self.same)

    @overload
    def __getitem__(self, at: int) -> Pair: ...
    @overload
    def __getitem__(self, at: "slice | NDArray[Any]") -> "Pairs": ...
    def __getitem__(self, at: Any) -> "Pair | Pairs":
        if isinstance(at, int | np.integer):
            groups = {name: self.groups[name][at] for name in GROUPS if name in self.groups}
            return Pair(
                self.texts[self.a[at]], self.texts[self.b[at]], bool(self.same[at]), **groups
            )
        marks = (self.similarity, self.margin, self.time, self.weight)
        similarity, margin, time, weight = (
            None if column is None else column[at] for column in marks
        )
        return Pairs(
            self.texts,
            self.a[at],
            self.b[at],
            self.same[at],
            self.line[at],
            {name: column[at] for name, column in self.groups.items()},
            similarity,
            margin,
            time,
            weight,
            embedding_model=self.embedding_model,
        )

    def __iter__(self) -> Iterator[Pair]:
        return (self[at] for at in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __repr__(self) -> str:
        return f"<Pairs: {self}>"

    def __str__(self) -> str:
        return f"{len(self):,} pairs, {self.same.sum():,} with the same answer"

    @property
    def keys(self) -> NDArray[np.int64]:
        """int64, shape (n,): equal where both texts are."""
        return self.a.astype(np.int64) * len(self.texts) + self.b


def repeated_texts(pairs: Iterable[Pair]) -> int:
    """Return how many texts occur in more than one pair.

    Such pairs are not independent, so they count for less than as many others.

    Example:
        >>> repeated_texts([Pair("a", "b", True), Pair("a", "c", False), Pair("d", "e", True)])
        1
    """
    pairs = Pairs.of(pairs)
    n = len(pairs.texts)
    seen = np.bincount(pairs.a, minlength=n) + np.bincount(pairs.b[pairs.a != pairs.b], minlength=n)
    return int((seen > 1).sum())


def contradictions(pairs: Iterable[Pair]) -> list[tuple[int, int]]:
    """Return, for each pair that is labelled both ways, a line that says true and one that says no.

    Blanks around a text make no difference.

    Example:
        >>> contradictions([Pair("a", "b", True), Pair("c", "d", True), Pair("a ", "b", False)])
        [(1, 3)]
    """
    pairs = Pairs.of(pairs)
    bare: dict[str, int] = {}
    code = np.array([bare.setdefault(text.strip(), len(bare)) for text in pairs.texts], np.int64)
    keys = code[pairs.a] * len(bare) + code[pairs.b]
    yes, no = (np.unique(keys[pairs.same == label], return_index=True) for label in (True, False))
    lines = [pairs.line[pairs.same == label] for label in (True, False)]
    _, first, second = np.intersect1d(yes[0], no[0], assume_unique=True, return_indices=True)
    found = zip(lines[0][yes[1][first]].tolist(), lines[1][no[1][second]].tolist(), strict=True)
    return sorted(found, key=max)
