"""docs/terms.md: each term in one sentence, where it is used, and its Chinese name."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROWS = [
    [re.sub("<[^>]*>", "", cell).strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/terms.md").read_text(encoding="utf-8").splitlines()[6:]
]
# What a lesson says instead: another form of the word, or other words.
_SAID = {
    "approximate search": "approximate", "eviction": "evict", "false hit": "false-hit",
    "held-out": "put aside", "promotion": "promot", "shard": "node", "streaming": "stream",
    "single-flight": "single flight",
}  # fmt: skip


def test_every_term_has_a_chinese_name_and_one_sentence() -> None:
    assert len(ROWS) > 40
    for term, chinese, sentence, _ in ROWS:
        assert re.search("[\u4e00-\u9fff]", chinese), term
        assert sentence.endswith(".") and ". " not in sentence, term


def test_terms_are_in_order_and_each_is_there_once() -> None:
    terms = [row[0].casefold() for row in ROWS]
    assert terms == sorted(set(terms))


def test_the_lesson_of_a_term_speaks_of_it() -> None:
    silent = []
    for term, _, _, link in ROWS:
        number, path = re.fullmatch(r"\[(\d\d)\]\(\.\./(.+)\)", link).groups()
        cells = json.loads((ROOT / path).read_text(encoding="utf-8"))["cells"]
        text = " ".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        said = re.escape(_SAID.get(term, term))
        if not re.search(rf"(?<![A-Za-z]){said}", text, re.I) or f"/{number}_" not in path:
            silent.append((term, number))
    assert silent == []


# In their lesson these stand in a table, or as the name of a class.
_UNLINKED = {"distance", "drift"}
_OPENING = re.compile(r"^# \d\d\. |^## You will be able to", re.M)
_MASKED = re.compile(r"^#.*$|`[^`\n]*`|^\|.*$|^.*· next:.*$|^Next: .*$", re.M)


def test_a_lesson_links_its_terms_where_it_first_says_them() -> None:
    unlinked = []
    for term, _, _, link in ROWS:
        path = re.fullmatch(r"\[\d\d\]\(\.\./(.+)\)", link).group(1)
        cells = json.loads((ROOT / path).read_text(encoding="utf-8"))["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        text = _MASKED.sub("", "\n\n".join(text for text in texts if not _OPENING.search(text)))
        place = text.find(f"](../docs/terms.md#{term.replace(' ', '-').lower()})")
        before = re.sub(r"\]\([^)]*\)", "]", text[: max(place, 0)].rpartition("[")[0])
        said = re.escape(_SAID.get(term, term))
        if place < 0 or re.search(rf"(?<![A-Za-z-]){said}", before, re.I):
            unlinked.append((term, path))
    assert {term for term, _ in unlinked} == _UNLINKED, unlinked
