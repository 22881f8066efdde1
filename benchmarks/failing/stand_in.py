"""An OpenAI API that answers at once, or after a stated time, and costs no processor."""

import base64
import hashlib
import json
import threading
import time
from collections import Counter
from typing import Any

import httpx2
import numpy as np
from openai import DefaultHttpxClient, OpenAI

__all__ = ["MODEL", "StandIn"]

MODEL, DIMS = "stand-in", 384


class StandIn:
    """Counts what reaches it.

    Attributes:
        client: A real client of this API.
        calls: Requests so far, by endpoint: ``"embeddings"`` and ``"completions"``.
    """

    def __init__(self, latency: float = 0.0) -> None:
        self.latency = latency
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        transport = httpx2.MockTransport(self._handle)
        http_client = DefaultHttpxClient(transport=transport)
        self.client = OpenAI(
            api_key="none", base_url="http://stand-in.invalid/v1", http_client=http_client
        )

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        endpoint = request.url.path.rpartition("/")[2]
        with self._lock:
            self.calls[endpoint] += 1
        time.sleep(self.latency)
        body = json.loads(request.content)
        return httpx2.Response(200, json=_embeddings(body) if "input" in body else _ANSWER)


_ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": MODEL,
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Yes."}}
    ],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
}


def _embeddings(body: dict[str, Any]) -> dict[str, Any]:
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    rows = [
        {"object": "embedding", "index": index, "embedding": _vector(text)}
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    return {"object": "list", "model": MODEL, "data": rows, "usage": usage}


def _vector(text: str) -> str:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    vector = np.random.default_rng(seed).normal(size=DIMS).astype("<f4")
    return base64.b64encode(vector.tobytes()).decode("ascii")
