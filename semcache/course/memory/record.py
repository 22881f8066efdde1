"""The numbers that were measured, as ``data/redis_memory.json`` holds them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from semcache.lab import data as _data

__all__ = [
    "FILE", "Eviction", "Measurement", "Row", "block", "key_bytes", "stored", "table", "to_json"
]  # fmt: skip

FILE = _data.FOLDER / "redis_memory.json"


@dataclass(frozen=True)
class Row:
    """What an entry of one size costs in four layouts, in bytes of ``used_memory``.

    Attributes:
        value: What is stored: a codec's name, or ``"bytes"`` for a value without meaning.
        dims: Numbers in the vector; 0 for bytes.
        payload: Bytes of the value itself, on average.
        fields: Entries in each hash.
        key: Under a key of its own, without a TTL.
        key_ttl: Under a key of its own, with a TTL.
        field: As a field of a hash, without a TTL.
        field_ttl: As a field with a TTL of its own.
        encoding: How Redis keeps the hash of plain fields, by ``OBJECT ENCODING``.
    """

    value: str
    dims: int
    payload: float
    fields: int
    key: float
    key_ttl: float
    field: float
    field_ttl: float
    encoding: str

    @property
    def saved(self) -> float:
        """The part of a key's memory that a field saves, in [0, 1], both with a TTL."""
        return 1 - self.field_ttl / self.key_ttl


@dataclass(frozen=True)
class Eviction:
    """A thousand vectors written to a server with room for about half of them.

    Attributes:
        every: Writes between two counts.
        string: Entries left, a key each, under ``allkeys-lru``.
        hash: Entries left, all in one hash, under ``allkeys-lru``.
        refused: Writes refused under ``volatile-lru``, when only the fields have TTLs.
    """

    every: int
    string: list[int]
    hash: list[int]
    refused: int


@dataclass(frozen=True)
class Measurement:
    """All numbers, and where they come from.

    Attributes:
        date: The day, as 2026-11-22.
        server: The version of Redis.
        allocator: Who hands memory to it; decides how sizes are rounded up.
        entries: How many were stored for each number.
        limits: Up to which count and size the server keeps a hash compact.
        classes: Bytes an entry of semcache's own classes, float32 at 384 dims.
        eviction: What a memory limit does; ``None`` on a server that is not ours to limit.
        rows: One for each kind of value and size of hash.
    """

    date: str
    server: str
    allocator: str
    entries: int
    limits: dict[str, int]
    classes: dict[str, float]
    eviction: Eviction | None
    rows: tuple[Row, ...]

    @property
    def source(self) -> str:
        """Where the numbers come from, in one line."""
        return (
            f"measured on Redis {self.server} ({self.allocator}) on {self.date} "
            "by python -m semcache.course.memory"
        )

    def row(self, value: str, dims: int) -> Row:
        """Return the row of a codec at a number of dimensions.

        >>> stored().row("float32", 1536).payload
        6156.0
        """
        return next(r for r in self.rows if (r.value, r.dims) == (value, dims))

    def tiny(self, fields: int) -> list[Row]:
        """Return the rows of small values in hashes of so many fields, by size."""
        return [r for r in self.rows if r.value == "bytes" and r.fields == fields]


def stored(file: Path = FILE) -> Measurement:
    """Return the measurement that belongs to the course."""
    data = json.loads(file.read_text(encoding="utf-8"))
    rows = tuple(Row(**row) for row in data["rows"])
    return Measurement(**data | {"rows": rows, "eviction": Eviction(**data["eviction"])})


def block(payload: int) -> int:
    """Return the bytes that jemalloc hands out for a Redis string of ``payload`` bytes.

    Six bytes of length and end go around the value. Blocks come in fixed sizes, four to each
    doubling: 1,024, 1,280, 1,536, 1,792, 2,048, 2,560 and so on.

    >>> block(1_536)
    1792
    """
    needed = payload + 6
    step = int(max(16, 2 ** ((needed - 1).bit_length() - 3)))
    return -(-needed // step) * step


def key_bytes(payload: int) -> int:
    """Return what a value of ``payload`` bytes, 64 or more, takes under a key with a TTL.

    The block of the value and 108 bytes: 78 for the key, whose name has 36 characters, and 30
    for its TTL.

    >>> key_bytes(6_156)
    7276
    """
    return block(payload) + 108


def table(rows: Sequence[Row]) -> str:
    """Return what vectors take as keys and as fields, without TTLs and with, as aligned text.

    >>> print(table([stored().row("float32", 1536)]))
             numbers  bytes  no TTLs: key  field  less    with TTLs: key  field  less
    float32    1,536  6,156         7,246  7,240     6             7,276  7,258    18
    """
    heads = (
        "",
        "numbers",
        "bytes",
        "no TTLs: key",
        "field",
        "less",
        "  with TTLs: key",
        "field",
        "less",
    )
    lines = [heads] + [
        (
            row.value,
            *(f"{n:,.0f}" for n in (row.dims, row.payload)),
            *(f"{n:,.0f}" for n in (row.key, row.field, row.key - row.field)),
            *(f"{n:,.0f}" for n in (row.key_ttl, row.field_ttl, row.key_ttl - row.field_ttl)),
        )
        for row in rows
    ]
    width = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        line[0].ljust(width[0])
        + "".join(f"  {c:>{w}}" for c, w in zip(line[1:], width[1:], strict=True))
        for line in lines
    )


def to_json(measurement: Measurement) -> str:
    """Return JSON with each row on a line, so that a change can be read."""
    data = asdict(measurement)
    rows = ",\n".join(f"    {json.dumps(row)}" for row in data.pop("rows"))
    rest = "".join(f"  {json.dumps(key)}: {json.dumps(data[key])},\n" for key in data)
    return f'{{\n{rest}  "rows": [\n{rows}\n  ]\n}}\n'
