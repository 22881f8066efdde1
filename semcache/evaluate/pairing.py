"""From a log to pairs worth labelling. Lesson 13.

Each distinct question is paired with the nearest earlier one, as a cache that keeps every question
and serves none would meet them: a cache that serves keeps fewer, so it may find a farther one.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcache.answers.request import normalise
from semcache.embedding.api import check_texts
from semcache.embedding.progress import Progress, in_steps, progress_bar
from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.drawing import BANDS, Band, draw
from semcache.evaluate.logs import Entry, Log
from semcache.evaluate.nearest import nearest_earlier
from semcache.evaluate.scoring import Embed

__all__ = ["WITHIN", "Drawn", "Paired", "pair"]

WITHIN = ("tenant", "language")
_CHUNK = 2_048  # texts embedded at a time, at most

Floats = NDArray[np.float32]


class Paired(NamedTuple):
    """A question, the nearest earlier one, and how they stand to each other.

    Attributes:
        a: The earlier one, which is in the cache.
        b: The one that is asked.
        similarity: The cosine of their embeddings.
        margin: That less the similarity of the next earlier one with another answer; nan if there
            is none.
        weight: For how many pairs of the log it stands.
    """

    a: Entry
    b: Entry
    similarity: float
    margin: float
    weight: float


@dataclass(frozen=True)
class Drawn:
    """Pairs to label, and what they were drawn from.

    Attributes:
        pairs: In the order they were asked.
        bands: From the lowest up, with what the log has in each.
        questions: How many questions the log has.
        repeated: So many of them have the very text of an earlier one.
        first: So many had no earlier one to be compared with.
        unusable: What cannot be embedded, a sentence each, with its line.
        has_answers: Whether margins are to another answer; if not, they are to another text.
        seconds: What embedding took, and finding the nearest.
        thirds: Similarities that a third and two thirds of the questions lie below.
    """

    pairs: tuple[Paired, ...]
    bands: tuple[Band, ...]
    questions: int
    repeated: int
    first: int
    unusable: tuple[str, ...]
    has_answers: bool
    seconds: tuple[float, float]
    thirds: tuple[float, float]


class Near(NamedTuple):
    """Two questions by their places in the log, the earlier one first, and how they stand."""

    a: int
    b: int
    similarity: float
    margin: float


def pair(
    log: Log,
    embed: Embed,
    *,
    most: int = 500,
    bands: Sequence[float] = BANDS,
    within: Iterable[str] = (),
    seed: int = 0,
    progress: bool = False,
) -> Drawn:
    """Return pairs of a log to label, drawn by bands of similarity.

    Args:
        log: Of n questions.
        embed: Takes texts and returns their vectors, shape (m, dims).
        most: So many pairs at most.
        bands: Edges between the bands, ascending.
        within: Columns, ``"tenant"`` or ``"language"``: only questions that agree in them are
            compared, as in a cache with scopes.
        seed: Of the draw.
        progress: Whether to show bars.

    Raises:
        ConfigError: An option that cannot work.
        InvalidInput: No question has an earlier one.
    """
    columns = tuple(within)
    _check(most, bands, columns)
    usable, unusable = _usable(log.entries)
    entries, repeated = _distinct(usable, columns)
    has_answers = all(entry.answer for entry in entries)
    begun = time.perf_counter()
    with progress_bar(len(entries), 0, progress) as bar:
        vectors = _vectors([entry.text for entry in entries], embed, bar)
    embedded = time.perf_counter()
    with progress_bar(len(entries), 0, progress) as bar:
        found = list(_nearest(entries, vectors, columns, has_answers, bar.update))
    ended = time.perf_counter()
    if not found:
        raise InvalidInput("no question has an earlier one to be compared with")
    pairs, drawn, thirds = _drawn(entries, found, most, bands, seed)
    counts = len(usable), repeated, len(entries) - len(found)
    seconds = embedded - begun, ended - embedded
    return Drawn(pairs, drawn, *counts, unusable, has_answers, seconds, thirds)


def _check(most: int, bands: Sequence[float], within: Sequence[str]) -> None:
    """Refuse options that cannot work."""
    if unknown := [name for name in within if name not in WITHIN]:
        raise ConfigError(f"questions are compared within {' or '.join(WITHIN)}, not {unknown[0]}")
    if not all(low < high for low, high in pairwise(bands)):
        raise ConfigError("the edges of bands ascend: 0.8,0.9,0.95")
    if most <= len(bands):
        raise ConfigError(f"{len(bands) + 1} bands want at least as many pairs, not {most}")


def _drawn(
    entries: Sequence[Entry],
    found: Iterable[Near],
    most: int,
    bands: Sequence[float],
    seed: int,
) -> tuple[tuple[Paired, ...], tuple[Band, ...], tuple[float, float]]:
    """Return the pairs drawn, the bands they are from, and the thirds of all similarities."""
    found = sorted(found, key=lambda near: near.b)
    similarities = np.array([near.similarity for near in found])
    at, weights, drawn = draw(similarities, most, bands, seed)
    pairs = tuple(
        Paired(entries[near.a], entries[near.b], near.similarity, near.margin, weight)
        for near, weight in zip([found[k] for k in at.tolist()], weights.tolist(), strict=True)
    )
    low, high = np.quantile(similarities, (1 / 3, 2 / 3)).tolist()
    return pairs, drawn, (low, high)


def _usable(entries: Iterable[Entry]) -> tuple[list[Entry], tuple[str, ...]]:
    usable, unusable = [], []
    for entry in entries:
        try:
            check_texts([entry.text])
        except InvalidInput as error:
            unusable.append(f"line {entry.line}: the question {str(error).removeprefix('text 0 ')}")
        else:
            usable.append(entry)
    return usable, tuple(unusable)


def _distinct(entries: Iterable[Entry], within: Sequence[str]) -> tuple[list[Entry], int]:
    """The first of those that an exact cache takes for one, and how many others there are."""
    first: dict[tuple[str, ...], Entry] = {}
    total = 0
    for entry in entries:
        total += 1
        first.setdefault((normalise(entry.text), *_scope(entry, within)), entry)
    return list(first.values()), total - len(first)


def _scope(entry: Entry, within: Sequence[str]) -> tuple[str, ...]:
    return tuple(getattr(entry, name) for name in within)


def _vectors(texts: Sequence[str], embed: Embed, bar: Progress) -> Floats:
    blocks = []
    for step in in_steps(len(texts), _CHUNK):
        block = np.asarray(embed(texts[step]), np.float32)
        blocks.append(block / np.linalg.norm(block, axis=1, keepdims=True))
        bar.update(len(block))
    return np.concatenate(blocks) if blocks else np.empty((0, 1), np.float32)


def _nearest(
    entries: Sequence[Entry],
    vectors: Floats,
    within: Sequence[str],
    by_answer: bool,
    advance: Callable[[int], object],
) -> Iterator[Near]:
    """Yield, of each question that has one, the nearest earlier one, itself, and how near."""
    scopes: dict[tuple[str, ...], list[int]] = {}
    for at, entry in enumerate(entries):
        scopes.setdefault(_scope(entry, within), []).append(at)
    codes: dict[str, int] = {}
    answers = np.array(
        [codes.setdefault(e.answer if by_answer else str(k), k) for k, e in enumerate(entries)],
        np.int32,
    )
    for members in scopes.values():
        rows = np.array(members)
        alone = len(scopes) == 1  # then nothing need be copied
        part = vectors if alone else vectors[rows]
        near = nearest_earlier(part, answers[rows], advance)
        for k in np.flatnonzero(near.at >= 0).tolist():
            # As they are written, so that a pair is in the band that its number says.
            similarity, margin = (
                round(float(near.similarity[k]), 4),
                round(float(near.margin[k]), 4),
            )
            yield Near(members[near.at[k]], members[k], similarity, margin)
