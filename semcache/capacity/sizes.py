"""Bytes that an entry takes, from what was measured; lesson 10's and the plan's figures."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from semcache.errors import ConfigError

__all__ = [
    "ANSWER",
    "COPY",
    "EXACT",
    "QUESTION",
    "Record",
    "embedding_bytes",
    "process_bytes",
    "stored_bytes",
]

ANSWER, QUESTION = 275, 70  # bytes of the texts that the record was measured with, on average
# Beside their texts, on Redis 8.2 with jemalloc; tests/test_capacity.py measures them again.
EXACT, COPY = 310, 705  # of an answer in the exact tier, and of a copy with its place in a list
_KEY = 146  # of the key and expiry of an embedding
_HEADERS = 30  # of its value


class Record:
    """What ``benchmarks/semantic_lookup.py`` measured, as ``data/semantic_lookup.json`` keeps it.

    Attributes:
        stored: Bytes an entry in Redis by index, then by dims, at the most entries measured.
        source: When and where.
    """

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            ConfigError: It is not there, or is no such record.
        """
        try:
            record: Any = json.loads(path.read_text(encoding="utf-8"))
            self.stored: dict[str, dict[int, float]] = {}
            for run in sorted(record["runs"], key=lambda run: run["entries"]):
                for row in run["subjects"]:
                    if row["stored"]:
                        self.stored.setdefault(row["name"], {})[run["dims"]] = row["stored"]
            about = record["environment"]
            self.source = f"{path.name} of {about['date']}, Redis {about['redis-server']}"
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{path} cannot be read: {error}. It comes with a clone of the repository"
            ) from error


def stored_bytes(record: Record, index: str, dims: int, answer: float = ANSWER) -> float:
    """Return the bytes in Redis of one answer with its vector.

    Between and beyond the dims that were measured it is a straight line, since a vector grows so.

    Args:
        record: What was measured.
        index: The name of the index' class.
        dims: Of a vector.
        answer: Bytes of an answer, on average.

    Raises:
        ConfigError: That index was not measured at two dims.
    """
    known = record.stored.get(index, {})
    if len(known) < 2:
        raise ConfigError(f"{index} was not measured at two dims: see {record.source}")
    slope, start = np.polyfit(list(known), list(known.values()), 1)
    return float(start + slope * dims) + answer - ANSWER


def process_bytes(index: str, dims: int) -> int:
    """Return the bytes of one vector in every process: MatrixIndex holds it as float32.

    Example:
        >>> process_bytes("MatrixIndex", 384), process_bytes("VectorSetIndex", 384)
        (1536, 0)
    """
    return 4 * dims if index == "MatrixIndex" else 0


def embedding_bytes(dims: int) -> int:
    """Return the bytes in Redis of one float32 vector of EmbeddingCache.

    The allocator of Redis, jemalloc, has four sizes for each doubling: a value takes the next.

    Example:
        >>> embedding_bytes(384), embedding_bytes(1_536)
        (1938, 7314)
    """
    size = 4 * dims + _HEADERS
    step = 1 << max(4, (size - 1).bit_length() - 3)
    return -(-size // step) * step + _KEY
