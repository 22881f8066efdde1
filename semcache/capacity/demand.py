"""From questions a day to memory: as many answers are alive as there are misses in one TTL."""

from dataclasses import dataclass
from typing import NamedTuple

from semcache.capacity.plan import GB, Assumptions, nodes_for
from semcache.capacity.sizes import (
    ANSWER,
    EXACT,
    QUESTION,
    Record,
    embedding_bytes,
    process_bytes,
    stored_bytes,
)
from semcache.errors import ConfigError
from semcache.index.matrix import COMFORTABLE

__all__ = ["INDEXES", "Demand", "Needed", "advice", "needed"]

INDEXES = ("MatrixIndex", "VectorSetIndex", "RedisVLIndex")
_SHARES = ("hit_rate", "exact_rate")


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What a cache has to hold.

    Attributes:
        questions_a_day: Requests.
        ttl_days: Days that an answer lives.
        dims: Of a vector.
        hit_rate: Share of the requests that the cache answers.
        exact_rate: Share that the exact tier answers, for which nothing is embedded.
        answer_bytes: Of an answer, on average.
        embedding_ttl_days: Days that an embedding lives.
        processes: Processes that serve the cache.

    Raises:
        ConfigError: A number that cannot be.
    """

    questions_a_day: float
    ttl_days: float
    dims: int
    hit_rate: float = 0.4
    exact_rate: float = 0.0
    answer_bytes: float = ANSWER
    embedding_ttl_days: float = 1.0
    processes: int = 1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name in _SHARES and not 0 <= value <= 1:
                raise ConfigError(f"{name} is {value}: a share lies in 0..1")
            if name not in _SHARES and not 0 < value < float("inf"):
                raise ConfigError(f"{name} is {value}: give a number above 0")
        if self.exact_rate > self.hit_rate:
            raise ConfigError(
                f"exact_rate is {self.exact_rate}, but all hits together are {self.hit_rate}"
            )

    @property
    def answers(self) -> float:
        """How many answers are alive at rest."""
        return self.questions_a_day * (1 - self.hit_rate) * self.ttl_days

    @property
    def embeddings(self) -> float:
        """How many embeddings are alive at most: if no text is embedded twice."""
        return self.questions_a_day * (1 - self.exact_rate) * self.embedding_ttl_days


class Needed(NamedTuple):
    """What one index takes, in bytes.

    Attributes:
        name: The class.
        answers: In Redis, with their vectors.
        exact: In Redis, the same answers in the exact tier.
        embeddings: In Redis, at most.
        process: In each process.
        processes: In all of them.
        nodes: Primaries that the three parts in Redis need.
    """

    name: str
    answers: float
    exact: float
    embeddings: float
    process: float
    processes: float
    nodes: int

    @property
    def redis(self) -> float:
        """All that is in Redis."""
        return self.answers + self.exact + self.embeddings


def needed(demand: Demand, record: Record, given: Assumptions | None = None) -> list[Needed]:
    """Return what each index takes.

    Example:
        >>> from semcache.lab.data import FOLDER
        >>> record = Record(FOLDER / "semantic_lookup.json")
        >>> day = Demand(questions_a_day=10_000, ttl_days=1, dims=384, hit_rate=0.5)
        >>> [one.name for one in needed(day, record) if one.redis < 40e6]
        ['MatrixIndex', 'VectorSetIndex']
    """
    given = given or Assumptions()
    count, found = demand.answers, []
    exact = count * (EXACT + QUESTION + demand.answer_bytes)
    embeddings = demand.embeddings * embedding_bytes(demand.dims)
    for index in INDEXES:
        answers = count * stored_bytes(record, index, demand.dims, demand.answer_bytes)
        each = count * process_bytes(index, demand.dims)
        nodes = nodes_for(answers + exact + embeddings, given)
        everywhere = each * demand.processes
        found.append(Needed(index, answers, exact, embeddings, each, everywhere, nodes))
    return found


def advice(demand: Demand, found: list[Needed], given: Assumptions) -> list[str]:
    """Return which index suits, and when a cluster is needed, a sentence each."""
    chosen = "MatrixIndex" if demand.answers <= COMFORTABLE else "VectorSetIndex"
    said = [
        f"best_index({demand.answers:,.0f}) takes {chosen}: up to {COMFORTABLE:,} answers every "
        "process can hold the vectors,\nbeyond that the server should."
    ]
    (one,) = (needs for needs in found if needs.name == chosen)
    room = f"{given.bytes_per_node / GB:,.1f} GB of a node of {given.node_gb:g} GB are for entries"
    if one.nodes == 1:
        most = demand.questions_a_day * given.bytes_per_node / one.redis
        said.append(
            f"One node is enough ({room}), up to\n{most:,.0f} questions a day; beyond that a "
            "cluster, where one scope lies on one node."
        )
    else:
        said.append(
            f"A cluster: {one.nodes:,} primaries ({room}).\nOne scope lies on one node, so divide "
            "the answers into scopes by tenant, language or product, each below that."
        )
    return said
