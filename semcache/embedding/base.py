"""The read-through flow of every embedding cache, written once.

::

    texts ─ check ─ keys ─ read Redis ─┬─ hits ───────────────────────┬─ vectors
                                       └─ misses ─ API ─ write Redis ─┘

A subclass says only how blobs are read, written, counted and deleted.
"""

import logging
import random
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import ClassVar, Literal

import numpy as np
import openai
from tqdm.auto import tqdm

from semcache import codecs, keys
from semcache.codecs import Codec, Vector
from semcache.embedding.api import KNOWN_DIMS, Embedder, as_rows, check_texts
from semcache.embedding.entry import Entry, pack, unpack, unpack_rows
from semcache.embedding.options import check_clients, check_dimensions, check_ttl
from semcache.embedding.storage import Storage
from semcache.errors import CodecError
from semcache.server import RedisClient

__all__ = ["BaseEmbeddingCache"]

log = logging.getLogger("semcache")


class BaseEmbeddingCache(Storage):
    """What all embedding caches can do; use one of the subclasses."""

    KIND: ClassVar[str]

    def __init__(
        self,
        redis_client: RedisClient,
        openai_client: openai.OpenAI,
        *,
        model: str = "text-embedding-3-small",
        dimensions: int | None = None,
        codec: str | Codec = "float32",
        scope: str = "default",
        ttl: float | None = 86_400,
        jitter: float = 0.0,
        refresh_on_read: bool = False,
        on_error: Literal["bypass", "raise"] = "bypass",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Check the clients and the options; nothing is sent yet.

        Args:
            redis_client: A ``redis.Redis`` or ``RedisCluster``; it returns
                bytes (``decode_responses=False``).
            openai_client: An ``openai.OpenAI``, for any server that speaks its protocol.
            model: The embedding model; part of every key.
            dimensions: Asked of the API when given; part of every key.
            codec: How vectors become bytes: a name or an object of :mod:`semcache.codecs`.
            scope: Who shares the entries; part of every key.
            ttl: Seconds an entry lives; ``None`` for ever.
            jitter: In [0, 1): each TTL is shortened by a random part of up to this much, so that
                entries written together do not all expire together.
            refresh_on_read: Whether a hit starts the TTL anew.
            on_error: What happens when Redis fails: ``"bypass"`` asks the API instead and counts
                the error; ``"raise"`` raises :class:`CacheUnavailable`.
            clock: Seconds since the epoch; tests turn it by hand.

        Raises:
            ConfigError: A client or an option that cannot work; the message says what to change.
        """
        check_clients(redis_client, openai_client)
        check_dimensions(dimensions)
        check_ttl(ttl, jitter, on_error)
        self._codec = codecs.get(codec)
        parts = (model, dimensions or "full", self._codec.name)
        super().__init__(redis_client, keys.namespace(scope, self.KIND, *parts), on_error)
        self._embedder = Embedder(openai_client, model, dimensions)
        self._ttl, self._jitter = ttl, jitter
        self._refresh = refresh_on_read and ttl is not None
        self.clock = clock
        self.model = model
        self.dimensions = dimensions
        self.dims: int | None = dimensions or KNOWN_DIMS.get(model)

    def __repr__(self) -> str:
        ttl = "for ever" if self._ttl is None else f"{self._ttl:,} s"
        return f"<{type(self).__name__} {self._namespace.rstrip(':')}, ttl {ttl}>"

    def get_embedding(self, text: str) -> Vector:
        """Return the embedding of ``text``, float32 of shape (dims,), the caller's own copy.

        Raises:
            InvalidInput: The text is empty, too long or not a string.
            openai.OpenAIError: The API was needed and failed; nothing is cached.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        check_texts([text])
        blobs = self._fallback.attempt(None, self._read_texts, [text])
        if blobs and blobs[0] is not None and not self._refresh:  # the short way of a hit
            entry = self._usable(blobs[0])
            if entry is not None and self.clock() < entry.expires_at:
                self._record([text], [text], missing=())
                return entry.vector
        return self._complete([text], [text], blobs, progress=False)[text].vector

    def get_embeddings_batch(self, texts: Iterable[str], progress: bool = False) -> Vector:
        """Return the embeddings of ``texts``, float32 of shape (n, dims), rows in order.

        One read of Redis, one API call for as many texts as the API takes at once, each
        distinct text sent once, and one write per API call: a batch that fails half-way
        keeps what has been paid for.

        Args:
            texts: The texts; repetitions cost nothing.
            progress: Whether to show a progress bar.

        Raises:
            InvalidInput: Names the position of the text at fault; nothing was sent.
            openai.OpenAIError: The API failed; finished calls stay cached.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.
        """
        rows = as_rows(texts)
        if not rows:
            return np.empty((0, self.dims or 0), np.float32)
        check_texts(rows)
        distinct = list(dict.fromkeys(rows))
        blobs = self._fallback.attempt(None, self._read_texts, distinct)
        vectors = self._all_hits(blobs)
        if vectors is None:
            entries = self._complete(rows, distinct, blobs, progress)
            return np.stack([entries[text].vector for text in rows])
        self._record(rows, distinct, missing=())
        if len(distinct) == len(rows):
            return vectors
        position = {text: row for row, text in enumerate(distinct)}
        return vectors[[position[text] for text in rows]]

    def contains(self, texts: Iterable[str]) -> list[bool]:
        """Return, for each text, whether it would be a hit; counts nothing.

        Raises:
            CacheUnavailable: Redis failed.
        """
        rows = as_rows(texts)
        check_texts(rows)
        distinct = list(dict.fromkeys(rows))
        found, _ = self._usable_entries(distinct, self._fallback.guard(self._read_texts, distinct))
        return [text in found for text in rows]

    def delete(self, text: str) -> bool:
        """Delete the entry of ``text``; return whether there was one.

        Raises:
            CacheUnavailable: Redis failed; the entry may still be there.
        """
        check_texts([text])
        return self._fallback.guard(self._delete, keys.digest(text))

    # The flow -----------------------------------------------------------------------------

    def fetch(self, texts: Sequence[str], progress: bool = False) -> dict[str, Entry]:
        """Return an entry for each distinct text, from Redis or from the API.

        The flow behind both public reads, with the expiry times that a tier in front needs.
        """
        check_texts(texts)
        distinct = list(dict.fromkeys(texts))
        return self._complete(
            texts, distinct, self._fallback.attempt(None, self._read_texts, distinct), progress
        )

    def _all_hits(self, blobs: Sequence[bytes | None] | None) -> Vector | None:
        """The short way: all rows in one array, when none needs the API or a new TTL."""
        found = [blob for blob in blobs or () if blob is not None]
        if self._refresh or not found or len(found) < len(blobs or ()):
            return None
        vectors = unpack_rows(found, self._codec, self.clock())
        return vectors if vectors is None or self.dims in (None, vectors.shape[1]) else None

    def _complete(
        self,
        texts: Sequence[str],
        distinct: list[str],
        blobs: Sequence[bytes | None] | None,
        progress: bool,
    ) -> dict[str, Entry]:
        """Return an entry for each distinct text, from its blob or from the API."""
        reachable = blobs is not None  # if it was not, do not wait for it a second time
        entries, damaged = self._usable_entries(distinct, blobs or ())
        missing = [text for text in distinct if text not in entries]
        self.stats.count(errors=damaged)
        self._record(texts, distinct, set(missing))
        if self._refresh and entries and reachable:
            entries = {text: self._entry(e.vector, e.blob) for text, e in entries.items()}
            if self._fallback.attempt(None, self._check_server):
                self._store(entries, only_existing=True)
        if missing:
            self._fill(entries, missing, reachable, progress)
        return entries

    def _fill(
        self, entries: dict[str, Entry], missing: list[str], reachable: bool, progress: bool
    ) -> None:
        """Embed what is missing, call by call, and keep each call's result at once."""
        reachable = reachable and bool(self._fallback.attempt(None, self._check_server))
        bar = tqdm(total=len(entries) + len(missing), unit="text", disable=not progress)
        with bar:
            bar.update(len(entries))
            for texts, vectors, tokens in self._embedder.embed(missing):
                self.stats.count(api_calls=1, tokens=tokens)
                log.info("API    %d text(s), %d tokens", len(texts), tokens)
                blobs = map(self._codec.encode, vectors)
                # What a later hit will read: the vector as its codec gives it back.
                fresh = {
                    text: self._entry(self._codec.decode(blob), blob)
                    for text, blob in zip(texts, blobs, strict=True)
                }
                entries.update(fresh)
                reachable = reachable and self._store(fresh)  # wait for a dead Redis once
                bar.update(len(texts))
        self._drop_foreign(entries, vectors[0].size, reachable)

    def _drop_foreign(self, entries: dict[str, Entry], dims: int, reachable: bool) -> None:
        """The API decides how long a vector is: embed anew what was cached at another length."""
        self.dims = dims
        foreign = [text for text, entry in entries.items() if entry.vector.size != dims]
        if foreign:
            self.stats.count(errors=len(foreign), hits=-len(foreign), misses=len(foreign))
            self._fill(entries, foreign, reachable, progress=False)

    def _entry(self, vector: Vector, blob: bytes | memoryview) -> Entry:
        """An entry that lives from now on."""
        ttl = None if self._ttl is None else self._ttl * (1 - self._jitter * random.random())
        expires_at = float("inf") if ttl is None else self.clock() + ttl
        return Entry(vector, expires_at, ttl, blob)

    def _record(
        self, texts: Sequence[str], distinct: Sequence[str], missing: Collection[str]
    ) -> None:
        """Count, and tell, what was a hit and what was not."""
        self.stats.count(hits=len(texts) - len(missing), misses=len(missing))
        if log.isEnabledFor(logging.INFO):
            for text in distinct:
                log.info("%s %r", "miss  " if text in missing else "hit   ", text)

    def _usable_entries(
        self, texts: Sequence[str], blobs: Sequence[bytes | None]
    ) -> tuple[dict[str, Entry], int]:
        """Return the entries that can be used, and how many were there and cannot."""
        found: dict[str, Entry] = {}
        damaged, now = 0, self.clock()
        for text, blob in zip(texts, blobs, strict=False):  # no blobs when Redis failed
            if blob is None:
                continue
            entry = self._usable(blob)
            if entry is None:
                damaged += 1
            elif now < entry.expires_at:
                found[text] = entry
        if self.dims is None and len({entry.vector.size for entry in found.values()}) > 1:
            return {}, damaged + len(found)  # only the API can say which length is right
        return found, damaged

    def _usable(self, blob: bytes) -> Entry | None:
        try:
            entry = unpack(blob, self._codec)
        except CodecError as error:
            log.debug("entry dropped: %s", error)
            return None
        return entry if self.dims in (None, entry.vector.size) else None

    def _store(self, entries: dict[str, Entry], only_existing: bool = False) -> bool:
        """Write entries; return whether Redis took them."""
        items = [(keys.digest(text), pack(entry), entry.ttl) for text, entry in entries.items()]
        return bool(self._fallback.attempt(None, self._write, items, only_existing))
