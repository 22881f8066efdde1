"""Lesson 00 in a real JupyterLab, in a real browser: one answer, then all cells to the end."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from site_bench import ROOT, chromium

NAME = "00_start_here.ipynb"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A JupyterLab of its own: its address, and its folder."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "RUNTIME")}
    env = (
        os.environ | own | {"SEMCACHE_PROGRESS": "off", "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path)}
    )
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--allow-root"]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={tmp_path}"]
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=env, cwd=tmp_path, stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api")
        yield f"http://127.0.0.1:{port}", tmp_path
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_for(url: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def test_a_lesson_runs_to_its_end_and_a_right_answer_is_met(lab: tuple[str, Path]) -> None:
    address, folder = lab
    cells: list[dict[str, Any]] = []
    shown: list[str] = []
    with chromium() as browser:
        # A click that comes before JupyterLab listens is lost on a busy machine: then once more,
        # with a copy, a kernel and a page that nobody has used.
        for place in ("notebooks", "again", "once_more"):
            (folder / place).mkdir()
            file = Path(shutil.copy(ROOT / "notebooks" / NAME, folder / place))
            page = browser.new_page(viewport={"width": 1200, "height": 2400})
            page.goto(f"{address}/doc/tree/{place}/{NAME}")
            page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell")
            page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
            _answer(page, "dims = ...", "dims = 384")
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            if cells := _saved_when_done(page, file):
                break
            shown.append(page.inner_text("body")[:2_000])
            page.close()
    assert cells, f"it did not come to its end; the page showed {shown}"
    said = {cell["id"]: _printed(cell) for cell in cells}
    assert said["80953848"].startswith("[x] 00.1  answer a check")
    original = json.loads((ROOT / "notebooks" / NAME).read_text(encoding="utf-8"))["cells"]
    others = {cell["id"]: _printed(cell) for cell in original if cell["cell_type"] == "code"}
    changed = {id for id, printed in others.items() if said[id] != printed}
    assert changed == {"80953848", "96bba9ee", "93105754"}, "the check, the map, the report"
    assert "[x] 00.b" in said["93105754"]


def _answer(page: Any, stub: str, answer: str) -> None:
    """Write an answer in the place of a stub, as a learner does."""
    editor = page.locator(".jp-CodeCell .cm-content", has_text=stub).first
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.type(answer)


def _saved_when_done(page: Any, file: Path, seconds: float = 60) -> list[dict[str, Any]]:
    """Save until the last cell has run; return the code cells of the file, none if it has not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        page.wait_for_timeout(1_000)
        page.keyboard.press("Control+s")
        cells = [
            c for c in json.loads(file.read_text("utf-8"))["cells"] if c["cell_type"] == "code"
        ]
        counts = [cell["execution_count"] for cell in cells]
        if any("384" in "".join(c["source"]) for c in cells) and counts == [
            *range(1, len(cells) + 1)
        ]:
            report = _printed(cells[-1])
            if "[x] 00.b" in report:
                return cells
    return []


def _printed(cell: dict[str, Any]) -> str:
    return "".join("".join(output.get("text", "")) for output in cell["outputs"])
