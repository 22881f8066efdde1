"""The semantic caches on one server, with an LLM and embeddings that tests can script."""

import json
from collections import deque
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
from bench import SERVERS, Bench, Connect

from semcache import HybridLLMCache, SemanticCache, SemanticLLMCache
from semcache.codecs import Vector
from semcache.index import MatrixIndex, RedisVLIndex, ScanIndex, VectorSetIndex
from semcache.lab.data import FOLDER, read_rows
from semcache.lab.offline.model import embed
from semcache.lab.redis_server import SEARCH_MISSING, start_redis, start_redis_with_search

ANYWHERE = {"scan": ScanIndex, "matrix": MatrixIndex, "vectorset": VectorSetIndex}
INDEXES = {**ANYWHERE, "redisvl": RedisVLIndex}
MINI, LARGE = "offline-mini", "offline-large"
SERVER_FIXTURES = {
    "fakeredis": "fakeredis_",
    "redis8": "redis8",
    "search": "redis_with_search",
}
# Each index on each server that can have it; those that keep a scope in two keys; the real servers.
IN_TWO_KEYS = [f"{index}-{server}" for index in ANYWHERE for server in SERVERS]
ASYNC = [f"async {index}-fakeredis" for index in ANYWHERE] + ["async matrix-redis8"]
EVERY_INDEX = [*IN_TWO_KEYS, *ASYNC, "redisvl-search"]
ON_A_REAL_SERVER = [name for name in EVERY_INDEX if not name.endswith("fakeredis")]

embed_once = cache(embed)  # the model takes milliseconds, and is asked for the same texts


def real_texts() -> list[str]:
    """Some hundred and forty questions of the course's users, in English and Chinese."""
    rows = read_rows(FOLDER / "phrasings.jsonl")
    return list(dict.fromkeys(row["text"].strip() for row in rows))[::8]


def starts(index: str) -> Callable[..., Any]:
    """Return what starts a server that can have an index; skip the test where there is none."""
    if index != "redisvl":
        return start_redis
    pytest.importorskip("redisvl")
    if SEARCH_MISSING:
        pytest.skip(SEARCH_MISSING)
    return start_redis_with_search


class Real:
    """The lab's model without a cache before it: no Redis and no API are in the way."""

    model = "multilingual-e5-small"

    def get_embedding(self, text: str) -> Vector:
        return embed_once(text).copy()


class Drawn:
    """Vectors drawn by hand, for what no model gives when asked: ties, zeros, other lengths."""

    model = "drawn"

    def __init__(self, vectors: dict[str, Iterable[float]] | None = None) -> None:
        self.vectors = vectors or {}
        self.asked: list[str] = []

    def get_embedding(self, text: str) -> Vector:
        self.asked.append(text)
        if text not in self.vectors:
            degrees = float(text.rpartition("@")[2])  # "any text@30" points to 30 degrees
            return at(degrees)
        return np.array(list(self.vectors[text]), np.float32)


def at(degrees: float) -> Vector:
    """A vector of two dims and length 3; the similarity of two is the cosine between them."""
    angle = np.deg2rad(degrees)
    return np.array([3 * np.cos(angle), 3 * np.sin(angle)], np.float32)


class SemanticBench(Bench):
    """One index on one server."""

    def __init__(self, index: str, connect: Connect) -> None:
        face, _, name = index.rpartition(" ")
        super().__init__(f"{face} string".strip(), "float32", connect)
        self.index = INDEXES[name]

    def semantic(self, embeddings: Any = None, **options: Any) -> SemanticCache:
        given = {"index": self.index, "clock": self.clock, "threshold": 0.87, **options}
        return self.made(SemanticCache, openai=embeddings or Real(), **given)

    def llm(self, kind: type = SemanticLLMCache, **options: Any) -> Any:
        if "embedding_model" not in options:
            options.setdefault("embedding_cache", Real())
        given = {"index": self.index, "clock": self.clock, "threshold": 0.87, **options}
        return self.made(kind, **given)

    def hybrid(self, **options: Any) -> HybridLLMCache:
        return self.llm(HybridLLMCache, **options)

    def stored(self) -> int:
        """How many keys there are, but for the marks of what was deleted, which expire."""
        return len([key for key in self.redis.scan_iter() if not is_mark(key)])

    def chats(self) -> int:
        return self.api.call_count("chat/completions")


def is_mark(key: bytes) -> bool:
    """Whether a key only says that something was deleted."""
    kind = key.split(b"}:", 1)[-1].partition(b":")[0]
    return kind in (b"deleted", b"cleared", b"tagged")


Body = dict[str, Any]


class ChatAPI:
    """An LLM that says what it is told to, and keeps every request that it got.

    ``script`` holds what happens to the next requests instead of the answer "answer N": a list
    of events for a stream, a body, or a response.
    """

    def __init__(self) -> None:
        self.requests: list[Body] = []
        self.script: deque[Any] = deque()

    def client(self, **options: Any) -> openai.OpenAI:
        http_client = openai.DefaultHttpxClient(transport=httpx2.MockTransport(self._handle))
        given = {"api_key": "none", "base_url": "http://chat.invalid/v1", "max_retries": 0}
        return openai.OpenAI(**{**given, **options}, http_client=http_client)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        self.requests.append(body)
        reply = self.script.popleft() if self.script else f"answer {len(self.requests)}"
        if isinstance(reply, httpx2.Response):
            return reply
        if isinstance(reply, str):
            reply = events(reply) if body.get("stream") else completion(reply)
        if isinstance(reply, dict):
            return httpx2.Response(200, content=json.dumps(reply).encode())
        lines = "".join(f"data: {json.dumps(event)}\n\n" for event in reply)
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, content=(lines + "data: [DONE]\n\n").encode())


def completion(text: str | None, finish_reason: str | None = "stop", **message: Any) -> Body:
    said = {"role": "assistant", "content": text, "refusal": None, **message}
    choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": finish_reason}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    return {**HEAD, "object": "chat.completion", "choices": [choice], "usage": usage}


HEAD = {"id": "chatcmpl-1", "created": 1, "model": "any"}


def event(text: str | None = None, finish_reason: str | None = None, **delta: Any) -> Body:
    if text is not None:
        delta["content"] = text
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return {**HEAD, "object": "chat.completion.chunk", "choices": [choice], "usage": None}


def events(text: str, finish_reason: str | None = "stop") -> list[Body]:
    """A stream of one event a word, its end, and what it cost."""
    words = [event(word) for word in text.split(" ")]
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    end = {**HEAD, "object": "chat.completion.chunk", "choices": [], "usage": usage}
    return [event("", role="assistant"), *words, event(None, finish_reason), end]


class Spy:
    """A Redis client that does something just before some command, to be in between."""

    def __init__(self, client: Any, before: Callable[[str, Any], object]) -> None:
        self._client, self._before = client, before

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._client, name)
        if not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            self._before(name, self._client)
            made = value(*args, **kwargs)
            return Spy(made, self._before) if name == "pipeline" else made

        return call
