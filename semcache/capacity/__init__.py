"""How much memory a cache takes, which index suits it, and from when on it needs a cluster."""

from semcache.capacity.demand import Demand, Needed, needed
from semcache.capacity.sizes import Record, embedding_bytes, process_bytes, stored_bytes

__all__ = [
    "Demand",
    "Needed",
    "Record",
    "embedding_bytes",
    "needed",
    "process_bytes",
    "stored_bytes",
]
