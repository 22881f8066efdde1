"""Where a file of the repository stands on the site, and links between such files."""

import posixpath
import re
from collections.abc import Callable
from pathlib import Path

__all__ = ["ROOT", "Places", "rewritten"]

ROOT = Path(__file__).parents[2]

# A file of the repository and its page, without its suffix.
_PAGES = {
    "README.md": "use",
    "CONTRIBUTING.md": "contributing",
    "CHANGELOG.md": "changelog",
    "data/README.md": "data",
    "docs/terms.md": "terms",
    "docs/instructors.md": "instructors",
    "docs/zh.md": "zh/index",
    "benchmarks": "benchmarks/index",
    "benchmarks/results": "benchmarks/index",
    "benchmarks/scaling.md": "benchmarks/scaling",
    "notebooks": "index",
    "semcache": "reference/index",
}
_FOLDERS = (
    (re.compile(r"notebooks/zh/(\w+)\.ipynb"), r"zh/\1"),
    (re.compile(r"notebooks/(\w+)\.ipynb"), r"lessons/\1"),
    (re.compile(r"benchmarks/results/(\w+)\.(?:md|png)"), r"benchmarks/\1"),  # the page shows both
)
_LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s#]+)(#[^)\s]*)?\)")
_CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.M | re.S)


class Places:
    """Maps files to pages; what is linked and has no page gets one that shows its text.

    Attributes:
        sources: Files and folders that are linked and have no other page.
    """

    def __init__(self) -> None:
        self.sources: set[str] = set()

    def page(self, path: str) -> str:
        """Return the page of a file or folder of the repository, without a suffix."""
        if path in _PAGES:
            return _PAGES[path]
        for pattern, page in _FOLDERS:
            if found := pattern.fullmatch(path):
                return found.expand(page)
        self.sources.add(path)
        return f"source/{path}" + ("/index" if (ROOT / path).is_dir() else "")


def rewritten(text: str, file: str, page: str, places: Places) -> str:
    """Return markdown whose links between files lead from page to page; code stays as it is.

    Args:
        text: The markdown.
        file: Where in the repository it stands: ``"docs/terms.md"``.
        page: Where it will stand: ``"terms"``.
        places: Collects what else needs a page.

    Raises:
        SystemExit: A link leads nowhere.
    """

    def link(found: re.Match[str]) -> str:
        label, target, anchor = found[1], found[2], found[3] or ""
        if "://" in target or target.startswith("mailto:"):
            return found[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
        if not (ROOT / path).exists():
            raise SystemExit(f"{file} links to {target}, which is not there")
        suffix = Path(path).suffix if label.startswith("!") or path.endswith(".ipynb") else ".md"
        there = _in_the_language_of(page, places.page(path))
        there = posixpath.relpath(there, posixpath.dirname(page) or ".")
        if anchor:  # MyST knows headings only, and a term is none
            return f'<a href="{there}.html{anchor}">{label[1:-2]}</a>'
        return f"{label}{there}{suffix})"

    return _outside_code(text, lambda prose: _LINK.sub(link, prose))


def _in_the_language_of(page: str, there: str) -> str:
    """Return the Chinese page of terms for a Chinese page, else the page itself."""
    return "zh/terms" if there == "terms" and page.startswith("zh/") else there


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """Change what is neither in a fence nor in backticks; a link's label may hold code."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\0{len(kept) - 1}\0"

    changed = change(_CODE.sub(keep, text))
    return re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], changed)
