"""OnlineAPI: counts what a real API is asked and charges, as the offline one does."""

import json
import threading
from typing import Any

import httpx2
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI

from semcache.errors import ConfigError
from semcache.lab.offline import Call

__all__ = ["OnlineAPI"]


class OnlineAPI:
    """Real clients whose requests are counted; nothing about them is changed.

    Has what a lesson uses of :class:`semcache.lab.offline.OfflineAPI`: ``calls``, ``tokens``,
    ``call_count`` and ``reset``. A real API cannot be told to fail.
    """

    def __init__(self, api_key: str, base_url: str | None) -> None:
        self._options: dict[str, Any] = {"api_key": api_key, "base_url": base_url}
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def client(self) -> OpenAI:
        """Return an ``openai.OpenAI`` whose requests are counted."""
        hooks = {"response": [self._record]}
        return OpenAI(**self._options, http_client=DefaultHttpxClient(event_hooks=hooks))

    def async_client(self) -> AsyncOpenAI:
        """Return an ``openai.AsyncOpenAI`` whose requests are counted."""
        hooks = {"response": [self._record_async]}
        return AsyncOpenAI(**self._options, http_client=DefaultAsyncHttpxClient(event_hooks=hooks))

    @property
    def calls(self) -> list[Call]:
        """Every reply so far, oldest first: a copy. A stream counts 0 tokens."""
        with self._lock:
            return list(self._calls)

    @property
    def tokens(self) -> int:
        """Tokens charged so far, as far as the replies say."""
        return sum(call.tokens for call in self.calls)

    def call_count(self, endpoint: str | None = None) -> int:
        """Return the number of replies so far, from one endpoint or from all."""
        return sum(endpoint in (None, call.endpoint) for call in self.calls)

    def fail(self, *_: object, **__: object) -> None:
        """Refuse.

        Raises:
            ConfigError: Always: only the offline API fails on request.
        """
        raise ConfigError("a real API does not fail on request: unset SEMCACHE_ONLINE for that")

    def reset(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()

    def _record(self, response: httpx2.Response) -> None:
        if not _is_stream(response):
            response.read()
        self._add(response)

    async def _record_async(self, response: httpx2.Response) -> None:
        if not _is_stream(response):
            await response.aread()
        self._add(response)

    def _add(self, response: httpx2.Response) -> None:
        asked = _json(response.request.content)
        told = {} if _is_stream(response) else _json(response.content)
        inputs = asked.get("input", [])
        texts = (inputs,) if isinstance(inputs, str) else tuple(map(str, inputs))
        tokens = (told.get("usage") or {}).get("total_tokens", 0)
        endpoint = response.request.url.path.rpartition("/v1/")[2].strip("/")
        call = Call(endpoint, asked.get("model"), texts, tokens, response.status_code)
        with self._lock:
            self._calls.append(call)


def _is_stream(response: httpx2.Response) -> bool:
    return "text/event-stream" in response.headers.get("content-type", "")


def _json(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
