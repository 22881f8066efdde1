"""MatrixIndex: a copy of all vectors in this process, as the rows of one matrix.

A lookup asks Redis what has changed since the last one, reads only that, and multiplies. Answers
are in the copy, too: a hit needs no second trip. What this process wrote itself goes straight
into the copy, and is not read back.
"""

import contextlib
import logging
import math
from typing import Any

from semcache.codecs import Vector
from semcache.flights import Abandoned
from semcache.index.answer import Answer
from semcache.index.base import Expired, Found, IndexSettings, as_similarity
from semcache.index.rows import Rows
from semcache.index.store import EMPTY, UNKNOWN, Changes, Place, Stored
from semcache.index.stored import StoredIndex
from semcache.locks import Lock, renew_in_child
from semcache.question import Question, Reply

__all__ = ["COMFORTABLE", "MatrixIndex"]

log = logging.getLogger("semcache")

COMFORTABLE = 100_000  # entries; more belong on the server
MANY_CHANGES = 50  # that a process with exact hits only should take, or be told again and again


class MatrixIndex(StoredIndex):
    """One matrix product for a lookup; every process holds all vectors of the scope."""

    def __init__(self, settings: IndexSettings) -> None:
        super().__init__(settings)
        self._lock = Lock()  # of the copy; never held while Redis is asked
        self._warned = False
        self.renew()
        renew_in_child(self)

    def renew(self) -> None:
        """Begin anew, also in a forked child: the copy may have been half changed."""
        self._copies = 0  # made one after the other, each by reading everything
        self._stand_at(UNKNOWN)
        self._own: dict[str, Place] = {}  # written here and in the copy, beyond the position
        self._rows: dict[int, _Entries] = {}  # by dims: others are not comparable

    def _stand_at(self, position: Place) -> None:
        self._position = position  # the copy holds every change up to here
        self._question = self._store.changes(position, self._copies)

    def question(self) -> Question[Changes]:
        """Return the question what has changed."""
        return self._question

    async def nearest(
        self, vector: Vector, count: int = 1, changes: Reply[Any] | None = None
    ) -> list[Found]:
        """Return up to ``count`` entries that have not expired, most similar first."""
        said = await self.redis.ask(self.question()) if changes is None else changes()
        with self._lock:  # taken once where nothing has changed, as nearly always
            if self._overtaken(said) or self._is_told(said):
                return self._nearest(vector, count)
        await self._catch_up(said)
        with self._lock:
            return self._nearest(vector, count)

    def _nearest(self, vector: Vector, count: int) -> list[Found]:
        rows = self._rows.get(vector.size)
        return rows.nearest(vector, count, self.settings.clock()) if rows else []

    def is_behind(self, changes: Reply[Any]) -> bool:
        """Whether there are many changes: with exact hits only they would be told each time."""
        told: Any = changes.replies
        return isinstance(told[0], list) and len(told[0]) > MANY_CHANGES

    async def keep_up(self, changes: Reply[Any]) -> None:
        """Take what has changed into the copy."""
        await self._catch_up(changes())

    def adding(self, id: str, answer: Answer, vector: Vector) -> Question[Expired]:
        """Return the commands that store an answer; once they are done, the copy has it, too."""
        writing = self._store.writing(id, answer, vector)

        def read(replies: Any) -> Expired:
            place, stored = writing.read(replies)
            with self._lock:
                # Another thread may have read it back by now, or have written something newer.
                if place > max(self._position, self._own.get(id, UNKNOWN)):
                    self._put([stored])
                    self._own[id] = place
            return []

        return Question(writing.commands, read)

    def held(self) -> int:
        """Return how many vectors are in this process' memory."""
        return sum(map(len, self._rows.values()))

    async def _catch_up(self, changes: Changes) -> None:
        """Make the copy equal to what Redis held when it was asked, or newer.

        Redis is asked without the lock, so the copy may have moved on meanwhile: each step looks
        again at where it stands.
        """
        while True:
            with self._lock:
                if self._overtaken(changes) or self._is_told(changes):
                    return
                outdated = self._is_outdated(changes)
                new = self._unread(changes)
            if not outdated and new is None:
                if await self._read_all(changes):
                    return
            elif not outdated:
                there = await self._store.read(list(new or ())) if new else []
                if self._lacks(changes, there):
                    changes = changes._replace(ids=None)
                    continue
                with self._lock:
                    if not self._overtaken(changes) and not self._is_outdated(changes):
                        self._apply(changes, there)
                        return
            changes = await self.redis.ask(self.question())

    def _overtaken(self, changes: Changes) -> bool:
        """Whether another thread has read this, and perhaps more."""
        return self._position != changes.since and EMPTY < changes.until <= self._position

    def _is_told(self, changes: Changes) -> bool:
        """Whether nothing has changed since the copy was made."""
        return changes.ids == [] and self._position == changes.since == changes.until

    def _is_outdated(self, changes: Changes) -> bool:
        """Whether the copy has moved to where these changes do not lead on."""
        if changes.copy != self._copies:  # of two streams the places cannot be compared
            return True
        if changes.ids is None:
            return self._position != changes.since
        return self._position < changes.since

    def _unread(self, changes: Changes) -> dict[str, None] | None:
        """The ids to read again; ``None`` if only reading everything can tell."""
        if changes.ids is None or not self._still_holds(changes):
            return None
        return {id: None for place, id in changes.ids if place > self._newest(id)}

    def _lacks(self, changes: Changes, there: list[Stored]) -> bool:
        """Whether Redis holds more than an empty cache and its changes come to."""
        if changes.since != EMPTY or changes.entries is None:
            return False
        with self._lock:
            found = {stored.id for stored in there} | self._own.keys()
        return len(found) < changes.entries

    def _newest(self, id: str) -> Place:
        return max(self._position, self._own.get(id, UNKNOWN))

    def _still_holds(self, changes: Changes) -> bool:
        """Whether nobody has cleared, since it was found empty, what this process then wrote."""
        if changes.since != EMPTY:
            return True
        places = {place for place, _ in changes.ids or ()}
        until = changes.until[:2]  # in a stream begun anew within the same millisecond, the same
        return all(own in places for own in self._own.values() if own[:2] <= until)

    def _apply(self, changes: Changes, there: list[Stored]) -> None:
        """Put into the copy what was read, but where this process has written later."""
        new = {id for place, id in changes.ids or () if place > self._newest(id)}
        self._drop(new - {stored.id for stored in there})
        self._put([stored for stored in there if stored.id in new])
        self._stand_at(changes.until)
        self._own = {id: own for id, own in self._own.items() if own > changes.until}

    async def _read_all(self, changes: Changes) -> bool:
        """Read everything, once for all who want it now; return whether it was this caller."""
        key = "read all", self.settings.namespace
        flight, leads = self.settings.flights.board(key)
        if not leads:
            with contextlib.suppress(Abandoned):
                await flight.outcome()
            return False
        try:
            stored = [] if changes.entries == 0 else await self._store.read_all(changes.lost)
            with self._lock:
                self._rows, self._own = {}, {}
                self._copies += 1
                self._put(stored)
                self._stand_at(changes.until)  # only now: a failed read is read again
            flight.land(None)
        except Exception as error:
            flight.fail(error)
            raise
        finally:
            self.settings.flights.leave(key, flight)
        return True

    def _put(self, entries: list[Stored]) -> None:
        for stored in entries:
            dims = stored.vector.size
            for other, rows in self._rows.items():
                if other != dims:
                    rows.drop({stored.id})
            if dims not in self._rows:
                self._rows[dims] = _Entries(dims)
            self._rows[dims].put(stored)
        if self.held() > COMFORTABLE and not self._warned:
            self._warned = True
            log.warning(
                "this process holds %d answers: VectorSetIndex leaves them to the server",
                self.held(),
            )

    def _drop(self, ids: set[str]) -> None:
        for rows in self._rows.values():
            rows.drop(ids)


class _Entries:
    """The answers of one length of vectors, by id, each with its row."""

    def __init__(self, dims: int) -> None:
        self._rows = Rows(dims)
        self._ids: list[str] = []  # of each row, as are the answers
        self._answers: list[Answer] = []
        self._row_of: dict[str, int] = {}
        self._first_expiry = math.inf

    def __len__(self) -> int:
        return len(self._ids)

    def put(self, stored: Stored) -> None:
        row = self._row_of.setdefault(stored.id, len(self._ids))
        if row == len(self._ids):
            self._ids.append(stored.id)
            self._answers.append(stored.answer)
        self._answers[row] = stored.answer
        self._rows.put(row, stored.vector)
        self._first_expiry = min(self._first_expiry, stored.answer.expires_at)

    def drop(self, ids: set[str]) -> None:
        for id in ids & self._row_of.keys():
            row = self._row_of.pop(id)
            self._rows.drop(row)
            moved, answer = self._ids.pop(), self._answers.pop()
            if moved != id:  # the last row fills the gap
                self._ids[row], self._answers[row], self._row_of[moved] = moved, answer, row

    def nearest(self, vector: Vector, count: int, now: float) -> list[Found]:
        if self._first_expiry <= now:
            self._drop_expired(now)
        ids, answers = self._ids, self._answers
        found = self._rows.nearest(vector, count)
        return [Found(ids[i], answers[i], as_similarity(s)) for i, s in found]

    def _drop_expired(self, now: float) -> None:
        ends = [answer.expires_at for answer in self._answers]
        self.drop({id for id, end in zip(self._ids, ends, strict=True) if end <= now})
        self._first_expiry = min((end for end in ends if end > now), default=math.inf)
