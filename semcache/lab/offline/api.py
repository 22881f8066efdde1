"""OfflineAPI: the clients, the counts, the latency, the scripted faults and quirks."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI

from semcache.errors import ConfigError
from semcache.lab.ledger import Call, Ledger, known
from semcache.lab.offline.conversations import Conversations
from semcache.lab.offline.faults import Fault, scripted
from semcache.lab.offline.hold import Hold
from semcache.lab.offline.quirks import Quirk, quirky
from semcache.lab.offline.refusal import Refusal
from semcache.lab.offline.routes import Incoming
from semcache.lab.offline.wire import reply

__all__ = ["Call", "OfflineAPI"]

# Both are given, so that no environment variable can send an offline client to a real server.
OFFLINE = {"api_key": "offline", "base_url": "http://offline.invalid/v1"}


class OfflineAPI(Ledger):
    """An OpenAI API in this process, for the real client, with calls counted and faults scripted.

    Embeddings come from a real model, multilingual-e5-small (384 dimensions). The chat models
    offline-mini and offline-large give recorded answers, or say that they have none, through
    ``chat.completions`` and ``responses``. They call tools and fill JSON schemas by the rules of
    ``tools.py`` and ``schema.py``. Safe to use from many threads and tasks.

    Attributes:
        latency: Seconds that every request takes longer, 0 at first. A caller whose read timeout
            is shorter waits that long and gets a timeout.
        waiting: How many requests have come and are not answered yet.

    Example:
        >>> api = OfflineAPI()
        >>> api.fail(429, retry_after=0.005)
        >>> reply = api.client().embeddings.create(model="multilingual-e5-small", input="Hello")
        >>> len(reply.data[0].embedding), reply.usage.total_tokens
        (384, 1)
        >>> [call.status for call in api.calls]
        [429, 200]
    """

    def __init__(self) -> None:
        super().__init__()
        self.latency = 0.0
        self._faults: deque[Fault] = deque()
        self._quirks: list[Quirk] = []
        self._hold: Hold | None = None
        self._conversations = Conversations()
        self.waiting = 0
        self._lock = threading.Lock()

    def client(self, **openai_options: Any) -> OpenAI:
        """Return a real ``openai.OpenAI`` that talks to this API.

        Args:
            openai_options: Anything ``OpenAI`` takes except ``http_client``, such as
                ``max_retries`` or ``timeout``.
        """
        return OpenAI(**{**OFFLINE, **openai_options}, http_client=self.http_client())

    def async_client(self, **openai_options: Any) -> AsyncOpenAI:
        """Return a real ``openai.AsyncOpenAI`` that talks to this API; options as above."""
        return AsyncOpenAI(**{**OFFLINE, **openai_options}, http_client=self.async_http_client())

    def http_client(self) -> httpx2.Client:
        """Return a transport for whatever makes an OpenAI client of its own.

        Such a client needs a key and a base URL, too: any that ends with ``/v1`` will do.

        Example:
            >>> http_client = OfflineAPI().http_client()
            >>> OpenAI(**OFFLINE, http_client=http_client).models.list().data[-1].id
            'offline-large'
        """
        return DefaultHttpxClient(transport=httpx2.MockTransport(self._handle))

    def async_http_client(self) -> httpx2.AsyncClient:
        """Return the same for an asynchronous client."""
        return DefaultAsyncHttpxClient(transport=httpx2.MockTransport(self._handle_async))

    def fail(
        self,
        kind: int | str,
        *,
        times: int = 1,
        retry_after: float | None = None,
        after: int | None = None,
    ) -> None:
        """Script what happens to the next HTTP requests; several scripts happen in their order.

        Args:
            kind: 401, 429, 500 or 503; ``"timeout"``, ``"disconnect"`` (no reply at all), or
                ``"cut"`` (the connection is lost in the middle of the reply).
            times: How many requests in a row. The real client makes up to three for one call.
            retry_after: Seconds the reply asks the client to wait; for 429, 500 and 503.
            after: For ``"cut"``, the chunks of a stream that still arrive (0 if not given).

        Raises:
            ConfigError: No such fault, or an option that it does not have.
        """
        if times < 1:
            raise ConfigError(f"times is a number of requests, 1 or more, not {times!r}")
        fault = scripted(kind, retry_after, after)
        with self._lock:
            self._faults.extend([fault] * times)

    def quirk(self, kind: str, *, most: int | None = None) -> None:
        """Answer from now on as some providers do; several quirks add up, :meth:`reset` cures all.

        ======================= ==============================================================
        kind                    what the provider does
        ======================= ==============================================================
        ``"no delta"``          sends a chunk of a stream whose choice has no delta
        ``"null choices"``      sends ``"choices": null``, as a chunk or as the whole reply
        ``"no stop reason"``    never says why an answer ended
        ``"no stream options"`` refuses ``stream_options`` with 422
        ``"no usage"``          does not say how many tokens were charged
        ``"error in a 200"``    sends an error with status 200
        ``"no base64"``         refuses ``encoding_format="base64"`` with 400
        ``"no index"``          does not number the embeddings
        ``"odd length"``        cuts the first embedding of a reply to half its length
        ``"texts per call"``    refuses more than ``most`` texts with 400
        ======================= ==============================================================

        Raises:
            ConfigError: No such quirk, or ``most`` where it does not belong.

        Example:
            >>> api = OfflineAPI()
            >>> api.quirk("no usage")
            >>> api.client().embeddings.create(model="multilingual-e5-small", input="Hi").usage
        """
        quirk = quirky(kind, most)
        with self._lock:
            self._quirks.append(quirk)

    def hold(
        self,
        until: Callable[[], bool] | None = None,
        *,
        endpoint: str = "chat/completions",
        most: float = 30.0,
    ) -> Hold:
        """Let the requests to an endpoint wait until something is true for the first time.

        So callers meet on purpose, and a test of many callers is no matter of luck.

        Args:
            until: Asked again and again while requests wait, such as
                ``lambda: api.waiting == 8``; without it they wait for ``hold().release()``.
            endpoint: Whose requests wait.
            most: Seconds after which a request waits no longer, whatever ``until`` says.

        Raises:
            ConfigError: There is no such endpoint.
        """
        known(endpoint)
        self._hold = Hold(until, endpoint, most)
        return self._hold

    def reset(self) -> None:
        """Forget all calls, faults, quirks, latency, holds and conversations; clients go on."""
        super().reset()
        with self._lock:
            self._faults.clear()
            self._quirks.clear()
            self._hold = None
            self._conversations.clear()
            self.latency = 0.0

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        with self._counted():
            seconds, fault = self._admit(request)
            time.sleep(seconds)
            for pause in self._held(request):
                time.sleep(pause)
            return self._respond(request, fault)

    async def _handle_async(self, request: httpx2.Request) -> httpx2.Response:
        with self._counted():
            seconds, fault = self._admit(request)
            await asyncio.sleep(seconds)
            for pause in self._held(request):
                await asyncio.sleep(pause)
            # The model computes for milliseconds: in a thread, so that the event loop goes on.
            return await asyncio.to_thread(self._respond, request, fault)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self.waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self.waiting -= 1

    def _held(self, request: httpx2.Request) -> Iterator[float]:
        """Yield the pauses that a request waits, one after the other."""
        hold = self._hold
        if hold is not None and request.url.path.endswith(hold.endpoint):
            yield from hold.pauses()

    def _admit(self, request: httpx2.Request) -> tuple[float, Fault | None]:
        """Take the next fault, and say how long the request is kept waiting."""
        with self._lock:
            fault = self._faults.popleft() if self._faults else None
        patience = request.extensions.get("timeout", {}).get("read")
        if patience is not None and self.latency > patience:
            return patience, Fault("timeout")
        return self.latency, fault

    def _respond(self, request: httpx2.Request, fault: Fault | None) -> httpx2.Response:
        incoming = Incoming.of(request)
        try:
            if fault is not None:
                fault.strike(incoming.model)
            quirks = [q for q in self._quirks if q.endpoint in (None, incoming.endpoint)]
            for quirk in quirks:
                quirk.check(incoming.body or {})
            answer = incoming.answer(self._conversations)
            for quirk in quirks:
                answer = quirk.bend(answer)
        except Refusal as refusal:
            headers = refusal.headers | self._record(incoming, 0, refusal.status)
            return httpx2.Response(refusal.status, headers=headers, json=refusal.body)
        except httpx2.TransportError:
            self._record(incoming, 0, None)
            raise
        headers = self._record(incoming, answer.tokens, 200)
        return reply(answer, headers, fault.cut_after if fault is not None else None)

    def _record(self, incoming: Incoming, tokens: int, status: int | None) -> dict[str, str]:
        """Add the request to the calls, and return the headers that name it."""
        call = Call(incoming.endpoint, incoming.model, incoming.texts, tokens, status)
        return {"x-request-id": f"req_offline_{self._enter(call)}"}
