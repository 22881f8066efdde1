"""The project's own pairs and desks, in the form of the public sets."""

from collections.abc import Iterator
from random import Random

from benchmarks.judging.sets import Embed, Set, as_stream
from semcache.guard import Row
from semcache.lab.data import FOLDER, read_rows
from semcache.lab.traffic import load_phrasings
from semcache.sharing import may_share

__all__ = ["admission", "desks", "held_out"]

_KINDS = ("number", "date", "negation", "direction", "entity", "specific")
ADMISSION = {"personal": "personal", "time": "volatile", "follow-up": "follow-up"}


def desks(embed: Embed) -> Iterator[Set]:
    """Yield the support desk of each language: each text with the nearest earlier one."""
    for language in ("en", "zh"):
        asked = [p for p in load_phrasings() if p.language == language]
        draw = Random(0).random
        asked.sort(key=lambda _: draw())
        texts = [p.text for p in asked]
        rows, same = as_stream(texts, [p.answer for p in asked], embed(texts))
        yield Set(f"desk, {language}", rows, same, True)


def held_out(embed: Embed, split: str = "held-out") -> Iterator[Set]:
    """Yield, for each kind of trap, its held-out pairs beside all held-out paraphrases.

    Kinds that admission answers are left out: no verifier can know them.
    """
    records = [row for row in read_rows(FOLDER / "pairs.jsonl") if row["split"] == split]
    first, second = (embed([record[column] for record in records]) for column in "ab")
    similarities = (first * second).sum(axis=1).tolist()
    rows = [Row(r["a"], r["b"], s) for r, s in zip(records, similarities, strict=True)]
    for wording in ("minimal", "natural"):
        for kind in (*_KINDS, "all of them"):
            kept = [
                at
                for at, record in enumerate(records)
                if record["wording"] == wording
                and (record["same"] or record["kind"] in ((kind,) if kind in _KINDS else _KINDS))
            ]
            yield Set(
                f"trap: {kind}, {wording}",
                [rows[at] for at in kept],
                [records[at]["same"] for at in kept],
                False,
            )


def admission(split: str = "held-out") -> list[tuple[str, int, float, float]]:
    """Return for each kind of pair: its name, how many, and the share that is refused.

    First the share in which a rule refuses a text, then that in which the kind's own rule does.
    """
    records = [row for row in read_rows(FOLDER / "pairs.jsonl") if row["split"] == split]
    found = []
    for kind in sorted({record["kind"] for record in records}):
        pairs = [(record["a"], record["b"]) for record in records if record["kind"] == kind]
        refusals = [{refused(text) for text in pair} - {""} for pair in pairs]
        any_rule = sum(map(bool, refusals)) / len(pairs)
        own = sum(ADMISSION.get(kind, "") in names for names in refusals) / len(pairs)
        found.append((kind, len(pairs), any_rule, own))
    return found


def refused(text: str) -> str:
    """Return the name of the rule that refuses a text, or nothing."""
    rule = may_share(text).rule
    return rule.name if rule else ""
