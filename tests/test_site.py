"""The web edition in a real browser, without a network: search, keyboard, paper, accessibility."""

import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from site_bench import NO_SPHINX, chromium, served, site  # noqa: F401  a fixture

pytestmark = pytest.mark.skipif(NO_SPHINX is not None, reason=NO_SPHINX or "")
LESSON = "lessons/08_choose_a_threshold.html"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
# One of each kind; the first six are judged in dark colours, too, and on a narrow screen.
KINDS = (
    *("index.html", LESSON, "zh/00_start_here.html", "terms.html", "search.html?q=threshold"),
    *("reference/02_string_cache.html", "benchmarks/semantic_lookup.html", "proven.html"),
    *("source/semcache/keys.py.html", "use.html", "instructors.html"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:  # noqa: F811
    with served(site) as url:
        yield url


class Tab:
    """A page of the browser that notes what goes wrong and what is asked of whom."""

    def __init__(self, browser: Any, address: str, width: int = 1280, **options: Any) -> None:
        size = {"width": width, "height": 900}
        self.context = browser.new_context(viewport=size, **options)
        self.page, self.address = self.context.new_page(), address
        self.wrong: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)
        self.page.on("request", self._asked)

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)

    def _failed(self, request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left before it had all
            self.wrong.append(f"{request.failure}: {request.url}")

    def _answered(self, response: Any) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status}: {response.url}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.wrong.append(f"asked {request.url}")

    def open(self, path: str) -> Any:
        self.page.goto(f"{self.address}/{path}", wait_until="load")
        return self.page


@pytest.fixture
def tab(browser: Any, address: str) -> Iterator[Tab]:
    opened = Tab(browser, address)
    yield opened
    opened.context.close()
    assert opened.wrong == []


def all_pages(folder: Path) -> list[str]:
    found = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.html"))
    return [path for path in found if not path.startswith("_")]


def test_every_page_loads_in_silence_and_a_narrow_screen_does_not_scroll_sideways(
    browser: Any,
    address: str,
    site: Path,  # noqa: F811
    subtests: pytest.Subtests,
) -> None:
    tab = Tab(browser, address, width=360)
    for path in all_pages(site):
        page = tab.open(path)
        with subtests.test(path):
            assert tab.wrong == []
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
        tab.wrong.clear()
    tab.context.close()


def search(tab: Tab, query: str, start: str = "search.html") -> list[tuple[str, str]]:
    """Search by hand from a page; return titles and addresses of what is found."""
    page = tab.open(start)
    if start != "search.html":
        page.keyboard.press("Control+k")
        page.keyboard.type(query)
    else:
        page.fill("#semcache-query", query)
    page.keyboard.press("Enter")
    page.wait_for_selector("#semcache-results li")
    links = page.locator("#semcache-results a")
    return [(a.inner_text(), a.get_attribute("href")) for a in links.all()]


def test_search_finds_a_threshold_and_a_stampede(tab: Tab) -> None:
    found = search(tab, "threshold", start="index.html")
    assert any("08_choose_a_threshold" in link for _, link in found[:3])
    assert any("11_many_callers" in link for _, link in search(tab, "stampede")[:2])


def test_search_finds_chinese_words_from_english_and_chinese_pages(tab: Tab) -> None:
    for start in ("index.html", "zh/index.html", "search.html"):
        found = search(tab, "选择阈值", start=start)
        assert any("/zh/" in link for _, link in found)
        page = tab.page
        marked = page.locator("#semcache-results mark").all_inner_texts()
        assert {"选择", "阈值"} <= set(marked), "each word by itself: the query was split"


def test_search_says_when_there_is_nothing(tab: Tab) -> None:
    page = tab.open("search.html?q=zzxqj")
    page.wait_for_function("document.getElementById('semcache-status').textContent.includes('zzx')")
    assert page.inner_text("#semcache-status") == "Nothing found for “zzxqj”."


def test_a_hint_and_a_solution_fold_out_by_keyboard(tab: Tab) -> None:
    page = tab.open(LESSON)
    for word in ("Hint", "Solution"):
        summary = page.locator(".exercise-help summary", has_text=word).first
        shown = summary.locator("xpath=following-sibling::*").first
        assert not shown.is_visible()
        summary.focus()
        page.keyboard.press("Enter")
        assert shown.is_visible()


FOCUSABLE = """() => {
  const wanted = 'a[href], button, input, select, summary, [tabindex="0"]';
  const shown = [...document.querySelectorAll(wanted)].filter(
    (e) => !e.disabled && e.tabIndex >= 0 && e.getClientRects().length &&
           e.checkVisibility({ visibilityProperty: true }));
  shown.forEach((e, n) => e.dataset.reach = n);
  return shown.map((e) => e.dataset.reach + ' ' + e.outerHTML.slice(0, 90));
}"""


@pytest.mark.parametrize("path", ["index.html", LESSON])
def test_the_keyboard_alone_reaches_everything(tab: Tab, path: str) -> None:
    page = tab.open(path)
    wanted = page.evaluate(FOCUSABLE)
    reached = set()
    for _ in range(len(wanted) + 20):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.dataset.reach"))
    assert [what for what in wanted if what.split(" ")[0] not in reached] == []
    assert len(wanted) > 40


def test_the_first_stop_of_the_keyboard_skips_to_the_text(tab: Tab) -> None:
    page = tab.open(LESSON)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main-content"


def test_paper_gets_the_text_and_all_of_the_code(browser: Any, address: str) -> None:
    tab = Tab(browser, address, color_scheme="dark")
    page = tab.open(LESSON)
    page.emulate_media(media="print")
    page.wait_for_function("document.documentElement.dataset.theme == 'light'")
    for hidden in (".bd-sidebar-primary", ".bd-sidebar-secondary", ".prev-next-footer"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator("h1:visible").first.inner_text().startswith("08.")
    code = page.locator("article pre").all()
    assert [
        c.inner_text() for c in code if c.evaluate("c => c.scrollWidth > c.clientWidth + 1")
    ] == []
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="screen", color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.theme == 'dark'")
    tab.context.close()


# The rules whose verdict is made of colours; the others see the same page in the dark.
COLOURS = ["color-contrast", "link-in-text-block"]
WITHOUT_COLOURS = {rule: {"enabled": False} for rule in COLOURS}


def violations(page: Any, outside: str = "", **options: Any) -> list[str]:
    """What axe-core finds, a line for each rule and the first element that breaks it.

    ``outside`` of which part of the page it looks, and axe's other options, such as ``rules``.
    """
    page.add_style_tag(content="* { transition: none !important; }")  # no colour halfway
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    where = {"include": [["html"]], "exclude": [[outside]] if outside else []}
    given = {"runOnly": WCAG, "resultTypes": ["violations"], "preload": False, **options}
    run = f"axe.run({json.dumps(where)}, {json.dumps(given)})"
    found = page.evaluate(f"{run}.then(r => r.violations)")
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]} ({len(v['nodes'])})" for v in found]


def _axe() -> str:
    spec = find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        return ""
    return Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8")


AXE = _axe()


@pytest.mark.skipif(not AXE, reason="no axe-core: pip install -e '.[test-site]'")
def test_axe_finds_no_violation_of_wcag_2_1_aa(
    browser: Any, address: str, subtests: pytest.Subtests
) -> None:
    tab = Tab(browser, address, color_scheme="light")
    for path in KINDS:
        page = opened_for_axe(tab, path)
        with subtests.test(path):
            assert violations(page) == []
        if path in KINDS[:6]:
            page.emulate_media(color_scheme="dark")
            page.wait_for_function("document.documentElement.dataset.theme == 'dark'")
            with subtests.test(path, colours="dark"):
                assert violations(page, runOnly=COLOURS) == []
            page.emulate_media(color_scheme="light")
    tab.context.close()


@pytest.mark.skipif(not AXE, reason="no axe-core: pip install -e '.[test-site]'")
def test_axe_finds_no_violation_of_wcag_2_1_aa_on_a_narrow_screen(
    browser: Any, address: str, subtests: pytest.Subtests
) -> None:
    """A text has the same colours at any width; what is around it is another, with a menu."""
    tab = Tab(browser, address, width=360, color_scheme="light")
    for path in KINDS[:6]:
        page = opened_for_axe(tab, path)
        with subtests.test(path):
            assert violations(page, rules=WITHOUT_COLOURS) == []
            assert violations(page, outside="article", runOnly=COLOURS) == []
    tab.context.close()


def opened_for_axe(tab: Tab, path: str) -> Any:
    page = tab.open(path)
    page.evaluate("document.querySelectorAll('article details').forEach(d => d.open = true)")
    if "search" in path:
        page.wait_for_selector("#semcache-results li")
    return page


def test_it_opens_from_a_folder_but_for_the_search(browser: Any, site: Path) -> None:  # noqa: F811
    tab = Tab(browser, site.as_uri())
    page = tab.open(LESSON)
    assert page.locator("article h1").inner_text().startswith("08.")
    page.locator("article img").first.scroll_into_view_if_needed()
    assert page.evaluate("[...document.images].every(i => i.naturalWidth > 0 || i.loading)")
    page = tab.open("search.html")
    assert re.search("Serve this folder", page.inner_text("#semcache-status"))
    tab.context.close()
    assert tab.wrong == []


def results(tab: Tab, query: str) -> list[tuple[str, str]]:
    """The languages and addresses of what a search finds."""
    search(tab, query)
    return tab.page.evaluate(
        "[...document.querySelectorAll('#semcache-results li')]"
        ".map((li) => [li.lang, li.querySelector('a').getAttribute('href')])"
    )


def test_chinese_words_lead_to_the_lesson_itself(tab: Tab) -> None:
    wanted = {
        "选择阈值": "08", "怎样选择阈值": "08", "语义缓存": "06", "缓存命中率": "01",
        "缓存击穿": "11", "惊群": "11",
    }  # fmt: skip
    found = {query: results(tab, query) for query in wanted}
    lost = {q: found[q] for q, n in wanted.items()
            if not any(f"/lessons/{n}_" in link for _, link in found[q][:2])}  # fmt: skip
    assert lost == {}
    assert found["选择阈值"][0][0] == "zh-CN"


def test_english_words_find_english_text_first_and_its_section(tab: Tab) -> None:
    for query in ("azure", "delete an answer", "how to stop a stampede", "thundering herd"):
        found = results(tab, query)
        assert {language for language, _ in found} == {"en"}, query
        assert "#" in found[0][1], query
    assert "11_many_callers.html#" in results(tab, "how to stop a stampede")[0][1]
    kinds = [link.split("/")[1] for _, link in results(tab, "stampede")]
    assert "benchmarks" not in kinds[:2] and "benchmarks" in kinds


def test_a_hundred_columns_of_code_fit_beside_the_sidebars(tab: Tab) -> None:
    page = tab.open(LESSON)
    code = page.locator("article .cell_input pre").first
    code.evaluate("pre => { pre.textContent = 'x'.repeat(100) }")
    assert code.evaluate("pre => pre.scrollWidth <= pre.clientWidth")
    assert page.locator(".bd-sidebar-secondary").is_visible()


def test_what_goes_on_to_the_right_shows_it(tab: Tab) -> None:
    page = tab.open("benchmarks/semantic_lookup.html")
    box = page.locator(".pst-scrollable-table-container.goes-on").first
    box.wait_for()
    box.evaluate("box => { box.scrollLeft = box.scrollWidth; box.dataset.seen = 1 }")
    page.wait_for_function("!document.querySelector('[data-seen]').matches('.goes-on')")
