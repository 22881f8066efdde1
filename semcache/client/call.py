"""A request to an endpoint, read: what the flow must know of it."""

import copy
import dataclasses
import inspect
import json
import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, Self

import httpx2

from semcache import keys
from semcache.answers.request import check_text, credentials, normalise
from semcache.client.endpoint import Asked, Body, Endpoint
from semcache.client.links import unlinked

__all__ = ["ECHOED", "Call", "Standalone", "read_call", "who"]

log = logging.getLogger("semcache")

Standalone = Callable[[list[Any]], str | Awaitable[str | None] | None]

# What callers say of themselves; it shapes no answer, and some replies repeat it.
ECHOED = ("metadata", "user", "safety_identifier", "prompt_cache_key")


@dataclass(frozen=True)
class Call:
    """A request that may be answered from the cache; see :class:`~semcache.answers.request.Wanted`.

    Attributes:
        query: What is embedded, compared and shown.
        model: The LLM.
        audience: Requests that may share answers by similarity have the same.
        id: What else must be equal in the exact tier.
        is_spelt: Whether the id stands for the question alone.
        goes_with: The question with whose answer this one's is deleted, if the id does not name it.
        similar: Whether an answer to a similar question may do.
        endpoint: Reads its replies.
        body: What is asked.
        http: What is sent on.
    """

    query: str
    model: str
    audience: str
    id: str
    is_spelt: bool
    goes_with: str | None
    similar: bool
    endpoint: Endpoint
    body: Body
    http: httpx2.Request

    @property
    def streams(self) -> bool:
        """Whether the answer is wanted in pieces."""
        return self.body.get("stream") is True

    @property
    def flight(self) -> Hashable:
        """What must be equal, beside the audience, for two callers to share one answer."""
        names = (*ECHOED, "service_tier", *(("stream_options",) if self.streams else ()))
        how: Hashable
        try:
            how = json.dumps([self.body.get(name) for name in names], sort_keys=True)
        except RecursionError:  # nested too deep: only the very same request is the same
            how = self.http.content
        return self.query, self.id, self.streams, how, who(self.http)

    def asking(self, query: str) -> Self:
        """Return the same request with another question."""
        if not self.is_spelt:
            return dataclasses.replace(self, query=query)
        return dataclasses.replace(self, query=query, id=keys.digest(normalise(query)))


def who(http: httpx2.Request) -> Hashable:
    """Return who asks, and how long the caller waits.

    Two callers who differ in it do not wait for one call: it might be refused to the one, or be
    given up, and not to the other.
    """
    patience = http.extensions.get("timeout") or {}
    return credentials(http.headers), tuple(sorted(patience.items()))


async def read_call(
    endpoint: Endpoint, body: Body, http: httpx2.Request, standalone: Standalone | None
) -> Call | None:
    """Read a request; ``None`` for one that is passed on as it is.

    Args:
        endpoint: Where it goes.
        body: What it asks.
        http: What is sent on.
        standalone: Makes of a conversation a question that can be understood without it.
    """
    asked = endpoint.asked(body)
    if asked is None:
        return None
    try:
        return _call(endpoint, body, http, asked, await _question(asked, standalone))
    # No JSON of ours, half a character, or nested too deep: the provider's task.
    except (TypeError, UnicodeError, RecursionError):
        return None


async def _question(asked: Asked, standalone: Standalone | None) -> str | None:
    """Return the question as it stands by itself; ``None`` if it does not."""
    if not asked.is_plain:
        return None
    if not asked.turns:
        return asked.query
    if standalone is None:
        return None
    try:
        said = [*asked.before, *asked.turns, {"role": "user", "content": asked.query}]
        made = standalone(copy.deepcopy(said))  # it may shorten them in place
        question = await made if inspect.isawaitable(made) else made
        if isinstance(question, str):
            check_text("question that standalone made", question)
    except Exception:
        log.exception("standalone failed, so the request is looked up exactly only")
        return None
    return question if isinstance(question, str) and question.strip() else None


def _call(
    endpoint: Endpoint, body: Body, http: httpx2.Request, asked: Asked, question: str | None
) -> Call:
    where, model = str(http.url), str(body.get("model", ""))
    if question is None:  # only the very same request, whatever it holds
        turns, last = unlinked([asked.turns, asked.query or asked.last])
        whole = {"before": asked.before, "turns": turns, "shaping": asked.shaping, "last": last}
        audience = keys.digest_of({"url": where, "model": model, "by": "request"})
        own = audience, keys.digest_of(whole), False, None, False
        return Call(asked.query, model, *own, endpoint, body, http)
    audience = keys.digest_of({"url": where, "before": asked.before, "shaping": asked.shaping})
    if not asked.turns:
        own = audience, keys.digest(normalise(question)), True, None, True
        return Call(question, model, *own, endpoint, body, http)
    turned = keys.digest_of({"turns": unlinked(asked.turns), "last": asked.query})
    return Call(question, model, audience, turned, False, question, True, endpoint, body, http)
