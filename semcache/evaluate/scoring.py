"""Score labelled pairs: by the similarity of their embeddings, or by the guard. Lesson 08."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from semcache.embedding import EmbeddingCache
from semcache.errors import ConfigError
from semcache.evaluate.pairs import CALIBRATION, Pair
from semcache.lab import data as _data
from semcache.lab.connect import Lab

__all__ = ["probabilities", "similarities"]

FITTED_ON = ("pairs.jsonl", "desk_pairs.jsonl")  # in data/; see semcache/guard/fit.py
_FOLDS = 5
_FEWEST_TO_FIT = 100


def similarities(pairs: Sequence[Pair], lab: Lab) -> list[float]:
    """Return the cosine similarity of each pair, embedded with the lab's model.

    The embeddings are cached for a day: on a real Redis, a second run pays for nothing.

    Raises:
        InvalidInput: A text that cannot be embedded, such as one that is too long.
        openai.OpenAIError: The API failed.

    Example:
        >>> from semcache.lab.connect import connect
        >>> pairs = [Pair("reset my password", "I forgot my password", True)]
        >>> [round(score, 1) for score in similarities(pairs, connect(quiet=True))]
        [0.9]
    """
    cache = EmbeddingCache(lab.redis, lab.openai, model=lab.embedding_model, scope="evaluate")
    texts = [text for pair in pairs for text in (pair.a, pair.b)]
    vectors = cache.get_embeddings_batch(texts, progress=sys.stderr.isatty()).astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores: list[float] = np.sum(vectors[::2] * vectors[1::2], axis=1).tolist()
    return scores


def probabilities(pairs: Sequence[Pair], scores: Sequence[float]) -> tuple[list[float], int]:
    """Return the guard's probability for each pair, and how many of them it was fitted on.

    On its own pairs the guard looks better than it is, and a threshold chosen there would promise
    too much. So these are scored out of fold: by a guard fitted on the other four fifths of them.

    Args:
        pairs: Labelled pairs.
        scores: The similarity of each.

    Raises:
        ConfigError: Some of the guard's own pairs are among these, too few of them to fit anew.

    Example:
        >>> enable = Pair("enable two-factor", "disable two-factor", False)
        >>> (probability,), own = probabilities([enable], [0.973])
        >>> probability < 0.3, own
        (True, 0)
    """
    from semcache.guard import Guard  # here: only this verifier reads its lexicons

    guard = Guard()
    found = [
        guard.probability(pair.a, pair.b, score) for pair, score in zip(pairs, scores, strict=True)
    ]
    fitted_on = _fitted_on()
    own = [i for i, pair in enumerate(pairs) if (pair.a, pair.b) in fitted_on]
    if 0 < len(own) < _FEWEST_TO_FIT:
        raise ConfigError(f"{len(own)} of these pairs are the guard's own: leave them out")
    fresh = _out_of_fold([pairs[i] for i in own], [scores[i] for i in own])
    for i, probability in zip(own, fresh, strict=True):
        found[i] = probability
    return found, len(own)


def _fitted_on() -> set[tuple[str, str]]:
    return {(row["a"], row["b"]) for name in FITTED_ON for row in _calibration(name)}


def _calibration(name: str) -> list[dict[str, Any]]:
    try:
        rows = _data.read_rows(_data.FOLDER / name)
    except ConfigError:  # a wheel carries no data, so nobody has these pairs by accident
        return []
    return [row for row in rows if row["split"] == CALIBRATION]


def _out_of_fold(pairs: Sequence[Pair], scores: Sequence[float]) -> list[float]:
    from semcache.guard.fit import fit
    from semcache.guard.model import row

    if not pairs:
        return []
    x = np.array([row(pair.a, pair.b, s) for pair, s in zip(pairs, scores, strict=True)])
    same = np.array([pair.same for pair in pairs])
    # The desk's pairs take part in every fit, unless they are what is to be scored.
    judged = {(pair.a, pair.b) for pair in pairs}
    desk = [r for r in _calibration(FITTED_ON[1]) if (r["a"], r["b"]) not in judged]
    desk_x = [row(r["a"], r["b"], r["similarity"]) for r in desk]
    desk_same = [r["same"] for r in desk]
    # Every fifth pair, in an order that has nothing to do with how the file was written.
    fold = np.random.default_rng(7).permutation(len(pairs)) % _FOLDS
    found = np.empty(len(pairs))
    for k in range(_FOLDS):
        rest = fold != k
        coefficients = fit(
            np.array([*x[rest], *desk_x]), np.array([*same[rest], *desk_same], dtype=bool)
        )
        found[fold == k] = 1 / (1 + np.exp(-x[fold == k] @ coefficients))
    return [float(probability) for probability in found]
