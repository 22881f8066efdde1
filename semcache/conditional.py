"""A change of Redis that is made only if keys still hold what was read, on one trip."""

from collections.abc import Mapping, Sequence
from typing import Any

from semcache.question import Command, Question, only

__all__ = ["change_if"]

# KEYS hold what the first of ARGV say, or nothing is done. Then, for each command: the words in an
# error that does not matter, how many parts it has, the parts.
_SCRIPT = """
local held = redis.call('MGET', unpack(KEYS))
for i = 1, #KEYS do
  if (held[i] or '') ~= ARGV[i] then return false end
end
local replies, at = {}, #KEYS + 1
while at <= #ARGV do
  local tolerated, size = ARGV[at], tonumber(ARGV[at + 1])
  local reply = redis.pcall(unpack(ARGV, at + 2, at + 1 + size))
  if type(reply) == 'table' and reply.err then
    local said = tostring(reply.err)
    if tolerated == '' or not string.find(said, tolerated, 1, true) then return reply end
    reply = 0
  end
  replies[#replies + 1] = reply or 0
  at = at + 2 + size
end
return replies
"""


def change_if(
    expected: Mapping[str, bytes | None], commands: Sequence[Command]
) -> Question[Sequence[Any] | None]:
    """Return the question that does commands at once, if keys still hold what is expected.

    A script, since it compares and changes on one trip. All keys belong to one scope, so a cluster
    has them on one node. Reading returns the commands' replies; ``None`` if nothing was done.

    Example:
        >>> from semcache import connect
        >>> from semcache.blocking import BLOCKING, run
        >>> redis = BLOCKING.redis(connect(quiet=True).redis)
        >>> run(redis.ask(change_if({"a": None}, [("INCR", "b"), ("INCR", "b")])))
        [1, 2]
        >>> run(redis.ask(change_if({"b": b"1"}, [("INCR", "b")]))) is None
        True
    """
    arguments: list[Any] = [value or b"" for value in expected.values()]
    for command in commands:
        arguments += [getattr(command, "tolerated", ""), len(command), *command]

    def read(replies: Sequence[Any]) -> Sequence[Any] | None:
        done: Sequence[Any] | None = only(replies)
        if done is not None and (not isinstance(done, list) or len(done) != len(commands)):
            raise TypeError("these are not the replies to the commands")
        return done

    return Question((("EVAL", _SCRIPT, len(expected), *expected, *arguments),), read)
