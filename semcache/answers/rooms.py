"""The rooms of one scope, by audience; as many at hand as memory is allowed for them."""

from collections import OrderedDict
from collections.abc import Callable

from redis.exceptions import ResponseError

from semcache import keys
from semcache.answers.caps import KEPT, Caps
from semcache.answers.directions import Directions
from semcache.answers.exact import NoExactTier
from semcache.answers.generations import Generations
from semcache.answers.invalidating import Invalidation
from semcache.answers.near_misses import NearMisses
from semcache.answers.options import AnswerOptions
from semcache.answers.prefixes import SharedPrefix
from semcache.answers.room import Room
from semcache.flights import Flights
from semcache.index.base import Index, IndexSettings
from semcache.locks import Lock
from semcache.policy import Policy
from semcache.ports import RedisPort
from semcache.stats import Stats

__all__ = ["Rooms", "opens_rooms"]

AUDIENCES = 64  # combinations of model, system prompt and sampling kept at hand
VECTORS = 1_000_000  # that all of them together may hold in this process

KINDS = ("exact", "copies")  # of keys, beside those of the index


class Rooms:
    """Opens a room when it is first asked for; the least recently used give way.

    Args:
        scope: Who shares the answers.
        generations: The scope's marks of what was deleted.
        open_room: Makes the room of an audience; asks nothing.
        capped: Whether there is a cap on entries, and so a list of them.
    """

    def __init__(
        self,
        scope: str,
        generations: Generations,
        open_room: Callable[[str], Room],
        capped: bool = False,
    ) -> None:
        self.invalidation = open_room("").invalidation  # an index that cannot work is refused here
        self._kinds = (*KINDS, KEPT) if capped else KINDS
        self._scope, self._generations, self._open = scope, generations, open_room
        self._lock = Lock()
        self._rooms: OrderedDict[str, Room] = OrderedDict()

    def of(self, audience: str) -> Room:
        """Return the room of an audience."""
        with self._lock:
            room = self._rooms.get(audience)
            if room is not None:
                self._rooms.move_to_end(audience)
                return room
            room = self._rooms[audience] = self._open(audience)
            if len(self._rooms) > AUDIENCES:
                self._rooms.popitem(last=False)
            return room

    def shrink(self) -> None:
        """Let go of rooms until those left hold few enough vectors; never of the last used."""
        with self._lock:
            held = sum(room.index.held() for room in self._rooms.values())
            while held > VECTORS and len(self._rooms) > 1:
                held -= self._rooms.popitem(last=False)[1].index.held()

    async def clear(self, redis: RedisPort) -> int:
        """Delete all answers of the scope, also those of other processes and audiences."""
        deleted, marked, refused = 0, 0, False
        while marked < 2:  # what was copied while the first round deleted, the second finds
            try:
                await redis.change(self._generations.clearing())
                marked += 1
            except ResponseError as error:
                if refused or "maxmemory" not in str(error):  # as redis-py passes OOM on
                    raise
                refused = True  # a full server takes marks when what can go has gone
            # Entries before the stream that tells of them: who reads between finds both gone, or
            # only the entries, and never the other way round.
            prefix = keys.namespace(self._scope, "semantic")
            names = sorted({key async for key in redis.keys(prefix)})
            deleted += await redis.unlink(names[::-1])
            for kind in self._kinds:
                deleted += await redis.delete_all(keys.namespace(self._scope, kind))
        return deleted


def opens_rooms(
    redis: RedisPort,
    flights: Flights,
    directions: Directions,
    model: tuple[object, ...],
    options: AnswerOptions,
    stats: Stats,
    near_misses: NearMisses,
    exact: NoExactTier,
) -> Callable[[str], Room]:
    """Return what makes the room of an audience; nothing is asked by it."""
    policy = Policy(stats, options.on_error, "nothing is found")
    generations, prefix = Generations(options.scope), SharedPrefix(options.scope)

    def count_damaged(damaged: int) -> None:
        stats.count(errors=damaged)

    def settings(*audience: str) -> IndexSettings:
        namespace = keys.namespace(options.scope, "semantic", *model, *audience)
        return IndexSettings(redis, namespace, options.clock, count_damaged, flights)

    def index_of(audience: str) -> Index:
        return options.index(settings(audience))

    caps = Caps(redis, model, options, index_of, exact, stats)
    invalidation = Invalidation(settings(), options.scope, generations, caps, policy)

    def open_room(audience: str) -> Room:
        return Room(
            redis,
            index_of(audience),
            directions,
            options,
            stats,
            policy,
            near_misses,
            exact,
            generations,
            caps,
            invalidation,
            prefix,
            audience,
        )

    return open_room
