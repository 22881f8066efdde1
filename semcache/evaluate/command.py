"""``python -m semcache evaluate FILE``: what a threshold would serve, and which keeps a promise."""

import argparse
import dataclasses
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate import figure, report, scoring
from semcache.evaluate.arguments import check
from semcache.evaluate.curve import risk_coverage
from semcache.evaluate.dividing import divide
from semcache.evaluate.labelled import Pairs
from semcache.evaluate.pairs import read_pairs
from semcache.evaluate.planning import plan
from semcache.evaluate.report import say
from semcache.evaluate.scored import PROBABILITIES, SIMILARITIES, Scored, percent, shown
from semcache.evaluate.tables import evaluate
from semcache.evaluate.threshold import Choice, choose_threshold

__all__ = ["run", "run_plan"]

Fit = Callable[..., scoring.Fitted]
# Of the pairs that a verifier was fitted on, so many are served at each threshold of its grid.
_STEPS = (0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40, 0.50, 0.60, 0.70, 0.80, 0.90)
_POINTS = 300  # of a curve in the figure


def run_plan(options: argparse.Namespace) -> None:
    """Print how many pairs to label.

    Raises:
        ConfigError: An option cannot be used.
    """
    promise = options.max_wrong, options.confidence
    given = {"served": options.served, "thresholds": options.thresholds, "same": options.same}
    planned = plan(*promise, **given, fit=options.fit)
    say(str(planned))
    if not options.fit:
        first = planned.steps[0]
        many = (
            "half as many again"
            if options.served is None
            else f"{3 * first.pairs(options.served):,} instead of "
            f"{2 * first.pairs(options.served):,}"
        )
        say(f"For evaluate --fit, which fits a verifier on a third of them: {many} (plan --fit).")


def run(
    options: argparse.Namespace,
    embed: Callable[[], scoring.Embed],
    *,
    fit: Fit = scoring.fit_verifier,
    load: Callable[[str], tuple[scoring.Judge, str, bool]] = scoring.load_judge,
) -> None:
    """Print the report on a file of pairs, and write the figure.

    Args:
        options: As :func:`add_arguments` describes them.
        embed: Returns what embeds texts; called only if the file has no similarities.
        fit: Fits a verifier on rows (a, b, similarity, margin or ``None``) and their labels.
        load: Loads one, by what ``--verifier`` says.

    Raises:
        SemcacheError: The file or an option cannot be used, or Redis cannot be reached.
        openai.OpenAIError: The API failed.
    """
    check(options)
    judge = None if options.verifier == "none" else load(options.verifier)
    pairs = read_pairs(options.file, by=[options.by] if options.by else (), time=options.time)
    pairs, source = _with_similarity(pairs, embed, options.file)
    try:
        division = divide(pairs, 3 if options.fit else 2)
    except InvalidInput as error:
        raise InvalidInput(f"{options.file}: {error}") from None
    if judge:
        scoring.check_model(judge[0], pairs.embedding_model)
    say(f"{options.file}: {pairs}")
    if pairs.embedding_model is not None:
        say(
            f"Similarities are those of {pairs.embedding_model}: the promise is for a cache that "
            "embeds with it."
        )
    say(f"Divided {division.how}.")
    if options.time is None and "chance" in division.how:
        say("A division by time is nearer to how a threshold is used: --time COLUMN.")
    for sentence in (*report.weights(pairs), *report.faults(pairs)):
        say(sentence)
    verifier: scoring.Fitted | None = None
    grid: tuple[float, ...] = SIMILARITIES
    if options.fit:
        verifier = _fit(fit, division.parts[0])
        verifier.embedding_model = pairs.embedding_model
        judge = verifier, f"a verifier, fitted on {len(division.parts[0]):,} of the pairs", True
        grid = _steps(scoring.judge(verifier.score, *_of(division.parts[0]), margin=True))
    elif judge and judge[2]:
        grid = PROBABILITIES
    say(f"Score: {judge[1] if judge else source}")
    if judge and not verifier and (seen := scoring.seen(judge[0], pairs)):
        say(f"It was fitted on {seen:,} of these pairs: what it scores there flatters it.")
    floor = _floor(pairs) if judge else None
    if floor is not None:
        say(
            f"Pairs below similarity {shown(floor)} were drawn more thinly, too few to judge: they "
            "are not served.\n"
            + (
                "The verifier keeps that, too."
                if verifier
                else f"Give the cache threshold={floor:g} beside this score."
            )
        )
    calibration, held_out = (_scored(part, judge, floor) for part in division.parts[-2:])
    choice = _choose(options, calibration, options.grid or grid)
    _report(options, calibration, held_out, choice, len(pairs))
    if judge:
        _compare(options, division.parts[:-1], division.parts[-1])
    if verifier:
        least = float(np.asarray(pairs.similarity).min()) if floor is None else floor
        _save(verifier, choice, least, options.save or _beside(options.file, "verifier.json"))
    _draw(options, calibration, held_out, choice)


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


def _of(pairs: Pairs) -> tuple[Pairs, NDArray[np.float64]]:
    return pairs, np.asarray(pairs.similarity)


def _fit(fit: Fit, pairs: Pairs) -> scoring.Fitted:
    if pairs.same.all() or not pairs.same.any():
        raise InvalidInput("the pairs to fit on are all labelled alike: label more of both kinds")
    return fit(scoring.arguments_of(*_of(pairs), True), pairs.same.tolist())


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


def _scored(
    pairs: Pairs, judge: tuple[Any, str, bool] | None, floor: float | None = None
) -> Scored:
    score = np.asarray(pairs.similarity)
    if judge:
        score = scoring.judge(judge[0].score, pairs, score, margin=judge[2])
        if floor is not None:
            # A verifier might serve any, also those that stand for many more than the others.
            score = np.where(np.asarray(pairs.similarity) < floor, score.min() - 1, score)
    return Scored(score, pairs.same, weight=pairs.weight, **pairs.groups)


def _choose(options: argparse.Namespace, rows: Scored, grid: tuple[float, ...]) -> Choice:
    return choose_threshold(
        rows,
        max_wrong=options.max_wrong,
        confidence=options.confidence,
        grid=grid,
        by=options.by and options.by.strip().casefold(),
    )


def _report(
    options: argparse.Namespace,
    calibration: Scored,
    held_out: Scored,
    choice: Choice,
    labelled: int,
) -> None:
    table = evaluate(
        calibration,
        [test.threshold for test in choice.tests],
        confidence=options.confidence,
        call_price=options.call_price,
        wrong_price=options.wrong_price or 0.0,
    )
    amount = f"{len(calibration):,} pairs, {calibration.same.sum():,} with the same answer"
    say(f"\nTo choose with: {amount}\n\n{table}\n\n{table.legend}")
    share = percent((1 - choice.confidence) / len(choice.tests))
    say(
        f"\nRule: {len(choice.tests)} thresholds share the doubt, {share} each; the lowest whose "
        f"upper bound is within the limit.\n{report.chosen(table, choice, labelled)}"
    )
    if options.by:
        say(f"\n{report.by_group(options.by.strip().casefold(), choice, held_out)}")
    groups = [name for name in ("language", "kind") if name in held_out.groups]
    say(f"\n{report.checked(choice, held_out, groups, options.confidence)}")


def _compare(options: argparse.Namespace, choose_on: Sequence[Pairs], check_on: Pairs) -> None:
    """Say what similarity alone would have done: a verifier has to prove itself.

    It needs no pairs to fit on, so it chooses with these, too.
    """
    weights = [part.weight for part in choose_on if part.weight is not None]
    rows = Scored(
        np.concatenate([np.asarray(part.similarity) for part in choose_on]),
        np.concatenate([part.same for part in choose_on]),
        weight=np.concatenate(weights) if weights else None,
    )
    choice = choose_threshold(rows, max_wrong=options.max_wrong, confidence=options.confidence)
    if choice.threshold is None:
        say("\nFor comparison, by similarity alone these pairs show no threshold that does.")
        return
    (line,) = evaluate(_scored(check_on, None), [choice.threshold]).lines
    say(
        f"\nFor comparison, by similarity alone, from {choice.threshold:g}: served "
        f"{line.hit_rate}, wrong of served {line.false_hit_rate}."
    )


def _save(verifier: scoring.Fitted, choice: Choice, least: float, path: Path) -> None:
    try:
        verifier.with_threshold(choice.threshold, math.floor(least * 1e4 + 1e-6) / 1e4).save(path)
    except OSError as error:
        raise ConfigError(f"the verifier cannot be written to {path}: {error}") from error
    if choice.threshold is None:
        say(
            f"\nVerifier in {path}, without a threshold, since none was chosen: no cache takes it "
            "so.\nWithout --fit half of the pairs choose, not a third: try that first."
        )
        return
    say(
        f"\nVerifier in {path}, with the threshold of its score and the least similarity that it "
        f"serves, {least:.4g}.\nIn a program: verifier = Verifier.load({str(path)!r}), and the "
        "cache's threshold=verifier.least_similarity"
    )


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(f"{file.stem}.{ending}")


def _draw(
    options: argparse.Namespace, calibration: Scored, held_out: Scored, choice: Choice
) -> None:
    path = options.figure or _beside(options.file, "evaluate.png")
    if options.figure is None and not os.access(path.absolute().parent, os.W_OK):
        say(f"\nNo figure: {path} cannot be written; --figure PATH puts it elsewhere.")
        return
    try:
        drawn, alt = figure.draw(
            risk_coverage(calibration, confidence=options.confidence, points=_POINTS),
            risk_coverage(held_out, points=_POINTS),
            choice,
            confidence=options.confidence,
        )
    except figure.MissingMatplotlib as error:
        say(f"\nNo figure: {error}.")
        return
    figure.save(drawn, path)
    say(f"\nFigure in {path}: {alt}")
