"""The page that says when, and on which machines, each lesson's outputs were last compared."""

from collections.abc import Iterator

from edition.chinese import titles
from edition.places import ROOT
from semcache.course.proven import MEASURED, RECORDED, Comparison, fingerprint, read
from semcache.course.registry import LESSONS

__all__ = ["proven"]

# Where a lesson runs, as tests/strict_nbval.py calls it without the version, and a column's head.
_PLACES = {"fakeredis": "fakeredis", "Redis, other CPU": "Redis 8, embeddings moved"}
_ABOUT = """# Proven

`make test` runs every lesson in a fresh kernel and compares every output with the stored one, which
is what this site shows: on fakeredis, and on a real Redis 8 with each embedding moved as another
make of CPU would move it. A lesson is listed when all its cells agreed. The last run on each
processor has written its table.

"""


def proven() -> str:
    """Return the page: a table for each processor."""
    rows = read(RECORDED, MEASURED)
    processors = sorted({row.processor for row in rows})
    parts = [_table(name, [row for row in rows if row.processor == name]) for name in processors]
    return _ABOUT + ("\n".join(parts) or "Nothing has been compared here yet: `make test`.\n")


def _table(processor: str, rows: list[Comparison]) -> str:
    pythons = ", ".join(sorted({row.python for row in rows}))
    head = ["lesson", *_PLACES.values()]
    lines = [f"## {processor}\n\nPython {pythons}\n"]
    lines += [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for lesson in sorted({row.lesson for row in rows}):
        file = ROOT / "notebooks" / f"{lesson}.ipynb"
        if file.exists():
            now, link = fingerprint(file), _link(lesson)
            cells = list(_cells([row for row in rows if row.lesson == lesson], now))
            lines.append(f"| {link} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _link(lesson: str) -> str:
    if lesson.startswith("zh/"):
        number = lesson[3:5]
        return f'<span lang="zh-CN">[{number} {titles()[number][0]}（中文）]({lesson}.ipynb)</span>'
    title = next((entry.title for entry in LESSONS if entry.stem == lesson), lesson)
    return f"[{lesson[:2]} {title}](lessons/{lesson}.ipynb)"


def _cells(rows: list[Comparison], now: str) -> Iterator[str]:
    for place in _PLACES:
        row = next((row for row in rows if row.place == place), None)
        if row is None:
            yield "not here"
            continue
        changed = "" if row.notebook == now else "; the lesson has changed since"
        on = f" ({row.version})" if row.version else ""
        yield f"{row.date.partition(' ')[0]}, {row.cells} cells{on}{changed}"
