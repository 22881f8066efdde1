"""``python -m semcache evaluate FILE``: what a threshold would serve, and which keeps a promise."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from semcache.errors import ConfigError
from semcache.evaluate.pairs import Pair, divide, read_pairs, repeated_texts
from semcache.evaluate.scored import PROBABILITIES, SIMILARITIES, Rate, Scored, shown
from semcache.evaluate.scoring import probabilities, similarities
from semcache.evaluate.tables import Table, evaluate, evaluate_by, risk_coverage
from semcache.evaluate.threshold import Choice, choose_threshold
from semcache.lab.connect import Lab, connect

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument("file", type=Path, help=".jsonl or .csv with a, b, same")
    parser.add_argument("--max-wrong", type=float, default=0.05, metavar="SHARE")
    parser.add_argument("--confidence", type=float, default=0.95, metavar="SHARE")
    parser.add_argument(
        "--verifier",
        choices=("guard", "none"),
        default="none",
        help="score pairs by the guard's probability instead of their similarity",
    )
    parser.add_argument("--by", choices=("language", "scope"), help="also choose for each of these")
    parser.add_argument("--grid", type=_grid, metavar="A,B,...", help="the thresholds to test")
    parser.add_argument("--call-price", type=float, metavar="$", help="of one call of the LLM")
    parser.add_argument("--wrong-price", type=float, default=0.0, metavar="$", help="of an error")
    parser.add_argument("--figure", type=Path, default=Path("evaluate.png"), metavar="PATH")


def _grid(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def run(options: argparse.Namespace) -> None:
    """Print the report on a file of pairs, and write the figure.

    Raises:
        SemcacheError: The file or an option cannot be used, or Redis cannot be reached.
        openai.OpenAIError: The API failed.
    """
    pairs = read_pairs(options.file)
    parts = divide(pairs)
    lab = connect()
    print(f"{options.file}: {_amount(pairs)}")
    scores, grid = _score(pairs, lab, options)
    row_of = {
        pair: Scored(score, pair.same, pair.language, pair.kind, pair.scope)
        for pair, score in zip(pairs, scores, strict=True)
    }
    calibration, held_out = ([row_of[pair] for pair in part] for part in parts)
    table = evaluate(
        calibration,
        grid,
        confidence=options.confidence,
        call_price=options.call_price,
        wrong_price=options.wrong_price,
    )
    print(f"\nCalibration: {_amount(parts[0])}; {100 * options.confidence:g} % intervals\n{table}")
    choice = choose_threshold(
        calibration,
        max_wrong=options.max_wrong,
        confidence=options.confidence,
        grid=grid,
        by=options.by,
    )
    _print_choice(choice)
    _print_check(choice, held_out)
    _draw(calibration, held_out, choice, options.figure)


def _amount(pairs: Sequence[Pair]) -> str:
    same = sum(pair.same for pair in pairs)
    return f"{len(pairs):,} pairs, {same:,} with the same answer"


def _score(
    pairs: Sequence[Pair], lab: Lab, options: argparse.Namespace
) -> tuple[list[float], tuple[float, ...]]:
    """Score the pairs, and say by what; return the scores and the thresholds that fit them."""
    scores, what, grid = similarities(pairs, lab), "similarity of the embeddings", SIMILARITIES
    own = 0
    if options.verifier == "guard":
        (scores, own), what = probabilities(pairs, scores), "the guard's probability"
        grid = PROBABILITIES
    print(f"Score: {what}")
    if own:
        print(
            f"The guard was fitted on {own:,} of these pairs: they are scored out of fold. Its "
            "rules were written by\npeople who had read them, which no fold undoes: the held-out "
            "pairs are the evidence."
        )
    if repeated := repeated_texts(pairs):
        print(
            f"{repeated:,} texts occur in several pairs: such pairs count for less than as many "
            "others, so take the\nconfidence with a grain of salt."
        )
    return scores, options.grid or grid


def _print_choice(choice: Choice) -> None:
    print(f"\n{choice}")
    if choice.groups:
        print(
            f"The {len(choice.groups) + 1} choices share the doubt, so that all of them hold at "
            "once as surely as was asked.\nGroups with too few pairs use this common threshold."
        )
    for name, part in choice.groups.items():
        print(f"\nFor {name or 'those without a name'}, {part.pairs:,} pairs.\n{part}")


def _print_check(choice: Choice, held_out: Sequence[Scored]) -> None:
    """Show what the threshold does to pairs that had no part in choosing it."""
    threshold = choice.threshold
    if threshold is None:
        nearest = choice.nearest
        threshold = nearest.threshold if nearest else choice.tests[0].threshold
        print(f"\nHeld out: {len(held_out):,} pairs. Nothing was chosen. At {shown(threshold)}:")
    else:
        print(f"\nHeld out: {len(held_out):,} pairs. At {shown(threshold)}:")
    (line,) = evaluate(held_out, [threshold]).lines
    traps = [row for row in held_out if not row.same]
    trapped = Rate(sum(row.score >= threshold for row in traps), len(traps))
    print(f"  same answer, served       {line.recall}")
    print(f"  another answer, served    {trapped}")
    print(f"  wrong, of all served      {line.false_hit_rate}")
    if choice.threshold is not None:
        print(f"  {_verdict(line.false_hit_rate, choice.max_wrong)}")
    for group in ("language", "kind"):
        tables = evaluate_by(held_out, group, [threshold])
        if tables.keys() != {""}:
            print(f"\n{_groups(group, tables)}")


def _verdict(rate: Rate, limit: float) -> str:
    if not rate.of or rate.value <= limit:
        return f"Within the limit of {100 * limit:g} %."
    if rate.interval[0] <= limit:
        return f"Above the limit of {100 * limit:g} %, by no more than chance allows."
    return f"Above the limit of {100 * limit:g} %, not by chance: these are other kinds of pairs."


def _groups(group: str, tables: dict[str, Table]) -> str:
    lines = [f"{group:<12}   {'pairs':>5}   {'served, of pairs':<24} wrong, of served"]
    for name, table in tables.items():
        (line,) = table.lines
        rate = {0: "all", table.pairs: "none"}.get(table.same, str(line.false_hit_rate))
        lines.append(f"{name or '-':<12}   {table.pairs:5,}   {line.hit_rate!s:<24} {rate}")
    return "\n".join(lines)


def _draw(
    calibration: Sequence[Scored], held_out: Sequence[Scored], choice: Choice, path: Path
) -> None:
    try:
        import matplotlib

        matplotlib.use("agg")  # a file is written; no window is wanted, or may be possible
        from semcache.course.plots import choose_a_threshold as plots
    except ModuleNotFoundError as error:
        print(f"\nNo figure: {error.name} is missing. It comes with: pip install -e '.[lab]'")
        return
    figure, alt = plots.risk_coverage(
        risk_coverage(calibration),
        risk_coverage(held_out),
        max_wrong=choice.max_wrong,
        thresholds=[test.threshold for test in choice.tests],
        chosen=choice.threshold,
    )
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"the figure cannot be written to {path}: {error}") from error
    print(f"\nFigure in {path}: {alt}")
