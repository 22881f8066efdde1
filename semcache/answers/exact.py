"""The exact tier of HybridLLMCache: answers under a digest of their question. Lesson 07."""

import math
from collections.abc import Callable
from typing import Any

from semcache import keys
from semcache.answers.request import Request
from semcache.errors import CodecError
from semcache.index.answer import Answer, normalise
from semcache.index.packed import Packed, pack
from semcache.index.store import FOREVER
from semcache.stats import Stats

__all__ = ["ExactTier"]


class ExactTier:
    """One Redis string an answer; what was promoted is remembered by the question it came from.

    Answers found by another embedding model, or under another rule for capitals, lie elsewhere: a
    similarity is on its model's scale. ``embedding`` names the model. Every method may raise
    ``redis.RedisError``.
    """

    def __init__(
        self,
        client: Any,
        scope: str,
        embedding: tuple[object, ...],
        fold_case: bool,
        clock: Callable[[], float],
        stats: Stats,
    ) -> None:
        self._redis, self._fold_case = client, fold_case
        parts = (*embedding, "folded" if fold_case else "typed")
        self._answers = keys.namespace(scope, "exact", *parts)
        self._copies = keys.namespace(scope, "copies", *parts)
        self._clock, self._stats = clock, stats

    def key(self, request: Request) -> str:
        """Return the key of a request's answer."""
        return self._name(self._answers, request, request.query)

    def usable(self, data: Any) -> Answer | None:
        """Return the answer in the bytes that were read; damage is counted, and is a miss."""
        if data is None:
            return None
        try:
            answer = Packed.read(data if isinstance(data, bytes) else b"").answer()
        except CodecError:
            self._stats.count(errors=1)
            return None
        return answer if self._clock() < answer.expires_at else None

    def write(self, pipe: Any, key: str, answer: Answer) -> int | None:
        """Queue the write of an answer; return the milliseconds it has left, None for ever."""
        left = answer.expires_at - self._clock()
        milliseconds = math.ceil(left * 1000) if math.isfinite(left) else None
        if left > 0:
            pipe.set(key, pack(answer), px=milliseconds)
        return milliseconds

    def promote(self, request: Request, key: str, answer: Answer, source: str) -> None:
        """Keep a copy of the answer to ``source``, and remember that it is one, in one trip."""
        if answer.expires_at <= self._clock():
            return
        copies = self._name(self._copies, request, source)
        pipe = self._redis.pipeline(transaction=True)
        milliseconds = self.write(pipe, key, answer)
        pipe.sadd(copies, key)
        for longer in ({"nx": True}, {"gt": True}):  # the list lives as long as the longest copy
            pipe.pexpire(copies, FOREVER if milliseconds is None else milliseconds, **longer)
        pipe.execute()

    def asked_as(self, request: Request) -> str:
        """Return the question as it was asked when its answer was stored; capitals may differ."""
        answer = self.usable(self._redis.get(self.key(request)))
        return answer.query if answer else request.query

    def delete(self, request: Request) -> bool:
        """Delete an answer and all its copies; return whether there was one."""
        copies = self._name(self._copies, request, request.query)
        found: int = self._redis.unlink(self.key(request), copies, *self._redis.smembers(copies))
        return found > 0

    def _name(self, namespace: str, request: Request, query: str) -> str:
        text = keys.digest(normalise(query, self._fold_case))
        return f"{namespace}{request.audience}:{text}"
