"""What the caches hold and are asked: real questions, real embeddings, and mixtures of them.

The questions are the course's own (data/phrasings.jsonl and data/pairs.jsonl), embedded by
multilingual-e5-small. The first thousand entries and some more are such questions; beyond them,
an entry is a mixture of two. A plain mean of two embeddings would lie nearer to the centre than
any real one: pairs of such means have a median similarity of .88, real pairs .79. So what is
mixed is the difference of each from the average question, and the mixture gets back the length
of the first one's difference: pairs of these have the percentiles of real pairs within .005.
What is asked is always real and in no index.

For 1,536 dimensions one fixed isometry lifts all vectors (see workload.py): similarities, and so
the neighbours, stay as the model made them. It costs as many bytes and operations as vectors of
a larger model, but it has no more to say: their intrinsic dimension stays that of the small one.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.workload import lift, unit
from semcache.codecs import Vector
from semcache.lab.data import FOLDER, read_rows
from semcache.lab.offline.model import embed

__all__ = ["NEAR", "Corpus", "Query", "load"]

SMALLEST = 1_000  # entries of the smallest cache; the larger ones begin with the same
NEAR = 0.9  # similarity that every question asked has to an entry of the smallest cache


@dataclass(frozen=True)
class Query:
    """A question that is asked, its vector, and the entry that the exact scan finds."""

    text: str
    vector: Vector
    answer: str


@dataclass(frozen=True)
class Corpus:
    """Entries and held-out questions.

    Attributes:
        questions: Of the entries; all different.
        answers: Of the entries; all different, some 300 characters.
        vectors: Of the entries, float32 of shape (n, dims) and unit length.
        asked: Questions that are in no entry; each has an entry at similarity NEAR or more.
        asked_vectors: Their vectors.
    """

    questions: list[str]
    answers: list[str]
    vectors: Vector
    asked: list[str]
    asked_vectors: Vector

    def first(self, entries: int) -> "Corpus":
        """Return the corpus with only the first entries."""
        return replace(
            self,
            questions=self.questions[:entries],
            answers=self.answers[:entries],
            vectors=self.vectors[:entries],
        )

    def lifted(self) -> "Corpus":
        """Return the corpus in 1,536 dimensions."""
        return replace(self, vectors=lift(self.vectors), asked_vectors=lift(self.asked_vectors))

    def queries(self) -> list[Query]:
        """Return what is asked, with the answers that the exact scan finds."""
        best = (self.asked_vectors @ self.vectors.T).argmax(axis=1)
        answers = [self.answers[row] for row in best]
        return [Query(*each) for each in zip(self.asked, self.asked_vectors, answers, strict=True)]


def load(entries: int, asked: int) -> Corpus:
    """Return a corpus of ``entries`` (1,000 or more) and up to ``asked`` questions."""
    random = np.random.default_rng(7)
    texts = _real_texts()
    random.shuffle(texts)
    if entries == SMALLEST:
        texts = texts[: SMALLEST + 4 * asked]  # no more than needed: embedding takes the time
    with ThreadPoolExecutor(2) as threads:
        vectors = unit(np.stack(list(threads.map(embed, texts))))
    is_near = (vectors[SMALLEST:] @ vectors[:SMALLEST].T).max(axis=1) >= NEAR
    held_out = SMALLEST + np.flatnonzero(is_near)[:asked]
    asked_texts, asked_vectors = [texts[i] for i in held_out], vectors[held_out]
    kept = np.delete(np.arange(len(texts)), held_out)[:entries]
    questions, vectors = [texts[i] for i in kept], vectors[kept]
    if entries > len(questions):
        more, mixed = _mixtures(questions, vectors, entries - len(questions), random)
        questions, vectors = questions + more, np.concatenate([vectors, mixed])
    return Corpus(questions, _answers(entries), vectors, asked_texts, asked_vectors)


def _real_texts() -> list[str]:
    texts = [row["text"] for row in read_rows(FOLDER / "phrasings.jsonl")]
    for row in read_rows(FOLDER / "pairs.jsonl"):
        texts += [row["a"], row["b"]]
    return list({" ".join(text.split()).casefold(): text for text in texts}.values())


def _mixtures(
    questions: list[str], vectors: Vector, count: int, random: np.random.Generator
) -> tuple[list[str], Vector]:
    """Mix ``count`` different pairs, each with between a quarter and three quarters of one."""
    size = len(questions)
    pairs = random.choice(size * (size - 1) // 2, count, replace=False)
    # Number pairs (a, b), a < b, as the triangle of a matrix does, row by row of b.
    b = ((1 + np.sqrt(1 + 8 * pairs)) // 2).astype(int)
    a = pairs - b * (b - 1) // 2
    share = random.uniform(0.25, 0.75, (count, 1)).astype(np.float32)
    centre = vectors.mean(axis=0)
    away = vectors - centre
    mixed = unit(share * away[a] + (1 - share) * away[b])
    mixed *= np.linalg.norm(away[a], axis=1, keepdims=True)
    texts = [f"{questions[i]} / {questions[j]}" for i, j in zip(a, b, strict=True)]
    return texts, unit(centre + mixed)


def _answers(count: int) -> list[str]:
    """Return answers of a real length, each with a number that makes it unlike all others."""
    texts = [row["answer"] for row in read_rows(FOLDER / "answers.jsonl")]
    return [f"{texts[i % len(texts)]} [{i}]" for i in range(count)]
