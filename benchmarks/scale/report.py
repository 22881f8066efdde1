"""The plan as text: what it assumes, what was measured, what is extrapolated, what comes out."""

from dataclasses import fields

from benchmarks.report import table
from benchmarks.scale.inputs import DIMS, ENGINE, GRAPH, MATRIX, Inputs
from semcache.capacity.plan import (
    Assumptions,
    Measured,
    Plan,
    Traffic,
    many_scopes,
    mixed,
    one_scope,
)

__all__ = ["SIZES", "markdown"]

SIZES = (1_000_000, 100_000_000, 10_000_000_000)
NAMES = {1_000_000: "1 million", 100_000_000: "100 million", 10_000_000_000: "10 billion"}
HEAD = [
    "entries", "arrangement", "nodes", "GB a node", "lookup, ms", "lookups/s a node",
    "lookups/s in all", "asked at the peak", "dollars a month", "dollars per 1,000 requests",
]  # fmt: skip
MEANINGS = {
    "node_gb": "GB of memory of a node: one Redis primary, one main thread",
    "usable": "share of it for entries; the rest for fragmentation, buffers, a copy for a replica",
    "packed": "share of the usable memory that is filled, since a scope moves whole",
    "replicas": "copies of every primary that stand by",
    "dollars_per_gb_month": "dollars for a GB of memory a month: put your price here",
    "utilisation": "share of the time that a main thread may be busy at the peak",
    "scope_entries": "entries of a scope, where there are many",
    "fitting": "share of all entries in scopes that fit one node, in the mixed arrangement",
    "ttl_days": "days that an answer lives",
    "hit_rate": "share of requests that the cache answers",
    "peak": "requests at the peak, over those on average",
}
MEASURED = """\
Times are from the vector at hand to the answer's text as a client on the same machine sees them,
so they hold the client's own work and the round trip: what keeps the server busy is less, and a
node does more lookups than stated here. Both client and server ran on the machine named below,
which has two cores; no figure here was measured on a node of 64 GB or on more than one node."""
EXTRAPOLATED = """\
- **Bytes an entry** are taken to stay what they were at the largest size measured. Answers here
  have some 300 characters; add the difference to yours.
- **A lookup in a graph** is taken to grow with log n beyond the largest size measured, as steeply
  as between the last two sizes measured. That is how HNSW is meant to grow; a graph that leaves
  the processor's caches grows faster for a while. Such times have a star.
- **One huge scope** asks every shard at once and takes the best answer of all. The time stated is
  that of one shard; waiting for the slowest of many, and merging, come on top and were not
  measured. A search is counted as if a shard ran one at a time; Redis' Query Engine can use more
  threads (WORKERS).
- **Recall** at such sizes was not measured. Asking for more candidates costs time."""
CHOICE = """\
**Many scopes** (tenants, products, languages, models) is the arrangement that scales by adding
nodes. All keys of a scope carry the same hash tag, `{scope}`, so that a Redis Cluster keeps them
on one node: a lookup asks one node and nobody else, a node that fails takes its scopes' hits with
it and no others, and capacity grows with the number of nodes. A vector set is one key, so a scope
can never be larger than a node, and the busiest scope never faster than one.

**One huge scope** needs an index that spans nodes: the Query Engine on a cluster. Neither vector
sets nor semcache's RedisVLIndex do, which asks one server: this arrangement is a figure, not a
feature. There every lookup keeps every shard busy. More shards hold more entries, but make
hardly more lookups a second; only further copies of all shards do. Split a scope if anything in
the question allows it: by language, by product, by model.

**Mixed** puts the scopes that fit on nodes with vector sets, and the rest on the Query Engine."""


def markdown(inputs: Inputs, given: Assumptions) -> str:
    """Return the whole text."""
    lines = ["# A plan for 1 million, 100 million and 10 billion answers", ""]
    lines += ["Computed by `python -m benchmarks.scaling`; do not edit.", "", "## Assumed", ""]
    lines += [*table(["", "value", "what it is"], _assumed(given)), ""]
    lines += ["They are the constants of `Assumptions` in `semcache/capacity/plan.py`. Change any:",
              "`python -m benchmarks.scaling --set node_gb=128 dollars_per_gb_month=4`.",
              ""]  # fmt: skip
    lines += ["## Traffic", "", "A miss is an LLM call and keeps one answer for the TTL: as many",
              "answers are alive as there are misses in one TTL. So these requests fill the cache:",
              "", *_traffic(given), ""]  # fmt: skip
    lines += ["## Measured", "", *_measured(inputs), "", MEASURED, "", f"Source: {inputs.source}."]
    lines += ["", "## Extrapolated", "", EXTRAPOLATED, "", "## The plan", ""]
    for dims in DIMS:
        lines += [f"### {dims:,} dims", "", *table(HEAD, _plans(inputs, dims, given)), ""]
    lines += _missing(inputs)
    lines += [
        "Nodes are primaries x copies, each with its own memory and main thread. A star marks a",
        "time beyond what was measured. The lookups are those of the primaries, at the utilisation",
        f"assumed; of {GRAPH} in many scopes, of the Query Engine in one. A plan that needs",
        "little of a node pays for the whole: set `node_gb` to a smaller one.",
        "",
    ]
    lines += [CHOICE, "", *_matrix(inputs, given)]
    return "\n".join(lines) + "\n"


def _assumed(given: Assumptions) -> list[list[str]]:
    return [[f.name, f"{getattr(given, f.name):,}", MEANINGS[f.name]] for f in fields(given)]


def _traffic(given: Assumptions) -> list[str]:
    head = ["entries", "requests/s", "requests/s at the peak", "LLM calls/s", "LLM calls a month"]
    rows = []
    for size in SIZES:
        flow = Traffic.of(size, given)
        rates = (flow.requests, flow.requests * given.peak, flow.llm_calls)
        month = f"{size * 30 / given.ttl_days:,.0f}"
        rows.append([NAMES[size], *(f"{rate:,.1f}" for rate in rates), month])
    return table(head, rows)


def _measured(inputs: Inputs) -> list[str]:
    head = ["", "dims", "bytes an entry", "in every process", "lookup, ms", "write, ms"]
    rows = []
    for figure in inputs.figures.values():
        times = ", ".join(f"{s * 1e3:.2f} at {n:,}" for n, s in figure.times)
        sizes = [f"{figure.bytes_per_entry:,.0f}", f"{figure.process_bytes:,.0f}"]
        rows.append([figure.index, f"{figure.dims:,}", *sizes, times, f"{figure.write * 1e3:.2f}"])
    return table(head, rows)


def _plans(inputs: Inputs, dims: int, given: Assumptions) -> list[list[str]]:
    graph, engine = (inputs.figures.get((dims, name)) for name in (GRAPH, ENGINE))
    rows = []
    for size in SIZES:
        if graph:
            row = many_scopes(size, graph, given)
            rows.append(_row(size, f"many scopes of {given.scope_entries:,}", row, graph))
        if engine:
            rows.append(_row(size, "one huge scope", one_scope(size, engine, given), engine))
        if graph and engine:
            small, huge = mixed(size, graph, engine, given)
            rows.append(_row(size, f"mixed: {given.fitting:.0%} in scopes that fit", small, graph))
            rows.append(_row(size, "mixed: the rest", huge, engine))
    return rows


def _row(size: int, arrangement: str, plan: Plan, index: Measured) -> list[str]:
    return [
        NAMES[size],
        arrangement,
        f"{plan.shards:,} x {plan.copies}",
        f"{plan.gb_per_node:.1f}",
        f"{plan.lookup * 1e3:.2f}{'*' * (plan.searched > index.largest)}",
        f"{plan.per_node:,.0f}",
        f"{plan.in_all:,.0f}",
        f"{plan.peak:,.1f}",
        f"{plan.dollars:,.0f}",
        f"{plan.per_thousand:.2f}",
    ]


def _missing(inputs: Inputs) -> list[str]:
    if any(name == ENGINE for _, name in inputs.figures):
        return []
    return ["One huge scope is missing: no server with the search module was measured. Run",
            "`python -m benchmarks.semantic_lookup` where its wheel can be installed.",
            ""]  # fmt: skip


def _matrix(inputs: Inputs, given: Assumptions) -> list[str]:
    """Say what MatrixIndex takes, which holds a scope in every process."""
    found: list[Measured] = [f for (_, name), f in inputs.figures.items() if name == MATRIX]
    lines = [f"**{MATRIX}** needs no vector search on the server, and nodes only for memory. But",
             "every process that serves a scope holds all its vectors, so it suits scopes of up to",
             "100,000 entries in processes that serve few of them:", ""]  # fmt: skip
    head = [
        "dims",
        "bytes an entry in Redis",
        "a scope in each process, MB",
        "all of 1 million, GB",
    ]
    rows = [
        [f"{f.dims:,}", f"{f.bytes_per_entry:,.0f}",
         f"{given.scope_entries * f.process_bytes / 1e6:,.0f}", f"{f.process_bytes / 1e3:.1f}"]
        for f in found
    ]  # fmt: skip
    return [*lines, *table(head, rows)]
