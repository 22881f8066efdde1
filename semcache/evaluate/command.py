"""``python -m semcache evaluate FILE``: what a threshold would serve, and which keeps a promise."""

import argparse
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from semcache.errors import ConfigError
from semcache.evaluate import figure, report, scoring
from semcache.evaluate.arguments import check
from semcache.evaluate.curve import risk_coverage
from semcache.evaluate.labelled import Pairs
from semcache.evaluate.planning import plan
from semcache.evaluate.preparing import Fit, Prepared, Score, prepare, score_of
from semcache.evaluate.report import say
from semcache.evaluate.scored import Scored, percent, shown
from semcache.evaluate.tables import evaluate
from semcache.evaluate.threshold import Choice, choose_threshold

__all__ = ["run", "run_plan"]

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
    load: Callable[[str], scoring.Scorer] = scoring.load_judge,
) -> None:
    """Print the report on a file of pairs, and write the figure.

    Args:
        options: As :func:`~semcache.evaluate.arguments.add_arguments` describes them.
        embed: Returns what embeds texts; called only if the file has no similarities.
        fit: Fits a verifier on rows (a, b, similarity, margin or ``None``) and their labels.
        load: Loads one, by what ``--verifier`` says.

    Raises:
        SemcacheError: The file or an option cannot be used, or Redis cannot be reached.
        openai.OpenAIError: The API failed.
    """
    check(options)
    prepared = prepare(options, embed, load)
    _introduce(options, prepared)
    score = score_of(prepared, fit if options.fit else None)
    _describe(score, prepared)
    *choose_on, check_on = prepared.division.parts
    calibration, held_out = score.of(choose_on[-1]), score.of(check_on)
    choice = _choose(options, calibration, options.grid or score.grid)
    _report(options, calibration, held_out, choice, len(prepared.pairs))
    if score.scorer:
        _compare(options, choose_on, check_on)
    if score.fitted:
        _save(options, score.fitted, choice, _least(score, prepared.pairs))
    _draw(options, calibration, held_out, choice)


def _introduce(options: argparse.Namespace, prepared: Prepared) -> None:
    """Say what the file holds, and how it is divided."""
    pairs, how = prepared.pairs, prepared.division.how
    say(f"{options.file}: {pairs}")
    if pairs.embedding_model is not None:
        say(
            f"Similarities are those of {pairs.embedding_model}: the promise is for a cache that "
            "embeds with it."
        )
    say(f"Divided {how}.")
    if options.time is None and "chance" in how:
        say("A division by time is nearer to how a threshold is used: --time COLUMN.")
    for sentence in (*report.weights(pairs), *report.faults(pairs)):
        say(sentence)


def _describe(score: Score, prepared: Prepared) -> None:
    """Say what the score is, and what it does not tell."""
    say(f"Score: {score.name}")
    given = prepared.given
    if given and (seen := scoring.seen(given.judge, prepared.pairs)):
        say(f"It was fitted on {seen:,} of these pairs: what it scores there flatters it.")
    if score.floor is not None:
        say(
            f"Pairs below similarity {shown(score.floor)} were drawn more thinly, too few to "
            "judge: they are not served.\n"
            + (
                "The verifier keeps that, too."
                if score.fitted
                else f"Give the cache threshold={score.floor:g} beside this score."
            )
        )


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
    alone = Scored(np.asarray(check_on.similarity), check_on.same, weight=check_on.weight)
    (line,) = evaluate(alone, [choice.threshold]).lines
    say(
        f"\nFor comparison, by similarity alone, from {choice.threshold:g}: served "
        f"{line.hit_rate}, wrong of served {line.false_hit_rate}."
    )


def _least(score: Score, pairs: Pairs) -> float:
    """Return the least similarity that a verifier which was fitted on the pairs may serve."""
    return float(np.asarray(pairs.similarity).min()) if score.floor is None else score.floor


def _save(
    options: argparse.Namespace, verifier: scoring.Fitted, choice: Choice, least: float
) -> None:
    path = options.save or _beside(options.file, "verifier.json")
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
