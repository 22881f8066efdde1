"""Let a judge decide, off the request's path, about what was near and not served. Lesson 09."""

import inspect
from collections.abc import Awaitable, Callable

from semcache.answers.callbacks import verdict
from semcache.answers.near_misses import NearMiss, NearMisses
from semcache.answers.request import id_of
from semcache.answers.room import CANDIDATES, Room
from semcache.index.base import Found

__all__ = ["Judge", "judge_near_misses"]

Judge = Callable[..., bool]


async def judge_near_misses(
    near_misses: NearMisses,
    room_of: Callable[[str], Room],
    judge: Judge | Callable[..., Awaitable[bool]],
    most: int,
    audience: str | None = None,
) -> int:
    """Judge up to ``most`` near misses, the newest first; return how many were promoted.

    Args:
        near_misses: Where they are noted.
        room_of: Returns the room of an audience.
        judge: Takes the cached question, the asked one and their similarity, and, if it has
            arguments of these names, the cached ``answer`` and the ``own_answer`` that the LLM has
            given to the asked question meanwhile. May be asynchronous where the flow is.
        most: How many to judge.
        audience: Whose near misses alone to judge; everybody's if not given.
    """
    wanted = _named(judge)
    promoted: set[tuple[str, str]] = set()
    for _ in range(min(most, near_misses.count(audience))):
        for miss in near_misses.take(1, audience):
            asked = miss.request.query, miss.request.audience
            room = room_of(miss.request.audience)
            try:
                if asked not in promoted and await _accepted(miss, room, judge, wanted):
                    answer = miss.answer._replace(query=miss.request.query, similarity=1.0)
                    kept = miss.request, answer, miss.vector, miss.marks
                    if await room.keep(*kept, replaces=True):
                        promoted.add(asked)
            except BaseException:  # also a cancelled one: to be judged when the judge works again
                near_misses.note(miss)
                raise
    return len(promoted)


async def _accepted(
    miss: NearMiss,
    room: Room,
    judge: Callable[..., bool | Awaitable[bool]],
    wanted: frozenset[str],
) -> bool:
    """Ask the judge; what was deleted, replaced or expired meanwhile is not promoted."""
    if room.options.clock() >= miss.answer.expires_at:
        return False
    answers: dict[str, str | None] = {"answer": miss.answer.response}
    if "own_answer" in wanted:
        answers["own_answer"] = await _own(miss, room)
    more = {name: text for name, text in answers.items() if name in wanted}
    said = judge(miss.answer.query, miss.request.query, miss.similarity, **more)
    accepted = verdict("judge", await said if inspect.isawaitable(said) else said)
    if not accepted:
        return False
    source = miss.answer.query, miss.answer.created_at
    return source in [
        (found.answer.query, found.answer.created_at) for found in await _near(miss, room)
    ]


async def _near(miss: NearMiss, room: Room) -> list[Found]:
    return await room.policy.attempt([], room.index.nearest(miss.vector, CANDIDATES))


async def _own(miss: NearMiss, room: Room) -> str | None:
    """What the LLM has answered to the noted question meanwhile, if that was kept."""
    asked = id_of(miss.request.query)
    own = [found for found in await _near(miss, room) if id_of(found.answer.query) == asked]
    return own[0].answer.response if own else None


def _named(judge: Callable[..., object]) -> frozenset[str]:
    """The names of a judge's arguments."""
    try:
        return frozenset(inspect.signature(judge).parameters)
    except (TypeError, ValueError):  # something built in
        return frozenset()
