"""Where the time of one request goes, measured at the seams between our code and the others'.

Each seam is a call that leaves semcache. Its time is counted for its part, less the time of
seams inside it: the model runs inside an API call, a socket inside redis-py. What no seam takes
is ours. A seam costs some tenths of a microsecond, which lands in the part around it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import openai
import redis

from semcache.lab.offline import embeddings
from semcache.lab.offline.model import embed, embed_all

__all__ = ["PARTS", "Meter", "fresh_model", "watch_api", "watch_redis"]

PARTS = ("model", "api", "redis", "redis-py")


class Meter:
    """Adds up the seconds of each part; for one thread."""

    def __init__(self) -> None:
        self._spent = dict.fromkeys(PARTS, 0.0)
        self._inner = [0.0]  # seconds of the seams inside each open seam

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, its time counted for a part."""
        clock, inner, spent = time.perf_counter, self._inner, self._spent

        def call(*args: Any, **kwargs: Any) -> Any:
            inner.append(0.0)
            start = clock()
            try:
                return function(*args, **kwargs)
            finally:
                whole = clock() - start
                spent[part] += whole - inner.pop()
                inner[-1] += whole

        return call

    def measure(self, function: Callable[[str], Any], text: str) -> dict[str, float]:
        """Call the function; return the seconds of each part, of ``ours``, and of the whole."""
        self._spent.update(dict.fromkeys(PARTS, 0.0))
        start = time.perf_counter()
        function(text)
        whole = time.perf_counter() - start
        return {**self._spent, "ours": whole - sum(self._spent.values()), "whole": whole}


def watch_redis(client: redis.Redis, meter: Meter) -> None:
    """Split the client's time into waiting at the socket (``redis``) and the rest (``redis-py``).

    Packing commands and unpacking replies is redis-py's; putting a command's arguments together
    before it is queued on a pipeline is left to ours, about a microsecond for each.
    """
    pool: Any = client.connection_pool

    class Watched(pool.connection_class):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.send_packed_command = meter.timed("redis", self.send_packed_command)
            self.read_response = meter.timed("redis", self.read_response)

    pool.disconnect()
    pool.reset()
    pool.connection_class = Watched
    made: Any = client.pipeline

    def pipeline(*args: Any, **kwargs: Any) -> Any:
        pipe = made(*args, **kwargs)
        pipe.execute = meter.timed("redis-py", pipe.execute)
        return pipe

    watched: Any = client
    watched.pipeline = meter.timed("redis-py", pipeline)
    watched.execute_command = meter.timed("redis-py", client.execute_command)


def watch_api(client: openai.OpenAI, meter: Meter) -> None:
    """Count the calls of the API: openai's own client and the stand-in behind it."""
    for resource in (client.embeddings, client.chat.completions):
        watched: Any = resource
        watched.create = meter.timed("api", resource.create)


@contextmanager
def fresh_model(meter: Meter | None = None) -> Iterator[None]:
    """Run the model for every text, also for one that the stand-in has just embedded."""
    model: Any = embed
    uncached = model.__wrapped__  # without the stand-in's own memory of vectors
    stand_in: Any = embeddings
    once = meter.timed("model", uncached) if meter else uncached
    stand_in.embed_all = lambda texts: [once(text) for text in texts]
    try:
        yield
    finally:
        stand_in.embed_all = embed_all
