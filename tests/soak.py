"""Processes that share one cache, and an oracle that knows what none of them may be served.

A worker is a process of its own. It asks a few dozen questions in several scopes, on threads or, of
the asynchronous twins, in tasks. Its LLM, behind the real client, answers with the scope, the
question and the question's version. Whoever deletes an answer raises that version: first for the
LLM; and once the deletion is done, for what may be served to those who ask from then on.
"""

import asyncio
import base64
import itertools
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import openai

from semcache import AsyncHybridLLMCache, HybridLLMCache, VectorSetIndex, redis_client
from semcache.breaker import breaker_of

# Questions of a family may share an answer: they differ by less than the threshold's 5 degrees.
FAMILIES = [[20 * f + d for d in range(3)] for f in range(9)] + [[20 * f] for f in range(9, 18)]
DEGREES = [degrees for family in FAMILIES for degrees in family]
FAMILY = [number for number, family in enumerate(FAMILIES) for _ in family]
QUESTIONS = [
    f"question {number} of family {FAMILY[number]}@{d}" for number, d in enumerate(DEGREES)
]
SCOPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "short": {"ttl": 1.0, "jitter": 0.3, "renew_ahead": 0.2, "stale_if_error": 2.0},
    "leased": {"lease": 0.2, "index": VectorSetIndex},
}
OPTIONS: dict[str, Any] = {"embedding_model": "drawn", "threshold": 0.996, "ttl": 60}
TIMEOUT = 0.5  # seconds to wait for Redis
CALLERS = 6  # in a process
COUNTED = ("served", "exact", "similar", "llm", "joined", "stale", "bypassed", "failed", "left",
           "in outage")  # fmt: skip


class Board:
    """What all processes see, in shared memory; each number has one writer.

    Attributes:
        said: Of each question in each scope, the version that the LLM names.
        least: The oldest version that may be served to a request that begins now.
        counts: What each process has counted, :data:`COUNTED`.
        ready: Which processes have begun to ask.
        stop: Whether to come to an end.
    """

    def __init__(self, context: SpawnContext, processes: int) -> None:
        places = len(SCOPES) * len(QUESTIONS)
        self.said, self.least = (context.RawArray("q", places) for _ in range(2))
        self.counts = context.RawArray("q", processes * len(COUNTED))
        self.ready = context.RawArray("b", processes)
        self.stop = context.RawValue("b", 0)

    def oldest(self, scope: str) -> list[int]:
        """The oldest version of each question that may be served from now on."""
        return self.least[place(scope, 0) : place(scope, len(QUESTIONS))]

    def count(self, process: int, counts: dict[str, int]) -> None:
        start = process * len(COUNTED)
        self.counts[start : start + len(COUNTED)] = [counts.get(name, 0) for name in COUNTED]

    def counted(self, process: int) -> dict[str, int]:
        start = process * len(COUNTED)
        return dict(zip(COUNTED, self.counts[start : start + len(COUNTED)], strict=True))


def place(scope: str, number: int) -> int:
    return list(SCOPES).index(scope) * len(QUESTIONS) + number


def fault(scope: str, number: int, text: str, oldest: Sequence[int]) -> str | None:
    """The oracle: what is wrong with an answer to a question; ``None`` if nothing is."""
    try:
        named, answered, version, _ = text.split("/")
        answered, version = int(answered), int(version)
    except ValueError:
        return "no answer of our LLM"
    if named != scope:
        return "another scope's"
    if FAMILY[answered] != FAMILY[number]:
        return "another question's"
    return "deleted before it was asked for" if version < oldest[answered] else None


class Llm:
    """The API of one scope; it takes a while, and fails now and then."""

    def __init__(self, board: Board, scope: str, seed: int) -> None:
        self._board, self._scope, self._seed = board, scope, seed
        self._numbers, self._random = itertools.count(), random.Random(seed)
        self.ended: dict[str, float] = {}  # when each answer was complete

    def client(self) -> openai.OpenAI:
        transport = httpx2.MockTransport(self._handle)
        return openai.OpenAI(**GIVEN, http_client=openai.DefaultHttpxClient(transport=transport))

    def async_client(self) -> openai.AsyncOpenAI:
        transport = httpx2.MockTransport(self._handle_async)
        http_client = openai.DefaultAsyncHttpxClient(transport=transport)
        return openai.AsyncOpenAI(**GIVEN, http_client=http_client)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        reply, pause = self._reply(json.loads(request.content))
        time.sleep(pause)
        return reply()

    async def _handle_async(self, request: httpx2.Request) -> httpx2.Response:
        reply, pause = self._reply(json.loads(request.content))
        await asyncio.sleep(pause)
        return reply()

    def _reply(self, body: dict[str, Any]) -> tuple[Any, float]:
        if "input" in body:
            return lambda: httpx2.Response(200, json=embeddings(body)), 0.001
        if self._random.random() < 0.05:
            return lambda: httpx2.Response(503, json={"error": {"message": "scripted"}}), 0.001
        number = QUESTIONS.index(body["messages"][-1]["content"])
        version = self._board.said[place(self._scope, number)]
        serial = f"{self._seed}-{next(self._numbers)}"
        parts = [f"{self._scope}/", f"{number}/", f"{version}/", serial]

        def reply() -> httpx2.Response:
            self.ended[serial] = time.monotonic()
            return streamed(parts) if body.get("stream") else plain("".join(parts))

        return reply, self._random.uniform(0, 0.04)


GIVEN: dict[str, Any] = {
    "api_key": "none", "base_url": "http://soak.invalid/v1", "max_retries": 0
}  # fmt: skip


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """Two dims: the angle that each text names after its @."""
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    angles = [np.deg2rad(float(text.rpartition("@")[2])) for text in texts]
    rows = [np.array([np.cos(angle), np.sin(angle)], "<f4").tobytes() for angle in angles]
    data = [
        {"object": "embedding", "index": i, "embedding": base64.b64encode(row).decode()}
        for i, row in enumerate(rows)
    ]
    usage = {"prompt_tokens": len(rows), "total_tokens": len(rows)}
    return {"object": "list", "data": data, "model": body["model"], "usage": usage}


HEAD = {"id": "1", "created": 1, "model": "any"}


def plain(text: str) -> httpx2.Response:
    message = {"role": "assistant", "content": text}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return httpx2.Response(200, json={**HEAD, "object": "chat.completion", "choices": choices})


def streamed(parts: list[str]) -> httpx2.Response:
    deltas = [({"content": part}, None) for part in parts]
    lines = [
        {
            **HEAD,
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        }
        for delta, reason in [*deltas, ({}, "stop")]
    ]
    text = "".join(f"data: {json.dumps(line)}\n\n" for line in lines) + "data: [DONE]\n\n"
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=text)


@dataclass(frozen=True)
class Asked:
    """One request: what it asks, how, and what the oracle has to know of its beginning."""

    scope: str
    number: int
    stream: bool
    leaves: bool  # before the end
    oldest: list[int]
    failures: int
    began: float = field(default_factory=time.monotonic)

    @property
    def question(self) -> str:
        return QUESTIONS[self.number]


class Worker:
    """Asks, lets the oracle judge, and writes down what is wrong."""

    def __init__(
        self, url: str, board: Board, process: int, faults: Path, asynchronous: bool
    ) -> None:
        self.board, self._process, self._faults = board, process, faults
        self._random = random.Random(process)
        self.client = redis_client(url, timeout=TIMEOUT, asynchronous=asynchronous)
        self._llms = {scope: Llm(board, scope, process) for scope in SCOPES}
        made_of: Any = AsyncHybridLLMCache if asynchronous else HybridLLMCache
        self.caches = {
            scope: made_of(
                self.client,
                llm.async_client() if asynchronous else llm.client(),
                **{**OPTIONS, "scope": scope, **SCOPES[scope]},
            )
            for scope, llm in self._llms.items()
        }
        self._own: dict[str, int] = dict.fromkeys(COUNTED, 0)
        board.ready[process] = 1

    def ask(self) -> Asked:
        draw = self._random
        scope = draw.choice(list(SCOPES))
        number = int(len(QUESTIONS) * draw.random() ** 2)  # some are asked more often than others
        leaves = draw.random() < 0.03
        stream = leaves or draw.random() < 0.3
        return Asked(scope, number, stream, leaves, self.board.oldest(scope), self._failures(scope))

    def judge(self, asked: Asked, text: str) -> None:
        wrong = fault(asked.scope, asked.number, text, asked.oldest)
        self._own["served"] += 1
        if wrong and wrong.startswith("deleted") and self._joined_in_outage(asked, text):
            self._own["in outage"] += 1
        elif wrong:
            self.tell(asked, f"{text}: {wrong}")

    def _joined_in_outage(self, asked: Asked, text: str) -> bool:
        """Whether an answer is no cached one: who cannot ask Redis joins a call in progress."""
        ended = self._llms[asked.scope].ended.get(text.rpartition("/")[2], 0.0)
        outage = breaker_of(self.client).is_open or self._failures(asked.scope) > asked.failures
        return outage and ended >= asked.began

    def _failures(self, scope: str) -> int:
        stats = self.caches[scope].exact_stats
        return stats.errors + stats.bypassed + stats.overloads

    def tell(self, asked: Asked, what: str) -> None:
        with self._faults.open("a") as file:
            file.write(f"process {self._process}, {asked.scope}, {asked.question}: {what}\n")

    def failed(self) -> None:
        self._own["failed"] += 1

    def left(self) -> None:
        self._own["left"] += 1

    def publish(self) -> None:
        counts = dict(self._own)
        for cache in self.caches.values():
            stats = cache.stats
            counts["exact"] += cache.exact_stats.hits
            counts["similar"] += cache.semantic.stats.hits
            counts["llm"] += stats.api_calls
            for name in ("joined", "stale", "bypassed"):
                counts[name] += getattr(stats, name)
        self.board.count(self._process, counts)


def on_threads(url: str, board: Board, process: int, faults: Path) -> None:
    """A worker with the blocking caches."""
    worker = Worker(url, board, process, faults, asynchronous=False)

    def work() -> None:
        while not board.stop.value:
            asked = worker.ask()
            try:
                cache = worker.caches[asked.scope]
                pieces = cache.get_or_generate(asked.question, stream=asked.stream)
                if asked.leaves:
                    next(pieces)
                    pieces.close()
                    worker.left()
                else:
                    worker.judge(asked, "".join(pieces))
            except openai.InternalServerError:
                worker.failed()
            except Exception as error:
                worker.tell(asked, repr(error))
            time.sleep(0.002)

    threads = [threading.Thread(target=work) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    while not board.stop.value:
        worker.publish()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    worker.publish()


def in_tasks(url: str, board: Board, process: int, faults: Path) -> None:
    """A worker with the asynchronous twins."""
    asyncio.run(_in_tasks(url, board, process, faults))


async def _in_tasks(url: str, board: Board, process: int, faults: Path) -> None:
    worker = Worker(url, board, process, faults, asynchronous=True)

    async def answer(asked: Asked) -> str:
        cache = worker.caches[asked.scope]
        got = await cache.get_or_generate(asked.question, stream=asked.stream)
        return "".join([piece async for piece in got]) if asked.stream else got

    async def work() -> None:
        while not board.stop.value:
            asked = worker.ask()
            try:
                async with asyncio.timeout(0.01 if asked.leaves else None):
                    worker.judge(asked, await answer(asked))
            except TimeoutError:
                worker.left()
            except openai.InternalServerError:
                worker.failed()
            except Exception as error:
                worker.tell(asked, repr(error))
            await asyncio.sleep(0.002)

    tasks = [asyncio.create_task(work()) for _ in range(CALLERS)]
    while not board.stop.value:
        worker.publish()
        await asyncio.sleep(0.05)
    await asyncio.gather(*tasks)
    worker.publish()
    await worker.client.aclose()


WORKERS = (on_threads, in_tasks)
