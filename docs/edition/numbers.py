"""The measurements: each with its date, and the picture beside it."""

import re
from collections.abc import Iterator
from pathlib import Path

from edition.documents import document
from edition.places import ROOT, Places

__all__ = ["list_of_measurements", "measurement", "measurements", "pictures"]

_TITLE = re.compile(r"\A# (.+)")
_DATE = re.compile(r"\b(20\d\d-\d\d-\d\d)\b")


def measurements() -> list[str]:
    """Return the files of results, by their paths in the repository."""
    found = sorted((ROOT / "benchmarks/results").glob("*.md"))
    return [*(p.relative_to(ROOT).as_posix() for p in found), "benchmarks/scaling.md"]


def pictures() -> Iterator[tuple[str, bytes]]:
    """Yield the pictures that the results show, by their place beside the pages."""
    for file in sorted((ROOT / "benchmarks/results").glob("*.png")):
        yield f"benchmarks/{file.name}", file.read_bytes()


def measurement(file: str, places: Places) -> str:
    """Return the page of one; where two have one title, the second says which it is."""
    text = document(file, places)
    title = _TITLE.findall(text)[0]
    first = next(f for f in measurements() if _title(f) == title)
    if first != file:
        what = Path(file).stem.removeprefix(Path(first).stem).replace("_", " ").strip()
        text = text.replace(title, f"{title}, {what}", 1)
    return text


def _title(file: str) -> str:
    found: str = _TITLE.findall((ROOT / file).read_text(encoding="utf-8"))[0]
    return found


def list_of_measurements(places: Places) -> str:
    """Return the page that lists them with their dates."""
    rows: dict[str, tuple[str, str]] = {}
    for file in measurements():
        text = measurement(file, places)
        (title,) = _TITLE.findall(text)
        date = max(_DATE.findall(text), default="computed from the others")
        rows[title] = (places.page(file).removeprefix("benchmarks/"), date)
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
