"""Start a server for each subject, fill it, and open what will be asked.

One server each, all of the same binary: what Redis says it uses is then this subject's alone,
and no subject's write passes through another's index. Only the one that is asked is busy.
"""

import contextlib
import ctypes
import gc
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.lookup.corpus import Corpus, Query
from benchmarks.lookup.subject import Ask, OverBudget, Recipe, Store
from benchmarks.subjects import Missing
from semcache.lab.redis_server import SEARCH_MISSING, start_redis, start_redis_with_search

__all__ = ["Built", "Filled", "attempt", "build", "open_one"]

T = TypeVar("T")

AT_ONCE = 10_000  # entries from which on two subjects are filled at the same time


@dataclass(frozen=True)
class Filled:
    """A subject whose entries are stored.

    Attributes:
        recipe: What it is.
        store: Where its entries are.
        open: Opens a reader.
        seconds: What filling took.
        stored: Bytes for each entry, in Redis or in its own files.
        where: ``"Redis"``, ``"files"`` or ``""`` for one that stores nothing.
    """

    recipe: Recipe
    store: Store = field(repr=False)
    open: Callable[[], Ask]
    seconds: float
    stored: float
    where: str


@dataclass(frozen=True)
class Built:
    """A subject that can be asked.

    Attributes:
        filled: The subject.
        ask: One lookup.
        first: Seconds from nothing to the first answer: what a new process waits.
        process: Bytes of this process that each entry takes, about; not a number if unknown.
    """

    filled: Filled
    ask: Ask = field(repr=False)
    first: float
    process: float

    @property
    def recipe(self) -> Recipe:
        return self.filled.recipe


@contextmanager
def build(
    recipes: Iterable[Recipe], corpus: Corpus, seconds: float
) -> Iterator[list[Filled | Missing]]:
    """Yield every subject, filled, in the order of the recipes; their servers end afterwards."""
    workers = 2 if len(corpus.questions) >= AT_ONCE else 1
    recipes = list(recipes)
    with ExitStack() as stack, ThreadPoolExecutor(workers) as threads:
        jobs = {
            recipe.name: threads.submit(_fill, recipe, corpus, seconds, *_place(stack, recipe))
            for recipe in recipes
            if not recipe.of
        }
        filled = {name: _tell(job.result()) for name, job in jobs.items()}
        yield [_other_way(r, filled[r.of]) if r.of else filled[r.name] for r in recipes]


def _other_way(recipe: Recipe, filled: Filled | Missing) -> Filled | Missing:
    """Return the subject that asks an already filled store in another way."""
    if isinstance(filled, Missing):
        return Missing(recipe.name, recipe.role, filled.reason)
    return replace(filled, recipe=recipe, open=recipe.make(filled.store))


def _tell(subject: Filled | Missing) -> Filled | Missing:
    """Show on the terminal how far the long part of a run has come."""
    if isinstance(subject, Filled):
        print(f"  {subject.recipe.name}: filled in {subject.seconds:.1f} s", file=sys.stderr)
    else:
        print(f"  {subject.name}: {subject.reason}", file=sys.stderr)
    return subject


def _place(stack: ExitStack, recipe: Recipe) -> tuple[str, Path]:
    """Return the address of a new server ("" if there cannot be one), and a new folder."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="semcache-bench-")))
    if SEARCH_MISSING and recipe.search:
        return "", folder
    start = start_redis if SEARCH_MISSING else start_redis_with_search
    return stack.enter_context(start()).url, folder


def _fill(
    recipe: Recipe, corpus: Corpus, seconds: float, url: str, folder: Path
) -> Filled | Missing:
    entries = len(corpus.questions)
    if not url:
        return Missing(recipe.name, recipe.role, SEARCH_MISSING or "")
    if corpus.vectors.size > recipe.most:
        return Missing(recipe.name, recipe.role, "not asked at this size: it takes too long")
    store = Store(corpus, url, folder, seconds)
    with store.client() as client:
        before, start = _used(client), time.perf_counter()
        open_ = attempt(recipe, lambda: recipe.make(store))
        if isinstance(open_, Missing):
            return open_
        spent, redis_bytes = time.perf_counter() - start, _used(client) - before
    file_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    stored = 0 if recipe.role == "floor" else file_bytes or redis_bytes
    where = "" if recipe.role == "floor" else "files" if file_bytes else "Redis"
    return Filled(recipe, store, open_, spent, stored / entries, where)


def attempt(recipe: Recipe, action: Callable[[], T]) -> T | Missing:
    """Return what ``action`` returns, or why it cannot be had. Only a peer may fail."""
    try:
        return action()
    except ImportError as error:
        reason = f"not installed: {error}"
    except OverBudget as error:
        reason = str(error)
    except Exception as error:
        if recipe.role != "peer":
            raise
        reason = f"failed: {type(error).__name__}: {error}"
    return Missing(recipe.name, recipe.role, reason)


def _used(client: Any) -> int:
    return int(client.info("memory")["used_memory"])


def open_one(filled: Filled, query: Query, entries: int) -> Built:
    """Open a subject and ask it its first question."""
    before, start = _resident(), time.perf_counter()
    ask = filled.open()
    ask(query)
    first = time.perf_counter() - start
    return Built(filled, ask, first, max(0.0, _resident() - before) / entries)


def _resident() -> float:
    """Bytes of memory that this process holds; not a number where they cannot be told (Linux can).

    What was freed but kept for later goes back to the system first.
    """
    gc.collect()
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)  # glibc
    table = Path("/proc/self/statm")
    if not table.exists():
        return math.nan
    return int(table.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
