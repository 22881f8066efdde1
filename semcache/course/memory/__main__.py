"""``python -m semcache.course.memory``: measure, print, and on a server of our own write."""

import os

import redis

from semcache.course.memory.measure import measure
from semcache.course.memory.record import FILE, Measurement, to_json
from semcache.lab.connect import open_redis
from semcache.lab.redis_server import MISSING, start_redis

_HEAD = "value         payload  fields       key   + TTL     field   + TTL   saved  encoding"


def _table(measurement: Measurement) -> str:
    lines = [measurement.source, _HEAD]
    for r in measurement.rows:
        lines.append(
            f"{r.value:8}{r.dims or '':5}{r.payload:8,.0f}{r.fields:8,}{r.key:10,.0f}"
            f"{r.key_ttl:8,.0f}{r.field:10,.0f}{r.field_ttl:8,.0f}{r.saved:8.2%}  {r.encoding}"
        )
    lines += [f"{name}: {used:,.0f} bytes an entry" for name, used in measurement.classes.items()]
    return "\n".join(lines)


def main() -> None:
    """Measure and print; on a server of our own, write the file too."""
    if os.environ.get("REDIS_URL"):
        print(_table(measure(open_redis()[0], own_server=False)))
        return
    if MISSING:
        raise SystemExit(f"{MISSING}; or set REDIS_URL")
    with start_redis() as server, redis.Redis.from_url(server.url) as client:
        measurement = measure(client, own_server=True)
    print(_table(measurement))
    FILE.write_text(to_json(measurement), encoding="utf-8")
    print(f"written: data/{FILE.name}")


if __name__ == "__main__":
    main()
