"""The measurements: each with its date, and the picture beside it."""

import re
from collections.abc import Iterator

from edition.documents import document
from edition.places import ROOT, Places

__all__ = ["list_of_measurements", "measurements", "pictures"]

_DATE = re.compile(r"\b(20\d\d-\d\d-\d\d)\b")


def measurements() -> list[str]:
    """Return the files of results, by their paths in the repository."""
    found = sorted((ROOT / "benchmarks/results").glob("*.md"))
    return [*(p.relative_to(ROOT).as_posix() for p in found), "benchmarks/scaling.md"]


def pictures() -> Iterator[tuple[str, bytes]]:
    """Yield the pictures that the results show, by their place beside the pages."""
    for file in sorted((ROOT / "benchmarks/results").glob("*.png")):
        yield f"benchmarks/{file.name}", file.read_bytes()


def list_of_measurements(places: Places) -> str:
    """Return the page that lists them with their dates."""
    rows: dict[str, tuple[str, str]] = {}
    for file in measurements():
        text = document(file, places)
        (title,) = re.findall(r"\A# (.+)", text)
        date = max(_DATE.findall(text), default="computed from the others")
        name = places.page(file).removeprefix("benchmarks/")
        if title in rows:  # the same measurement in another way
            title = f"{title}: {name.replace('_', ' ')}"
        rows[title] = (name, date)
    listed = "\n".join(f"| [{title}]({name}.md) | {date} |" for title, (name, date) in rows.items())
    names = "\n".join(f"{title} <{name}>" for title, (name, _) in rows.items())
    return f"""# Benchmarks

Every table is written by a run on real servers, beside the peers (`make bench`), with its date
and machine; none is written by hand. Speed is compared within one run only: two tables of
different days or machines say nothing about each other.

| what was measured | on |
|---|---|
{listed}

```{{toctree}}
:hidden:

{names}
```
"""
