"""Which checks were ever passed: a small JSON file that outlives the kernel."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

try:
    import fcntl
except ImportError:  # Windows: two kernels saving in the same instant may lose one check
    fcntl = None  # type: ignore[assignment]


def progress_file() -> Path | None:
    """Return where progress is kept, or None when SEMCACHE_PROGRESS=off."""
    setting = os.environ.get("SEMCACHE_PROGRESS", "")
    if setting.lower() == "off":
        return None
    if setting:
        return Path(setting).expanduser()
    return Path(platformdirs.user_data_dir("semcache")) / "progress.json"


def passed() -> frozenset[str]:
    """Return the ids of all checks passed on this and on earlier visits.

    A damaged file is set aside with one line of warning and counts as empty.
    """
    path = progress_file()
    if path is None:
        return frozenset()
    try:
        return _read(path)
    except OSError as error:
        print(f"semcache progress: {path} cannot be read ({error.strerror}).")
        return frozenset()


def remember(exercise: str) -> None:
    """Add a passed check; a disk that cannot be written costs a warning, not the lesson."""
    path = progress_file()
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path):
            before = _read(path)
            if exercise not in before:
                _write(path, before | {exercise})
    except OSError as error:
        print(f"semcache progress: {path} cannot be written ({error.strerror}).")


def _read(path: Path) -> frozenset[str]:
    try:
        ids = json.loads(path.read_bytes())["passed"]
        if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
            raise TypeError("passed is not a list of ids")
    except FileNotFoundError:
        return frozenset()
    except (ValueError, KeyError, TypeError):
        aside = path.with_name(path.name + ".damaged")
        os.replace(path, aside)
        print(f"semcache progress: {path.name} was damaged; kept as {aside.name}, starting anew.")
        return frozenset()
    return frozenset(ids)


def _write(path: Path, ids: frozenset[str]) -> None:
    text = json.dumps({"version": 1, "passed": sorted(ids)}, indent=1) + "\n"
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=path.name, delete=False
    ) as file:
        file.write(text)
    os.replace(file.name, path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of a progress file: os.replace alone would drop another kernel's check."""
    with open(path.with_name(path.name + ".lock"), "w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
