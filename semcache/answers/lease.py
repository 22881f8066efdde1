"""A lease: one process at a time answers a new question; the others wait for its answer.

A key that expires by itself, in the manner of ``SET key token NX PX`` (redis.io, distributed
locks). Nothing depends on it: whoever finds it lost, expired or unreachable answers for itself,
which costs a call and nothing else. So it needs no fencing.
"""

import os
import time

from semcache import keys
from semcache.answers.exact import NoExactTier
from semcache.answers.request import Wanted
from semcache.expiry import milliseconds
from semcache.index.answer import Answer
from semcache.locks import in_collection
from semcache.policy import Policy
from semcache.ports import RedisPort
from semcache.question import Question, only
from semcache.stats import Stats

__all__ = ["Lease"]

FOREIGN = 2
PAUSE = 0.05  # seconds between two looks at what another process has done

# One that is no lease gives way: another type, or what would stay for ever.
_TAKE = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('TYPE', KEYS[1]).ok == 'string' and redis.call('PTTL', KEYS[1]) >= 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 2
"""
# Not another's: an owner that was slow may find that somebody else holds the lease by now.
_GIVE_BACK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class Lease:
    """The leases of one scope.

    Args:
        redis: The port to Redis.
        exact: Where the answer of another process is looked for.
        policy: What happens when Redis fails.
        scope: Who shares the answers.
        seconds: How long an owner has, and how long others wait at most.
        stats: Where values of others at our keys are counted.
    """

    def __init__(
        self,
        redis: RedisPort,
        exact: NoExactTier,
        policy: Policy,
        scope: str,
        seconds: float,
        stats: Stats,
    ) -> None:
        self._stats = stats
        self._redis, self._exact, self._policy = redis, exact, policy
        self._namespace, self._seconds = keys.namespace(scope, "lease"), seconds

    async def take(self, request: Wanted) -> tuple[bytes | None, Answer | None]:
        """Return the token of a lease, or the answer that another process has given meanwhile.

        Neither if the other process takes too long, or if Redis fails.
        """
        token, until = os.urandom(12), time.monotonic() + self._seconds
        while True:
            held = await self._policy.attempt(None, self._set(request, token))
            if held is None or held:
                return (token if held else None), None
            await self._redis.sleep(PAUSE)
            answer = await self._policy.attempt(
                None, self._redis.ask(self._exact.question(request))
            )
            if answer is not None and answer.source is None and self._exact.is_fresh(answer):
                return None, answer
            if time.monotonic() >= until:
                return None, None

    async def _set(self, request: Wanted, token: bytes) -> bool:
        life = milliseconds(self._seconds)
        command = ("EVAL", _TAKE, 1, self._key(request), token, life)
        taken = int(await self._redis.ask(Question((command,), only)))
        if taken == FOREIGN:
            self._stats.count(errors=1)
        return taken > 0

    async def give_back(self, request: Wanted, token: bytes) -> None:
        """End a lease, if it is still this one; the garbage collector leaves it to expire."""
        if in_collection():
            return
        command = ("EVAL", _GIVE_BACK, 1, self._key(request), token)
        await self._policy.attempt(None, self._redis.ask(Question((command,), only)))

    def _key(self, request: Wanted) -> str:
        return f"{self._namespace}{request.audience}:{request.id}"
