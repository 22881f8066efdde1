"""POST /embeddings: known vectors come from Redis, the others are asked for in one call."""

import base64
import json
from collections import OrderedDict
from collections.abc import Hashable
from types import SimpleNamespace
from typing import Any, NamedTuple

import httpx2
import openai

from semcache.client.body import with_body
from semcache.client.call import who
from semcache.client.endpoint import Body, as_dict
from semcache.client.onward import Onward
from semcache.client.provider import Head, Lost, Refused, head_of
from semcache.codecs import Vector
from semcache.embedding.api import Embedder
from semcache.embedding.faces import EmbeddingFace
from semcache.errors import BadResponse, CacheUnavailable, SemcacheError
from semcache.locks import Lock
from semcache.observing import observe, stats_of
from semcache.stats import Stats
from semcache.tokens import as_count

__all__ = ["PATH", "Embeddings"]

PATH = "/embeddings"
MODELS = 64  # of embeddings, with their lengths, kept at hand
_KNOWN = frozenset(("input", "model", "dimensions", "encoding_format", "user"))


class Texts(NamedTuple):
    """What a request wants embedded, and by what.

    Attributes:
        texts: One or more.
        model: The embedding model.
        dimensions: The length asked for; ``None`` for the model's own.
        more: Further arguments that the provider takes, such as an input type.
    """

    texts: list[str]
    model: str
    dimensions: int | None
    more: dict[str, Any]

    @classmethod
    def of(cls, body: Body) -> "Texts | None":
        """Read a body; ``None`` for one that is passed on as it is, such as one of tokens."""
        texts, model = body.get("input"), body.get("model")
        rows = [texts] if isinstance(texts, str) else texts
        if not isinstance(model, str) or not isinstance(rows, list) or not rows:
            return None
        if not all(isinstance(text, str) for text in rows):
            return None
        dimensions, form = body.get("dimensions"), body.get("encoding_format")
        if form not in (None, "float", "base64") or type(dimensions) not in (type(None), int):
            return None
        more = {k: v for k, v in body.items() if k not in _KNOWN and v is not None}
        return cls(rows, model, dimensions, more)


class Embeddings:
    """Answers ``embeddings.create`` through caches of ours, one for each model and length.

    Args:
        cache: That of the questions.
        redis_client: As it was given.
        openai_client: As it was given.
        onward: What sends requests on.
    """

    def __init__(self, cache: Any, redis_client: Any, openai_client: Any, onward: Onward) -> None:
        self._own, self._clients, self._onward = cache, (redis_client, openai_client), onward
        self._base = str(openai_client.base_url).rstrip("/") + PATH
        self._lock = Lock()
        self._caches: OrderedDict[Hashable, EmbeddingFace] = OrderedDict()
        self._gone = Stats()  # of caches that gave way: what was counted stays counted

    @property
    def stats(self) -> Stats:
        """Of all caches together. A snapshot."""
        total = self.others
        total.count(**self._own.stats.as_dict())
        return total

    @property
    def others(self) -> Stats:
        """Of all but the questions' own. A snapshot."""
        total = Stats()
        with self._lock:
            for stats in (self._gone, *(cache.stats for cache in self._caches.values())):
                total.count(**stats.as_dict())
        return total

    async def reply(self, http: httpx2.Request, body: dict[str, Any]) -> tuple[Head, bytes] | None:
        """Return the reply to a request; ``None`` for one that is passed on as it is."""
        texts = Texts.of(body)
        if texts is None:
            return None
        asking = Asking(self._onward, http, body)
        try:
            flow = self._cache(texts, str(http.url)).flow
            flow = getattr(flow, "behind", flow)  # what lies in memory is the questions'
            rows = await flow.over(Embedder(asking, flow.options), who(http)).rows(texts.texts)
        except Refused as refused:
            return refused.head, refused.body
        except Lost as lost:
            raise lost.error from None
        except (BadResponse, RecursionError):  # what was paid for is the caller's, whatever it is
            return asking.whole
        except CacheUnavailable:
            if not asking.calls:
                raise
            return asking.whole
        except (SemcacheError, openai.OpenAIError):
            return None  # the provider says what is wrong with it
        if asking.whole is not None:
            head, content = asking.whole
            return head.that_came("miss"), content
        head = Head(200, httpx2.Headers({"content-type": "application/json"}))
        head = head.that_came("miss" if asking.calls else "exact")
        return head, reply(texts, body, rows, asking.tokens)

    def _cache(self, texts: Texts, url: str) -> Any:
        """Return the cache of a model, length and endpoint."""
        revision = None if url == self._base else url
        parts: dict[str, Any] = {"model": texts.model, "dimensions": texts.dimensions}
        parts |= {"extra_body": texts.more or None, "revision": revision}
        own = self._own.options
        if all(getattr(own, name) == value for name, value in parts.items()):
            return self._own
        key = json.dumps(parts, sort_keys=True)
        with self._lock:
            cache = self._caches.get(key)
            if cache is None:
                more = {name: getattr(own, name) for name in ("scope", "ttl", "codec", "on_error")}
                cache = self._caches[key] = type(self._own)(*self._clients, **parts, **more)
                for observer in stats_of(self._own).observers:
                    observe(cache, observer)
                if len(self._caches) > MODELS:
                    _, last = self._caches.popitem(last=False)
                    self._gone.count(**last.stats.as_dict())
            self._caches.move_to_end(key)
            return cache


class Asking:
    """Asks for the vectors that are missing, as the request at hand would have: the API's port."""

    def __init__(self, onward: Onward, http: httpx2.Request, body: Body) -> None:
        self._onward, self._http, self._body = onward, http, body
        self.tokens = self.calls = 0
        self.whole: tuple[Head, bytes] | None = None  # the reply, if it was to all texts

    async def embeddings(self, **arguments: Any) -> Any:
        """Return what the provider says to the request with other texts.

        Raises:
            Refused: It said no.
            Lost: It could not be reached.
        """
        texts = arguments["input"]
        given = self._body["input"]
        head, content = await self._send(with_body(self._http, {**self._body, "input": texts}))
        if head.status != 200:
            raise Refused(head, content)
        if texts == ([given] if isinstance(given, str) else given):
            self.whole = head, content
        self.calls += 1
        payload = as_dict(json.loads(content))
        usage = as_dict(payload.get("usage"))
        self.tokens += as_count(usage.get("total_tokens")) or as_count(usage.get("prompt_tokens"))
        rows = map(as_dict, payload.get("data") or ())
        data = [SimpleNamespace(index=r.get("index"), embedding=r.get("embedding")) for r in rows]
        return SimpleNamespace(data=data, usage=SimpleNamespace(**usage))

    async def _send(self, request: httpx2.Request) -> tuple[Head, bytes]:
        try:
            response = await self._onward.send(request)
            try:
                return head_of(response), await self._onward.body(response)
            finally:
                await self._onward.close(response)
        except httpx2.TransportError as error:
            raise Lost(error) from error

    async def chat(self, **arguments: Any) -> Any:
        """Nothing of an embedding cache asks a chat."""
        raise NotImplementedError

    chat_stream: Any = chat


def reply(texts: Texts, body: Body, rows: Vector, tokens: int) -> bytes:
    """Return the reply to a request, as the provider would have written it.

    Args:
        texts: What was asked for.
        body: How it was asked for.
        rows: The vectors, float32 of shape (n, dims).
        tokens: What was charged for it now: 0 if all was known.
    """
    in_base64 = body.get("encoding_format") == "base64"
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(row.astype("<f4").tobytes()).decode()
            if in_base64
            else row.tolist(),
        }
        for index, row in enumerate(rows)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json.dumps(
        {"object": "list", "data": data, "model": texts.model, "usage": usage}
    ).encode()
