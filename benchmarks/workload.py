"""What every subject is given: 1,000 questions, their vectors, and an API that serves them.

The vectors are real: multilingual-e5-small (384 dimensions) embeds each question, and one fixed
isometry carries the result to 1,536 dimensions. Lengths and angles stay as the model made
them, and the numbers are as irregular as those of a 1,536-dimensional model, so that JSON has
its true length of about 34 kB a vector.
"""

import base64
import itertools
import json
from functools import cache

import httpx2
import numpy as np
import openai

from semcache.codecs import Vector
from semcache.lab.offline.model import embed

__all__ = ["DIMS", "MODEL", "TTL", "api_client", "embed_questions", "lift", "questions", "unit"]

DIMS = 1_536
MODEL = "multilingual-e5-small-in-1536"
TTL = 86_400

ACTIONS = (
    "open", "close", "export", "import", "share", "rename", "archive", "restore", "move", "print",
)  # fmt: skip
THINGS = (
    "report", "invoice", "project", "calendar", "contact", "dashboard", "ticket", "contract",
    "backup", "photo",
)  # fmt: skip
WHERE = (
    "on my phone", "in the browser", "for a colleague", "without a password", "from last year",
    "in another language", "before the deadline", "on a slow network", "as an administrator",
    "with the free plan",
)  # fmt: skip


def questions(count: int) -> list[str]:
    """Return ``count`` (at most 1,000) different questions."""
    parts = itertools.product(WHERE, THINGS, ACTIONS)
    texts = [f"How do I {action} a {thing} {where}?" for where, thing, action in parts]
    return texts[:count]


def embed_questions(texts: list[str]) -> Vector:
    """Return their vectors, float32 of shape (n, 1536) and unit length."""
    return lift(np.stack([embed(text) for text in texts]))


def lift(vectors: Vector) -> Vector:
    """Carry vectors of shape (n, 384) to (n, 1536) with the fixed isometry; unit length again."""
    return unit(vectors @ _isometry(vectors.shape[1]).T.astype(np.float32))


def unit(vectors: np.ndarray) -> Vector:
    """Return the rows, or the one vector, as float32 of length 1."""
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


@cache
def _isometry(dims: int) -> np.ndarray:
    gaussian = np.random.default_rng(7).standard_normal((DIMS, dims))
    return np.linalg.qr(gaussian)[0]  # (1536, dims), columns of length 1 at right angles


def api_client(texts: list[str], vectors: Vector) -> openai.OpenAI:
    """Return a real OpenAI client that gets the vectors, as base64, from this process."""
    rows = {
        text: base64.b64encode(vector.tobytes()).decode()
        for text, vector in zip(texts, vectors, strict=True)
    }

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked = json.loads(request.content)["input"]
        asked = [asked] if isinstance(asked, str) else asked
        data = [
            {"object": "embedding", "index": index, "embedding": rows[text]}
            for index, text in enumerate(asked)
        ]
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        body = {"object": "list", "model": MODEL, "data": data, "usage": usage}
        return httpx2.Response(200, json=body)

    transport = openai.DefaultHttpxClient(transport=httpx2.MockTransport(answer))
    return openai.OpenAI(
        api_key="offline", base_url="http://offline.invalid/v1", http_client=transport
    )
