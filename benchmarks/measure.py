"""Measure the subjects in turns, so that whatever disturbs the machine disturbs all alike."""

import gc
import math
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.subjects import Subject
from semcache.codecs import Vector

__all__ = ["Size", "Timing", "size_per_entry", "time_in_turns", "verify"]


@dataclass
class Timing:
    """The times of one subject at one task, in seconds."""

    seconds: list[float] = field(default_factory=list, repr=False)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def summary(self) -> dict[str, float]:
        ordered = sorted(self.seconds)
        return {
            "median": self.median,
            "p95": ordered[int(len(ordered) * 0.95)],
            "fastest": ordered[0],
            "calls": len(ordered),
        }


@dataclass(frozen=True)
class Size:
    """Bytes of one entry: what Redis says it takes (MEMORY USAGE), and the values alone."""

    memory: float
    payload: float


def verify(subject: Subject, texts: list[str], vectors: Vector) -> None:
    """Raise AssertionError unless the subject answers with the vectors it was given."""
    tolerance = 0.0 if subject.exact else float(np.abs(vectors).max()) / 250
    for answer, expected in (
        (subject.one(texts[0]), vectors[0]),
        (subject.many(texts), vectors),
    ):
        array = np.asarray(answer, np.float32)
        np.testing.assert_allclose(array, expected, rtol=0, atol=tolerance, err_msg=subject.name)


def time_in_turns(
    tasks: dict[str, Callable[[Any], Any]],
    arguments: list[Any],
    rounds: int,
    calls: int | dict[str, float] = 1,
) -> dict[str, Timing]:
    """Time each task ``rounds * calls`` times, in a new order every round.

    Args:
        tasks: What to time, by name.
        arguments: Given to the tasks one after the other, over and over.
        rounds: How often every task has its turn.
        calls: How many calls in a turn, the same for all or by name; 0.5 is one in every other
            turn. The first of several in a turn is not counted, since it finds the processor's
            caches as another subject left them.
    """
    timings = {name: Timing() for name in tasks}
    rates = calls if isinstance(calls, dict) else dict.fromkeys(tasks, calls)
    order, clock, shuffle = list(tasks), time.perf_counter, random.Random(7).shuffle
    gc.collect()
    gc.freeze()  # the peers' imports would otherwise be searched at each collection
    for turn in range(rounds):
        shuffle(order)
        for name in order:
            task, seconds = tasks[name], []
            for i in range(math.floor(turn * rates[name]), math.floor((turn + 1) * rates[name])):
                argument = arguments[i % len(arguments)]
                start = clock()
                task(argument)
                seconds.append(clock() - start)
            timings[name].seconds += seconds[1:] or seconds
    return timings


def size_per_entry(subject: Subject, entries: int) -> Size:
    """Return the bytes that each of the subject's ``entries`` takes in Redis."""
    client: Any = subject.redis
    memory = payload = 0
    for key in client.scan_iter(count=1_000):
        memory += client.memory_usage(key, samples=0)
        if client.type(key) == b"hash":
            payload += sum(map(len, client.hvals(key)))
        else:
            payload += client.strlen(key)
    return Size(memory / entries, payload / entries)
