"""What ``python -m semcache evaluate`` prints."""

import math
from collections.abc import Sequence

import numpy as np

from semcache.evaluate.choice import Choice
from semcache.evaluate.labelled import Pairs, contradictions, repeated_texts
from semcache.evaluate.planning import most_served
from semcache.evaluate.rate import Rate
from semcache.evaluate.scored import Scored, percent, shown
from semcache.evaluate.tables import Table, columns, evaluate, evaluate_by

__all__ = ["by_group", "checked", "chosen", "faults", "plain", "say", "weights"]

_SHOWN = 3
_LAX = 0.3  # a limit above this is none


def say(text: str) -> None:
    """Print lines; whatever a terminal might obey, such as an escape code, is spelled out."""
    print("\n".join(map(plain, text.split("\n"))), flush=True)


def plain(text: str) -> str:
    r"""Return a text in which everything that cannot be seen is spelled out.

    Example:
        >>> print(plain("red \x1b[31m and \u202e turned"))
        red \x1b[31m and \u202e turned
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def faults(pairs: Pairs) -> list[str]:
    """Return what is odd about some pairs, a sentence each."""
    said = []
    if both := contradictions(pairs):
        few = "; ".join(
            f"lines {min(lines)} and {max(lines)}: {_of_line(pairs, lines[0])}"
            for lines in both[:_SHOWN]
        )
        more = f"; and {len(both) - _SHOWN:,} more" if len(both) > _SHOWN else ""
        said.append(
            f"{_amount(len(both), 'pair is', 'pairs are')} labelled both ways ({few}{more})."
        )
        said.append("Decide which label is right: as long as both stand, both count.")
    different = len(np.unique(pairs.keys))
    if different <= 0.8 * len(pairs):
        said.append(
            f"Only {different:,} of the {len(pairs):,} pairs are different. A pair that comes "
            "again is no new evidence: the promise\ncounts it as such, and holds for less than it "
            "says."
        )
    elif pairs.weight is None and (repeated := repeated_texts(pairs)):
        # With weights the promise rests on the draw alone, whatever depends on what in the log.
        said.append(
            f"{_amount(repeated, 'text occurs', 'texts occur')} in several pairs: such pairs count "
            "for less than as many others, so take\nthe confidence with a grain of salt."
        )
    return said


def weights(pairs: Pairs) -> list[str]:
    """Return what the weights of some pairs mean, and what was left out; nothing without them."""
    if pairs.weight is None:
        return []
    said = [
        f"They were drawn from a log by weight, and stand for {pairs.weight.sum():,.0f} pairs of "
        "it. Shares and the promise are about that\nlog. Where pairs of unequal weight are served, "
        "the bound takes more labels than plan says."
    ]
    if pairs.unlabelled:
        said.append(
            f"{_amount(pairs.unlabelled, 'row has', 'rows have')} no label yet, and "
            f"{'is' if pairs.unlabelled == 1 else 'are'} left out: right if those labelled were "
            "taken in shuffled order."
        )
    if pairs.unsure:
        said.append(
            f"{_amount(pairs.unsure, 'row', 'rows')} of which the reader was not sure: left out, "
            "and with them whatever they would have shown."
        )
    return said


def _amount(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _of_line(pairs: Pairs, line: int) -> str:
    pair = pairs[int((pairs.line == line).argmax())]
    return " / ".join(ascii_cut(text) for text in (pair.a, pair.b))


def ascii_cut(text: str) -> str:
    """Return a text in one line of at most forty characters."""
    bare = plain(" ".join(text.split()))
    return bare if len(bare) <= 40 else f"{bare[:37]}..."


def chosen(table: Table, choice: Choice, labelled: int) -> str:
    """Return what was chosen, how near it came, and whether it can be reached at all.

    Args:
        table: Of the pairs to choose with.
        choice: What they chose.
        labelled: How many pairs the file has, with those to check on and those to fit on.
    """
    said = [str(choice)]
    share = table.same_rate.value if table.pairs else 0.0
    most = most_served(1 - share, choice.max_wrong)
    if most < 1:
        these = "the log's" if table.same_rate.weighted else "these"
        said.append(
            f"{percent(share)} of {these} pairs have the same answer: no score whatever "
            f"can serve more than {percent(most)} of them\nwith {percent(choice.max_wrong)} wrong."
        )
    if choice.threshold is None:
        said += _ways(choice, labelled / max(1, table.pairs))
    return "\n".join(said)


def _ways(choice: Choice, parts: float) -> list[str]:
    """What to do where no threshold was chosen, a sentence each."""
    said = []
    if choice.more_pairs and not choice.is_far:
        total = _roughly(choice.more_pairs * parts)
        said.append(
            f"With those that are put aside, that is roughly {total:,} more in the file; the next "
            "draw may be luckier, or less so."
        )
    low = min(choice.tests, key=lambda test: test.bound)
    limit = math.ceil(round(100 * low.bound, 6)) / 100
    at = f" (--max-wrong {limit:g} is kept already, from {shown(low.threshold)})"
    said.append(
        f"What else helps: a larger limit{at if limit <= _LAX else ''}, or an embedding model or "
        "verifier that tells such pairs\napart better. Until then threshold=1 serves the same "
        "question alone."
    )
    return said


def _roughly(number: float) -> int:
    """Return a number of two digits that count, rounded up."""
    if number < 100:
        return math.ceil(number)
    tens: int = 10 ** (len(str(int(number))) - 2)
    return math.ceil(number / tens) * tens


def by_group(by: str, choice: Choice, held_out: Scored) -> str:
    """Return the choices of the groups, each with what it does to the pairs that check."""
    if not choice.groups:
        return f"By {by}: no group has the 100 pairs that a threshold of its own takes."
    rows = [
        [
            by,
            "pairs",
            "threshold",
            "served",
            "wrong",
            "bound",
            "checked: served",
            "wrong, of served",
        ]
    ]
    parts = held_out.by(by)
    for name, part in choice.groups.items():
        test = part.chosen or part.nearest or part.tests[0]
        check = parts.get(name, held_out[:0])
        threshold = part.threshold
        (line,) = evaluate(check, [threshold if threshold is not None else float(2**60)]).lines
        rows.append(
            [
                ascii_cut(name) or "(blank)",
                f"{part.pairs:,}",
                "none" if threshold is None else shown(threshold),
                f"{test.served:,}",
                f"{test.wrong:,}",
                f"{100 * test.bound:.1f} %",
                "-" if threshold is None else f"{line.hit_rate.count:,}",
                str(line.false_hit_rate),
            ]
        )
    return (
        f"By {by}: {len(choice.groups) + 1} choices, the common one among them, share the doubt: "
        f"each has {percent(choice.confidence)} confidence, so that\nall hold at once as surely as "
        "was asked. Where none is chosen, the row shows the nearest. Other groups use\nthe common "
        f"threshold, whose promise is about all groups together.\n{columns(rows)}"
    )


def checked(
    choice: Choice, held_out: Scored, groups: Sequence[str], confidence: float = 0.95
) -> str:
    """Return what the threshold does to pairs that had no part in choosing it."""
    threshold, limit = choice.threshold, choice.max_wrong
    told = "Nothing was chosen. " if threshold is None else ""
    if threshold is None:
        nearest = choice.nearest or choice.tests[0]
        threshold = nearest.threshold
    (line,) = evaluate(held_out, [threshold], confidence=confidence).lines
    trapped = held_out.rate(held_out.score >= threshold, ~held_out.same, confidence)
    said = [
        f"Checked on the other {len(held_out):,} pairs. {told}At {shown(threshold)}:",
        f"  served, of all            {line.hit_rate}",
        f"  same answer, served       {line.recall}",
        f"  another answer, served    {trapped}",
        f"  wrong, of all served      {line.false_hit_rate}   "
        f"({line.false_hit_rate.count:,} of {line.false_hit_rate.of:,})",
    ]
    if choice.threshold is not None:
        said.append(f"  {_verdict(line.false_hit_rate, limit)}")
    for group in groups:
        tables = evaluate_by(held_out, group, [threshold], confidence=confidence)
        if tables.keys() != {""}:
            said.append(f"\n{_table(group, tables)}")
    return "\n".join(said)


def _verdict(rate: Rate, limit: float) -> str:
    if not rate.of:
        return "None of them is served: this cannot tell yet."
    low, high = rate.interval
    if high <= limit:
        return f"Within the limit of {percent(limit)}, by these pairs alone."
    if rate.value <= limit:
        return f"Within the limit of {percent(limit)}, as far as {rate.of:,} served can tell."
    if low <= limit:
        return (
            f"Above the limit of {percent(limit)}, by no more than chance allows: cannot tell yet."
        )
    return f"Above the limit of {percent(limit)}, not by chance: these are other kinds of pairs."


def _table(group: str, tables: dict[str, Table]) -> str:
    rows = [[group, "pairs", "served", "wrong, of served"]]
    for name, table in tables.items():
        (line,) = table.lines
        rate = {0: "all", table.pairs: "none"}.get(table.same, str(line.false_hit_rate))
        rows.append([ascii_cut(name) or "-", f"{table.pairs:,}", str(line.hit_rate), rate])
    return columns(rows)
