"""Score labelled pairs: by the similarity of their embeddings, or by a verifier. Lesson 08."""

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from semcache.embedding.api import check_texts
from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.labelled import Pair, Pairs

__all__ = [
    "Embed",
    "Fitted",
    "Judge",
    "Scorer",
    "arguments_of",
    "check_model",
    "fit_verifier",
    "judge",
    "load_judge",
    "model_of",
    "seen",
    "similarities",
]

Embed = Callable[[Sequence[str]], NDArray[Any]]
_CHUNK = 4_096  # pairs embedded at a time: so many vectors are in memory, not all of them


class Judge(Protocol):
    """What scores a pair, given its similarity: the higher, the safer."""

    def score(self, cached: str, asked: str, similarity: float) -> float:
        """Return the score."""


class Fitted(Protocol):
    """What was fitted on labelled pairs: :class:`semcache.guard.verifier.Verifier`."""

    threshold: float | None
    embedding_model: str | None

    def score(
        self, cached: str, asked: str, similarity: float, margin: float | None = None
    ) -> float:
        """Return the score."""

    def with_threshold(
        self, threshold: float | None, least_similarity: float | None = None
    ) -> "Fitted":
        """Return the same verifier with a threshold, and the least similarity it knows."""

    def save(self, path: Path) -> None:
        """Write it to a file."""


class Scorer(NamedTuple):
    """What scores pairs in place of their similarity.

    Attributes:
        judge: The guard, or a verifier.
        name: What the report calls it.
        takes_margin: Whether it is asked with the margins of the pairs, as a verifier is, whose
            scores are probabilities.
    """

    judge: Judge
    name: str
    takes_margin: bool

    def scores(self, pairs: Pairs) -> NDArray[np.float64]:
        """Return the scores of n pairs that have similarities, shape (n,)."""
        similarity = np.asarray(pairs.similarity)
        return judge(self.judge.score, pairs, similarity, margin=self.takes_margin)


def similarities(pairs: Iterable[Pair], embed: Embed) -> NDArray[np.float64]:
    """Return the similarity of each pair: the file's own, or the cosine of the embeddings.

    Each distinct pair is embedded once, a few thousand at a time.

    Args:
        pairs: n labelled pairs.
        embed: Takes m texts and returns their vectors, shape (m, dims); for example
            ``EmbeddingCache(...).get_embeddings_batch``.

    Returns:
        float64 of shape (n,).

    Raises:
        InvalidInput: A text that cannot be embedded, such as one that is too long; names its
            line. Nothing was sent.

    Example:
        >>> pairs = [Pair("refund", "my money back", True), Pair("refund", "refund", True)]
        >>> similarities(pairs, lambda texts: np.array([[3, 4 * (t == "refund")] for t in texts]))
        array([0.6, 1. ])
    """
    pairs = Pairs.of(pairs)
    if pairs.similarity is not None:
        return pairs.similarity
    _check(pairs)
    _, first, which = np.unique(pairs.keys, return_index=True, return_inverse=True)
    found = np.empty(len(first))
    for start in range(0, len(first), _CHUNK):
        rows = first[start : start + _CHUNK]
        sides = [[pairs.texts[k] for k in side[rows]] for side in (pairs.a, pairs.b)]
        vectors = np.asarray(embed(sides[0] + sides[1]), np.float64)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        found[start : start + _CHUNK] = np.sum(vectors[: len(rows)] * vectors[len(rows) :], axis=1)
    return found[which]


def _check(pairs: Pairs) -> None:
    for code, text in enumerate(pairs.texts):
        try:
            check_texts([text])
        except InvalidInput as error:
            (at,) = np.nonzero((pairs.a == code) | (pairs.b == code))
            if not len(at):
                continue  # of pairs that are not among these
            side = "a" if pairs.a[at[0]] == code else "b"
            reason = str(error).removeprefix("text 0 ")
            raise InvalidInput(f"line {pairs.line[at[0]]}: {side} {reason}") from None


def judge(
    score: Callable[..., float], pairs: Pairs, similarity: NDArray[np.float64], *, margin: bool
) -> NDArray[np.float64]:
    """Return what a guard or a verifier says of each pair; each distinct one is asked once.

    Args:
        score: Takes the two texts and the similarity, and the margin if ``margin``.
        pairs: n labelled pairs.
        similarity: Their similarities, shape (n,).
        margin: Whether to tell the margins of the pairs, or ``None`` for those without.
    """
    with_margin = pairs.margin if margin else None
    columns = [pairs.keys.astype(np.float64), similarity]
    columns += [np.nan_to_num(with_margin, nan=9.0)] if with_margin is not None else []
    _, first, which = np.unique(
        np.column_stack(columns), axis=0, return_index=True, return_inverse=True
    )
    found = [
        score(*arguments) for arguments in arguments_of(pairs[first], similarity[first], margin)
    ]
    return np.array(found, np.float64)[which.reshape(-1)]


def arguments_of(
    pairs: Pairs, similarity: NDArray[np.float64], margin: bool
) -> list[tuple[Any, ...]]:
    """Return what a verifier is asked or fitted on: a tuple a pair."""
    texts = [[pairs.texts[k] for k in side.tolist()] for side in (pairs.a, pairs.b)]
    if not margin:
        return list(zip(*texts, similarity.tolist(), strict=True))
    given = np.full(len(pairs), np.nan) if pairs.margin is None else pairs.margin
    margins = [None if value != value else value for value in given.tolist()]
    return list(zip(*texts, similarity.tolist(), margins, strict=True))


def model_of(embed: object) -> str | None:
    """Return the embedding model of what embeds texts, or of pairs, if it says it."""
    return getattr(embed, "embedding_model", None)


def check_model(verifier: object, embedding_model: str | None) -> None:
    """Refuse a verifier that was fitted on the similarities of another embedding model.

    Raises:
        ConfigError: Names both.
    """
    check: Callable[[str | None], None] | None = getattr(verifier, "check_model", None)
    if check is not None:
        check(embedding_model)


def seen(verifier: object, pairs: Pairs) -> int:
    """Return how many of the pairs a verifier was fitted on; 0 if it does not say."""
    saw: Callable[[str, str], bool] | None = getattr(verifier, "saw", None)
    if saw is None:
        return 0
    sides = ([pairs.texts[k] for k in side.tolist()] for side in (pairs.a, pairs.b))
    return sum(map(saw, *sides))


# Verifiers ------------------------------------------------------------------------------
# They are imported here only, and only when one is wanted: they read word lists.


def fit_verifier(rows: Sequence[tuple[Any, ...]], same: Sequence[bool]) -> Fitted:
    """Return a verifier fitted on rows (a, b, similarity, margin or None) and their labels."""
    fitted: Fitted = import_module("semcache.guard.verifier").Verifier.fit(rows, same)
    return fitted


def load_judge(name: str) -> Scorer:
    """Return the guard, or a verifier from a file.

    Raises:
        ConfigError: There is no such file, or it holds no verifier.
    """
    if name == "guard":
        guard: Judge = import_module("semcache.guard").Guard()
        return Scorer(guard, "similarity, lowered by what the guard finds to differ", False)
    path = Path(name)
    if not path.is_file():
        raise ConfigError(f"{name}: no such verifier; there are guard, none, and files of --fit")
    verifier: Judge = import_module("semcache.guard.verifier").Verifier.load(path)
    return Scorer(verifier, f"the verifier in {path}", True)
