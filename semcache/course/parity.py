"""A translated lesson beside its original: the same cells, other prose.

``python -m semcache.course.parity`` compares every notebook in a folder below ``notebooks/`` with
the one of the same name in it.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from nbformat import NotebookNode

from semcache.course import notebooks

__all__ = ["differences", "translations"]

_FOLDER = Path(__file__).parents[2] / "notebooks"
_OBJECTIVE = re.compile(r"\*\*(\d\d\.[a-z])\*\*")
_HEADING = re.compile(r"^(#+) ", re.M)


def translations(folder: Path = _FOLDER) -> list[tuple[Path, Path]]:
    """Return each translated notebook with its original: ``notebooks/zh/00_start_here.ipynb``."""
    found = sorted(folder.glob("[a-z][a-z]/*.ipynb"))
    return [(folder / path.name, path) for path in found]


def differences(original: NotebookNode, translation: NotebookNode) -> Iterator[str]:
    """Yield what a translation may not change, a sentence for each place where it did.

    Cells, their order, ids, types and tags are the same, and so is all code. Prose may differ,
    but is there, in another wording, with the same headings and objectives in each cell.
    """
    ours, theirs = original.cells, translation.cells
    if len(ours) != len(theirs):
        yield f"{len(theirs)} cells, not {len(ours)}."
    for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        for what, read in _SAME.items():
            if read(one) != read(other):
                yield f"cell {number} ({one.id}): other {what}."
        if one.cell_type == "markdown" and other.source.strip() in ("", one.source.strip()):
            yield f"cell {number} ({one.id}): not translated."


def _code(cell: NotebookNode) -> str:
    return "" if cell.cell_type == "markdown" else str(cell.source)


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _prose(pattern: re.Pattern[str], cell: NotebookNode) -> list[str]:
    return pattern.findall(cell.source) if cell.cell_type == "markdown" else []


_SAME: dict[str, Callable[[NotebookNode], object]] = {
    "id": lambda cell: cell.id,
    "type": lambda cell: cell.cell_type,
    "tags": _tags,
    "code": _code,
    "objectives": lambda cell: _prose(_OBJECTIVE, cell),
    "heading levels": lambda cell: _prose(_HEADING, cell),
}


def main() -> int:
    """Print what differs in any translation; return how many places there are."""
    found = [
        f"{path.parent.name}/{path.stem}: {what}"
        for original, path in translations()
        for what in differences(notebooks.read(original), notebooks.read(path))
    ]
    print("\n".join(found) or "Every translation has the cells of its original.")
    return len(found)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
