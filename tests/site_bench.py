"""One built site for all tests of a run, a server for it, and a browser without a network."""

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from semcache.lab.chromium import HOW_TO_GET_IT, find_chromium

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-site/bin/python"
NO_SPHINX = None if PYTHON.exists() else "no .venv-site here: make site makes it"
# Chromium asks nobody for the address of a host; loopback is none.
OFFLINE = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-gpu"]


def build(out: Path, *options: str) -> Path:
    """Build the site as `make site` does, with other files beside it."""
    command = [str(PYTHON), str(ROOT / "docs/build.py"), "--out", str(out), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site built from nothing, once for all workers."""
    if NO_SPHINX:
        pytest.skip(NO_SPHINX)
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "web/site/pagefind").exists():
            build(shared / "web")
    return shared / "web/site"


class Quiet(SimpleHTTPRequestHandler):
    """A plain file server."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A server that says nothing when the browser leaves in the middle of a file."""

    def handle_error(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback; give its address."""
    handler = partial(Quiet, directory=str(folder))
    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def chromium() -> Iterator[Any]:
    """Start the browser, or skip with the reason."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="no Playwright for this machine", exc_type=ImportError
    )
    path = find_chromium()
    if path is None:
        pytest.skip(f"no Chromium here: {HOW_TO_GET_IT}")
    root = ["--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=[*OFFLINE, *root])
        yield browser
        browser.close()
