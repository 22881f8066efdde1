"""Parts that tests put beside the real ones: a clock turned by hand, an API of another make."""

import base64
import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import numpy as np
import openai

Reply = Callable[[dict[str, Any]], httpx2.Response]


class Clock:
    """Seconds since the epoch, as far as the cache under test knows."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Tripwire(Clock):
    """A clock that does something the next time somebody reads it, which a cache does between
    its read of Redis and its write: the place where other programs get in between."""

    def __init__(self) -> None:
        super().__init__()
        self.action: Callable[[], object] | None = None

    def __call__(self) -> float:
        action, self.action = self.action, None
        if action is not None:
            action()
        return self.now


@lru_cache(maxsize=10_000)
def vector_of(model: str, text: str, dims: int) -> np.ndarray:
    """A unit vector that depends on the model and the text, and on nothing else."""
    seed = hashlib.blake2b(f"{model}\0{text}".encode(), digest_size=8).digest()
    vector = np.random.default_rng(int.from_bytes(seed, "big")).standard_normal(dims)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def embeddings_body(request: dict[str, Any]) -> dict[str, Any]:
    """What an OpenAI-compatible server answers; the model "anything-16" has 16 dimensions."""
    model, given = request["model"], request["input"]
    texts = [given] if isinstance(given, str) else given
    dims = request.get("dimensions") or int(model.rpartition("-")[2])
    rows = [vector_of(model, text, dims) for text in texts]
    if request.get("encoding_format") == "base64":
        values: list[Any] = [base64.b64encode(row.tobytes()).decode() for row in rows]
    else:
        values = [row.tolist() for row in rows]
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(values)]
    usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    return {"object": "list", "data": data, "model": model, "usage": usage}


class VectorAPI:
    """An embedding API in this process that has every model, and charges one token a text.

    ``script`` holds what happens to the next requests instead: a function of the request's body
    that returns a response, or ``None`` for the usual answer.
    """

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.script: deque[Reply | None] = deque()
        self._lock = threading.Lock()

    def client(self, **options: Any) -> openai.OpenAI:
        http_client = openai.DefaultHttpxClient(transport=httpx2.MockTransport(self._handle))
        given = {"api_key": "none", "base_url": "http://vectors.invalid/v1", "max_retries": 0}
        return openai.OpenAI(**{**given, **options}, http_client=http_client)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        with self._lock:
            reply = self.script.popleft() if self.script else None
            self.calls.append(list(body["input"]))
        return reply(body) if reply else httpx2.Response(200, json=embeddings_body(body))


def refuses(status: int) -> Reply:
    return lambda body: httpx2.Response(status, json={"error": {"message": "scripted"}})


def answers(change: Callable[[dict[str, Any]], object]) -> Reply:
    """The usual answer, asked for as plain numbers, after ``change`` has spoilt it in place."""

    def reply(request: dict[str, Any]) -> httpx2.Response:
        body = embeddings_body({**request, "encoding_format": "float"})
        change(body)
        return httpx2.Response(200, content=json.dumps(body).encode())

    return reply


class CompatibleServer:
    """What :func:`http_api` serves from: its address, and the requests it has seen."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self.requests: list[tuple[str, str, dict[str, Any]]] = []  # path, authorization, body


@contextmanager
def http_api() -> Iterator[CompatibleServer]:
    """A server on loopback that speaks the embeddings protocol over real HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            seen.requests.append((self.path, self.headers["authorization"], body))
            content = json.dumps(embeddings_body(body)).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        seen = CompatibleServer(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield seen
        finally:
            server.shutdown()
            thread.join()
