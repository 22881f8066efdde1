"""What Pagefind is given: the built pages, each section and term with an address of its own.

It makes one index, of English words. Chinese pages are in it, too, under a filter; in them
`_static/search.js` looks by itself, since browsers disagree where a Chinese word ends.
"""

import html
import re
from collections.abc import Iterator
from pathlib import Path

from pagefind.index import PagefindIndex

from edition.chinese import titles
from edition.places import ROOT
from semcache.course.registry import LESSONS

__all__ = ["index"]

_FOLDERS = ("", "lessons", "zh", "reference", "benchmarks")  # not the text of source files
_SPOILERS = ["a.headerlink", ".exercise-help", ".open-lab"]
# Pagefind links to headings, and Sphinx names the section around one.
_HEADING = re.compile(r'<section id="([^"]+)">(\s*(?:<span id="[^"]*"></span>)*)<(h\d)>')
_TERM = re.compile(r'<td>(?:<p>)?<a id="([^"]+)"></a>(.*?)(?:</p>)?</td>')
_NAME = re.compile(r'<dt class="sig [^>]*id="([^"]+)">')


async def index(site: Path) -> None:
    """Write the index of a built site into its folder pagefind."""
    pages = [file for folder in _FOLDERS for file in sorted((site / folder).glob("*.html"))]
    known = {file.relative_to(site).as_posix(): file.read_text("utf-8") for file in pages}
    async with PagefindIndex(
        {
            "root_selector": "article",
            "exclude_selectors": _SPOILERS,
            "force_language": "en",
            "output_path": str(site / "pagefind"),
        }
    ) as found:
        for path, text in known.items():
            if not path.endswith("search.html"):
                await found.add_html_file(content=_searchable(path, text), source_path=path)
        for path, text in _in_chinese(known):
            await found.add_html_file(content=text, url=path)


def _searchable(path: str, text: str) -> str:
    """Return a page with ids on what a result may lead to, and without tables of numbers."""
    text = _HEADING.sub(r'<section>\2<\3 id="\1">', text)
    text = _TERM.sub(r'<td><h2 id="\1">\2</h2></td>', text)
    text = _NAME.sub(lambda dt: f"<dt>{_named(dt[1])}", text)
    translated = path.startswith("zh/")
    how = "ignore" if translated else 'weight="0.3"'  # what lessons print is English
    text = text.replace('<div class="cell_output', f'<div data-pagefind-{how} class="cell_output')
    if path.startswith("benchmarks/") and path != "benchmarks/index.html":
        text = text.replace("<table", "<table data-pagefind-ignore")
    return _marked(text, "zh" if translated else "en")


def _named(name: str) -> str:
    return f'<h4 id="{name}">{".".join(name.split(".")[-2:])}</h4>'


def _marked(text: str, language: str) -> str:
    """Return a page that a search in one of the languages finds."""
    mark = f'<span data-pagefind-filter="language:{language}"></span>'
    return re.sub("(<article[^>]*>)", rf"\1{mark}", text, count=1)


def _in_chinese(known: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what a Chinese word finds of each English lesson: title, promise and its terms."""
    terms = (ROOT / "docs/terms.md").read_text("utf-8")
    for entry in LESSONS:
        path, translated = f"lessons/{entry.stem}.html", f"zh/{entry.stem}.html"
        if path not in known or translated in known:
            continue
        title, promise = titles()[entry.number]
        parts = [f"<h1>{entry.number} {title}（英文）</h1><p>{promise}。</p>"]
        for id, term, chinese in _terms_of(entry.number, terms):
            if section := _section(known[path], id):
                heading = f'<h2 id="{section}">{chinese}</h2>'
                parts.append(f"{heading}<p>{chinese}（{html.escape(term)}）：见这一节。</p>")
        page = f'<html lang="zh-CN"><body><article>{"".join(parts)}</article></body></html>'
        yield path, _marked(page, "zh")


def _terms_of(number: str, terms: str) -> list[tuple[str, str, str]]:
    """Return the terms that a lesson teaches: id, name and Chinese name."""
    row = rf'^\| <a id="([^"]+)"></a>([^|]+) \| ([^|]+) \|[^|]+\| \[{number}\]'
    return re.findall(row, terms, re.M)


def _section(page: str, term: str) -> str | None:
    """Return the section of a page that first links to a term."""
    before, link, _ = page.partition(f'terms.html#{term}"')
    sections = re.findall('<section id="([^"]+)">', before)
    return sections[-1] if link and sections else None
