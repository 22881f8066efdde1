"""Run the lessons top to bottom and store their outputs: ``python -m semcache.course.run``.

Name some lessons to run only those: ``python -m semcache.course.run 02 tiered``. A lesson that
fails is left as it was, its failing cell is printed, and the exit code is 1.
"""

import argparse
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from semcache.course import notebooks

FOLDER = Path(__file__).parents[2] / "notebooks"
_CHECK_LINE = re.compile(r"^\[(.)\] (\d\d\.\d+)  ", re.MULTILINE)
_SWITCHES = ("REDIS_URL", "SEMCACHE_ONLINE", "SEMCACHE_STRICT")  # would change what is printed


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    lesson: str
    cells: int
    seconds: float
    met: int
    checks: int
    note: str


def kernel_environment(redis_url: str | None = None, **more: str) -> dict[str, str]:
    """Return the environment in which outputs are made: offline, no progress, stated Redis.

    >>> "REDIS_URL" in kernel_environment()
    False
    """
    env = {name: value for name, value in os.environ.items() if name not in _SWITCHES}
    if redis_url:
        env["REDIS_URL"] = redis_url
    return env | {"SEMCACHE_PROGRESS": "off"} | more


def select(names: Sequence[str], folder: Path = FOLDER) -> list[Path]:
    """Return the notebooks whose file name contains one of the names; all without names.

    Raises:
        SystemExit: A name fits no notebook.
    """
    found = sorted(folder.glob("*.ipynb"))
    wanted = [Path(name).stem for name in names]
    for name in wanted:
        if not any(name in path.stem for path in found):
            raise SystemExit(f"no lesson is called {name!r}: {', '.join(p.stem for p in found)}")
    return [path for path in found if not wanted or any(name in path.stem for name in wanted)]


def run_lesson(
    path: Path, env: Mapping[str, str], *, cell_timeout: float, timeout: float, new_images: bool
) -> Row:
    """Run one lesson and store its outputs.

    Raises:
        RunFailed: A cell raised or the time was up; the file is as it was.
    """
    old = notebooks.read(path)
    new = deepcopy(old)
    cells = notebooks.code_cells(new)
    start = time.perf_counter()
    with tqdm(total=len(cells), desc=path.stem, unit="cell", leave=False) as bar:
        notebooks.execute(
            new, path.parent, env, cell_timeout=cell_timeout, timeout=timeout, on_cell=bar.update
        )
    seconds = time.perf_counter() - start
    notebooks.stabilise(new)
    kept = 0 if new_images else notebooks.keep_old_images(new, old)
    note = "written" if notebooks.write(new, path) else "unchanged"
    if kept:
        note += f", {kept} old images kept (--new-images replaces them)"
    marks = {check: mark for mark, check in _CHECK_LINE.findall(notebooks.printed(new))}
    met = sum(mark == "x" for mark in marks.values())
    return Row(path.stem, len(cells), seconds, met, len(marks), note)


def table(rows: Sequence[Row]) -> str:
    """Return the rows as aligned text.

    >>> print(table([Row("02_string_cache", 28, 3.21, 0, 3, "written")]))
    lesson           cells  seconds  checks met  file
    02_string_cache     28      3.2      0 of 3  written
    """
    width = max(len("lesson"), *(len(row.lesson) for row in rows))
    lines = [f"{'lesson':{width}}  cells  seconds  checks met  file"]
    for row in rows:
        checks = f"{row.met} of {row.checks}"
        lines.append(
            f"{row.lesson:{width}}  {row.cells:5}  {row.seconds:7.1f}  {checks:>10}  {row.note}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lessons named on the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="semcache.course.run", description=__doc__)
    parser.add_argument("names", nargs="*", help="a number, or a part of a notebook's name")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the notebooks are")
    parser.add_argument("--redis-url", help="run on this Redis; fakeredis when not given")
    parser.add_argument("--cell-timeout", type=float, default=120, help="seconds for one cell")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one lesson")
    parser.add_argument("--new-images", action="store_true", help="replace images always")
    options = parser.parse_args(arguments)
    env = kernel_environment(options.redis_url)
    rows: list[Row] = []
    try:
        for path in select(options.names, options.folder):
            row = run_lesson(
                path,
                env,
                cell_timeout=options.cell_timeout,
                timeout=options.timeout,
                new_images=options.new_images,
            )
            rows.append(row)
    except notebooks.RunFailed as failure:
        print(f"{path.stem}: {failure}\n\n{path.name} was left as it was.", file=sys.stderr)
        return 1
    finally:
        if rows:
            print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
