"""What ``python -m semcache replay`` prints."""

from semcache.evaluate.tables import columns
from semcache.replay.figures import Figures, Waits
from semcache.replay.replayed import Replayed

__all__ = ["by_day", "legend", "table"]

_MOST_DAYS = 31  # printed; the JSON has all
_HEAD = [
    "design", "hit rate", "exact", "similar", "LLM calls", "embedded", "tokens", "dollars",
    "waits, s", "median, s",
]  # fmt: skip


def table(done: Replayed, waits: Waits) -> str:
    """Return a line for each design."""
    timed = any(waits)
    known = done.known is not None
    head = [*_HEAD[: 10 if timed else 8], *(["wrong, of served"] if known else [])]
    if any(done.evicted):
        head.append("evicted")
    rows = [head]
    for design, total, evicted in zip(done.designs, done.totals, done.evicted, strict=True):
        tokens = total.input_tokens + total.output_tokens + total.embedding_tokens
        counts = total.exact_hits, total.semantic_hits, total.llm_calls, total.embedding_calls
        row = [design.name, f"{total.hit_rate:.1%}", *(f"{count:,}" for count in counts)]
        row += [f"{tokens:,}", f"{total.dollars:,.4f}"]
        row += [f"{total.wait:,.0f}", f"{total.wait_median:.3f}"] if timed else []
        row += [_wrong(total)] if known else []
        rows.append([*row, f"{evicted:,}"] if any(done.evicted) else row)
    return columns(rows)


def _wrong(total: Figures) -> str:
    return f"{total.wrong.count:,}: {total.wrong}" if total.wrong.of else "-"


def by_day(done: Replayed) -> str:
    """Return hit rates, and wrong answers, a line a day; empty for a single day."""
    if len(done.days) < 2:
        return ""
    rows = [["day", "requests", *(design.name for design in done.designs)]]
    for day, found in done.days[:_MOST_DAYS]:
        cells = [f"{one.hit_rate:.1%}{_few(one)}" for one in found]
        rows.append([day, f"{found[0].requests:,}", *cells])
    said = "Hit rate by day; in brackets how many wrong answers were served."
    if len(done.days) > _MOST_DAYS:
        said += f" The first {_MOST_DAYS} of {len(done.days)} days: --out has all."
    return f"{said}\n\n{columns(rows)}"


def _few(one: Figures) -> str:
    return f" ({one.wrong.count:,})" if one.wrong.of else ""


def legend(done: Replayed) -> list[str]:
    """Return what must be known to read the table, a sentence each."""
    said = [
        "exact, similar: hits of each tier. embedded: texts that no cache of embeddings had. "
        "Requests come one after\nthe other: callers who ask the same at once would share a call."
    ]
    if done.known:
        said.append(
            "wrong, of served: hits whose answer was given to a question with another "
            f"{'label' if done.known == 'label' else 'answer in the log'},\nwith exact 95 % "
            "limits. They take hits as independent; a copy that is wrong is wrong each time, so "
            "the truth\nis less certain than they say."
        )
    if done.known == "answer":
        said.append(
            "An LLM words an answer anew each time: without labels, another wording counts as "
            "wrong."
        )
    if done.known is None:
        said.append(
            "Whether an answer served was right is not known: a column label says so, or answers "
            "that are worded alike."
        )
    if any(design.memory for design in done.designs):
        said.append(
            "evicted: what had to go for want of memory, the least recently used first, each "
            "answer by itself. Redis evicts\nwhole keys, such as all answers of a scope's index: "
            "it does no better."
        )
    return said
