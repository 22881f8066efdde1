"""The measured figures of a plan: from results/semantic_lookup.json, or from a small run."""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import redis

from benchmarks.lookup.ours import open_index
from benchmarks.measure import Timing
from benchmarks.report import environment
from benchmarks.workload import embed_questions
from semcache import keys
from semcache.blocking import run as run_flow
from semcache.capacity.plan import Measured
from semcache.codecs import Vector
from semcache.index import MatrixIndex, VectorSetIndex
from semcache.index.answer import Answer
from semcache.lab.offline.model import embed
from semcache.lab.redis_server import start_redis
from semcache.lab.traffic import load_phrasings

__all__ = ["Inputs", "measure", "read"]

MATRIX, GRAPH, ENGINE = "MatrixIndex", "VectorSetIndex", "raw FT.SEARCH HNSW"
DIMS = (384, 1_536)
INDEXES = {MATRIX: MatrixIndex, GRAPH: VectorSetIndex}
DAY = 86_400


class Inputs(NamedTuple):
    """Figures by dims and index, and where they come from."""

    figures: dict[tuple[int, str], Measured]
    source: str


def read(path: Path) -> Inputs:
    """Return what ``benchmarks.semantic_lookup`` has measured.

    Bytes and the time of a write are those at the largest size of an index.
    """
    result = json.loads(path.read_text())
    rows: dict[tuple[int, str], list[tuple[int, dict[str, Any]]]] = {}
    for run in sorted(result["runs"], key=lambda run: run["entries"]):
        for row in run["subjects"]:
            if row["name"] in (MATRIX, GRAPH, ENGINE) and "missing" not in row:
                found = rows.setdefault((run["dims"], row["name"]), [])
                found.append((run["entries"], row))
    figures = {}
    for (dims, name), sizes in rows.items():
        entries, row = sizes[-1]
        times = tuple((size, row["one"]["median"]) for size, row in sizes)
        built = row["built"] / entries
        figures[dims, name] = Measured(
            name, dims, row["stored"], row["process"] or 0.0, times, built
        )
    about = result["environment"]
    return Inputs(figures, f"{path.name} of {about['date']}, on {about['processor']}")


def measure(sizes: tuple[int, ...] = (250, 1_000)) -> Inputs:
    """Measure the two indexes of semcache with few entries, all of them real questions.

    Far too few to tell how a graph grows: only until there is something to :func:`read`.
    """
    texts = [row.text for row in load_phrasings()]
    asked, stored = texts[:100], texts[100 : 100 + max(sizes)]
    figures = {}
    with start_redis() as server:
        client = redis.Redis.from_url(server.url)
        for dims in DIMS:
            vectors = _vectors(texts[: 100 + max(sizes)], dims)
            for name in INDEXES:
                rows = [_measure(client, name, asked, stored[:n], vectors) for n in sizes]
                size, write = rows[-1][1:]
                times = tuple(zip(sizes, (row[0] for row in rows), strict=True))
                process = 4.0 * dims if name == MATRIX else 0.0
                figures[dims, name] = Measured(name, dims, size, process, times, write)
        about = environment(server.version)
    where = f"a small run of {about['date']}, on {about['processor']}"
    return Inputs(figures, f"{where}; benchmarks.semantic_lookup measures more and larger ones")


def _vectors(texts: list[str], dims: int) -> dict[str, Vector]:
    rows = np.stack([embed(text) for text in texts]) if dims == 384 else embed_questions(texts)
    return dict(zip(texts, rows, strict=True))


def _measure(
    client: redis.Redis, name: str, asked: list[str], stored: list[str], vectors: dict[str, Vector]
) -> tuple[float, float, float]:
    """Return the seconds of a lookup, the bytes of an entry, the seconds of a write."""
    client.flushdb()
    before = _used(client)
    index = open_index(INDEXES[name], client, "scaling:", lambda damaged: None)
    now = time.time()
    start = time.perf_counter()
    for text in stored:
        answer = Answer(text, "An answer of usual length. " * 10, now, now + DAY)
        run_flow(index.add(keys.digest(text), answer, vectors[text]))
    write = (time.perf_counter() - start) / len(stored)
    size = (_used(client) - before) / len(stored)
    seconds = []
    for text in asked:
        start = time.perf_counter()
        run_flow(index.nearest(vectors[text]))
        seconds.append(time.perf_counter() - start)
    return Timing(seconds).median, size, write


def _used(client: Any) -> int:
    return int(client.info("memory")["used_memory"])
