"""``python -m semcache label PAIRS``: label pairs in the terminal, a key each."""

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import TextIO

from semcache.evaluate.label_file import LabelFile, column_of, read_labels, save
from semcache.evaluate.labelling import BACK, KEYS, Labelling, agreement
from semcache.evaluate.report import say

__all__ = ["add_arguments", "agreements", "run"]

_HELP = "y: yes   n: no   u: unsure   b: back   q: stop"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``label`` to its parser."""
    add = parser.add_argument
    add(
        "file", type=Path, metavar="PAIRS", help=".csv with the columns a and b, as pairs writes it"
    )
    add(
        "--reader",
        metavar="NAME",
        help="label in a column of your own, same_NAME, to compare (default: in same)",
    )
    add(
        "--shuffle",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="show the pairs in an order by chance: whoever stops early has a fair part of them "
        "(default: yes)",
    )
    add("--seed", type=int, default=0, metavar="N", help="of that order (default: %(default)s)")
    parser.epilog = (
        "y: the answer to the first question is right for the second; n: it is not; u: unsure, "
        "which evaluate leaves out; b: back; q: stop. Each answer is saved at once, into the file "
        "itself. Exit code 0: done. 2: the file or an option cannot be used."
    )


def run(options: argparse.Namespace, key: Callable[[], str] | None = None) -> None:
    """Show one pair after the other until all are labelled or somebody stops.

    Args:
        options: As :func:`add_arguments` describes them.
        key: Returns the next key; an empty text: there is none any more.

    Raises:
        SemcacheError: The file cannot be used.
    """
    column = column_of(options.reader)
    file = read_labels(options.file)
    labelling = Labelling.of(file.labels(column), options.seed if options.shuffle else None)
    key = key or key_reader(sys.stdin)
    say(f"Is the answer to the first question right for the second?   {_HELP}")
    while (row := labelling.current) is not None:
        _show(file, labelling, row)
        pressed = key().casefold()
        if pressed in ("", "q", "\x04"):  # the last: Ctrl-D
            break
        if pressed not in (*KEYS, BACK):
            say(_HELP)
            continue
        say(KEYS.get(pressed, "back"))
        before, labelling = labelling, labelling.press(pressed)
        if labelling.labels != before.labels:
            save(options.file, column, labelling.labels)
    say(f"\n{labelling.done:,} of {len(labelling.labels):,} labelled, in {options.file}, {column}")
    for line in agreements(read_labels(options.file)):
        say(line)
    if labelling.done and options.reader is None:  # evaluate reads the column same
        rest = "" if labelling.current is None else ", also before all are labelled"
        say(f"Next: python -m semcache evaluate {options.file} --fit{rest}")


def _show(file: LabelFile, labelling: Labelling, row: int) -> None:
    cached, asked = file.texts(row)
    given = f" [{labelling.labels[row]}]" if labelling.labels[row] else ""
    say(f"\n{labelling.number:,} of {len(labelling.labels):,}{given}")
    say(f"  in the cache:  {cached}\n  asked:         {asked}")


def agreements(file: LabelFile) -> Iterator[str]:
    """Yield how far each two readers agree, where both have labelled the same pairs.

    Raises:
        InvalidInput: A label cannot be read.
    """
    for one, other in combinations(file.readers, 2):
        found = agreement(file.labels(one), file.labels(other))
        if not found.both:
            continue
        kappa = (
            "Cohen's kappa cannot be told: all labels are alike"
            if math.isnan(found.kappa)
            else f"Cohen's kappa {found.kappa:.2f} (0: as by chance, 1: always)"
        )
        yield (
            f"{one} and {other}: of {found.both:,} pairs that both are sure of, {found.alike:,} "
            f"alike ({100 * found.alike / found.both:.1f} %); {kappa}"
        )


def key_reader(stream: TextIO) -> Callable[[], str]:
    """Return what reads a key: at once from a terminal, otherwise the first letter of a line."""
    if stream.isatty():
        try:
            return _terminal(stream)
        except ImportError:  # a terminal without termios, as on Windows: press Enter after the key
            pass

    def line() -> str:
        while text := stream.readline():
            if text.strip():
                return text.strip()[0]
        return ""

    return line


def _terminal(stream: TextIO) -> Callable[[], str]:
    import termios
    import tty

    def key() -> str:
        descriptor = stream.fileno()
        before = termios.tcgetattr(descriptor)
        try:
            tty.setcbreak(descriptor, termios.TCSADRAIN)  # what is typed ahead is kept
            return stream.read(1)
        except KeyboardInterrupt:
            return "q"
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    return key
