"""The floors, and the bare commands of the server: what nobody's lookup can be faster than."""

from collections.abc import Callable

import numpy as np

from benchmarks.lookup.corpus import Query
from benchmarks.lookup.ours import entry_id
from benchmarks.lookup.subject import Ask, Make, Recipe, Store

__all__ = ["FLOORS", "RAW"]


def ping(store: Store) -> Callable[[], Ask]:
    client = store.client()
    client.ping()
    return lambda: lambda query: str(client.ping())


def memory(store: Store) -> Callable[[], Ask]:
    """Read every float of the block once: no scan of float32 vectors does with less."""
    block = store.corpus.vectors
    return lambda: lambda query: str(np.maximum.reduce(block, axis=None))


def vsim(*options: str | int) -> Make:
    """One VSIM on the set that VectorSetIndex has filled: quantised (Q8), as VADD does by default.

    Building a second graph of the same vectors would take as long as all the other subjects
    together, and find the same. What is left out is what the index asks for beside the names.
    """

    def make(store: Store) -> Callable[[], Ask]:
        client, corpus = store.client(), store.corpus
        (key,) = client.scan_iter(count=100_000, _type="vectorset")
        answers = {entry_id(corpus, i).encode(): answer for i, answer in enumerate(corpus.answers)}

        def ask(query: Query) -> str:
            near = client.execute_command(
                "VSIM", key, "FP32", query.vector.tobytes(), "COUNT", 1, *options
            )
            return answers[near[0]]

        return lambda: ask

    return make


def ft_search(store: Store) -> Callable[[], Ask]:
    """One FT.SEARCH on an HNSW index as it comes; the answer is a field of the entry's hash."""
    client, corpus = store.client(protocol=2), store.corpus
    dims = corpus.vectors.shape[1]
    vector = ["VECTOR", "HNSW", 6, "TYPE", "FLOAT32", "DIM", dims, "DISTANCE_METRIC", "COSINE"]
    client.execute_command(
        "FT.CREATE", "index", "ON", "HASH", "PREFIX", 1, "e:", "SCHEMA", "v", *vector
    )
    for batch in store.batches():
        pipe = client.pipeline(transaction=False)
        for i in batch:
            fields = {"v": corpus.vectors[i].tobytes(), "answer": corpus.answers[i]}
            pipe.hset(f"e:{i}", mapping=fields)
        pipe.execute()

    def ask(query: Query) -> str:
        reply = client.execute_command(
            "FT.SEARCH", "index", "*=>[KNN 1 @v $v AS d]", "PARAMS", 2, "v",
            query.vector.tobytes(), "RETURN", 1, "answer", "DIALECT", 2,
        )  # fmt: skip
        return str(reply[2][1].decode())  # the count, a key, its fields

    return lambda: ask


FLOORS = (
    Recipe("floor: one round trip (PING)", "floor", ping),
    Recipe("floor: read all vectors once", "floor", memory),
)
RAW = (
    Recipe("raw VSIM", "raw", vsim(), of="VectorSetIndex"),
    Recipe("raw VSIM EF 20 NOTHREAD", "raw", vsim("EF", 20, "NOTHREAD"), of="VectorSetIndex"),
    Recipe("raw FT.SEARCH HNSW", "raw", ft_search, search=True),
)
