"""One design's cache, by its rules alone: what would be served, called, embedded and kept.

It follows :mod:`semcache.answers.flow` for requests that come one after the other; a test holds the
two equal, request by request. Nothing is stored but numbers.
"""

import logging
import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcache.answers.match import accepts
from semcache.expiry import end_of
from semcache.replay.designs import Design
from semcache.replay.memory import Key, Memory, Sizes
from semcache.replay.neighbours import Candidates, Near
from semcache.replay.requests import Requests, Text

__all__ = ["EXACT", "LLM", "SEMANTIC", "Outcomes", "SimulatedCache"]

log = logging.getLogger("semcache")

LLM, EXACT, SEMANTIC = 0, 1, 2  # which tier answered
_NONE: Candidates = []


class Outcomes(NamedTuple):
    """What happened to each of n requests, as columns.

    Attributes:
        tier: Who answered it: LLM, EXACT or SEMANTIC; int8.
        origin: The request for which the LLM gave the answer: the request itself, or an earlier
            one; int32.
        embedded: Whether the embedding API was called; bool.
        trips: To Redis; int8.
        refused: Whether a rule kept it from the cache, or from similarity; bool.
    """

    tier: NDArray[np.int8]
    origin: NDArray[np.int32]
    embedded: NDArray[np.bool_]
    trips: NDArray[np.int8]
    refused: NDArray[np.bool_]

    def of(self, chosen: NDArray[np.bool_]) -> "Outcomes":
        """Return those of some requests."""
        tier, origin, embedded = self.tier[chosen], self.origin[chosen], self.embedded[chosen]
        return Outcomes(tier, origin, embedded, self.trips[chosen], self.refused[chosen])

    @classmethod
    def empty(cls, size: int) -> "Outcomes":
        """Return those of requests that all ask the LLM and no cache."""
        flags = [np.zeros(size, bool) for _ in range(2)]
        tier, trips = (np.zeros(size, np.int8) for _ in range(2))
        return cls(tier, np.arange(size, dtype=np.int32), flags[0], trips, flags[1])


class _Exact(NamedTuple):
    """An answer in the exact tier, or a copy that was promoted from ``source``."""

    until: float
    similarity: float
    origin: int
    source: int = -1


class SimulatedCache:
    """The cache of one design.

    Args:
        design: The design.
        requests: All requests.
        sizes: Bytes that things take; needed if the design's memory is bound.
    """

    def __init__(self, design: Design, requests: Requests, sizes: Sizes | None = None) -> None:
        self.design, self.requests = design, requests
        self.outcomes = Outcomes.empty(len(requests))
        self.until = np.full(len(requests.texts), -math.inf)  # of a text's answer in the index
        self.errors = 0
        self._origin: dict[int, int] = {}  # of a text's answer, the request it was given to
        self._holder: dict[int, int] = {}  # of a question in the index, how it was typed
        self._exact: dict[int, _Exact] = {}
        self._embedded: dict[int, float] = {}
        self._familiar: set[int] = set()  # questions that had an exact hit; the cache forgets some
        self._verdicts: dict[tuple[int, int, float], bool] = {}
        self._sizes = sizes
        self.memory = None
        if design.memory is not None and sizes is not None:
            self.memory = Memory(design.memory, self._forget)
        self._takes_margin = bool(getattr(design.verifier, "takes_margin", False))
        self._acceptor = getattr(design.verifier, "fingerprint", None)

    def ask(self, request: int, text: int, now: float, near: Mapping[int, Near]) -> None:
        """Let one request go through the cache.

        Args:
            request: Its number.
            text: What it asks, by the number of the text.
            now: When.
            near: What lies near the texts that can be embedded.
        """
        about, design = self.requests.texts[text], self.design
        if not about.admission:
            self.outcomes.refused[request] = True
            if not about.admission.exact:
                return
        trips = 1
        held = self._exact.get(about.spelt) if design.is_exact else None
        if held is not None and now < held.until and self._may_serve(held, text):
            self._touch(("exact", about.spelt))
            self._familiar.add(about.entry)
            return self._served(request, EXACT, held.origin, 1)
        if about.entry in self._familiar:  # the exact tier was asked alone
            self._familiar.discard(about.entry)
            trips += 1
        similar = design.is_semantic and about.admission.by_similarity and about.embeds
        found = _NONE
        if similar:
            trips += self._embed(request, text, now)
            found = near[text].alive(self.until, now, below=self._takes_margin)
            if (served := self._match(text, found)) is not None:
                source, similarity = served
                trips += self._promote(text, source, similarity, now)
                return self._served(request, SEMANTIC, self._origin[source], trips)
        if self.requests.kept[request]:
            trips += self._keep(request, text, similar, now)
        self.outcomes.trips[request] = trips

    def _served(self, request: int, tier: int, origin: int, trips: int) -> None:
        outcomes = self.outcomes
        outcomes.tier[request], outcomes.origin[request] = tier, origin
        outcomes.trips[request] = trips

    # Looking -----------------------------------------------------------------------------

    def _may_serve(self, held: _Exact, text: int) -> bool:
        if held.similarity < self.design.threshold:
            return False
        if held.source < 0 or self.design.verifier is None or self._acceptor is not None:
            return True
        return self._accepts(held.source, text, held.similarity)

    def _embed(self, request: int, text: int, now: float) -> int:
        """Embed a text unless that is cached; return the trips that writing it takes."""
        if now < self._embedded.get(text, -math.inf):
            self._touch(("embedding", text))
            return 0
        until = self._embedded[text] = end_of(self.design.embedding_ttl, now)
        self.outcomes.embedded[request] = True
        if self.memory and self._sizes:
            self.memory.put(("embedding", text), self._sizes.embedding, until, now)
        return 1

    def _match(self, text: int, found: Candidates) -> tuple[int, float] | None:
        """Return the first candidate that may be served, and its similarity."""
        for cached, similarity in found:
            if similarity < self.design.threshold:
                return None
            if self.design.verifier is None:
                return cached, similarity
            margin = self._margin(cached, similarity, found) if self._takes_margin else None
            if self._accepts(cached, text, similarity, margin):
                return cached, similarity
        return None

    def _margin(self, cached: int, similarity: float, found: Candidates) -> float | None:
        said = self.requests.said
        own = said[self._origin[cached]]
        others = [other for text, other in found if said[self._origin[text]] != own]
        return round(similarity - max(others), 6) if others else None

    def _accepts(
        self, cached: int, asked: int, similarity: float, margin: float | None = None
    ) -> bool:
        """Ask the verifier, once for each pair if it takes no margin."""
        key = cached, asked, similarity
        if not self._takes_margin and key in self._verdicts:
            return self._verdicts[key]
        texts = self.requests.texts
        pair = texts[cached].text, texts[asked].text
        verdict = False
        try:
            verdict = accepts(
                self.design.verifier, *pair, similarity, self.design.threshold, margin
            )
        except Exception:
            self.errors += 1
            log.exception("the verifier failed, so it refuses")
        self._verdicts[key] = verdict
        return verdict

    # Keeping -----------------------------------------------------------------------------

    def _promote(self, text: int, source: int, similarity: float, now: float) -> int:
        self._touch(("answer", source))
        if not self.design.is_exact:
            return 0
        until, origin = float(self.until[source]), self._origin[source]
        about = self.requests.texts[text]
        self._exact[about.spelt] = _Exact(until, similarity, origin, source)
        self._hold("exact", about, about.spelt, origin, until, now, copied=True)
        return 1

    def _keep(self, request: int, text: int, similar: bool, now: float) -> int:
        about, exact = self.requests.texts[text], self.design.is_exact
        ttl, most = self.design.ttl, about.admission.ttl
        if most is not None:
            ttl = most if ttl is None else min(ttl, most)
        until = end_of(ttl, now)
        if exact:
            self._exact[about.spelt] = _Exact(until, 1.0, request)
            self._hold("exact", about, about.spelt, request, until, now)
        if similar:
            before = self._holder.get(about.entry, text)
            if before != text:  # the same question, typed otherwise, gives way
                self.until[before] = -math.inf
                if self.memory:
                    self.memory.drop(("answer", before))
            self._holder[about.entry] = text
            self.until[text], self._origin[text] = until, request
            self._hold("answer", about, text, request, until, now)
        return int(exact or similar)

    def _hold(
        self,
        what: str,
        about: Text,
        number: int,
        origin: int,
        until: float,
        now: float,
        *,
        copied: bool = False,
    ) -> None:
        if not self.memory or not self._sizes:
            return
        answer = self.requests.answers[self.requests.said[origin]] or ""
        size = getattr(self._sizes, "copy" if copied else what)
        size += len(about.text.encode()) + len(answer.encode())
        self.memory.put((what, number), size, until, now)

    def _touch(self, key: Key) -> None:
        if self.memory:
            self.memory.touch(key)

    def _forget(self, key: Key) -> None:
        what, number = key
        if what == "answer":
            self.until[number] = -math.inf
        elif what == "exact":
            self._exact.pop(number, None)
        else:
            self._embedded.pop(number, None)
