"""Every link between files leads somewhere: in the lessons, their translations and all documents.

Links within the site's pages, with their anchors, are checked in tests/test_site_pages.py.
"""

import json
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```", re.M | re.S)


@cache
def texts() -> dict[Path, str]:
    """The prose of each lesson and document, without its code."""
    documents = [p for folder in (".", "docs", "data", "benchmarks", "benchmarks/results")
                 for p in sorted((ROOT / folder).glob("*.md"))]  # fmt: skip
    found = {path: path.read_text(encoding="utf-8") for path in documents}
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        if ".ipynb_checkpoints" not in path.parts:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            prose = ("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
            found[path] = "\n\n".join(prose)
    return {path: CODE.sub("", text) for path, text in found.items()}


def anchors(path: Path) -> set[str]:
    """The headings of a document as GitHub and the site name them."""
    headings = re.findall(r"^#+ (.+)$", texts()[path], re.M)
    named = set(re.findall(r'<a id="([^"]+)">', texts()[path]))
    return named | {re.sub(r"[^\w\- ]", "", h.casefold()).replace(" ", "-") for h in headings}


def test_every_link_between_files_leads_somewhere() -> None:
    known, lost, seen = texts(), [], 0
    for path, text in known.items():
        for link in LINK.findall(text):
            target, _, anchor = link.partition("#")
            if "://" in link or target.startswith("mailto:"):
                continue
            seen += 1
            there = (path.parent / target).resolve() if target else path
            if not there.exists() or (anchor and anchor not in anchors(there)):
                lost.append(f"{path.relative_to(ROOT)}: {link}")
    assert lost == []
    assert seen > 200


def test_no_link_leads_to_a_machine_of_somebody() -> None:
    local = re.compile(r"https?://(localhost|127\.|10\.|192\.168\.)|file://")
    wrong = [(path.name, link) for path, text in texts().items() for link in LINK.findall(text)
             if local.match(link)]  # fmt: skip
    assert wrong == []
