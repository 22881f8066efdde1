"""Build the web edition: ``make site``, ``make site ARGS=--serve``, ``make site ARGS=--gettext``.

Nothing is executed and nothing is asked of another machine: the pages show the stored outputs.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from edition.chinese import chinese_map, in_chinese
from edition.documents import document, rest_of_readme, source, terms_by_chinese_name
from edition.front import front
from edition.lessons import lessons, page_of, prose_of
from edition.numbers import list_of_measurements, measurement, measurements, pictures
from edition.places import ROOT, Places
from edition.proven import proven
from edition.reference import reference
from edition.search import index
from edition.tree import Tree

DOCS = Path(__file__).parent
DOCUMENTS = (
    *("CONTRIBUTING.md", "CHANGELOG.md", "data/README.md"),
    *("docs/terms.md", "docs/instructors.md"),
)


def derive(folder: Path) -> bool:
    """Write the sources of all pages; tell whether any has changed."""
    places, tree = Places(), Tree(folder)
    translated = []
    for file in lessons():
        page = places.page(file)
        tree.add(f"{page}.ipynb", page_of(file, places))
        if page.startswith("zh/"):
            translated.append(page)
    tree.add("index.md", front(translated, places))
    tree.add("use.md", rest_of_readme(places))
    tree.add("zh/index.md", chinese_map(places))
    tree.add("zh/terms.md", terms_by_chinese_name(places))
    tree.add("search.md", (DOCS / "search.md").read_bytes())
    tree.add("zh/search.md", (DOCS / "search_zh.md").read_bytes())
    tree.add("proven.md", proven())
    for file in DOCUMENTS:
        tree.add(f"{places.page(file)}.md", document(file, places))
    for file in measurements():
        tree.add(f"{places.page(file)}.md", measurement(file, places))
    tree.add("benchmarks/index.md", list_of_measurements(places))
    for path, picture in pictures():
        tree.add(path, picture)
    for path, text in reference():
        tree.add(path, text)
    for path in sorted(places.sources):
        tree.add(f"{places.page(path)}.md", source(path, places))
    return tree.write()


def sphinx(builder: str, pages: Path, out: Path, *options: str) -> None:
    """Run Sphinx; a warning is an error.

    Raises:
        SystemExit: It failed; it has said why.
    """
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", builder]
    command += ["-j", "auto", "-c", str(DOCS), "-d", str(out.with_name(f"{out.name}-doctrees"))]
    done = subprocess.run(
        [*command, *options, str(pages), str(out)], env=os.environ | {"PYTHONHASHSEED": "0"}
    )
    if done.returncode:
        raise SystemExit(done.returncode)


def finish(site: Path) -> None:
    """Let the site speak Chinese around Chinese text, and Pagefind read the pages."""
    for file in sorted((site / "zh").glob("*.html")):
        file.write_text(in_chinese(file.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.rmtree(site / "pagefind", ignore_errors=True)
    asyncio.run(index(site))


def serve(site: Path, port: int) -> None:
    """Serve the site on loopback until Ctrl+C."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"http://127.0.0.1:{server.server_port}/  (Ctrl+C ends it)", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


def main() -> None:
    """Build what was asked for."""
    parser = argparse.ArgumentParser(prog="make site", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--serve", action="store_true", help="then serve it on this machine")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--gettext", action="store_true", help="catalogues of the lessons' prose")
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="where site/ goes")
    options = parser.parse_args()
    started, out = time.perf_counter(), options.out.resolve()
    if options.gettext:
        tree = Tree(out / "prose")
        for file in lessons():
            if "/zh/" not in file:
                tree.add(Path(file).name, prose_of(file))
        tree.add("index.md", "```{toctree}\n:glob:\n*\n```\n")
        tree.write()
        # Links lead to files that are no pages here; their text is what is to be translated.
        ignored = "suppress_warnings=myst.xref_missing"
        sphinx("gettext", out / "prose", out / "gettext", "-D", ignored)
        made = out / "gettext"
    else:
        changed = derive(out / "pages")
        made = out / "site"
        # Every page shows the titles of all others: where one has changed, all are written.
        sphinx("html", out / "pages", made, *(["--write-all"] if changed else []))
        finish(made)
    print(f"{made} in {time.perf_counter() - started:.0f} s")
    if options.serve:
        serve(made, options.port)


if __name__ == "__main__":
    main()
