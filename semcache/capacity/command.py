"""``python -m semcache capacity``: memory, index and nodes for one's own figures."""

import argparse
from pathlib import Path

from semcache.capacity.demand import Demand, advice, needed
from semcache.capacity.plan import Assumptions
from semcache.capacity.sizes import ANSWER, Record
from semcache.evaluate.report import say
from semcache.evaluate.tables import columns

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``capacity`` to its parser."""
    add, given = parser.add_argument, Assumptions()
    add("--questions-a-day", type=float, required=True, metavar="N", help="requests")
    add("--ttl", type=float, required=True, metavar="DAYS", help="that an answer lives")
    add("--dims", type=int, default=1_536, metavar="N", help="of a vector (default: %(default)s)")
    add("--hit-rate", type=float, default=0.4, metavar="SHARE", help="(default: %(default)s)")
    add(
        "--exact-rate",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="of the requests that the exact tier answers: they are not embedded (default: "
        "%(default)s)",
    )
    add(
        "--answer-bytes",
        type=float,
        default=ANSWER,
        metavar="N",
        help="on average (default: %(default)s)",
    )
    add(
        "--embedding-ttl",
        type=float,
        default=1.0,
        metavar="DAYS",
        help="that an embedding lives (default: %(default)s)",
    )
    add("--processes", type=int, default=8, metavar="N", help="that serve (default: %(default)s)")
    add(
        "--node-gb",
        type=float,
        default=given.node_gb,
        metavar="GB",
        help="memory of a node (default: %(default)s)",
    )
    parser.epilog = "Exit code 0: done. 2: what is given cannot be used."


def run(options: argparse.Namespace, record: Path) -> None:
    """Print the memory that each index takes.

    Args:
        options: As :func:`add_arguments` describes them.
        record: The file of what was measured.

    Raises:
        ConfigError: An option or the file cannot be used.
    """
    demand = Demand(
        questions_a_day=options.questions_a_day,
        ttl_days=options.ttl,
        dims=options.dims,
        hit_rate=options.hit_rate,
        exact_rate=options.exact_rate,
        answer_bytes=options.answer_bytes,
        embedding_ttl_days=options.embedding_ttl,
        processes=options.processes,
    )
    given, measured = Assumptions(node_gb=options.node_gb), Record(record)
    found = needed(demand, measured, given)
    say(
        f"{demand.answers:,.0f} answers are alive: as many as misses in a TTL of "
        f"{demand.ttl_days:g} d. Up to {demand.embeddings:,.0f} embeddings."
    )
    head = ["MB", "answers", "exact tier", "embeddings", "in Redis", "in each process", "in all"]
    parts = ("answers", "exact", "embeddings", "redis", "process", "processes")
    rows = [[one.name, *(f"{getattr(one, part) / 1e6:,.0f}" for part in parts)] for one in found]
    say(f"\n{columns([head, *rows])}\n")
    for sentence in advice(demand, found, given):
        say(sentence)
    say(
        f"Copies of answers found by similarity come on top, about 1 kB each. Of a node "
        f"{given.usable:.0%} is taken as usable,\nand {given.packed:.0%} of that as filled. "
        f"Measured: {measured.source}."
    )
