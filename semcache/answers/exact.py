"""The exact tier of HybridLLMCache: answers under a digest of their question. Lesson 07."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from semcache import keys
from semcache.answers.generations import Mark, Marks
from semcache.answers.request import Wanted, id_of, normalise
from semcache.errors import CodecError
from semcache.expiry import milliseconds
from semcache.index.answer import Answer
from semcache.index.packed import Packed, pack
from semcache.index.pages import Page, pages_of_keys
from semcache.ports import RedisPort
from semcache.question import NOTHING, Command, Question, only, refuse_errors
from semcache.server import is_foreign
from semcache.stats import Stats

__all__ = ["ExactTier", "NoExactTier", "Spelling", "exact_pages", "spelling_of"]

Spelling = Callable[[str], str]

# An answer, and the list of its copies, and these: at once, so that no copy is made in between, and
# only while the KEYS after those two hold what ARGV say.
_DELETE = """
for i = 1, #ARGV do
  if (redis.call('MGET', KEYS[i + 2])[1] or '') ~= ARGV[i] then return 0 end
end
local deleted = redis.call('UNLINK', KEYS[1])
local copies = redis.pcall('SMEMBERS', KEYS[2])
if copies.err then copies = {} end
for _, copy in ipairs(copies) do deleted = deleted + redis.call('UNLINK', copy) end
return deleted + redis.call('UNLINK', KEYS[2])
"""

# A copy, and a note of it in the list, which lives as long as the longest copy; only while the
# mark, the first of KEYS, is ARGV[1]. The mark is made to live as long as ARGV[5] says.
_COPY = """
if (redis.call('MGET', KEYS[1])[1] or '') ~= ARGV[1] then return false end
local kind = redis.call('TYPE', KEYS[2]).ok
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('SADD', KEYS[3], KEYS[2])
if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[3], ARGV[4]) end
if ARGV[5] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[5], 'GT') end
return kind
"""


class NoExactTier:
    """What a cache without an exact tier has in its place: it knows nothing and keeps nothing."""

    is_there = False

    def question(self, request: Wanted) -> Question[Any]:
        """Ask nothing."""
        return NOTHING

    def is_fresh(self, answer: Answer) -> bool:
        """Have nothing."""
        return False

    def writing(self, request: Wanted, answer: Answer) -> Question[None]:
        """Write nothing."""
        return NOTHING

    def copying(self, request: Wanted, copy: Answer, mark: Mark, lasting: int) -> Question[bool]:
        """Write nothing."""
        return Question((), lambda replies: False)

    def name_of(self, request: Wanted) -> str:
        """Return what names a request in the exact tier."""
        return request.id

    def spelt(self, query: str) -> str:
        """Return what names a question in the exact tier."""
        return id_of(query)

    def deleting(self, request: Wanted, unless: Marks | None = None) -> Question[int]:
        """Delete nothing."""
        return Question((), lambda replies: 0)

    def deleting_at(self, audience: str, name: str, spelt: str) -> Question[int]:
        """Delete nothing."""
        return Question((), lambda replies: 0)

    async def heal(self, redis: RedisPort, request: Wanted, answer: Answer) -> None:
        """Have nothing to heal."""

    async def clear(self, redis: RedisPort, audience: str) -> None:
        """Delete nothing."""

    async def spellings(self, redis: RedisPort, request: Wanted) -> set[str]:
        """Know no other spelling."""
        return {request.query}


class ExactTier(NoExactTier):
    """One Redis string an answer; what was promoted is remembered by the question it came from.

    Answers found by another embedding model, or under another rule for spellings, lie elsewhere: a
    similarity is on its model's scale. ``embedding`` names the model. Answers are kept ``stale``
    seconds beyond their expiry. What asks Redis may raise ``redis.RedisError``.
    """

    is_there = True

    def __init__(
        self,
        scope: str,
        embedding: Sequence[object],
        spelling: str,
        spell: Spelling,
        clock: Callable[[], float],
        stats: Stats,
        stale: float = 0.0,
    ) -> None:
        self._spell = spell
        self._answers = keys.namespace(scope, "exact", *embedding, spelling)
        self._copies = keys.namespace(scope, "copies", *embedding, spelling)
        self._now, self._stats, self._stale = clock, stats, stale

    def question(self, request: Wanted) -> Question[Answer | None]:
        """Return the question for the answer to a request."""
        key = self._answer_key(request)

        def read(values: Sequence[bytes | None]) -> Answer | None:
            (data,) = values
            return None if data is None else self._usable(data, key)

        return Question((), read, (key,))

    def _usable(self, data: bytes, key: str) -> Answer | None:
        """Return the answer in what was read; damage is counted, and is a miss."""
        try:
            answer = Packed.read(data, key.encode()).answer()
        except CodecError:
            self._stats.count(errors=1)
            return None
        return answer if self._now() < answer.expires_at + self._stale else None

    def is_fresh(self, answer: Answer) -> bool:
        """Whether an answer has not expired, and is not only kept for outages."""
        return self._now() < answer.expires_at

    def writing(self, request: Wanted, answer: Answer) -> Question[None]:
        """Return the commands that store an answer, and remember it if it is a copy.

        Reading counts a value of another type, which gave way; a lookup takes it for none.
        """
        left = answer.expires_at - self._now()
        key = self._answer_key(request)
        if left <= 0:
            return NOTHING
        life = milliseconds(left + self._stale)
        setting = ("SET", key, pack(answer, None, key.encode()), "PX", life)
        source = answer.source or request.goes_with
        noting = [] if source is None else self._noting(request, key, source, milliseconds(left))
        return Question((("TYPE", key), setting, *noting), self._count_foreign)

    def copying(self, request: Wanted, copy: Answer, mark: Mark, lasting: int) -> Question[bool]:
        """Return the command that stores a copy of another question's answer, and notes it.

        By a script of its own: every hit by similarity waits for it. Reading tells whether it was
        written.

        Args:
            request: Whose answer it is to be.
            copy: The copy; its ``source`` is the question that the answer was given to.
            mark: A key, and the value under which the copy may be written.
            lasting: Milliseconds that the key must live, 0 if it does.
        """
        left = copy.expires_at - self._now()
        if left <= 0:
            return Question((), lambda replies: False)
        key, (guard, value) = self._answer_key(request), mark
        lives = milliseconds(left + self._stale), milliseconds(left), lasting
        names = guard, key, self._copies_key(request, copy.source or copy.query)
        data = pack(copy, None, key.encode())
        return Question((("EVAL", _COPY, 3, *names, value or b"", data, *lives),), self._is_written)

    def _is_written(self, replies: Sequence[Any]) -> bool:
        kind = only(replies)
        if kind is not None:
            self._count_foreign([kind])
        return kind is not None

    def _count_foreign(self, replies: Sequence[Any]) -> None:
        if replies[0] not in (b"none", b"string"):
            self._stats.count(errors=1)

    def _noting(self, request: Wanted, copy: str, source: str, left: int) -> list[Command]:
        """Return the commands that note a copy; the list lives as long as the longest copy."""
        copies = self._copies_key(request, source)
        lives: list[Command] = [("PEXPIRE", copies, left, option) for option in ("NX", "GT")]
        return [("SADD", copies, copy), *lives]

    async def heal(self, redis: RedisPort, request: Wanted, answer: Answer) -> None:
        """Delete a value of another type where an answer is noted as a copy, and count it."""
        source = answer.source or request.goes_with
        if source is not None:
            copies = self._copies_key(request, source)
            (reply,) = await redis.send([("SCARD", copies)])
            if is_foreign(reply):
                self._stats.count(errors=1)
                await redis.unlink([copies])

    async def spellings(self, redis: RedisPort, request: Wanted) -> set[str]:
        """Return the question, how it was spelt when its answer was stored, and its source."""
        answer = await redis.ask(self.question(request))
        if answer is None:
            return {request.query}
        return {request.query, answer.query, answer.source or answer.query}

    def deleting(self, request: Wanted, unless: Marks | None = None) -> Question[int]:
        """Return the command that deletes an answer with all its copies; reading counts them.

        With marks nothing is deleted if somebody has changed one.
        """
        names = self.name_of(request), self._name(request, request.query)
        return self.deleting_at(request.audience, *names, unless)

    def deleting_at(
        self, audience: str, name: str, spelt: str, unless: Marks | None = None
    ) -> Question[int]:
        """Return the same for what :meth:`name_of` and :meth:`spelt` say of a request."""
        own, copies = f"{self._answers}{audience}:{name}", f"{self._copies}{audience}:{spelt}"
        marks = unless or {}
        held = [value or b"" for value in marks.values()]
        command = ("EVAL", _DELETE, 2 + len(marks), own, copies, *marks, *held)
        return Question((command,), lambda replies: int(refuse_errors(replies)[0]))

    async def clear(self, redis: RedisPort, audience: str) -> None:
        """Delete all answers of an audience, and their copies."""
        for namespace in (self._answers, self._copies):
            await redis.delete_all(f"{namespace}{audience}:")

    def name_of(self, request: Wanted) -> str:
        """Return what names a request in the exact tier."""
        if request.is_spelt and self._spell is not normalise:
            return self.spelt(request.query)
        return request.id

    def spelt(self, query: str) -> str:
        """Return what names a question in the exact tier."""
        return keys.digest(self._spell(query))

    def _answer_key(self, request: Wanted) -> str:
        return f"{self._answers}{request.audience}:{self.name_of(request)}"

    def _copies_key(self, request: Wanted, source: str) -> str:
        return f"{self._copies}{request.audience}:{self._name(request, source)}"

    def _name(self, request: Wanted, query: str) -> str:
        if request.is_spelt and self._spell is normalise and query == request.query:
            return request.id
        return self.spelt(query)


async def exact_pages(redis: RedisPort, scope: str) -> AsyncGenerator[Page, None]:
    """Yield all entries of a scope's exact tiers, whoever wrote them."""
    found = redis.keys(keys.namespace(scope, "exact"))
    async for page in pages_of_keys(redis, found, "", 1, "GET"):
        yield page


def spelling_of(fold_case: bool, fold_spaces: bool) -> tuple[str, Spelling]:
    """Return the name of a rule for spellings, and the rule."""
    name = ("folded" if fold_case else "typed") + ("-spaces" if fold_spaces else "")
    if name == "typed":
        return name, normalise
    return name, lambda query: normalise(query, fold_case, fold_spaces)
