"""``python -m semcache pairs LOG``: from a log to a file of pairs worth labelling."""

import argparse
import csv
import io
import math
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.drawing import BANDS
from semcache.evaluate.label_file import LabelFile, read_labels, write_whole
from semcache.evaluate.logs import FORMATS, Entry, Log, read_log
from semcache.evaluate.pairing import WITHIN, Drawn, Paired, pair
from semcache.evaluate.pairs_report import of_bands, of_draw, of_log
from semcache.evaluate.report import say
from semcache.evaluate.scored import shown
from semcache.evaluate.scoring import Embed, model_of
from semcache.sharing import DEFAULT_RULES, may_share
from semcache.sharing.masking import masked

__all__ = ["add_arguments", "as_csv", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``pairs`` to its parser."""
    add = parser.add_argument
    add("file", type=Path, metavar="LOG", help=".csv, .tsv, .jsonl, .json or .parquet")
    add("--format", choices=tuple(FORMATS), help="of LOG (default: recognised by its shape)")
    add("--out", type=Path, metavar="FILE", help="(default: beside LOG, .pairs.csv)")
    add("--most", type=_most, default=500, metavar="N", help="pairs (default: %(default)s)")
    add(
        "--labels",
        type=Path,
        metavar="FILE",
        help="a smaller draw of this LOG that has labels: with the same bands and seed its pairs "
        "are drawn again, and the labels are taken over",
    )
    add(
        "--bands",
        type=_edges,
        default=BANDS,
        metavar="A,B,...",
        help="edges between bands of similarity, each drawn from four times as densely as the next "
        f"lower one (default: {','.join(map(shown, BANDS))})",
    )
    add(
        "--within",
        action="append",
        choices=WITHIN,
        default=[],
        help="compare only questions of one tenant, or of one language (default: all)",
    )
    add(
        "--rules",
        choices=("none", "default"),
        default="none",
        help="of admission: with default, as cached has them, questions that they keep from "
        "similarity are left out (default: %(default)s)",
    )
    add("--mask", action="store_true", help="replace contacts, account numbers and secrets in FILE")
    add("--seed", type=int, default=0, metavar="N", help="of the draw (default: %(default)s)")
    parser.epilog = (
        "Similarities are those of the texts as they were typed, since a cache compares those; "
        "--mask changes only what is written. Names and addresses are not found. Exit code 0: "
        "done. 2: the log or an option cannot be used; the reason is on stderr. 1: Redis or the "
        "API failed."
    )


def _most(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: a number of pairs, from 1 up")
    return int(text)


def _edges(text: str) -> tuple[float, ...]:
    try:
        edges = tuple(float(part) for part in text.split(","))
    except ValueError:
        edges = ()
    if not edges or any(not -1 < edge <= 1 for edge in edges) or sorted(set(edges)) != list(edges):
        raise argparse.ArgumentTypeError(f"{text!r}: cosines that ascend, as 0.8,0.9,0.95")
    return edges


def run(options: argparse.Namespace, embed: Callable[[], Embed], *, progress: bool = False) -> None:
    """Write the file of pairs and say what the log holds.

    Args:
        options: As :func:`add_arguments` describes them.
        embed: Returns what embeds texts; called once the log has been read.
        progress: Whether to show bars.

    Raises:
        SemcacheError: The log or an option cannot be used, or Redis cannot be reached.
        openai.OpenAIError: The API failed.
    """
    path = _target(options)
    taken = Taken(read_labels(options.labels) if options.labels else None)
    log = _log(options)
    drawn, embedder = _draw(options, log, embed, progress)
    write_whole(path, as_csv(drawn.pairs, options.mask, taken, model_of(embedder)))
    _tell(options, drawn, getattr(embedder, "is_kept", True), taken, path)


def _target(options: argparse.Namespace) -> Path:
    """Return where the pairs go; nothing that is there is written over."""
    path: Path = options.out or options.file.with_name(f"{options.file.stem}.pairs.csv")
    if path.suffix.lower() != ".csv":
        raise ConfigError(f"{path}: pairs are written as .csv")
    if path.exists():
        raise ConfigError(
            f"{path} is there already, perhaps with labels: give --out another name, and "
            f"--labels {path} to take them over"
        )
    return path


def _log(options: argparse.Namespace) -> Log:
    """Read the log and say what it holds; return what of it may be paired."""
    log = read_log(options.file, options.format)
    for line in of_log(options.file, log):
        say(line)
    return _shared(log) if options.rules == "default" else log


def _draw(
    options: argparse.Namespace, log: Log, embed: Callable[[], Embed], progress: bool
) -> tuple[Drawn, Embed]:
    """Return the pairs to label, and what embedded their texts."""
    own = {name: getattr(options, name) for name in ("most", "bands", "within", "seed")}
    try:
        embedder = embed()
        if (model := model_of(embedder)) is not None:
            say(f"Embedding with {model}, which the cache has to embed with, too")
        return pair(log, embedder, **own, progress=progress), embedder
    except InvalidInput as error:
        raise InvalidInput(f"{options.file}: {error}") from None


def _tell(
    options: argparse.Namespace, drawn: Drawn, is_kept: bool, taken: "Taken", path: Path
) -> None:
    for line in (*of_draw(drawn, is_kept), *of_bands(drawn, options.bands), *_over(taken)):
        say(line)
    say(f"\n{len(drawn.pairs):,} pairs in {path}. Next: python -m semcache label {path}")
    if len(drawn.pairs) == sum(band.pairs for band in drawn.bands):
        say("These are all that the log has: more can only come from a longer log")
    else:
        say(f"More, later: python -m semcache {shlex.join(_again(options, path))}")


def _over(taken: "Taken") -> Iterator[str]:
    """Say how many labels of a smaller draw were taken over."""
    if taken.file is None:
        return
    yield f"\n{taken.over:,} of the {taken.labelled:,} labelled pairs in {taken.file} are in it"
    if taken.over < taken.labelled:
        yield "The others were drawn with other --bands, --seed, --within, --rules or --mask"


def _shared(log: Log) -> Log:
    """Return what of a log may be answered by similarity, and say how much that is."""
    kept = [entry for entry in log.entries if may_share(entry.text, DEFAULT_RULES).by_similarity]
    left = len(log.entries) - len(kept)
    say(f"{left:,} of them are left out: a rule of admission keeps them from similarity")
    return replace(log, entries=tuple(kept))


def _again(options: argparse.Namespace, path: Path) -> list[str]:
    """Return the arguments that draw more of the same, with the labels of this file."""
    bands = [] if options.bands == BANDS else ["--bands", ",".join(f"{b:g}" for b in options.bands)]
    within = [word for name in options.within for word in ("--within", name)]
    rules = [] if options.rules == "none" else ["--rules", options.rules]
    seed = [] if not options.seed else ["--seed", str(options.seed)]
    form = [] if options.format is None else ["--format", options.format]
    same = [*form, *bands, *within, *rules, *seed, *["--mask"] * options.mask]
    more = ["--most", str(2 * options.most), "--labels", str(path), "--out", "more.csv"]
    return ["pairs", str(options.file), *same, *more]


# The file -------------------------------------------------------------------------------


class Taken:
    """Labels that were given before, by the texts of the pair."""

    def __init__(self, file: LabelFile | None = None) -> None:
        self.file = file and file.path
        self.columns = file.readers if file else ["same"]
        self._labels: dict[tuple[str, ...], list[str]] = {}
        self.over = 0
        if file:
            columns = [file.labels(column) for column in self.columns]
            each = zip(*columns, strict=True)
            self._labels = {
                file.texts(row): list(labels) for row, labels in enumerate(each) if any(labels)
            }
        self.labelled = len(self._labels)

    def of(self, texts: Sequence[str]) -> list[str]:
        """Return what each reader said of a pair; blanks if nobody did."""
        labels = self._labels.get(tuple(texts))
        self.over += labels is not None
        return labels or [""] * len(self.columns)


def as_csv(
    pairs: Sequence[Paired],
    mask: bool = False,
    taken: Taken | None = None,
    embedding_model: str | None = None,
) -> str:
    """Return the text of the file of pairs, with a column for labels.

    Args:
        pairs: As :func:`~semcache.evaluate.pairing.pair` drew them.
        mask: Whether to replace contacts, account numbers and secrets.
        taken: Labels to fill in; all are blank without.
        embedding_model: Whose similarities these are, for a column of that name.
    """
    taken = taken or Taken()
    given = [name for name in ("language", "tenant") if any(getattr(p.b, name) for p in pairs)]
    timed = any(not math.isnan(p.b.time) for p in pairs)
    told = [] if embedding_model is None else [embedding_model]
    marked = ["a", "b", "similarity", "margin", "weight", *["embedding_model" for _ in told]]
    head = [*marked, *["time"] * timed, *given, *taken.columns]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    for p in pairs:
        texts = [masked(entry.text) if mask else entry.text for entry in (p.a, p.b)]
        margin = "" if math.isnan(p.margin) else f"{p.margin:.4f}"
        marks = [f"{p.similarity:.4f}", margin, f"{p.weight:.6g}", *told, *[_time(p.b)] * timed]
        values = [getattr(p.b, name) for name in given]
        writer.writerow([*texts, *marks, *values, *taken.of(texts)])
    return file.getvalue()


def _time(entry: Entry) -> str:
    if math.isnan(entry.time):
        return ""
    return datetime.fromtimestamp(entry.time, UTC).isoformat().replace("+00:00", "Z")
