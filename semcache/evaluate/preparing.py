"""What ``evaluate`` chooses with: the pairs of a file, divided, and the score that they get."""

import argparse
import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcache.errors import InvalidInput
from semcache.evaluate import scoring
from semcache.evaluate.dividing import Division, divide
from semcache.evaluate.labelled import Pairs
from semcache.evaluate.pairs import read_pairs
from semcache.evaluate.scored import PROBABILITIES, SIMILARITIES, Scored

__all__ = ["Fit", "Prepared", "Score", "prepare", "score_of"]

Fit = Callable[..., scoring.Fitted]
# Of the pairs that a verifier was fitted on, so many are served at each threshold of its grid.
_STEPS = (0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40, 0.50, 0.60, 0.70, 0.80, 0.90)


class Prepared(NamedTuple):
    """A file that can be used.

    Attributes:
        pairs: What it holds, with similarities.
        source: Whose those are, in words.
        division: The parts to fit on, if that was asked for, to choose with, and to check on.
        given: The guard, or the verifier from a file; ``None`` for similarity alone.
    """

    pairs: Pairs
    source: str
    division: Division
    given: scoring.Scorer | None


class Score(NamedTuple):
    """How pairs are scored.

    Attributes:
        scorer: The guard or a verifier; ``None`` for similarity alone.
        name: What the report calls it.
        fitted: The verifier, if it was fitted here.
        grid: Thresholds to test, unless others were given.
        floor: With a scorer, the similarity from where up pairs were drawn densely enough to be
            judged; ``None`` if all were.
    """

    scorer: scoring.Scorer | None
    name: str
    fitted: scoring.Fitted | None
    grid: tuple[float, ...]
    floor: float | None

    def of(self, pairs: Pairs) -> Scored:
        """Return the scores of some pairs; below the floor none is served."""
        score = np.asarray(pairs.similarity)
        if self.scorer:
            score = self.scorer.scores(pairs)
            if self.floor is not None:
                # A verifier might serve any, also those that stand for many more than the others.
                score = np.where(np.asarray(pairs.similarity) < self.floor, score.min() - 1, score)
        return Scored(score, pairs.same, weight=pairs.weight, **pairs.groups)


def prepare(
    options: argparse.Namespace,
    embed: Callable[[], scoring.Embed],
    load: Callable[[str], scoring.Scorer],
) -> Prepared:
    """Read and divide the pairs; refuse what cannot be used before anything is printed.

    Args:
        options: As :func:`~semcache.evaluate.arguments.add_arguments` describes them.
        embed: Returns what embeds texts; called only if the file has no similarities.
        load: Loads a guard or a verifier, by what ``--verifier`` says.

    Raises:
        SemcacheError: The file or an option cannot be used, or Redis cannot be reached.
        openai.OpenAIError: The API failed.
    """
    given = None if options.verifier == "none" else load(options.verifier)
    pairs = read_pairs(options.file, by=[options.by] if options.by else (), time=options.time)
    pairs, source = _with_similarity(pairs, embed, options.file)
    try:
        division = divide(pairs, 3 if options.fit else 2)
    except InvalidInput as error:
        raise InvalidInput(f"{options.file}: {error}") from None
    if given:
        scoring.check_model(given.judge, pairs.embedding_model)
    return Prepared(pairs, source, division, given)


def score_of(prepared: Prepared, fit: Fit | None) -> Score:
    """Return the score that was asked for.

    Args:
        prepared: The pairs, and the guard or the verifier that was given.
        fit: Fits a verifier on the first part of the pairs; ``None`` if none is wanted.

    Raises:
        InvalidInput: The pairs to fit on are all labelled alike.
    """
    pairs, source, division, given = prepared
    if fit is not None:
        return _fitted(fit, division.parts[0], pairs)
    if given is None:
        return Score(None, source, None, SIMILARITIES, None)
    grid = PROBABILITIES if given.takes_margin else SIMILARITIES
    return Score(given, given.name, None, grid, _floor(pairs))


def _fitted(fit: Fit, on: Pairs, pairs: Pairs) -> Score:
    if on.same.all() or not on.same.any():
        raise InvalidInput("the pairs to fit on are all labelled alike: label more of both kinds")
    rows = scoring.arguments_of(on, np.asarray(on.similarity), True)
    fitted = fit(rows, on.same.tolist())
    fitted.embedding_model = pairs.embedding_model
    name = f"a verifier, fitted on {len(on):,} of the pairs"
    scorer = scoring.Scorer(fitted, name, takes_margin=True)
    return Score(scorer, name, fitted, _steps(scorer.scores(on)), _floor(pairs))


def _with_similarity(
    pairs: Pairs, embed: Callable[[], scoring.Embed], file: Path
) -> tuple[Pairs, str]:
    if pairs.similarity is not None:
        return pairs, "the file's column similarity; nothing is embedded"
    embedder = embed()
    try:
        similarity = scoring.similarities(pairs, embedder)
    except InvalidInput as error:
        raise InvalidInput(f"{file}, {error}") from None
    model = scoring.model_of(embedder)
    pairs = dataclasses.replace(pairs, similarity=similarity, embedding_model=model)
    return pairs, "similarity of the embeddings"


def _steps(scores: NDArray[np.float64]) -> tuple[float, ...]:
    """Thresholds that serve even steps of the pairs fitted on, which take no part in choosing."""
    return tuple(
        math.floor(float(q) * 1e4) / 1e4 for q in np.quantile(scores, 1 - np.array(_STEPS))
    )


def _floor(pairs: Pairs) -> float | None:
    """From where up all pairs weigh the same; ``None`` without weights, or if all pairs do."""
    if pairs.weight is None:
        return None
    order = np.argsort(-np.asarray(pairs.similarity), kind="stable")
    other = pairs.weight[order] != pairs.weight[order[0]]
    if not other.any():
        return None
    return float(np.asarray(pairs.similarity)[order[other.argmax() - 1]])
