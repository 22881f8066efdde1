"""The web edition as files: what its pages hold, and that every link leads somewhere."""

import html
import json
import re
from functools import cache
from html.parser import HTMLParser
from importlib import import_module
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
        self.prose: list[str] = []
        self._code: list[str] = []
        self.text = file.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.prose.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._code:
            self._code.remove(tag)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in ("pre", "code", "script", "style", "dt"):  # a signature is code, too
            self._code.append(tag)
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


def test_no_page_shows_the_signs_of_bold(site: Path) -> None:  # noqa: F811
    """Beside Chinese punctuation a bold link must have its signs inside the brackets."""
    signs = re.compile(r"\*\*(?! |[a-z_]+\b)|(?<=\S)\*\*")  # no power, no `**options`
    raw = [(f.name, text) for f in pages(site) for text in page(f).prose if signs.search(text)]
    assert raw == []


def test_the_front_page_leads_to_the_package_and_to_chinese(site: Path) -> None:  # noqa: F811
    text = page(site / "index.html").text
    assert re.search(r'For those who want <a [^>]*href="use\.html"', text)
    assert re.search(r'<article.{,900}<a href="zh/index\.html" lang="zh-CN"', text, re.S)


def test_around_chinese_text_the_site_speaks_chinese(
    site: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs")
    in_chinese = import_module("edition.chinese").in_chinese
    english = {"Search", "Contents", "previous", "next", "Lessons", "Look up", "Back to top"}
    for file in (site / "zh").iterdir():
        text = page(file).text
        assert english.isdisjoint(said.strip() for said in page(file).prose), file.name
        assert 'action="search.html"' in text
        groups = re.findall(r'caption-text">([^<]+)', text)
        assert groups[0] == "中文" and len(set(groups)) == 4, file.name
        assert in_chinese(text) == text, "a page that was not built anew stays as it is"


def test_the_chinese_map_names_every_lesson(site: Path) -> None:  # noqa: F811
    text = (ROOT / "docs/zh.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[(\d\d) ", text, re.M) == [entry.number for entry in WRITTEN]
    shown = "".join(page(site / "zh/index.html").prose)
    assert re.findall(r"(\d\d) [^·]+ · (\d+) 分钟", shown) == [
        (entry.number, str(entry.minutes)) for entry in WRITTEN
    ]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    short = [re.findall(r"\d\d", re.findall(r"(?:Monday|周一)[^:：]*[:：]([^h，]+),? ?", t)[0])[:6]
             for t in (readme, text)]  # fmt: skip
    assert short[0] == short[1]
    hours = [sum(e.minutes for e in WRITTEN if e.number in of) / 60
             for of in ([e.number for e in WRITTEN], short[0])]  # fmt: skip
    assert re.findall(r"约 (\d+) 小时", text) == [str(round(h)) for h in hours]


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
