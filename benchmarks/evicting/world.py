"""An API whose every answer is known by a number, and who may still be given it."""

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import httpx2
import numpy as np
from openai import DefaultHttpxClient, OpenAI

__all__ = ["MODEL", "WORDINGS", "World", "question"]

MODEL, DIMS = "stand-in", 384
WORDINGS = ("What is {}?", "Tell me about {}.", "{}, please explain it", "I wonder about {}")
LENGTH = 2_000  # characters of an answer


def question(number: int, wording: int) -> str:
    return WORDINGS[wording % len(WORDINGS)].format(f"thing {number:05d}")


def number_of(text: str) -> int:
    return int(text.partition("thing ")[2][:5])


class World:
    """The API, and the truth about its answers.

    Attributes:
        calls: LLM calls so far.
        meanwhile: Called once, while the next answer is on its way.
        deleted: The numbers of answers that somebody has deleted.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.meanwhile: Callable[[], object] | None = None
        self.deleted: set[int] = set()
        self._given: defaultdict[str, set[int]] = defaultdict(set)

    def client(self) -> OpenAI:
        http_client = DefaultHttpxClient(transport=httpx2.MockTransport(self._handle))
        url = "http://stand-in.invalid/v1"
        return OpenAI(api_key="none", base_url=url, http_client=http_client, max_retries=0)

    def delete(self, text: str) -> None:
        """Note that all answers given to a question so far are deleted, those on their way, too."""
        self.deleted |= self._given[text]

    def is_wrong(self, text: str, answer: str) -> bool:
        """Whether a cached answer should not have been served to a question."""
        serial, asked = answer.split("|")[:2]
        return int(serial) in self.deleted or number_of(asked) != number_of(text)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        return httpx2.Response(200, json=_vectors(body) if "input" in body else self._answer(body))

    def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        text = body["messages"][-1]["content"]
        self.calls += 1
        serial = self.calls
        self._given[text].add(serial)
        if (meanwhile := self.meanwhile) is not None:
            self.meanwhile = None
            meanwhile()
        message = {"role": "assistant", "content": f"{serial}|{text}|".ljust(LENGTH, "x")}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 9, "completion_tokens": 400, "total_tokens": 409}
        head = {"id": "1", "object": "chat.completion", "created": 1, "model": MODEL}
        return {**head, "choices": [choice], "usage": usage}


def _vectors(body: dict[str, Any]) -> dict[str, Any]:
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    rows = [
        {"object": "embedding", "index": index, "embedding": _vector(text)}
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    return {"object": "list", "model": MODEL, "data": rows, "usage": usage}


def _vector(text: str) -> str:
    """Wordings of one thing at a similarity of about 0.99, different things at about 0."""
    vector = _drawn(str(number_of(text))) + 0.1 * _drawn(text)
    return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")


def _drawn(seed: str) -> Any:
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
    return np.random.default_rng(number).normal(size=DIMS)
