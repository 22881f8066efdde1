"""On which servers and processors each lesson's outputs were last compared, and when.

``make test`` writes it, to a file that is not under version control (``build/proven.json``);
``python -m semcache.course.proven`` adds that to the one that is (``docs/proven.json``).
"""

import hashlib
import json
import platform
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["MEASURED", "RECORDED", "Comparison", "fingerprint", "note", "processor", "read"]

_VERSION = re.compile(r" [\d.]+")
_ROOT = Path(__file__).parents[2]
MEASURED, RECORDED = _ROOT / "build/proven.json", _ROOT / "docs/proven.json"


@dataclass(frozen=True, order=True)
class Comparison:
    """One lesson, every output of which was as stored.

    Attributes:
        lesson: The notebook below ``notebooks/``, without its suffix: ``"zh/00_start_here"``.
        server: What it ran on: ``"fakeredis"``, ``"Redis 8.2.3, other CPU"``.
        processor: The machine's.
        python: Its version.
        cells: How many cells were compared.
        date: When, in UTC: ``"2026-11-29 09:57 UTC"``.
        notebook: The fingerprint of the file that was compared.
    """

    lesson: str
    server: str
    processor: str
    python: str
    cells: int
    date: str
    notebook: str

    @property
    def version(self) -> str:
        """The server's version, if it has one."""
        found = _VERSION.search(self.server)
        return found[0].strip() if found else ""

    @property
    def place(self) -> str:
        """What it ran on, whatever the version: ``"Redis, other CPU"``."""
        return _VERSION.sub("", self.server)

    @classmethod
    def now(cls, file: Path, lesson: str, server: str, cells: int) -> "Comparison":
        """Return what has just been shown on this machine."""
        date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        python = ".".join(platform.python_version_tuple()[:2])
        return cls(lesson, server, processor(), python, cells, date, fingerprint(file))


def fingerprint(file: Path) -> str:
    """Return a short hash of a file's text."""
    text = file.read_text(encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def processor() -> str:
    """Return the name of this processor; only Linux tells more than its family."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def read(*files: Path) -> list[Comparison]:
    """Return the last comparison of each lesson on each server and processor.

    Args:
        files: What to read; those that are not there are passed over.
    """
    found = [
        Comparison(**row)
        for file in files
        if file.exists()
        for row in json.loads(file.read_text(encoding="utf-8"))
    ]
    return _last(found)


def note(file: Path, new: Iterable[Comparison]) -> None:
    """Add comparisons to a file, each in the place of an earlier one."""
    rows = [asdict(row) for row in _last([*read(file), *new])]
    lines = ",\n".join(json.dumps(row) for row in rows)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def _last(found: Iterable[Comparison]) -> list[Comparison]:
    last: dict[tuple[str, str, str], Comparison] = {}
    for row in sorted(found, key=lambda row: row.date):
        last[row.lesson, row.place, row.processor] = row
    return sorted(last.values())


if __name__ == "__main__":
    note(RECORDED, read(MEASURED))
