"""Flights: when many want the same at once, one fetches it and the others wait for it.

The first who asks for a key *leads*: it fetches, and lands the flight with what came, or with the
error. The others *follow*: each gets what the leader landed. A leader that goes away without either
(a cancelled task, an interrupted thread) hands over: a follower boards again, and may lead.

What comes in pieces is *shared*: all read the same stream, each from its beginning. Nobody waits
for a slow reader, and a reader that leaves takes nothing from the others; with the last the stream
is closed; one that the garbage collector closes parts when the next comes. (Single-flight is the
name that Go's groupcache gave it.)
"""

import math
import time
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import aclosing, suppress
from typing import Any, Generic, TypeVar

from semcache.errors import BadResponse
from semcache.locks import Lock, in_collection, renew_in_child

__all__ = ["Abandoned", "Flight", "Flights", "Shared"]

T = TypeVar("T")

REMEMBERED = 256  # flights that have ended, for those who asked before the end and come after it


class Abandoned(Exception):
    """The leader went away with nothing: board again."""


class Flight(ABC):
    """One fetch in progress, as one of those who want it sees it; only its first end counts."""

    def __init__(self) -> None:
        self.has_ended = self.has_landed = False
        self._value: Any = None
        self._error: BaseException | None = None

    def land(self, value: Any) -> None:
        """Give everybody the value."""
        if not self.has_ended:
            self._value, self.has_landed = value, True
            self._end()

    def fail(self, error: BaseException) -> None:
        """Give everybody the error."""
        if not self.has_ended:
            self._error = error
            self._end()

    @property
    def is_abandoned(self) -> bool:
        """Whether the leader went away with nothing."""
        return isinstance(self._error, Abandoned)

    def _end(self) -> None:
        self.has_ended = True
        self.wake()

    async def outcome(self) -> Any:
        """Wait for the leader, and return what it landed.

        Raises:
            Abandoned: The leader went away.
            BaseException: What the leader failed with.
        """
        await self.wait()
        if self._error is not None:
            raise self._error
        return self._value

    @abstractmethod
    async def wait(self) -> None:
        """Return once the flight has ended."""

    @abstractmethod
    def wake(self) -> None:
        """Let those go on who wait."""


class Shared(ABC, Generic[T]):
    """A stream that several read, each from its beginning."""

    def __init__(self, source: AsyncGenerator[T, None]) -> None:
        self.source = source
        self.pieces: list[T] = []
        self.readers = 0
        self.ended_at: float | None = None  # by time.monotonic()
        self.error: BaseException | None = None

    def end(self, error: BaseException | None = None) -> None:
        """Note that no more pieces will come, and why."""
        self.error = error
        self.ended_at = time.monotonic()

    async def read(self) -> AsyncGenerator[T, None]:
        """Yield the pieces, those that were there and those that come.

        Raises:
            Abandoned: Whoever fetched was interrupted before the first piece.
        """
        at = 0
        while True:
            while at < len(self.pieces):
                at += 1
                yield self.pieces[at - 1]
            if self.ended_at is None:
                await self.advance(at)
            elif at == len(self.pieces):
                break
        if isinstance(self.error, Abandoned) and at:
            raise BadResponse("the reply was interrupted in another thread or task that shared it")
        if self.error is not None:
            raise self.error

    @abstractmethod
    async def advance(self, at: int) -> None:
        """Return once there are more than ``at`` pieces, or the stream has ended."""

    @abstractmethod
    async def close(self) -> None:
        """Close a stream that nobody reads any more."""


class Flights(ABC):
    """The flights in progress, by key; safe to use from many threads or tasks."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.renew()
        renew_in_child(self)

    def renew(self) -> None:
        """Forget all flights: in a forked child nobody leads them."""
        self._flights: dict[Hashable, Flight] = {}
        self._landed: OrderedDict[Hashable, tuple[float, Flight]] = OrderedDict()
        self._shared: OrderedDict[Hashable, Shared[Any]] = OrderedDict()
        self._dropped: deque[tuple[Hashable, Shared[Any]]] = deque()  # readers not parted yet

    def board(self, key: Hashable, since: float = math.inf) -> tuple[Flight, bool]:
        """Return the flight to a key, and whether the caller leads it.

        Args:
            key: What is wanted.
            since: When the caller began to look, by ``time.monotonic()``: a flight that has landed
                after that is as good as one in progress.
        """
        key = self.here(key)
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None and not flight.is_abandoned:
                return flight, False
            landed = self._landed.get(key)
            if landed is not None and landed[0] >= since:
                return landed[1], False
            flight = self._flights[key] = self.new_flight()
            return flight, True

    def leave(self, key: Hashable, flight: Flight) -> None:
        """End a flight that the caller leads: the next to ask for the key starts another.

        One that was neither landed nor failed is handed over.
        """
        if in_collection():  # a task that nobody awaits any more
            flight.fail(Abandoned())
            return
        key = self.here(key)
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]
            if flight.has_landed:
                self._landed[key] = time.monotonic(), flight
                self._landed.move_to_end(key)
                if len(self._landed) > REMEMBERED:
                    self._landed.popitem(last=False)
        flight.fail(Abandoned())

    async def share(
        self,
        key: Hashable,
        since: float,
        make: Callable[[], AsyncGenerator[T, None]],
        joined: Callable[[], None],
    ) -> AsyncGenerator[T, None]:
        """Yield the pieces of the stream to a key; ``make`` it if there is none.

        Args:
            key: What is wanted.
            since: When the caller began to look, by ``time.monotonic()``: a stream that has ended
                after that is as good as one that goes on.
            make: Makes the stream.
            joined: Called if another caller's stream is read.
        """
        key = self.here(key)
        while self._dropped:
            with suppress(Exception):  # such as that another thread was quicker
                await self._part(*self._dropped.popleft())
        while True:
            shared, leads = self._join(key, since, make)
            if not leads:
                joined()
            try:
                async with aclosing(shared.read()) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except Abandoned:
                self._forget(key, shared)
            finally:
                await self._part(key, shared)

    def __len__(self) -> int:
        """How many fetches are in progress."""
        with self._lock:
            streams = sum(shared.ended_at is None for shared in self._shared.values())
            return len(self._flights) + streams

    def in_progress(self, key: Hashable) -> bool:
        """Whether a stream to a key is being fetched."""
        shared = self._shared.get(self.here(key))
        if shared is None or shared.ended_at is not None:
            return False
        return shared.readers > [one for _, one in self._dropped.copy()].count(shared)

    def _join(
        self, key: Hashable, since: float, make: Callable[[], AsyncGenerator[Any, None]]
    ) -> tuple[Shared[Any], bool]:
        with self._lock:
            shared = self._shared.get(key)
            if shared is not None and (shared.ended_at is None or shared.ended_at >= since):
                shared.readers += 1
                return shared, False
            shared = self._shared[key] = self.new_shared(make())
            self._shared.move_to_end(key)
            shared.readers += 1
            self._trim()
            return shared, True

    def _trim(self) -> None:
        """Forget the oldest of those that have ended."""
        for key in list(self._shared)[: max(0, len(self._shared) - REMEMBERED)]:
            if self._shared[key].ended_at is not None:
                del self._shared[key]

    def _forget(self, key: Hashable, shared: Shared[Any]) -> None:
        with self._lock:
            if self._shared.get(key) is shared:
                del self._shared[key]

    async def _part(self, key: Hashable, shared: Shared[Any]) -> None:
        if in_collection():
            self._dropped.append((key, shared))
            return
        with self._lock:
            shared.readers -= 1
            unread = shared.readers == 0 and shared.ended_at is None
            if (unread or shared.error is not None) and self._shared.get(key) is shared:
                del self._shared[key]
        if unread:
            await shared.close()

    def here(self, key: Hashable) -> Hashable:
        """Return the key as it is known among those who can wait for each other."""
        return key

    @abstractmethod
    def new_flight(self) -> Flight:
        """Return a flight that has just begun."""

    @abstractmethod
    def new_shared(self, source: AsyncGenerator[Any, None]) -> Shared[Any]:
        """Return a stream that nobody has read yet."""
