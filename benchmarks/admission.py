"""Count what the rules of admission refuse: rightly, by false alarm, and of attacks.

    python -m benchmarks.admission            on the project's own data
    python -m benchmarks.admission FOLDER     and on each stream there: .csv with text and intent

A rule is counted wherever it applies, also where another decides. In a stream nobody has said which
texts are ordinary; "stray" is the share that a rule refuses in intents of which it refuses less
than half. ``data/README.md`` says how the attacks were made.
"""

import argparse
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.admitting.attacks import Embed, counts, false_alarms
from benchmarks.admitting.speed import speed
from benchmarks.admitting.texts import Texts, own, rates, stray, streams
from benchmarks.report import table
from semcache.lab.data import FOLDER, read_rows
from semcache.lab.offline.model import embed_all
from semcache.sharing import ANSWER_RULES, DEFAULT_RULES, Rule

_THRESHOLD = 0.9


def refusals(sets: Sequence[Texts], rules: Sequence[Rule] = DEFAULT_RULES) -> Iterator[str]:
    """Yield a table: the share of each set that each rule refuses."""
    head = ["texts", "number", *(rule.name for rule in rules), "any"]
    rows = [
        [each.name, f"{len(each.texts):,}", *map(_percent, rates(each.texts, rules))]
        for each in sets
    ]
    yield from table(head, rows)


def by_intent(stream: Texts) -> Iterator[str]:
    """Yield a table: where in a stream each rule refuses."""
    rows = []
    for rule in DEFAULT_RULES:
        share, lost, most = stray(stream, rule)
        intents = ", ".join(f"{intent} {part:.0%}" for intent, part in most)
        rows.append([rule.name, _percent(share), _percent(lost), intents])
    yield from table([stream.name, "refused", "stray", "most of"], rows)


def attacks(embed: Embed) -> Iterator[str]:
    """Yield a table: attacks by kind, and what would be served to others."""
    head = ["attacks", "split", "number", f"served at {_THRESHOLD}, no rules", "with rules"]
    rows = [[*map(str, count)] for count in counts(embed, _THRESHOLD)]
    yield from table([*head, "admitted"], rows)


def _percent(share: float) -> str:
    return f"{share:.2%}" if share else "-"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="streams, in .csv")
    options = parser.parse_args()
    print(f"Refused by the rules of admission; {datetime.now(UTC):%d %B %Y}\n")
    sets = list(own())
    print("Ordinary by their label, so that every refusal is a false alarm:\n")
    print(*refusals([each for each in sets if each.ordinary]), sep="\n")
    print("\nTraps; the rules personal, volatile and follow-up are about the last three kinds:\n")
    print(*refusals([each for each in sets if not each.ordinary]), sep="\n")
    for stream in streams(options.folder) if options.folder else ():
        print("", *by_intent(stream), sep="\n")
    print("", *attacks(lambda texts: np.array(embed_all(texts))), sep="\n")
    print("\nOrdinary questions with the words of attacks: refused as attacks, by any rule")
    for language, split, count, as_attacks, by_any in false_alarms():
        print(f"  {language}, {split:12} {count:3} {as_attacks:3} {by_any:3}")
    answers = [row["answer"] for row in read_rows(FOLDER / "answers.jsonl")]
    print("", *refusals([Texts("the desk's answers", True, answers)], ANSWER_RULES), sep="\n")
    print("\nMilliseconds of processor time for a text that nobody has read before")
    for what, milliseconds in speed().items():
        print(f"  {what:24} {milliseconds:.3f}")


if __name__ == "__main__":
    main()
