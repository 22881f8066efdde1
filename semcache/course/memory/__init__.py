"""What one entry costs in a Redis server's memory: ``python -m semcache.course.memory``.

fakeredis has no memory to look at, so lesson 03 reads ``data/redis_memory.json``, which this
command writes: it starts the Redis 8 of the test extras, fills it in each layout, and reads
``used_memory`` before and after. With ``REDIS_URL`` it measures on that server instead, with
keys of its own that it deletes again, and only prints; other clients' work disturbs the numbers.
"""

from semcache.course.memory.record import (
    Eviction,
    Measurement,
    Row,
    block,
    key_bytes,
    stored,
    table,
)

__all__ = ["Eviction", "Measurement", "Row", "block", "key_bytes", "stored", "table"]
