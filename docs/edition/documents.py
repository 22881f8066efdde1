"""The documents that stay as they are but for their links, and a page for each file linked."""

import ast
import re
from pathlib import Path

from edition.front import top_and_rest
from edition.places import ROOT, Places, rewritten

__all__ = ["document", "rest_of_readme", "source", "terms_by_chinese_name"]

_CHINESE = re.compile(r"^(\| [^|]+ \| )([^|]*[\u4e00-\u9fff][^|]*)( \|)", re.M)
_MADE = re.compile(r"^(Computed by [^;\n]+); do not edit\.\n\n", re.M)
_LANGUAGES = {".py": "python", ".json": "json"}
_SHOWN = 2_000  # lines of a file
_ORPHAN = "---\norphan: true\n---\n\n"


def document(file: str, places: Places) -> str:
    """Return a document with its links rewritten and its Chinese column marked as such."""
    text = (ROOT / file).read_text(encoding="utf-8")
    text = rewritten(text, file, places.page(file), places)
    if file == "docs/terms.md":
        text = _CHINESE.sub(r'\1<span lang="zh-CN">\2</span>\3', text)
    if made := _MADE.search(text):  # for who opens the file; a reader of the page has it last
        text = f"{text.replace(made[0], '').rstrip()}\n\n{made[1]}.\n"
    return text


def rest_of_readme(places: Places) -> str:
    """Return the README from its second heading on."""
    _, rest = top_and_rest()
    return "# Use it\n\n" + rewritten(rest, "README.md", "use", places)


def terms_by_chinese_name(places: Places) -> str:
    """Return the page of terms for those who look for the Chinese name."""
    text = rewritten(
        (ROOT / "docs/terms.md").read_text("utf-8"), "docs/terms.md", "zh/terms", places
    )
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    found = [row for row in rows if len(row) == 4 and row[3].startswith("[")]
    lines = [
        f"| {anchor}</a>{chinese} | {term} | <span lang='en'>{sentence}</span> | {lesson} |"
        for named, chinese, sentence, lesson in sorted(found, key=lambda row: row[1])
        for anchor, _, term in [named.partition("</a>")]
    ]
    head = "# 术语\n\n课程中每个术语的中文名、英文名、一句英文解释，以及讲到它的那一课。\n\n"
    return head + "\n".join(["| 中文 | 英文 | 解释 | 课 |", "|---|---|---|---|", *lines]) + "\n"


def source(path: str, places: Places) -> str:
    """Return the page of a file that another page links to, or of a folder."""
    here = ROOT / path
    return _folder(path, places) if here.is_dir() else _file(path, here.read_text(encoding="utf-8"))


def _file(path: str, text: str) -> str:
    lines = "\n".join(text.splitlines()[:_SHOWN])
    language = _LANGUAGES.get(Path(path).suffix, "text")
    return f"{_ORPHAN}# {path}\n\n````{language}\n{lines}\n````\n"


def _folder(path: str, places: Places) -> str:
    """Say what each module of a folder is for; those that a lesson links to have a page."""
    lines = []
    for file in sorted((ROOT / path).glob("*.py")):
        says = (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split("\n\n")[
            0
        ]
        shown = f"{path}/{file.name}" in places.sources
        name = f"[{file.name}]({file.name}.md)" if shown else f"`{file.name}`"
        lines.append(f"- {name}: {' '.join(says.split())}")
    return f"{_ORPHAN}# {path}\n\n" + "\n".join(lines) + "\n"
