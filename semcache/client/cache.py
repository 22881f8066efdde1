"""What stands between a client and its provider, whichever the face: from a request to a reply."""

import logging
from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

import httpx2

from semcache.answers.asking import Llm
from semcache.answers.callbacks import at_once, check_plain
from semcache.answers.completion import Admit, Completion
from semcache.answers.hybrid import Tiers
from semcache.answers.keywords import TierKeywords, TransportKeywords
from semcache.answers.looked import Looked
from semcache.answers.wishes import Wishes
from semcache.blocking import BLOCKING
from semcache.client import embeddings
from semcache.client.body import read_body
from semcache.client.call import Call, Standalone, read_call
from semcache.client.chat import CHAT
from semcache.client.embeddings import Embeddings
from semcache.client.endpoint import Endpoint
from semcache.client.kept import Reply, kept_reply, origin_of, origin_of_kept
from semcache.client.onward import Onward
from semcache.client.provider import NoReply, Provider, Refused
from semcache.client.responses import RESPONSES
from semcache.client.wish import wishes_of
from semcache.embedding.faces import EmbeddingFace
from semcache.errors import ConfigError
from semcache.index.answer import Answer
from semcache.options import check_callable
from semcache.ports import ApiPort
from semcache.sharing import ANSWER_RULES, DEFAULT_RULES, Rule
from semcache.stats import Stats

__all__ = ["PATHS", "UNREADABLE", "ClientCache", "ClientKeywords", "complete_replies"]

log = logging.getLogger("semcache")

ENDPOINTS: tuple[Endpoint, ...] = (CHAT, RESPONSES)
PATHS = (embeddings.PATH, *(endpoint.path for endpoint in ENDPOINTS))
# What reading a reply raises that an older version kept, or another program.
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, RecursionError)


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


class ClientKeywords(TierKeywords, total=False):
    """The options of :func:`~semcache.cached`."""

    keep_calls: bool
    standalone: Standalone | None


class ClientCache(Tiers):
    """The part of a transport that both faces have; see :class:`CacheTransport` for use."""

    TAKES = "cached(client)"
    ONWARD: ClassVar[type[Any]]

    def __init__(
        self,
        redis_client: Any,
        openai_client: Any,
        *,
        standalone: Standalone | None = None,
        admit: Admit = complete_replies,
        rules: Sequence[Rule] = DEFAULT_RULES,
        answer_rules: Sequence[Rule] = ANSWER_RULES,
        refuse_excess: bool = True,
        **options: Unpack[TransportKeywords],
    ) -> None:
        behind = getattr(openai_client, "_client", None)
        if not isinstance(behind, httpx2.Client | httpx2.AsyncClient):
            raise ConfigError(
                f"openai_client is {type(openai_client).__name__}: give an OpenAI or AsyncOpenAI "
                "over an httpx2 client, which is what it makes by itself"
            )
        if isinstance(behind._transport, ClientCache):
            raise ConfigError("this client has a cache already: give the client below it")
        self._onward: Onward = self.ONWARD(behind)
        self._openai, self._standalone = openai_client, standalone
        self._elsewhere: dict[str, Any] = {}
        given: dict[str, Any] = {"rules": rules, "answer_rules": answer_rules, "admit": admit}
        given["refuse_excess"] = refuse_excess
        if standalone is not None:
            check_callable("standalone", standalone, "a function of a conversation's messages")
        if self.PORTS is BLOCKING and standalone is not None:
            check_plain("standalone", standalone)
            self._standalone = lambda said: at_once("standalone", standalone(said))
        super().__init__(redis_client, openai_client, **given, **options)
        clients = redis_client, openai_client
        own: Any = self.embedding_cache
        if not isinstance(own, EmbeddingFace):  # another program's: of one model, without batches
            own = self.EMBEDDING(*clients, scope=self.options.scope, on_error=self.options.on_error)
        self._embeddings = Embeddings(own, *clients, self._onward)

    def _llm(self, api: ApiPort) -> Llm:
        return Provider(self._onward)

    def of(self, client: Any) -> Any:
        """Return this cache as a client has it: its ``delete`` makes the requests of that client.

        ``with_options`` gives a client another address, and the cache tells addresses apart.
        """
        where = _address(client)
        if where == _address(self._openai):
            return self
        seen = type(self).__new__(type(self))
        vars(seen).update(vars(self), _openai=client)
        return self._elsewhere.setdefault(where, seen)

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
        path = request.url.path
        request, body, asked = read_body(request, PATHS)
        wishes = self._usual if asked is None else wishes_of(asked, *self._own)
        if body is None:
            return await self._onward.send(request)
        if path.endswith(embeddings.PATH) and wishes.read and wishes.keep:
            found = await self._embeddings.reply(request, body)
            return await self._onward.send(request) if found is None else Reply(*found)
        endpoint = next((one for one in ENDPOINTS if path.endswith(one.path)), None)
        call = None
        if endpoint is not None:
            call = await read_call(endpoint, body, request, self._standalone)
        if call is None:
            return await self._onward.send(request)
        return await self._answer(call, wishes if call.similar else wishes._replace(similar=False))

    async def _answer(self, call: Call, wishes: Wishes) -> Reply:
        looked = await self._looked(call, wishes)
        if looked.text is None:
            return await self._asked(call, looked)
        origin = origin_of(looked, self.options.clock())
        return await self._kept(looked.text, call, origin, wishes)

    async def _kept(
        self, payload: str, call: Call, origin: dict[str, str], wishes: Wishes
    ) -> Reply:
        """Return what was kept; if it cannot be read, ask anew, and keep that in its place."""
        try:
            return kept_reply(payload, call, origin)
        except UNREADABLE as error:
            self.exact_stats.count(errors=1)
            log.warning("a kept reply cannot be read, and is asked for anew: %r", error)
        return await self._asked(call, await self._looked(call, wishes._replace(read=False)))

    async def _asked(self, call: Call, looked: Looked) -> Reply:
        """Return what the provider says, or what is there in place of it."""
        way = "miss" if looked.wishes.read or looked.wishes.keep else "bypass"
        pieces = self.flow.pieces(looked)
        try:
            first = await anext(pieces)
        except NoReply as odd:
            return Reply(odd.head.that_came(way), odd.body)
        except Refused as refused:
            return Reply(refused.head, refused.body)
        if isinstance(first, Answer):  # what another process answered, or an older answer
            await pieces.aclose()
            origin = origin_of_kept(first, self.options.clock())
            return await self._kept(first.response, call, origin, looked.wishes)
        head = first.that_came(way)
        if first.is_stream(call.streams):
            return Reply(head, pieces)
        return Reply(head, b"".join([piece async for piece in pieces]))


def _address(client: Any) -> str:
    return repr((str(client.base_url), dict(client.default_query)))
