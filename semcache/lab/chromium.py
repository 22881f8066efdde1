"""The browser that the site's tests drive: a Chromium that is on this machine already."""

import os
import shutil
from pathlib import Path

__all__ = ["HOW_TO_GET_IT", "find_chromium"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
HOW_TO_GET_IT = (
    "apt install chromium, dnf install chromium, brew install --cask google-chrome, or name one in "
    "SEMCACHE_CHROMIUM"
)


def find_chromium() -> str | None:
    """Return the path of Chromium or Chrome; ``SEMCACHE_CHROMIUM`` names another one."""
    if named := os.environ.get("SEMCACHE_CHROMIUM"):
        return shutil.which(named)
    found = (shutil.which(name) for name in _NAMES)
    return next(filter(None, found), str(_MAC) if _MAC.exists() else None)
