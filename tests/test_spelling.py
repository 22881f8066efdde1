"""Prose is spelled right: of lessons, pages, docstrings and what the checks say.

The dictionary is pyspellchecker's English one; ``words.txt`` has what it lacks: names, terms, and
British spellings. Code, addresses, names of files, and words with a capital inside (``LRU``,
``MatrixIndex``) are not prose.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
from spellchecker import SpellChecker

ROOT = Path(__file__).parents[1]
WORDS = Path(__file__).with_name("words.txt")
PAGES = ["*.md", "data/*.md", "docs/**/*.md", "benchmarks/results/*.md", "notebooks/*.ipynb"]
CODE = ["semcache/**/*.py", "benchmarks/**/*.py"]

_NOT_PROSE = re.compile(
    r"""^```.*?^``` | `[^`\n]*` | \]\([^)\n]*\) | https?://\S+ | <[^>\n]+>
    | \b[\w./-]+\.(?:py|md|ipynb|jsonl?|csv|np[yz]|toml|yml|png|txt)\b
    | ^[ ]*>>>.*?(?=^\s*$|\Z)""",
    re.S | re.M | re.X,
)
_WORD = re.compile(r"(?<![\w.@/%\\-])[A-Za-z]+(?:['’][a-z]+)?(?![\w@/])")


def words(text: str) -> set[str]:
    """Return the words of a text's prose."""
    found = _WORD.findall(_NOT_PROSE.sub(" ", text).replace("’", "'"))
    return {word for word in found if word[1:].islower()}


def pages() -> Iterator[tuple[str, str]]:
    """Yield each page of prose with its name."""
    for path in sorted(path for pattern in PAGES for path in ROOT.glob(pattern)):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = nbformat.reads(text, as_version=4).cells
            text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        yield path.name, text


def docstrings() -> Iterator[tuple[str, str]]:
    """Yield each docstring with the file that it stands in."""
    for path in sorted(path for pattern in CODE for path in ROOT.glob(pattern)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield path.relative_to(ROOT).as_posix(), ast.get_docstring(node) or ""


@cache
def known() -> SpellChecker:
    checker = SpellChecker(distance=1)
    checker.word_frequency.load_words(WORDS.read_text(encoding="utf-8").split())
    return checker


@cache
def is_known(word: str) -> bool:
    return bool(known().known([word, word.removesuffix("'s")]))


def strange(text: str) -> set[str]:
    """Return the words that are in no list, with and without the 's of a possessive."""
    return {word for word in words(text) if not is_known(word)}


@cache
def everything() -> dict[str, set[str]]:
    """Return all words by the file that they stand in."""
    found = defaultdict(set)
    for name, text in [*pages(), *docstrings()]:
        found[name] |= words(text)
    return found


def test_a_slip_is_found_and_code_is_left_alone() -> None:
    text = "The cahce's `hti` rate, see [file](semcahce/x.py):\n```\nteh\n```\nNeighbours are near."
    assert strange(text) == {"cahce's"}
    assert strange("Say it:\n\n    >>> retunr\n    1\n\nIt is recieved.") == {"recieved"}


def test_pages_and_docstrings_are_spelled_right() -> None:
    faults = {name: [w for w in found if not is_known(w)] for name, found in everything().items()}
    assert {name: found for name, found in faults.items() if found} == {}


def test_our_list_holds_nothing_that_nobody_writes() -> None:
    written = {word.lower() for found in everything().values() for word in found}
    ours = WORDS.read_text(encoding="utf-8").split()
    assert ours == sorted(set(ours))
    assert [word for word in ours if not written & {word, f"{word}'s"}] == []
