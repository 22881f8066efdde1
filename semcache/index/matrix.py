"""MatrixIndex: a copy of all vectors in this process, as the rows of one matrix.

A lookup asks Redis what has changed since the last one, reads only that, and multiplies. Answers
are in the copy, too: a hit needs no second trip. What this process wrote itself goes straight
into the copy, and is not read back.
"""

import logging
import math
import threading
from typing import Any

from semcache.codecs import Vector
from semcache.index.answer import Answer
from semcache.index.base import Also, Found, IndexSettings, as_similarity, nothing_else
from semcache.index.rows import Rows
from semcache.index.store import EMPTY, UNKNOWN, Changes, Place, Store, Stored

__all__ = ["COMFORTABLE", "MatrixIndex"]

log = logging.getLogger("semcache")

COMFORTABLE = 100_000  # entries; more belong on the server


class MatrixIndex:
    """One matrix product for a lookup; every process holds all vectors of the scope."""

    def __init__(self, settings: IndexSettings) -> None:
        self._store = Store(settings)
        self._asked = threading.local()
        self._clock = settings.clock
        self._lock = threading.Lock()
        self._position = UNKNOWN  # the copy holds every change up to here
        self._own: dict[str, Place] = {}  # written here and in the copy, beyond the position
        self._rows: dict[int, _Entries] = {}  # by dims: others are not comparable
        self._warned = False

    def add(self, id: str, answer: Answer, vector: Vector, also: Also = nothing_else) -> None:
        """Store an answer with its vector."""
        place, stored = self._store.write(id, answer, vector, also)
        with self._lock:
            # Another thread may have read it back by now, or have written something newer.
            if place > max(self._position, self._own.get(id, UNKNOWN)):
                self._put([stored])
                self._own[id] = place

    def nearest(self, vector: Vector, count: int = 1, heard: bool = False) -> list[Found]:
        """Return up to ``count`` entries that have not expired, most similar first."""
        if not heard:
            since = self._ask_since()
            self.hear_ahead(self._store.fetch_changes(since))
        with self._lock:
            rows = self._rows.get(vector.size)
            return rows.nearest(vector, count, self._clock()) if rows else []

    def delete(self, ids: list[str]) -> int:
        """Delete entries; return how many there were."""
        return self._store.delete(ids)

    def size(self) -> int:
        """Return how many entries have not expired."""
        return len(self._store.read_all())

    def clear(self) -> None:
        """Delete all entries."""
        self._store.clear()

    def ask_ahead(self, pipe: Any) -> bool:
        """Queue the question what has changed."""
        self._store.ask_changes(pipe, self._ask_since())
        return True

    def _ask_since(self) -> Place:
        # Not under the lock, which is held while another thread reads what changed.
        since: Place = self._position
        self._asked.since = since
        return since

    def hear_ahead(self, replies: list[Any]) -> bool:
        """Bring the copy up to date; return whether the replies allowed it."""
        if any(isinstance(reply, Exception) for reply in replies):
            return False
        changes = self._store.hear_changes(replies, self._asked.since)
        with self._lock:
            overtaken = self._position != changes.since and EMPTY < changes.until <= self._position
            if not overtaken:  # by another thread, which has read this and perhaps more
                self._catch_up(changes)
        return True

    def _catch_up(self, changes: Changes) -> None:
        """Make the copy equal to what Redis holds."""
        if changes.ids is None or not self._still_holds(changes):
            stored = [] if changes.entries == 0 else self._store.read_all()
            self._rows, self._own = {}, {}
            self._put(stored)
        else:
            own = self._own
            new = {
                id: None
                for place, id in changes.ids
                if place > max(self._position, own.get(id, UNKNOWN))
            }
            if new:
                there = self._store.read(list(new))
                self._drop(new.keys() - {stored.id for stored in there})
                self._put(there)
        self._position = changes.until  # only now: a failed read is read again
        self._own = {id: place for id, place in self._own.items() if place > self._position}

    def _still_holds(self, changes: Changes) -> bool:
        """Whether nobody has cleared, since it was found empty, what this process then wrote."""
        places = {place for place, _ in changes.ids or ()}
        return changes.since != EMPTY or places.issuperset(self._own.values())

    def _put(self, entries: list[Stored]) -> None:
        for stored in entries:
            dims = stored.vector.size
            for other, rows in self._rows.items():
                if other != dims:
                    rows.drop({stored.id})
            if dims not in self._rows:
                self._rows[dims] = _Entries(dims)
            self._rows[dims].put(stored)
        size = sum(map(len, self._rows.values()))
        if size > COMFORTABLE and not self._warned:
            self._warned = True
            log.warning(
                "this process holds %d answers: VectorSetIndex leaves them to the server", size
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
        found = self._rows.nearest(vector, count)
        return [Found(self._ids[i], self._answers[i], as_similarity(s)) for i, s in found]

    def _drop_expired(self, now: float) -> None:
        ends = [answer.expires_at for answer in self._answers]
        self.drop({id for id, end in zip(self._ids, ends, strict=True) if end <= now})
        self._first_expiry = min((end for end in ends if end > now), default=math.inf)
