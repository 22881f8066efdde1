"""Many callers at once: threads over a blocking cache, or tasks of one loop over its twin."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.measure import Timing

__all__ = ["Load", "from_coroutines", "from_threads"]

Ask = Callable[[str], object]


@dataclass(frozen=True)
class Load:
    """What so many callers saw: the time of each request, and the time of them all together."""

    timing: Timing
    wall: float

    def summary(self) -> dict[str, float]:
        """Return median and p95 in seconds, and requests per second."""
        seconds = self.timing.summary()
        return {
            "median": seconds["median"],
            "p95": seconds["p95"],
            "requests": len(self.timing.seconds),
            "per_second": len(self.timing.seconds) / self.wall,
        }


def from_threads(ask: Ask, texts: list[str], callers: int, ready: Callable[[], object]) -> Load:
    """Send all texts from so many threads, each asking its next as soon as it is answered.

    ``ready`` runs once in each thread before the clock starts, to connect.
    """
    barrier = threading.Barrier(callers)

    def get_ready(_: int) -> None:
        ready()
        barrier.wait()

    def timed(text: str) -> float:
        start = time.perf_counter()
        ask(text)
        return time.perf_counter() - start

    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(get_ready, range(callers)))
        start = time.perf_counter()
        seconds = list(pool.map(timed, texts))
        return Load(Timing(seconds), time.perf_counter() - start)


def from_coroutines(
    make: Callable[[], Callable[[str], Awaitable[object]]], texts: list[str], callers: int
) -> Load:
    """Do the same from so many tasks of one event loop, in one thread.

    ``make`` runs on the loop, before the clock starts; what it returns asks one text.
    """

    async def caller(ask: Callable[[str], Awaitable[object]], share: list[str]) -> list[float]:
        seconds = []
        for text in share:
            start = time.perf_counter()
            await ask(text)
            seconds.append(time.perf_counter() - start)
        return seconds

    async def run() -> Load:
        ask = make()
        start = time.perf_counter()
        shares = [caller(ask, texts[n::callers]) for n in range(callers)]
        seconds = [second for share in await asyncio.gather(*shares) for second in share]
        return Load(Timing(seconds), time.perf_counter() - start)

    return asyncio.run(run())
