"""What ``python -m semcache pairs`` prints of a log and of what was drawn from it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from semcache.evaluate.drawing import BANDS
from semcache.evaluate.logs import Log, faults, remarks
from semcache.evaluate.pairing import Drawn
from semcache.evaluate.scored import percent, shown
from semcache.evaluate.tables import columns

__all__ = ["of_bands", "of_draw", "of_log"]

_FEW, _MOST = 0.1, 0.7  # of a log in the highest band: outside, the bands hardly part it


def of_log(path: Path, log: Log) -> Iterator[str]:
    """Say what a log holds."""
    order = "in order of time" if log.ordered else "in the order of the file, not all with a time"
    yield (
        f"{path}, read as {log.format}: {len(log.entries):,} questions that a cache could answer "
        f"by similarity, {order}"
    )
    yield from remarks(log)


def of_draw(drawn: Drawn, is_kept: bool) -> Iterator[str]:
    """Say what was drawn; ``is_kept`` says whether a later command finds the embeddings."""
    yield from faults("cannot be embedded", drawn.unusable)
    share = percent(drawn.repeated / drawn.questions)
    yield f"{drawn.repeated:,} of them ({share}) repeat an earlier text: an exact cache's hits"
    embedding, finding = drawn.seconds
    yield f"Embedding took {embedding:.0f} s, finding the nearest earlier {finding:.0f} s"
    if not is_kept:
        yield "No embedding is kept: with REDIS_URL set, the next draw would not embed them again"
    known = "with another answer" if drawn.has_answers else "with another text"
    yield f"Margins are to the next earlier question {known}"
    yield "Earlier means however long ago; python -m semcache replay tells what a TTL costs\n"
    above, total = 0, sum(band.pairs for band in drawn.bands)
    rows = [["similarity", "pairs of the log", "here or above", "drawn", "each stands for"]]
    for band in reversed(drawn.bands):
        above += band.pairs
        name = "below" if band.low == -1 else f"from {shown(band.low)}"
        reached = f"{100 * above / total:.1f} %"
        each = f"{band.weight:.1f}" if band.drawn else "-"
        rows.append([name, f"{band.pairs:,}", reached, f"{band.drawn:,}", each])
    yield columns(rows)


def of_bands(drawn: Drawn, edges: Sequence[float]) -> Iterator[str]:
    """Say which bands would part this log better, if these hardly do."""
    share = drawn.bands[-1].pairs / sum(band.pairs for band in drawn.bands)
    low, high = (round(third, 2) for third in drawn.thirds)
    if tuple(edges) != BANDS or _FEW <= share <= _MOST or low == high:
        return
    yield (
        f"\nThe bands are not for this model and log: {percent(share)} lie in the highest. A third "
        f"lies from {shown(high)} up, a third\nbelow {shown(low)}: --bands {low:g},{high:g} "
        "draws by these,\nbefore anything is labelled. A verifier then serves from "
        f"{shown(high)} up, and nothing below"
    )
