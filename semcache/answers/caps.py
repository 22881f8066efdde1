"""Bounds on how many answers a scope holds, and on how many of them one asker gave rise to.

Two sorted sets tell what a scope holds: when each answer was given, and when it ends. One for each
asker tells which the asker gave rise to. They are written in the answer's own transaction, and the
replies say whether it is one too many: then the oldest go, in both tiers and with their copies.

Nothing is found through these sets. What they say of an answer that is gone may be wrong for a
while, and costs at most another old answer of the same scope or asker.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from semcache import keys
from semcache.answers.exact import NoExactTier
from semcache.answers.options import AnswerOptions
from semcache.answers.request import Wanted, id_of
from semcache.expiry import milliseconds
from semcache.index.answer import Answer
from semcache.index.base import Index
from semcache.index.pages import scanned
from semcache.ports import RedisPort
from semcache.question import Command, Question, Reply, Tolerant, members_of
from semcache.stats import Stats

__all__ = ["KEPT", "Caps"]

log = logging.getLogger("semcache")

KEPT = "kept"  # the kind of these keys
MANY_EXPIRED = 100  # that are forgotten together, where nothing else asks for it
AT_ONCE = 200  # answers that go, or are forgotten, after one write
NEVER = 1e15  # seconds: an infinity that every reader of numbers knows
NO_CAP = 2**53

# What was given when, what ends when; the time, the cap, how many at once. Returns what is to go.
_OLDEST = """
local old = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, one in ipairs(old) do
  redis.call('ZREM', KEYS[1], one)
  redis.call('ZREM', KEYS[2], one)
end
local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[2])
if over < 1 or #old == tonumber(ARGV[3]) then return {} end
return redis.call('ZRANGE', KEYS[1], 0, math.min(over, tonumber(ARGV[3])) - 1)
"""
# The same of one asker, in KEYS[3]: what has ended, was deleted or is another's by now goes first.
_OLDEST_OF_ASKER = """
local own = redis.call('ZRANGE', KEYS[3], 0, -1, 'WITHSCORES')
for i = 1, #own, 2 do
  local given = redis.call('ZSCORE', KEYS[1], own[i])
  local ends = redis.call('ZSCORE', KEYS[2], own[i])
  local same = given and ends and tonumber(given) == tonumber(own[i + 1])
  if not same or tonumber(ends) <= tonumber(ARGV[1]) then redis.call('ZREM', KEYS[3], own[i]) end
end
local over = redis.call('ZCARD', KEYS[3]) - tonumber(ARGV[2])
if over < 1 then return {} end
return redis.call('ZRANGE', KEYS[3], 0, math.min(over, tonumber(ARGV[3])) - 1)
"""


class Held(NamedTuple):
    """How many answers there are, as far as the sets know.

    Attributes:
        scope: Of the scope.
        expired: How many of these have ended.
        asker: Of the asker; 0 if nobody asks.
    """

    scope: int
    expired: int
    asker: int


class Caps:
    """The caps of one scope, on the answers of one embedding model; without any it does nothing.

    Args:
        redis: The port to the server.
        model: What made the vectors.
        options: The scope, the caps, the clock.
        index_of: Returns the index of an audience.
        exact: The exact tier.
        stats: Where evictions are counted.
    """

    def __init__(
        self,
        redis: RedisPort,
        model: Sequence[object],
        options: AnswerOptions,
        index_of: Callable[[str], Index],
        exact: NoExactTier,
        stats: Stats,
    ) -> None:
        self._redis, self._options, self._stats = redis, options, stats
        self._index_of, self._exact = index_of, exact
        self._namespace = keys.namespace(options.scope, KEPT, *model)
        self._register = f"{self._namespace}given", f"{self._namespace}ends"

    def adding(self, request: Wanted, answer: Answer, asker: str | None) -> Question[Held]:
        """Return the commands that register an answer; reading tells how many there are now."""
        if not self._options.is_capped:
            return Question((), lambda replies: Held(0, 0, 0))
        given, ends = self._register
        member, now = self.name_of(request), self._options.clock()
        sets = [given, ends]
        commands: list[Command] = [
            ("ZADD", given, answer.created_at, member),
            ("ZADD", ends, min(answer.expires_at, NEVER), member),
            ("ZCARD", given),
            ("ZCOUNT", ends, "-inf", now),
        ]
        if own := self._own(asker):
            commands += [("ZADD", own, answer.created_at, member), ("ZCARD", own)]
            sets.append(own)
        left = milliseconds(max(0.0, answer.expires_at - now))
        for key in sets:  # an abandoned scope leaves nothing
            commands += [("PEXPIRE", key, left, option) for option in ("NX", "GT")]

        def read(replies: Sequence[Any]) -> Held:
            counts = [int(reply or 0) for reply in replies]
            return Held(counts[2], counts[3], counts[5] if own else 0)

        # A foreign value at one of our keys must not keep an answer from being kept.
        return Question(tuple(Tolerant("WRONGTYPE", command) for command in commands), read)

    async def enforce(self, counted: Reply[Held], asker: str | None) -> None:
        """Let the oldest answers go, if there are too many: the asker's own before others'."""
        held, own, gone = counted(), self._own(asker), 0
        per_asker = self._options.max_entries_per_asker or NO_CAP
        if own and held.asker > per_asker:
            gone = await self._evict(_OLDEST_OF_ASKER, per_asker, own)
        most = self._options.max_entries or NO_CAP
        if held.scope - gone > most or held.expired >= MANY_EXPIRED:
            await self._evict(_OLDEST, most)

    async def _evict(self, script: str, most: int, *asker: str) -> int:
        sets = *self._register, *asker
        limits = self._options.clock(), most, AT_ONCE
        command = ("EVAL", script, len(sets), *sets, *limits)
        members = await self._redis.ask(Question((command,), members_of))
        if members:
            forgetting = [("ZREM", key, *members) for key in sets]
            await self._redis.change([*await self._deleting(members), *forgetting])
            self._stats.count(evictions=len(members))
            log.info("evicted the oldest %d: a cap on entries was reached", len(members))
        return len(members)

    async def _deleting(self, members: Sequence[bytes]) -> list[Command]:
        """Return the commands that delete answers in both tiers."""
        named: dict[str, list[list[str]]] = {}
        for member in members:
            *names, audience = member.decode().split(":", 3)
            named.setdefault(audience, []).append(names)
        commands: list[Command] = []
        for audience, some in named.items():
            deleting = await self._index_of(audience).deleting([id for id, _, _ in some])
            commands += deleting.commands
            for _, spelt, name in some:
                commands += self._exact.deleting_at(audience, name, spelt).commands
        return commands

    def forgetting(self, members: Sequence[str]) -> list[Command]:
        """Return the commands that forget answers, each by its name."""
        if not members or not self._options.is_capped:
            return []
        return [Tolerant("WRONGTYPE", ("ZREM", key, *members)) for key in self._register]

    async def forget_all(self, audience: str) -> None:
        """Forget the answers of an audience, which are gone."""
        if not self._options.is_capped:
            return
        own = [audience.encode()]
        async for pairs in scanned(self._redis, "ZSCAN", self._register[0]):
            if gone := [member for member, _ in pairs if member.split(b":", 3)[3:] == own]:
                await self._redis.change([("ZREM", key, *gone) for key in self._register])

    def _own(self, asker: str | None) -> str | None:
        """Where an asker's answers are noted, if they are."""
        if asker is None or self._options.max_entries_per_asker is None:
            return None
        return f"{self._namespace}by:{keys.digest(asker)}"

    def name_of(self, request: Wanted) -> str:
        """Return what names the answer to a request here."""
        return self.name_at(request.audience, request.query, self._exact.name_of(request))

    def name_at(self, audience: str, query: str, exact: str | None = None) -> str:
        """Return the same of a question, whose name in the exact tier may be another than usual."""
        spelt = self._exact.spelt(query)
        return f"{id_of(query)}:{spelt}:{exact or spelt}:{audience}"
