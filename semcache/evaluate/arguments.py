"""The arguments of ``python -m semcache evaluate`` and ``plan``."""

import argparse
import math
from pathlib import Path
from typing import Any

from semcache.errors import ConfigError
from semcache.evaluate.scored import SIMILARITIES
from semcache.evaluate.threshold import check_promise

__all__ = ["PICTURES", "add_arguments", "add_plan_arguments", "check"]

PICTURES = (".png", ".svg", ".pdf", ".jpg")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``evaluate`` to its parser."""
    _add_promise(parser)
    add = parser.add_argument
    add("file", type=Path, help=".jsonl or .csv with the columns a, b, same")
    add(
        "--verifier",
        default="none",
        metavar="guard|FILE",
        help="score by the guard, or by a verifier that --fit saved (default: by similarity)",
    )
    add("--fit", action="store_true", help="fit a verifier on a third of the pairs, and save it")
    add("--save", type=Path, metavar="PATH", help="where (default: beside FILE, .verifier.json)")
    add("--by", metavar="COLUMN", help="also choose for each value of a column, such as language")
    add("--time", metavar="COLUMN", help="choose on the earlier pairs, check on the later ones")
    add(
        "--grid",
        type=_grid,
        metavar="A,B,...",
        help="the thresholds to test, fixed before looking (default: "
        f"{','.join(f'{t:.2f}' for t in SIMILARITIES)})",
    )
    add("--call-price", type=float, metavar="$", help="of a call of the LLM; with --wrong-price")
    add("--wrong-price", type=float, metavar="$", help="of a wrong answer; with --call-price")
    add("--figure", type=Path, metavar="PATH", help="(default: beside FILE, .evaluate.png)")
    parser.epilog = (
        "Exit code 0: done, also when no threshold keeps the promise. 2: the file, a value or an "
        "option cannot be used; the reason is on stderr. 1: Redis or the API failed."
    )


def add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``plan`` to its parser."""
    _add_promise(parser)
    add = parser.add_argument
    add(
        "--served",
        type=float,
        metavar="SHARE",
        help="of the labelled pairs, as you expect: more than of the log, if drawn by bands",
    )
    add("--thresholds", type=int, default=12, metavar="N", help="tested (default: %(default)s)")
    add("--same", type=float, metavar="SHARE", help="of the pairs that have the same answer")
    add("--fit", action="store_true", help="a third part is to fit a verifier on")
    parser.epilog = "Exit code 0: done. 2: what is given cannot be used."


def _add_promise(parser: argparse.ArgumentParser) -> None:
    share: dict[str, Any] = {"type": float, "metavar": "SHARE"}
    parser.add_argument(
        "--max-wrong", default=0.05, help="of the answers served (default: %(default)s)", **share
    )
    parser.add_argument(
        "--confidence", default=0.95, help="of the promise (default: %(default)s)", **share
    )


def _grid(text: str) -> tuple[float, ...]:
    try:
        grid = tuple(float(part) for part in text.split(","))
    except ValueError:
        grid = ()
    if not grid or not all(map(math.isfinite, grid)):
        raise argparse.ArgumentTypeError(f"{text!r}: numbers with commas between, as 0.95,0.9")
    return grid


def check(options: argparse.Namespace) -> None:
    """Refuse options of ``evaluate`` that cannot work, or that would do nothing.

    Raises:
        ConfigError: Says which, and what to do.
    """
    check_promise(options.max_wrong, options.confidence)
    if (options.call_price is None) != (options.wrong_price is None):
        raise ConfigError(
            "--call-price and --wrong-price go together: what is saved depends on both, and with "
            "one alone nothing would be shown"
        )
    if options.fit and options.verifier != "none":
        raise ConfigError("--fit makes a verifier, --verifier takes one: choose one of them")
    if options.save and not options.fit:
        raise ConfigError("--save is for what --fit makes: without --fit there is nothing to save")
    for name in ("by", "time"):
        if (column := getattr(options, name)) is not None and not column.strip():
            raise ConfigError(f"--{name} is blank: name a column of the file")
        if column and column.strip().casefold() in ("score", "same", "weight"):
            raise ConfigError(f"--{name} {column}: that column has a meaning of its own")
    for name in ("call_price", "wrong_price"):
        price = getattr(options, name)
        if price is not None and not 0 <= price < math.inf:
            raise ConfigError(
                f"--{name.replace('_', '-')} is {price:g}, but it is dollars, from 0 up"
            )
    if options.figure and options.figure.suffix.lower() not in PICTURES:
        raise ConfigError(f"{options.figure}: name a picture, one of {', '.join(PICTURES)}")
    for path in filter(None, (options.figure, options.save)):
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise ConfigError(
                f"{path} cannot be written: it is a folder, or its folder is not there"
            )
