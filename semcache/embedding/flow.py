"""The read-through flow of every embedding cache, written once.

::

    texts ─ check ─ read Redis ─┬─ hits ───────────────────────┬─ vectors
                                └─ misses ─ API ─ write Redis ─┘

It is ``async def`` over ports: see :mod:`semcache.ports`. A layout says where the entries lie:
see :mod:`semcache.embedding.layout`.
"""

import copy
import logging
import math
import time
from collections.abc import Collection, Hashable, Sequence

import numpy as np

from semcache import keys
from semcache.codecs import Vector
from semcache.embedding.api import Embedder, as_rows, check_texts
from semcache.embedding.entry import Entry, pack, unpack, unpack_rows
from semcache.embedding.fetch import Fetcher
from semcache.embedding.layout import Item, Layout
from semcache.embedding.options import EmbeddingOptions
from semcache.embedding.progress import Progress, progress_bar
from semcache.errors import BadResponse, CodecError
from semcache.flights import Flights
from semcache.policy import Policy
from semcache.ports import RedisPort
from semcache.question import Question, Reply
from semcache.stats import Stats

__all__ = ["ReadThrough"]

log = logging.getLogger("semcache")

READ_CHUNK = 4_096  # keys in one read: at 1,536 dims a reply of 25 MB

Blobs = Sequence[bytes | None]


class ReadThrough:
    """From texts to vectors, through Redis."""

    def __init__(
        self,
        redis: RedisPort,
        embedder: Embedder,
        flights: Flights,
        layout: Layout,
        options: EmbeddingOptions,
    ) -> None:
        self.redis, self.layout, self.options = redis, layout, options
        self.stats = Stats()
        self.policy = Policy(self.stats, options.on_error, "answering from the API")
        self.dims = options.dims  # of the last vector, where it was not known before
        self._flights = flights
        self._fetcher = Fetcher(embedder, flights, options, self.stats, self._store)
        self._codec, self._now, self._known_dims = options.coder, options.clock, options.dims
        self._ttl = options.seconds
        self._refresh = options.refresh_on_read and self._ttl is not None

    def over(self, embedder: Embedder, who: Hashable) -> "ReadThrough":
        """Return the same flow over another embedder: one that asks as a request of its own.

        Args:
            embedder: Asks the API.
            who: For whom; callers who differ in it do not wait for each other.
        """
        other = copy.copy(self)
        other._fetcher = Fetcher(
            embedder=embedder,
            flights=self._flights,
            options=self.options,
            stats=self.stats,
            store=other._store,
            who=who,
        )
        return other

    # What callers ask for --------------------------------------------------------------------

    def question(self, text: str) -> Question[Sequence[bytes | None]] | None:
        """Return what :meth:`vector` would read; whoever has other questions asks it with them."""
        return self.layout.read([keys.digest(text)])

    async def vector(self, text: str, reply: Reply[Sequence[bytes | None]] | None = None) -> Vector:
        """Return the embedding of a text that was checked; ``reply`` is that to the question."""
        digest, since = keys.digest(text), time.monotonic()
        reading = self.redis.ask(self.layout.read([digest])) if reply is None else _told(reply)
        blobs = await self.policy.attempt(None, reading)
        if blobs and blobs[0] is not None and not self._refresh:  # the short way of a hit
            entry = self._usable(blobs[0], digest)
            if entry is not None and self._now() < entry.expires_at:
                self.stats.count(hits=1)
                self._tell((text,), ())
                return entry.vector
        return (await self._complete([text], [text], blobs, False, since))[text].vector

    async def rows(self, texts: Sequence[str], progress: bool = False) -> Vector:
        """Return the embeddings of texts, float32 of shape (n, dims), rows in order."""
        rows = as_rows(texts)
        if not rows:
            return np.empty((0, self.dims or 0), np.float32)
        self.check(rows)
        distinct = list(dict.fromkeys(rows))
        digests, since = [keys.digest(text) for text in distinct], time.monotonic()
        blobs = await self.policy.attempt(None, self._blobs(digests))
        vectors = self._all_hits(blobs, digests)
        if vectors is None:
            entries = await self._complete(rows, distinct, blobs, progress, since)
            return np.stack([entries[text].vector for text in rows])
        self._record(rows, distinct)
        if len(distinct) == len(rows):
            return vectors
        position = {text: row for row, text in enumerate(distinct)}
        return vectors[[position[text] for text in rows]]

    async def entries(
        self,
        texts: Sequence[str],
        progress: bool = False,
        reply: Reply[Sequence[bytes | None]] | None = None,
    ) -> dict[str, Entry]:
        """Return an entry for each distinct text, with the expiry that a tier in front needs."""
        distinct = list(dict.fromkeys(texts))
        digests, since = [keys.digest(text) for text in distinct], time.monotonic()
        blobs = await self.policy.attempt(None, self._blobs(digests, reply))
        return await self._complete(texts, distinct, blobs, progress, since)

    async def contains(self, texts: Sequence[str]) -> list[bool]:
        """Return, for each text, whether it would be a hit; counts nothing."""
        rows = as_rows(texts)
        self.check(rows)
        distinct = list(dict.fromkeys(rows))
        digests = [keys.digest(text) for text in distinct]
        blobs = await self.policy.guard(self._blobs(digests))
        found, _ = self._usable_entries(distinct, blobs)
        return [text in found for text in rows]

    async def delete(self, text: str) -> bool:
        """Delete the entry of a text; return whether there was one."""
        self.check([text])
        return await self.policy.guard(self.layout.delete(self.redis, keys.digest(text)))

    async def size(self) -> int:
        """Return how many entries Redis has."""
        return await self.policy.guard(self.layout.count(self.redis))

    async def clear(self) -> int:
        """Delete all entries; return how many there were."""
        return await self.policy.guard(self.layout.clear(self.redis))

    def check(self, texts: Sequence[object]) -> None:
        """Refuse texts that cannot be embedded."""
        check_texts(texts, self.options.tokens_per_text)

    # What was read ---------------------------------------------------------------------------

    async def _blobs(
        self, digests: Sequence[str], reply: Reply[Sequence[bytes | None]] | None = None
    ) -> Blobs:
        """Return the stored bytes of each text, on one trip unless there are very many."""
        if reply is not None:
            return reply()
        if not digests:
            return []
        if len(digests) <= READ_CHUNK:
            return await self.redis.ask(self.layout.read(digests))
        blobs: list[bytes | None] = []
        for start in range(0, len(digests), READ_CHUNK):
            question = self.layout.read(digests[start : start + READ_CHUNK])
            blobs.extend([*await self.redis.ask(question)])
        return blobs

    def _all_hits(self, blobs: Blobs | None, digests: Sequence[str]) -> Vector | None:
        """The short way: all rows in one array, when none needs the API or a new TTL."""
        found = [blob for blob in blobs or () if blob is not None]
        if self._refresh or not found or len(found) < len(blobs or ()):
            return None
        vectors = unpack_rows(found, self._codec, digests, self._now())
        fits = vectors is not None and self.options.dims in (None, vectors.shape[1])
        return vectors if fits else None

    def _usable_entries(self, texts: Sequence[str], blobs: Blobs) -> tuple[dict[str, Entry], int]:
        """Return the entries that can be used, and how many were there and cannot."""
        found: dict[str, Entry] = {}
        damaged, now = 0, self._now()
        for text, blob in zip(texts, blobs, strict=False):  # no blobs when Redis failed
            if blob is None:
                continue
            entry = self._usable(blob, keys.digest(text))
            if entry is None:
                damaged += 1
            elif now < entry.expires_at:
                found[text] = entry
        if len({entry.vector.size for entry in found.values()}) > 1:
            return {}, damaged + len(found)  # only the API can say which length is right
        return found, damaged

    def _usable(self, blob: bytes, digest: str) -> Entry | None:
        try:
            entry = unpack(blob, self._codec, digest)
        except CodecError as error:
            log.debug("entry dropped: %s", error)
            return None
        return entry if self._known_dims in (None, entry.vector.size) else None

    def _record(self, texts: Sequence[str], distinct: Sequence[str]) -> None:
        """Count, and tell, that all were hits."""
        self.stats.count(hits=len(texts))
        self._tell(distinct, ())

    def _tell(self, distinct: Sequence[str], missing: Collection[str]) -> None:
        if log.isEnabledFor(logging.INFO):
            for text in distinct:
                log.info("%s %r", "miss  " if text in missing else "hit   ", text)

    # What is missing -------------------------------------------------------------------------

    async def _complete(
        self,
        texts: Sequence[str],
        distinct: list[str],
        blobs: Blobs | None,
        progress: bool,
        since: float,
    ) -> dict[str, Entry]:
        """Return an entry for each distinct text, from its blob or from the API."""
        reachable = blobs is not None  # if it was not, do not wait for it a second time
        entries, damaged = self._usable_entries(distinct, blobs or ())
        missing = [text for text in distinct if text not in entries]
        self.stats.count(errors=damaged, misses=len(missing))
        self._tell(distinct, set(missing))
        if reachable and (missing or self._refresh):
            reachable = await self.policy.attempt(False, self._prepared())
        if self._refresh and entries and reachable:
            entries = {text: self._fetcher.entry(e.vector, e.blob) for text, e in entries.items()}
            await self._store(entries, only_existing=True)
        hits = sum(text in entries for text in texts)
        try:
            if missing:
                with progress_bar(len(distinct), len(entries), progress) as bar:
                    fresh = await self._fill(entries, missing, reachable, bar, since)
                hits = len(texts) - len(fresh)  # a text that comes again; not one of another length
                entries |= fresh
        finally:
            self.stats.count(hits=hits)
        return entries

    async def _prepared(self) -> bool:
        await self.layout.prepare(self.redis)
        return True

    async def _fill(
        self,
        known: dict[str, Entry],
        missing: list[str],
        reachable: bool,
        bar: Progress,
        since: float,
    ) -> dict[str, Entry]:
        """Return entries for the missing texts, and for known ones of another length."""
        fresh = await self._fetcher.fetch(missing, reachable, bar, since)
        self.dims = dims = next(iter(fresh.values())).vector.size
        odd = [text for text, entry in known.items() if entry.vector.size != dims]
        if odd:  # the API says how long a vector is: if it says so twice
            self.stats.count(errors=len(odd), misses=len(odd))
            again = await self._fetcher.fetch(odd, reachable, bar, math.inf)
            fresh |= again
        if len({entry.vector.size for entry in fresh.values()}) > 1:
            raise BadResponse(f"{self.options.model} returned embeddings of unequal dims")
        return fresh

    async def _store(self, entries: dict[str, Entry], only_existing: bool = False) -> bool:
        """Write entries; return whether Redis took them."""
        items = []
        for text, entry in entries.items():
            digest = keys.digest(text)
            items.append(Item(digest, pack(entry, digest), entry.ttl))
        replaced = await self.policy.attempt(
            None, self.layout.write(self.redis, items, only_existing)
        )
        if replaced:
            self.stats.count(errors=replaced)
        return replaced is not None


async def _told(reply: Reply[Sequence[bytes | None]]) -> Blobs:
    return reply()
