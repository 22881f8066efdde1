"""The web edition as files: what its pages hold, and that every link leads somewhere."""

import html
import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from site_bench import NO_SPHINX, ROOT, build, site  # noqa: F401  a fixture

from semcache.course import notebooks
from semcache.course.exercises import load_definition
from semcache.course.registry import LESSONS

pytestmark = pytest.mark.skipif(NO_SPHINX is not None, reason=NO_SPHINX or "")
WRITTEN = [entry for entry in LESSONS if not entry.planned]


class Page(HTMLParser):
    """What a page links to, loads and shows."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.language = ""
        self.text = file.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if "id" in found:
            self.ids.add(found["id"] or "")
        if tag == "html":
            self.language = found.get("lang") or ""
        if tag == "a" and found.get("href"):
            self.links.append(found["href"] or "")
        if tag == "link" and found.get("rel") not in ("next", "prev", "canonical"):
            self.loaded.append(found.get("href") or "")
        if tag in ("script", "img", "iframe", "source") and found.get("src"):
            self.loaded.append(found["src"] or "")
        if tag == "img":
            self.pictures.append(found)


@cache
def page(file: Path) -> Page:
    return Page(file)


def pages(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*.html") if "_static" not in file.parts)


def test_every_lesson_has_a_page_and_the_front_page_its_minutes_and_objectives(site: Path) -> None:  # noqa: F811
    front = html.unescape(page(site / "index.html").text)
    for entry in WRITTEN:
        assert (site / f"lessons/{entry.stem}.html").exists()
        assert re.search(rf'href="lessons/{entry.stem}\.html">.*?</a> · {entry.minutes} min', front)
        for objective in load_definition(entry.number).objectives.values():
            assert f"<p>{objective}</p>" in front.replace("’", "'"), objective


def test_hints_and_solutions_are_those_that_the_lesson_prints(site: Path) -> None:  # noqa: F811
    for entry in WRITTEN:
        text = page(site / f"lessons/{entry.stem}.html").text
        plain = html.unescape(re.sub(r"<[^>]+>", "", text))
        for exercise in load_definition(entry.number).exercises:
            assert html.escape(exercise.hint) in text, exercise.id
            assert exercise.solution.strip() in plain, exercise.id
        assert text.count('<div class="exercise-help">') == len(
            load_definition(entry.number).exercises
        )


def test_links_and_anchors_lead_somewhere(site: Path) -> None:  # noqa: F811
    lost = []
    for file in pages(site):
        for link in page(file).links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and anchor not in page(target).ids):
                lost.append((file.name, link))
    assert lost == []


def test_nothing_is_loaded_from_another_host(site: Path) -> None:  # noqa: F811
    """Scripts, styles, fonts, pictures, mathematics: nothing but links for readers leads away."""
    loaded = [(f.name, url) for f in pages(site) for url in page(f).loaded if "//" in url]
    assert loaded == []
    asked = re.compile(r"""(?:@import\s+|url\(\s*|importScripts\(\s*)["']?(?:https?:)?//[\w.]+""")
    for file in sorted(site.rglob("*")):
        if file.suffix in (".css", ".html"):
            assert not asked.search(file.read_text(encoding="utf-8")), file.name
    everything = " ".join(page(file).text for file in pages(site))
    assert not re.search(r"cdn|mathjax|requirejs|unpkg|jsdelivr|googleapis", everything, re.I)


def test_pictures_have_an_alternative_text(site: Path) -> None:  # noqa: F811
    seen, silent = 0, []
    for file in pages(site):
        for picture in page(file).pictures:
            seen += 1
            alt = picture.get("alt") or ""
            if len(alt) < 20 or alt.endswith(".png"):
                silent.append((file.name, picture.get("src"), alt))
    assert silent == []
    assert seen >= 30


def test_a_page_says_in_which_language_it_is(site: Path) -> None:  # noqa: F811
    for file in pages(site):
        chinese = file.is_relative_to(site / "zh")
        assert page(file).language == ("zh-CN" if chinese else "en"), file.name
    assert {"index.html", "terms.html", "00_start_here.html"} <= {
        file.name for file in (site / "zh").iterdir()
    }


def test_the_chinese_map_names_every_lesson() -> None:
    text = (ROOT / "docs/zh.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[(\d\d) ", text, re.M) == [entry.number for entry in WRITTEN]


def test_there_are_notes_on_every_lesson_for_who_teaches_it() -> None:
    text = (ROOT / "docs/instructors.md").read_text(encoding="utf-8")
    parts = re.split(r"^## ", text, flags=re.M)[1:]
    assert [part.splitlines()[0] for part in parts] == [f"{e.number} {e.title}" for e in WRITTEN]
    for part in parts:
        assert re.findall(r"^- \*\*([^*]+)\*\*", part, re.M) == [
            "Time.",
            "Wrong predictions.",
            "Ask.",
        ]


def test_what_the_notes_call_measured_is_what_the_lesson_prints() -> None:
    text = (ROOT / "docs/instructors.md").read_text(encoding="utf-8")
    wrong = []
    for entry, part in zip(WRITTEN, re.split(r"^## ", text, flags=re.M)[1:], strict=True):
        lesson = notebooks.read(ROOT / f"notebooks/{entry.stem}.ipynb")
        (line,) = re.findall(r"^- \*\*Wrong predictions\.\*\* (.*)$", part, re.M)
        measured = re.findall(r"\*\*([^*]+)\*\*", line)
        assert measured, entry.stem
        printed = re.findall(r"measured: (.*)", notebooks.printed(lesson))
        wrong += [(entry.number, m) for m in measured if not any(p.startswith(m) for p in printed)]
    assert wrong == []


def test_measurements_have_their_dates(site: Path) -> None:  # noqa: F811
    text = page(site / "benchmarks/index.html").text
    for file in (ROOT / "benchmarks/results").glob("*.md"):
        (title,) = re.findall(r"\A# (.+)", file.read_text(encoding="utf-8"))
        row = re.search(rf"{re.escape(title)}</span></a>.*?</tr>", text, re.S)
        assert row and re.search(r"20\d\d-\d\d-\d\d", row[0]), title


def test_the_reference_has_every_public_name(site: Path) -> None:  # noqa: F811
    import semcache

    found = " ".join(file.read_text(encoding="utf-8") for file in (site / "reference").iterdir())
    modules = {"errors": "CacheUnavailable", "keys": "scope_prefix", "codecs": "Int8"}
    names = [modules.get(name, name) for name in semcache.__all__]
    assert [name for name in names if f".{name}" not in found] == []


def test_sliders_say_what_they_do_in_jupyterlab(site: Path) -> None:  # noqa: F811
    text = page(site / "lessons/01_cost_analysis.html").text
    assert "Sliders, once you run this cell in JupyterLab." in text
    everything = " ".join(page(file).text for file in pages(site / "lessons"))
    assert "interactive(children" not in everything and "VBox(" not in everything


def test_catalogues_hold_the_prose_of_the_lessons_and_no_code(tmp_path: Path) -> None:
    folder = build(tmp_path, "--gettext") / "gettext"
    for entry in WRITTEN:
        text = (folder / f"{entry.stem}.pot").read_text(encoding="utf-8")
        messages = "".join(json.loads(f"[{','.join(re.findall(_QUOTED, text))}]"))
        assert entry.title in messages
        assert "lesson.check(" not in messages.replace("`lesson.check(", "")
        assert "import numpy" not in messages


_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
