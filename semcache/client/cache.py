"""What stands between a client and its provider, whichever the face: from a request to a reply."""

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any, ClassVar, NamedTuple
from urllib.parse import quote

import httpx2
from openai._models import FinalRequestOptions

from semcache.answers.asking import Llm
from semcache.answers.completion import Admission, Completion
from semcache.answers.hybrid import Tiers
from semcache.answers.looked import Looked
from semcache.answers.wishes import Wishes
from semcache.client import embeddings
from semcache.client.call import Call, Standalone, read_call
from semcache.client.chat import CHAT
from semcache.client.embeddings import Embeddings
from semcache.client.endpoint import Endpoint
from semcache.client.onward import Onward
from semcache.client.provider import Head, Provider, Refused
from semcache.client.responses import RESPONSES
from semcache.client.wish import NAME, wishes_of
from semcache.embedding.faces import EmbeddingFace
from semcache.errors import ConfigError
from semcache.sharing import ANSWER_RULES, DEFAULT_RULES, Rule
from semcache.stats import Stats

__all__ = ["ClientCache", "Reply", "complete_replies"]

ENDPOINTS: tuple[Endpoint, ...] = (CHAT, RESPONSES)
LONGEST = 500  # characters of a question in a header


class Reply(NamedTuple):
    """What the client gets: the body at once, or in pieces as it comes."""

    head: Head
    body: bytes | AsyncGenerator[Any, None]


def complete_replies(completion: Completion) -> bool:
    """Admit what ended by itself, is no refusal, and is a text or a call of a tool.

    Example:
        >>> complete_replies(Completion("", "tool_calls", calls=True))
        True
    """
    if completion.refused:
        return False
    if completion.calls:
        return completion.finish_reason in ("stop", "tool_calls", "function_call")
    return completion.finish_reason == "stop" and completion.text != ""


class ClientCache(Tiers):
    """The part of a transport that both faces have; see :class:`CacheTransport` for use."""

    ONWARD: ClassVar[type[Any]]

    def __init__(
        self,
        redis_client: Any,
        openai_client: Any,
        *,
        standalone: Standalone | None = None,
        admit: Admission = complete_replies,
        rules: tuple[Rule, ...] = DEFAULT_RULES,
        answer_rules: tuple[Rule, ...] = ANSWER_RULES,
        **options: Any,
    ) -> None:
        behind = getattr(openai_client, "_client", None)
        if not isinstance(behind, httpx2.Client | httpx2.AsyncClient):
            raise ConfigError(
                f"openai_client is {type(openai_client).__name__}: give an OpenAI or AsyncOpenAI "
                "over an httpx2 client, which is what it makes by itself"
            )
        self._onward: Onward = self.ONWARD(behind)
        self._openai, self._standalone = openai_client, standalone
        given: dict[str, Any] = {"rules": rules, "answer_rules": answer_rules, "admit": admit}
        super().__init__(redis_client, openai_client, **given, **options)
        clients = redis_client, openai_client
        own: Any = self.embedding_cache
        if not isinstance(
            own, EmbeddingFace
        ):  # another program's: it knows one model, and no batch
            own = self.EMBEDDING(*clients, scope=self.options.scope, on_error=self.options.on_error)
        self._embeddings = Embeddings(own, *clients, self._onward)

    def _llm(self) -> Llm:
        return Provider(self._onward)

    @property
    def embedding_stats(self) -> Stats:
        """Hits and misses of ``embeddings.create``, and of the questions. A snapshot."""
        return self._embeddings.stats

    async def _reply(self, request: httpx2.Request) -> Reply | httpx2.Response:
        """Answer a request from the cache, or send it on.

        Raises:
            ConfigError: A wish that cannot be fulfilled.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
            httpx2.TransportError: The provider could not be reached.
        """
        path, body = request.url.path, _body_of(request)
        if body is None:
            return await self._onward.send(request)
        if NAME in body:
            asked = body.pop(NAME)
            request = embeddings.with_body(request, body)
            wishes = wishes_of(asked, self.options.threshold, self.options.seconds)
        else:
            wishes = Wishes(self.options.threshold, self.options.seconds)
        if path.endswith(embeddings.PATH) and wishes.read and wishes.keep:
            found = await self._embeddings.reply(request, body)
            return await self._onward.send(request) if found is None else Reply(*found)
        endpoint = next((one for one in ENDPOINTS if path.endswith(one.path)), None)
        call = None
        if endpoint is not None:
            call = await read_call(endpoint, body, request, self._standalone)
        if call is None:
            return await self._onward.send(request)
        return await self._answer(call, wishes._replace(similar=call.similar))

    async def _answer(self, call: Call, wishes: Wishes) -> Reply:
        looked = await self._looked(call, wishes)
        if looked.text is not None:
            return _kept(looked.text, call, _origin(looked, self.options.clock()))
        pieces = self.flow.pieces(looked)
        try:
            first = await anext(pieces)
        except Refused as refused:
            return Reply(refused.head, refused.body)
        if not isinstance(first, Head):  # what another process answered, or an older answer
            await pieces.aclose()
            return _kept(first, call, {"x-semcache": "exact"})
        way = "miss" if looked.wishes.read or looked.wishes.keep else "bypass"
        head = Head(first.status, {**first.headers, "x-semcache": way})
        if "event-stream" in first.headers.get("content-type", ""):
            return Reply(head, pieces)
        return Reply(head, "".join([piece async for piece in pieces]).encode())

    async def _call_of(self, arguments: Mapping[str, Any]) -> Call:
        """Return the request that the client would make of these arguments."""
        body = {name: value for name, value in arguments.items() if value is not None}
        endpoint: Endpoint = CHAT if "messages" in body else RESPONSES
        options = FinalRequestOptions(method="post", url=endpoint.path, json_data=body)
        call = await read_call(
            endpoint, body, self._openai._build_request(options), self._standalone
        )
        if call is None:
            raise ConfigError("give the arguments of chat.completions.create or responses.create")
        return call


def _body_of(request: httpx2.Request) -> dict[str, Any] | None:
    """Return the JSON object that is sent to an endpoint of ours; ``None`` for all else."""
    ours = (embeddings.PATH, *(endpoint.path for endpoint in ENDPOINTS))
    if request.method != "POST" or not request.url.path.endswith(ours):
        return None
    try:
        body = json.loads(request.content)
    except (ValueError, httpx2.RequestNotRead):
        return None
    return body if isinstance(body, dict) else None


def _origin(looked: Looked, now: float) -> dict[str, str]:
    """Return the headers that tell where an answer comes from."""
    match = looked.lookup.match if looked.lookup else None
    if match is not None:
        question, similarity, created_at = match.original_query, match.similarity, match.created_at
    elif looked.found is not None:
        found = looked.found
        question, similarity = found.source or found.query, found.similarity
        created_at = found.created_at
    return {
        "x-semcache": looked.tier or "exact",
        "x-semcache-similarity": f"{similarity:.6f}",
        "x-semcache-question": quote(question[:LONGEST], safe=" ?!,.", errors="replace"),
        "x-semcache-age": str(max(0, int(now - created_at))),
    }


def _kept(payload: str, call: Call, origin: dict[str, str]) -> Reply:
    """Return a kept reply, in one piece or as the events of a stream."""
    if not call.streams:
        headers = {"content-type": "application/json", **origin}
        return Reply(Head(200, headers), payload.encode("utf-8", "surrogatepass"))
    events = [
        (f"event: {name}\n" if name else "") + f"data: {data}\n\n"
        for name, data in call.endpoint.events(json.loads(payload), call.body)
    ]
    headers = {"content-type": "text/event-stream; charset=utf-8", **origin}
    return Reply(Head(200, headers), "".join(events).encode("utf-8", "surrogatepass"))
