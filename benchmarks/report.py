"""Turn the measurements into the tables of the terminal, of the markdown file and of the JSON."""

import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["RESULTS", "Target", "environment", "markdown", "table", "targets", "write"]

RESULTS = Path(__file__).parent / "results"

FLOAT32, INT8 = "EmbeddingCache float32", "EmbeddingCache int8"
TIERED = "TieredEmbeddingCache, in memory"
PACKAGES = (
    "semcache-course", "numpy", "redis", "hiredis", "openai",
    "redisvl", "langchain-core", "langchain-classic", "langchain-community",
)  # fmt: skip

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Target:
    """One promise: a measured value and the bound that it should keep.

    Attributes:
        what: What is compared with what.
        value: What was measured; ``None`` when a side of the comparison is missing.
        bound: The promise.
        at_most: Whether the bound is an upper one.
        unit: ``"x"``, ``"us"``, or ``""`` for a share.
    """

    what: str
    value: float | None
    bound: float
    at_most: bool
    unit: str = "x"

    @property
    def promise(self) -> str:
        return f"at {'most' if self.at_most else 'least'} {self.bound:,g}{self._unit}"

    @property
    def measured(self) -> str:
        return "-" if self.value is None else self._shown(self.value)

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        short = self.value - self.bound if self.at_most else self.bound - self.value
        return "reached" if short <= 0 else f"short by {self._shown(short)}"

    def as_dict(self) -> dict[str, Any]:
        """Return what the tables show, and the value."""
        return {"what": self.what, "promise": self.promise, "value": self.value,
                "measured": self.measured, "verdict": self.verdict}  # fmt: skip

    def _shown(self, value: float) -> str:
        return f"{value:,.{2 if self.unit else 3}f}{self._unit}"

    @property
    def _unit(self) -> str:
        return f" {self.unit}" if self.unit == "us" else self.unit


def targets(rows: Rows) -> list[Target]:
    """Return every promise of the project about these caches, with what was measured."""
    single, batch = _ratios(rows, "one", FLOAT32), _ratios(rows, "many", FLOAT32)
    tiered, size = _ratios(rows, "one", TIERED), _ratios(rows, "memory", FLOAT32)
    small = _ratios(rows, "memory", INT8)
    micros = next(row["one"]["median"] * 1e6 for row in rows if row["name"] == TIERED)
    return [
        Target("single hit, its time against the floor", _inverse(single["floor"]), 1.4, True),
        Target("single hit, faster than the best peer", single["peer"], 4, False),
        Target("single hit, faster than the tutorial code", single["source"], 5, False),
        Target("batch of hits, its time against the floor", _inverse(batch["floor"]), 1.5, True),
        Target("batch of hits, faster than the best peer", batch["peer"], 20, False),
        Target("batch of hits, faster than the tutorial code", batch["source"], 20, False),
        Target("hit in memory", micros, 5, True, "us"),
        Target("hit in memory, faster than the best peer", tiered["peer"], 30, False),
        Target("float32, fewer bytes than the best peer", size["peer"], 5.5, False),
        Target("float32, fewer bytes than the tutorial code", size["source"], 5.5, False),
        Target("int8, fewer bytes than the best peer", small["peer"], 20, False),
        Target("int8, fewer bytes than the tutorial code", small["source"], 20, False),
    ]


def _ratios(rows: Rows, measure: str, ours: str) -> dict[str, float | None]:
    """How many times the floor, the best peer and the tutorial code take what ``ours`` takes."""

    def amounts(key: str, wanted: str) -> list[float]:
        found = [row[measure] for row in rows if row[key] == wanted and "missing" not in row]
        return [amount["median"] if isinstance(amount, dict) else amount for amount in found]

    (mine,) = amounts("name", ours)
    best = {role: min(amounts("role", role), default=None) for role in ("floor", "peer", "source")}
    return {role: None if amount is None else amount / mine for role, amount in best.items()}


def _inverse(ratio: float | None) -> float | None:
    return None if ratio is None else 1 / ratio


def write(result: dict[str, Any], name: str, title: str, caption: str, text: str) -> None:
    """Write a result as JSON and as markdown, whose picture is drawn beside them by others."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
    (RESULTS / f"{name}.md").write_text(f"# {title}\n\n![{caption}]({name}.png)\n\n{text}\n")


def environment(redis_version: str, packages: tuple[str, ...] = PACKAGES) -> dict[str, Any]:
    """Return the date, the processor and all versions."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "redis-server": redis_version,
        **{package: _version(package) for package in packages},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    """The name of the processor; only Linux tells more than its family."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else platform.processor()


def markdown(result: dict[str, Any]) -> str:
    """Return the tables of one run; also what the terminal shows."""
    settings = result["settings"]
    head = ["", "single hit, us", "p95", "x floor", f"batch of {settings['entries']}, ms", "p95"]
    head += ["x floor", "bytes in Redis", "payload"]
    lines = table(head, [_row(row, result["subjects"]) for row in result["subjects"]])
    lines += ["", "Times are medians and 95th percentiles of one interleaved run.", ""]
    cells = [[t["what"], t["promise"], t["measured"], t["verdict"]] for t in result["targets"]]
    lines += table(["", "to reach", "measured", ""], cells)
    lines += ["", "; ".join(f"{name} {value}" for name, value in settings.items()), ""]
    lines += ["; ".join(f"{name} {value}" for name, value in result["environment"].items())]
    return "\n".join(lines)


def _row(row: dict[str, Any], rows: Rows) -> list[str]:
    if "missing" in row:
        return [row["name"], row["missing"], *[""] * 7]
    cells = [row["name"]]
    for measure, scale in (("one", 1e6), ("many", 1e3)):
        times, floor = row[measure], rows[0][measure]["median"]
        cells += [f"{times['median'] * scale:.1f}", f"{times['p95'] * scale:.1f}"]
        cells += [f"{times['median'] / floor:.2f}"]
    return [*cells, f"{row['memory']:,.0f}", f"{row['payload']:,.0f}"]


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a table in markdown, its columns aligned."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = ["-" * width for width in widths]
    aligned = ([cell.ljust(w) for cell, w in zip(row, widths, strict=True)] for row in
               (head, rule, *rows))  # fmt: skip
    return ["| " + " | ".join(row) + " |" for row in aligned]
