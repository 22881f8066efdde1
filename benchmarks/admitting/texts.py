"""Texts to count refusals on: the project's own, and streams in a reader's folder."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.judging.sets import records_of
from semcache.errors import ConfigError
from semcache.lab.data import FOLDER, read_rows
from semcache.lab.traffic import load_phrasings
from semcache.sharing import Rule

__all__ = ["Strays", "Texts", "own", "rates", "stray", "streams"]

_LEAST = 0.5  # of an intent: then the rule is about that intent


class Texts(NamedTuple):
    """Texts of one kind.

    ``ordinary`` says that, by their label, each may be shared: whatever refuses one is wrong.
    ``intents`` belong to the texts of a stream, one each.
    """

    name: str
    ordinary: bool
    texts: Sequence[str]
    intents: Sequence[str] = ()


def own() -> Iterator[Texts]:
    """Yield the project's own texts, each once."""
    for language in ("en", "zh"):
        asked = [phrasing.text for phrasing in load_phrasings() if phrasing.language == language]
        yield Texts(f"phrasings, {language}", True, asked)
    # Their texts are those of the phrasings, drawn anew: as they arrive.
    desks = read_rows(FOLDER / "desks.jsonl")
    for language in ("en", "zh"):
        arrived = [row["b"] for row in desks if _language(row["b"]) == language]
        yield Texts(f"desks, {language}", True, arrived)
    groups: dict[tuple[bool, str, str], list[str]] = defaultdict(list)
    for row in read_rows(FOLDER / "pairs.jsonl"):
        for side in "ab":
            groups[not row["same"], row["kind"], _language(row[side])].append(row[side])
    for (trap, kind, language), texts in sorted(groups.items()):
        yield Texts(f"pairs: {kind}, {language}", not trap, texts)


def streams(folder: Path) -> Iterator[Texts]:
    """Yield each stream of a folder: its ``.csv`` files with the columns text and intent.

    Raises:
        ConfigError: There is none.
    """
    found = False
    for path in sorted(folder.glob("*.csv")):
        rows = records_of(path)
        if rows and {"text", "intent"} <= rows[0].keys():
            found = True
            texts, intents = ([row[column] for row in rows] for column in ("text", "intent"))
            yield Texts(path.stem, False, texts, intents)
    if not found:
        raise ConfigError(f"{folder} holds no .csv file with the columns text and intent")


def rates(texts: Sequence[str], rules: Sequence[Rule]) -> list[float]:
    """Return the share of texts that each rule refuses by itself; at the end, that any does."""
    refused = [[rule.applies(text) for rule in rules] for text in texts]
    return [sum(each) / len(texts) for each in (*zip(*refused, strict=True), map(any, refused))]


class Strays(NamedTuple):
    """What a rule refuses in a stream.

    ``share`` of all texts; ``stray`` of them in intents of which it refuses less than half, so
    that the intent is hardly what the rule is about; ``intents`` that it refuses most of.
    """

    share: float
    stray: float
    intents: list[tuple[str, float]]


def stray(stream: Texts, rule: Rule) -> Strays:
    """Return what a rule refuses in a stream, by intent."""
    refused: dict[str, list[bool]] = defaultdict(list)
    for text, intent in zip(stream.texts, stream.intents, strict=True):
        refused[intent].append(rule.applies(text))
    shares = {intent: sum(each) / len(each) for intent, each in refused.items()}
    lost = sum(sum(each) for intent, each in refused.items() if shares[intent] < _LEAST)
    every = sum(map(sum, refused.values()))
    most = sorted(shares.items(), key=lambda item: -item[1])[:4]
    return Strays(every / len(stream.texts), lost / len(stream.texts), [m for m in most if m[1]])


def _language(text: str) -> str:
    return "zh" if any("\u4e00" <= character <= "\u9fff" for character in text) else "en"
