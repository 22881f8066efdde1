"""Record what the benchmark of the lookup measured, for what quotes it: README and lesson 10.

    python -m benchmarks.record

copies benchmarks/results/semantic_lookup.json to data/, without what nobody reads, and says what
must be written anew. Until then README and lesson 10 keep quoting the measurement before, so
that running a benchmark alone changes no page.
"""

import argparse
import calendar
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.report import RESULTS
from semcache.lab.data import FOLDER

__all__ = ["HEADLINE", "RECORD", "condensed", "headline", "todo"]

MEASURED, RECORD = RESULTS / "semantic_lookup.json", FOLDER / "semantic_lookup.json"
ABOUT = ("date", "processor", "redis-server")
ROW = ("name", "role", "one", "recall", "stored")

# At 384 dims and 10,000 answers: how README calls a subject, and how the benchmark does.
HEADLINE = {
    "MatrixIndex": "MatrixIndex",
    "VectorSetIndex": "VectorSetIndex",
    "RedisVL": "RedisVL SemanticCache",
    "betterdb-semantic-cache": "betterdb-semantic-cache",
    "the tutorial code that this course grew out of": "tutorial code",
}


def condensed(result: dict[str, Any]) -> dict[str, Any]:
    """Return of a result the medians, recalls and bytes, when and where they were measured."""
    runs = []
    for run in result["runs"]:
        rows = [{name: row[name] for name in ROW} for row in run["subjects"] if "one" in row]
        for row in rows:
            row["one"] = {"median": row["one"]["median"]}
        runs.append({"dims": run["dims"], "entries": run["entries"], "subjects": rows})
    return {"environment": {name: result["environment"][name] for name in ABOUT}, "runs": runs}


def headline(record: dict[str, Any]) -> dict[str, str]:
    """Return README's figures as they are written there, and the day.

    Raises:
        ValueError: A subject that README names was not measured.
    """
    (run,) = (r for r in record["runs"] if (r["dims"], r["entries"]) == (384, 10_000))
    ms = {row["name"]: 1e3 * row["one"]["median"] for row in run["subjects"]}
    if missing := [name for name in HEADLINE.values() if name not in ms]:
        raise ValueError(f"README names what was not measured: {', '.join(missing)}")
    year, month, day = map(int, record["environment"]["date"][:10].split("-"))
    figures = {said: _ms(ms[name]) for said, name in HEADLINE.items()}
    return {"on": f"{day} {calendar.month_name[month]} {year}", **figures}


def _ms(value: float) -> str:
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.2f} ms"


def todo(record: dict[str, Any]) -> str:
    """Return what must be written anew once this is the record."""
    figures = ", ".join(f"{name} {value}" for name, value in headline(record).items())
    return f"""Write anew, then `make test`:
- README.md, the sentence under the picture: {figures}.
  Is what it says of 100,000 answers still true?
- lesson 10: `make lessons ARGS=10`, then read what its prose says of the chart and the table."""


def main() -> None:
    argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0]).parse_args()
    record = condensed(json.loads(MEASURED.read_text(encoding="utf-8")))
    try:
        words = todo(record)
    except ValueError as error:
        sys.exit(f"{error}. Nothing was recorded: measure with all peers, make bench.")
    changed = write(record, RECORD)
    print(f"{RECORD.name} of {record['environment']['date']} is in data/.")
    print(words if changed else "It was there already: nothing to do.")


def write(record: dict[str, Any], path: Path) -> bool:
    """Write the record; tell whether it is another than before."""
    text = json.dumps(record, indent=1) + "\n"
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(text, encoding="utf-8")
    return text != before


if __name__ == "__main__":
    main()
