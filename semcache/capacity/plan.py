"""The arithmetic of a plan: memory, nodes, lookups per second, dollars.

A *node* is one Redis primary with one main thread, which does one thing at a time: a lookup in a
vector set, or a write. So a node is full when its memory is, or when its thread is busy.
"""

import math
from dataclasses import dataclass

__all__ = [
    "GB",
    "Assumptions",
    "Measured",
    "Plan",
    "Traffic",
    "many_scopes",
    "mixed",
    "nodes_for",
    "one_scope",
]

GB = 1e9
DAY = 86_400
MONTH = 30 * DAY


@dataclass(frozen=True)
class Assumptions:
    """What the plan takes for granted. Replace each by your own figure.

    Attributes:
        node_gb: Memory of a node, in GB (1e9 bytes).
        usable: Share of it that entries may take; the rest is for fragmentation, buffers and the
            pages that change while a replica is being filled.
        packed: Share of the usable memory that is filled on average, as scopes move whole.
        replicas: Copies of every primary that stand by.
        dollars_per_gb_month: Price of a GB of a node's memory for a month. A placeholder.
        utilisation: Share of the time that a main thread may be busy at the peak.
        scope_entries: Entries of one scope, where there are many scopes.
        fitting: Share of all entries in scopes that fit one node; for the mixed arrangement.
        ttl_days: Days an answer lives.
        hit_rate: Share of requests that the cache answers.
        peak: Requests per second at the peak, over those on average.
    """

    node_gb: float = 64
    usable: float = 0.7
    packed: float = 0.9
    replicas: int = 1
    dollars_per_gb_month: float = 10
    utilisation: float = 0.5
    scope_entries: int = 100_000
    fitting: float = 0.9
    ttl_days: float = 30
    hit_rate: float = 0.4
    peak: float = 4

    @property
    def bytes_per_node(self) -> float:
        """Bytes of entries that a node holds."""
        return self.node_gb * GB * self.usable * self.packed


@dataclass(frozen=True)
class Measured:
    """What one index was measured to take at one number of dims.

    Attributes:
        index: Its name.
        dims: Dimensions of a vector.
        bytes_per_entry: In Redis, answer included.
        process_bytes: Bytes an entry takes in every process that reads; 0 if none.
        times: Pairs of entries and seconds of a lookup, smallest first.
        write: Seconds to add one entry.
    """

    index: str
    dims: int
    bytes_per_entry: float
    process_bytes: float
    times: tuple[tuple[int, float], ...]
    write: float

    @property
    def largest(self) -> int:
        """The largest number of entries that was measured."""
        return self.times[-1][0]

    def seconds(self, entries: float) -> float:
        """Return the seconds of a lookup: measured, or on a line over the logarithm of entries.

        Beyond what was measured, the line goes on as steeply as between the last two sizes, and
        at least as steeply as log n itself.

        Example:
            >>> graph = Measured("HNSW", 384, 2e3, 0, ((1_000, 0.2e-3), (100_000, 0.6e-3)), 1e-3)
            >>> [round(graph.seconds(n) * 1e3, 2) for n in (100, 10_000, 100_000, 10_000_000)]
            [0.2, 0.4, 0.6, 1.0]
        """
        if entries <= self.times[0][0]:
            return self.times[0][1]
        last, end = self.times[-1]
        if entries >= last:
            before, start = self.times[-2] if len(self.times) > 1 else (1, 0.0)
            slope = max((end - start) / math.log(last / before), end / math.log(last))
            return end + slope * math.log(entries / last)
        (low, start), (high, end) = next(
            pair for pair in zip(self.times, self.times[1:], strict=False) if entries <= pair[1][0]
        )
        return start + (end - start) * math.log(entries / low) / math.log(high / low)


@dataclass(frozen=True)
class Traffic:
    """The traffic that keeps so many answers alive, per second on average.

    Each miss is an LLM call and keeps one answer for the TTL. So at rest there are as many LLM
    calls in one TTL as there are entries.
    """

    requests: float
    llm_calls: float

    @classmethod
    def of(cls, entries: int, given: Assumptions) -> "Traffic":
        """Return the traffic that keeps so many entries alive."""
        calls = entries / (given.ttl_days * DAY)
        return cls(calls / (1 - given.hit_rate), calls)


@dataclass(frozen=True)
class Plan:
    """What one arrangement takes.

    Attributes:
        shards: Nodes that hold different entries.
        copies: Nodes that hold the same entries: the primary, its replicas, and further ones if
            those together are too slow.
        gb_per_node: Entries on a node, in GB.
        searched: Entries that a lookup searches on one node.
        lookup: Seconds of one lookup on one node.
        per_node: Lookups per second of a node at the given utilisation, writes set aside.
        in_all: Lookups per second of all primaries together.
        peak: Lookups per second at the peak.
        dollars: A month.
        per_thousand: Dollars for a thousand requests.
    """

    shards: int
    copies: int
    gb_per_node: float
    searched: float
    lookup: float
    per_node: float
    in_all: float
    peak: float
    dollars: float
    per_thousand: float

    @property
    def nodes(self) -> int:
        """All nodes, copies included."""
        return self.shards * self.copies


def many_scopes(entries: int, index: Measured, given: Assumptions) -> Plan:
    """Plan scopes that each fit one node: a lookup, and a write, keeps one node busy."""
    traffic = Traffic.of(entries, given)
    searched = min(given.scope_entries, entries)
    lookup = index.seconds(searched)
    busy = given.peak * (traffic.requests * lookup + traffic.llm_calls * index.write)
    shards = max(
        nodes_for(entries * index.bytes_per_entry, given), math.ceil(busy / given.utilisation)
    )
    copies = 1 + given.replicas
    per_node = given.utilisation / lookup
    return _plan(entries, index, given, shards, copies, searched, shards * per_node)


def one_scope(entries: int, index: Measured, given: Assumptions) -> Plan:
    """Plan one scope over many nodes: every lookup keeps every shard busy, a write only one.

    Writes take at most half of the time that a shard may be busy; further copies, not further
    shards, make more lookups per second.
    """
    traffic = Traffic.of(entries, given)
    writing = given.peak * traffic.llm_calls * index.write
    shards = max(
        nodes_for(entries * index.bytes_per_entry, given),
        math.ceil(writing / (given.utilisation / 2)),
    )
    lookup = index.seconds(entries / shards)
    free = given.utilisation - writing / shards
    enough = math.ceil(given.peak * traffic.requests * lookup / free)
    copies = max(1 + given.replicas, enough)
    in_all = given.utilisation / lookup  # of every shard, for the same lookup
    return _plan(entries, index, given, shards, copies, entries / shards, in_all)


def mixed(entries: int, small: Measured, huge: Measured, given: Assumptions) -> tuple[Plan, Plan]:
    """Plan the share of entries in scopes that fit one node, and the rest as one huge scope."""
    fit = round(entries * given.fitting)
    return many_scopes(fit, small, given), one_scope(entries - fit, huge, given)


def nodes_for(size: float, given: Assumptions) -> int:
    """Return how many nodes hold so many bytes of entries.

    Example:
        >>> nodes_for(100e9, Assumptions(node_gb=64, usable=0.7, packed=0.9))
        3
    """
    return math.ceil(size / given.bytes_per_node)


def _plan(
    entries: int, index: Measured, given: Assumptions, shards: int, copies: int, searched: float,
    in_all: float,
) -> Plan:  # fmt: skip
    traffic, lookup = Traffic.of(entries, given), index.seconds(searched)
    dollars = shards * copies * given.node_gb * given.dollars_per_gb_month
    return Plan(
        shards,
        copies,
        entries * index.bytes_per_entry / shards / GB,
        searched,
        lookup,
        given.utilisation / lookup,
        in_all,
        given.peak * traffic.requests,
        dollars,
        dollars / (traffic.requests * MONTH / 1_000),
    )
