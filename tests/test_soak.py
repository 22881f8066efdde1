"""Two processes ask while answers are deleted, Redis is flushed, and workers are killed.

``SEMCACHE_SOAK=60 make test ARGS=tests/test_soak.py`` goes on for 60 seconds.
"""

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from soak import (
    COUNTED,
    FAMILY,
    OPTIONS,
    QUESTIONS,
    SCOPES,
    TIMEOUT,
    WORKERS,
    Board,
    Llm,
    fault,
    place,
)

from semcache import HybridLLMCache, redis_client
from semcache.errors import CacheUnavailable
from semcache.lab.redis_server import MISSING, RedisServer, start_redis

SECONDS = float(os.environ.get("SEMCACHE_SOAK", "6"))
ROUND = 6.0  # seconds in which each of the rarer things happens once
RARE = {0.25: "kill", 0.4: "restart", 0.6: "kill", 0.75: "pause"}


class Disturber:
    """Deletes, clears, flushes, kills and restarts; tells the board what may be served no more."""

    def __init__(self, server: RedisServer, faults: Path) -> None:
        self._server, self._faults = server, faults
        self._context = multiprocessing.get_context("spawn")
        self._started = 0
        self.board = Board(self._context, 2 + 2 * int(SECONDS // ROUND + 1))
        self.workers: list[Any] = [None] * len(WORKERS)
        self._numbers = [0] * len(WORKERS)
        self.done: Counter[str] = Counter()
        self._random = random.Random(7)
        self._client = redis_client(server.url, timeout=TIMEOUT)
        self._caches = {
            scope: HybridLLMCache(
                self._client,
                Llm(self.board, scope, -1).client(),
                **{**OPTIONS, "scope": scope, **options},
            )
            for scope, options in SCOPES.items()
        }

    def start(self, which: int) -> None:
        arguments = self._server.url, self.board, self._started, self._faults
        self.workers[which] = self._context.Process(target=WORKERS[which], args=arguments)
        self.workers[which].start()
        self._numbers[which] = self._started
        self._started += 1

    def wait(self, which: int) -> None:
        """Return once a worker asks; to start takes a second or more."""
        end = time.monotonic() + 60
        while not self.board.ready[self._numbers[which]]:
            assert time.monotonic() < end and self.workers[which].is_alive(), "it does not start"
            self.disturb()
            time.sleep(0.01)

    def end(self) -> list[int | None]:
        """Let the workers come to an end; return how they ended."""
        for which in range(len(WORKERS)):
            self.wait(which)
        self.board.stop.value = 1
        for worker in self.workers:
            worker.join(20)
        return [worker.exitcode for worker in self.workers]

    def counted(self) -> Counter[str]:
        """What all workers have counted, also those that were killed."""
        return sum((Counter(self.board.counted(n)) for n in range(self._started)), Counter())

    def disturb(self) -> None:
        """Do what happens often."""
        scope, draw = self._random.choice(list(SCOPES)), self._random.random()
        number = int(len(QUESTIONS) * self._random.random() ** 2)
        if draw < 0.9:
            self.delete(scope, number)
        elif draw < 0.93:
            self._remove("clear", scope, range(len(QUESTIONS)), self._caches[scope].clear_cache)
        else:
            if draw < 0.97:  # at once: the flush takes away what tells of the deletion
                self.delete(scope, number)
            with suppress(redis.RedisError):
                self._client.flushall()
                self.done["flush"] += 1

    def delete(self, scope: str, number: int) -> None:
        cache = self._caches[scope]
        self._remove("delete", scope, [number], lambda: cache.delete(QUESTIONS[number]))

    def _remove(
        self, what: str, scope: str, numbers: range | list[int], action: Callable[[], object]
    ) -> None:
        places = [place(scope, number) for number in numbers]
        for one in places:
            self.board.said[one] += 1
        with suppress(CacheUnavailable):  # then nothing is promised
            action()
            self.done[what] += 1
            for one in places:
                self.board.least[one] = self.board.said[one]

    def kill(self) -> None:
        which = self.done["kill"] % len(WORKERS)
        self.wait(which)
        self.workers[which].kill()
        self.workers[which].join()
        self.start(which)

    def restart(self) -> None:
        with suppress(redis.ConnectionError):
            self._client.execute_command("DEBUG", "RESTART")

    def pause(self) -> None:
        os.kill(self._server.pid, signal.SIGSTOP)
        time.sleep(2 * TIMEOUT)
        os.kill(self._server.pid, signal.SIGCONT)


def soak(disturber: Disturber) -> None:
    for which in range(len(WORKERS)):
        disturber.start(which)
    for which in range(len(WORKERS)):
        disturber.wait(which)
    start = time.monotonic()
    rare = iter(_rare())
    due, action = next(rare)
    while (now := time.monotonic() - start) < SECONDS:
        if now >= due:
            getattr(disturber, action)()
            disturber.done[action] += 1
            due, action = next(rare)
        disturber.disturb()
        time.sleep(0.02)


def _rare() -> Iterator[tuple[float, str]]:
    for number in range(10_000):
        for share, action in RARE.items():
            yield ROUND * (number + share), action


@contextmanager
def unpaused(server: RedisServer) -> Iterator[None]:
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no way to pause a process here")
def test_two_processes_serve_nothing_wrong(tmp_path):
    faults = tmp_path / "faults"
    with start_redis("--enable-debug-command", "yes") as server, unpaused(server):
        disturber = Disturber(server, faults)
        try:
            soak(disturber)
        finally:
            ends = disturber.end()
    counted = disturber.counted()
    print(dict(disturber.done), {name: counted[name] for name in COUNTED})
    assert not faults.exists(), faults.read_text()
    assert ends == [0, 0], "a worker crashed, or did not come to its end"
    assert all(counted[name] for name in ("exact", "similar", "llm", "joined", "bypassed"))
    assert set(disturber.done) == {"delete", "clear", "flush", "kill", "restart", "pause"}


def test_the_oracle_sees_what_is_wrong():
    oldest = [3] * len(QUESTIONS)
    assert FAMILY[:4] == [0, 0, 0, 1]
    wrong = {
        "plain/0/3/1-1": None,
        "plain/2/3/1-1": None,
        "plain/0/2/1-1": "deleted before it was asked for",
        "plain/3/3/1-1": "another question's",
        "short/0/3/1-1": "another scope's",
        "plain/0/3": "no answer of our LLM",
    }
    assert {text: fault("plain", 0, text, oldest) for text in wrong} == wrong
