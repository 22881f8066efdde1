"""OnlineAPI: counts what a real API is asked and charges, as the offline one does."""

import json
from typing import Any

import httpx2
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI

from semcache.errors import ConfigError
from semcache.lab.ledger import Call, Ledger
from semcache.lab.offline.routes import Incoming

__all__ = ["OnlineAPI"]


class OnlineAPI(Ledger):
    """Real clients whose requests are counted; nothing about them is changed.

    Has what a lesson uses of :class:`semcache.lab.offline.OfflineAPI`: ``calls``, ``tokens``,
    ``call_count`` and ``reset``. A stream counts 0 tokens. A real API cannot be told to fail.
    """

    def __init__(self, api_key: str, base_url: str | None) -> None:
        super().__init__()
        self._options: dict[str, Any] = {"api_key": api_key, "base_url": base_url}

    def client(self) -> OpenAI:
        """Return an ``openai.OpenAI`` whose requests are counted."""
        hooks = {"response": [self._record]}
        return OpenAI(**self._options, http_client=DefaultHttpxClient(event_hooks=hooks))

    def async_client(self) -> AsyncOpenAI:
        """Return an ``openai.AsyncOpenAI`` whose requests are counted."""
        hooks = {"response": [self._record_async]}
        return AsyncOpenAI(**self._options, http_client=DefaultAsyncHttpxClient(event_hooks=hooks))

    def fail(self, *_: object, **__: object) -> None:
        """Refuse.

        Raises:
            ConfigError: Always: only the offline API fails on request.
        """
        raise ConfigError("a real API does not fail on request: unset SEMCACHE_ONLINE for that")

    def _record(self, response: httpx2.Response) -> None:
        if not _is_stream(response):
            response.read()
        self._add(response)

    async def _record_async(self, response: httpx2.Response) -> None:
        if not _is_stream(response):
            await response.aread()
        self._add(response)

    def _add(self, response: httpx2.Response) -> None:
        asked = Incoming.of(response.request)
        tokens = 0 if _is_stream(response) else _tokens(response.content)
        self._enter(Call(asked.endpoint, asked.model, asked.texts, tokens, response.status_code))


def _is_stream(response: httpx2.Response) -> bool:
    return "text/event-stream" in response.headers.get("content-type", "")


def _tokens(content: bytes) -> int:
    try:
        usage = (json.loads(content) or {}).get("usage") or {}
        return int(usage.get("total_tokens", 0))
    except (ValueError, AttributeError, TypeError):  # no JSON, or of another shape
        return 0
