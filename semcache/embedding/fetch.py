"""What is missing comes from the API, once for all who want it, and is kept call by call."""

import logging
import random
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any

from semcache.api_failures import api_failed
from semcache.codecs import Vector
from semcache.embedding.api import Embedded, Embedder
from semcache.embedding.entry import Entry
from semcache.embedding.options import EmbeddingOptions
from semcache.embedding.progress import Progress
from semcache.expiry import end_of
from semcache.flights import Abandoned, Flight, Flights
from semcache.observing import Called
from semcache.stats import Stats

__all__ = ["Fetcher"]

log = logging.getLogger("semcache")


class _Refused(Exception):
    """A batch failed: perhaps for one of its texts, which who wants another need not know."""

    def __init__(self, error: Exception, texts: frozenset[str]) -> None:
        self.error, self.texts = error, texts


class Fetcher:
    """Embeds texts, and lets those wait who want a text that is being embedded already.

    Args:
        embedder: Asks the API.
        flights: The texts that are being embedded.
        options: The codec, the TTL, the clock.
        stats: Where calls and tokens are counted.
        store: Keeps entries; returns whether Redis took them.
        who: For whom; callers who differ in it do not wait for each other.
    """

    def __init__(
        self,
        embedder: Embedder,
        flights: Flights,
        options: EmbeddingOptions,
        stats: Stats,
        store: Callable[[dict[str, Entry]], Awaitable[bool]],
        who: Hashable = None,
    ) -> None:
        self._embedder, self._flights, self._store = embedder, flights, store
        self._options, self.stats, self._who = options, stats, who
        self._codec, self._now, self._ttl = options.coder, options.clock, options.seconds

    async def fetch(
        self, texts: Sequence[str], reachable: bool, bar: Progress, since: float
    ) -> dict[str, Entry]:
        """Embed texts, but wait for those that another caller is embedding already.

        What has landed after ``since``, when this caller began to look, is as good.
        """
        mine: dict[str, Flight] = {}
        theirs: dict[str, Flight] = {}
        for text in texts:
            flight, leads = self._flights.board((self._who, text), since)
            (mine if leads else theirs)[text] = flight
        entries = await self._lead(mine, reachable, bar) if mine else {}
        again = []
        for text, flight in theirs.items():
            try:
                entries[text] = await flight.outcome()
            except Abandoned:
                again.append(text)
                continue
            except _Refused as refused:
                if refused.texts <= set(texts):  # it would be refused again
                    raise refused.error from None
                again.append(text)
                continue
            self.stats.count(joined=1)
            bar.update(1)
        return entries | await self.fetch(again, reachable, bar, since) if again else entries

    async def _lead(
        self, flights: dict[str, Flight], reachable: bool, bar: Progress
    ) -> dict[str, Entry]:
        """Embed texts call by call, keep each call's result at once, and land its flights."""
        entries: dict[str, Entry] = {}
        began = time.monotonic()
        try:
            async for embedded in self._embedder.embed(list(flights)):
                fresh = self._fresh(embedded)
                entries |= fresh
                reachable = reachable and await self._store(fresh)  # wait for a dead Redis once
                for text, entry in fresh.items():
                    flights[text].land(entry)
                bar.update(len(fresh))
                began = time.monotonic()
        except Exception as error:
            self._tell(time.monotonic() - began, error=type(error).__name__)
            left = frozenset(text for text, flight in flights.items() if not flight.has_ended)
            blames = len(left) > 1 and not api_failed(error)
            for flight in flights.values():
                flight.fail(_Refused(error, left) if blames else error)
            raise
        finally:
            for text, flight in flights.items():
                self._flights.leave((self._who, text), flight)
        return entries

    def _fresh(self, embedded: Embedded) -> dict[str, Entry]:
        """What a later hit will read: the vectors as their codec gives them back."""
        texts, vectors, tokens, seconds = embedded
        self.stats.count(api_calls=1, tokens=tokens)
        self._tell(seconds, tokens=tokens, texts=len(texts))
        log.info("API    %d text(s), %d tokens", len(texts), tokens)
        blobs = map(self._codec.encode, vectors)
        return {
            text: self.entry(self._codec.decode(blob), blob)
            for text, blob in zip(texts, blobs, strict=True)
        }

    def _tell(self, seconds: float, **more: Any) -> None:
        if self.stats.observers:
            self.stats.tell(Called("embeddings", self._options.model, seconds, **more))

    def entry(self, vector: Vector, blob: bytes | memoryview) -> Entry:
        """Return an entry that lives from now on."""
        ttl = self._ttl
        if ttl is not None:
            ttl *= 1 - self._options.jitter * random.random()
        return Entry(vector, end_of(ttl, self._now()), ttl, blob)
