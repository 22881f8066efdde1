"""One policy and one index under traffic that does not fit: what is left, and what was wrong."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import redis

from benchmarks.evicting.world import MODEL, World, question
from semcache import HybridLLMCache
from semcache.errors import CacheUnavailable
from semcache.observing import Served, observe

__all__ = ["Outcome", "trial"]

THINGS = 3_000
DELETE_EVERY, IN_FLIGHT_EVERY, LOOK_EVERY = 20, 50, 10


@dataclass
class Outcome:
    """What one trial came to.

    Attributes:
        evicted: Keys that the server evicted.
        exact: Answers left in the exact tier, and copies.
        similar: Answers left that can be found by similarity.
        embeddings: Embeddings left.
        hit_rate: Of the second half of the traffic.
        errors: Operations that Redis refused, counted by the caches.
        undeleted: Deletions that Redis refused, told to the caller.
        copies: Wrong answers served, deleted before or another question's: promoted copies, that
            the deletion of what they came from did not find.
        late: The others: of an answer on its way, whose mark of deletion was evicted.
        lost: How often the stream of changes, or the whole index, was found gone.
        healed: How often it was found there again.
        marks: Marks of deletions left; the line with room enough says how many were set.
    """

    evicted: int = 0
    exact: int = 0
    similar: int = 0
    embeddings: int = 0
    hit_rate: float = 0.0
    errors: int = 0
    undeleted: int = 0
    copies: int = 0
    late: int = 0
    lost: int = 0
    healed: int = 0
    marks: int = 0

    @property
    def wrong(self) -> int:
        """Answers that should not have been served."""
        return self.copies + self.late


class Trial:
    """Two processes over one server, who ask in turns."""

    def __init__(self, url: str, index: Any, requests: int) -> None:
        self.redis = redis.Redis.from_url(url)
        self.world, self.outcome, self.requests = World(), Outcome(), requests
        self.caches = [
            HybridLLMCache(
                redis.Redis.from_url(url), self.world.client(), embedding_model=MODEL,
                scope="e", index=index, threshold=0.9, ttl=3_600, jitter=0.5,
            )
            for _ in range(2)
        ]  # fmt: skip
        self._turn, self._served = 0, Served("", "", None, "", 0.0, None, 0.0)
        for cache in self.caches:
            observe(cache, self._note)
        self._gone = False
        self._new = iter(range(THINGS, 99_999))

    def run(self) -> Outcome:
        draw = np.random.default_rng(7)
        things = (draw.zipf(1.2, size=4 * self.requests) - 1).astype(int)
        things = things[things < THINGS][: self.requests]
        wordings = draw.integers(4, size=len(things))
        hits = 0
        for n, (thing, wording) in enumerate(zip(things, wordings, strict=True)):
            hit = self.ask(question(int(thing), int(wording)))
            hits += hit and n >= len(things) // 2
            if n % DELETE_EVERY == 0:
                self.delete(question(int(things[max(0, n - 5)]), int(wordings[max(0, n - 5)])))
            if n % IN_FLIGHT_EVERY == 0:
                self.delete_in_flight(int(draw.integers(THINGS)))
            if n % LOOK_EVERY == 0:
                self.look_at_the_index()
        self.outcome.hit_rate = hits / (len(things) - len(things) // 2)
        self.count()
        return self.outcome

    def ask(self, text: str) -> bool:
        """Ask one of the two processes; return whether it was a hit."""
        self._turn += 1
        before = self.world.calls
        answer = self.caches[self._turn % 2].get_or_generate(text, model=MODEL)
        hit = self.world.calls == before
        if hit and self.world.is_wrong(text, answer):
            is_copy = self._served.tier == "exact" and self._served.original is not None
            self.outcome.copies += is_copy
            self.outcome.late += not is_copy
        return hit

    def _note(self, event: object) -> None:
        if isinstance(event, Served):
            self._served = event

    def delete(self, text: str) -> None:
        self._turn += 1
        try:
            self.caches[self._turn % 2].delete(text, model=MODEL)
        except CacheUnavailable:
            self.outcome.undeleted += 1
            return
        self.world.delete(text)

    def delete_in_flight(self, near: int) -> None:
        """Delete an answer while it is on its way, with some traffic between; ask again after."""
        text = question(next(self._new), 0)

        def meanwhile() -> None:
            self.delete(text)
            for k in range(10):
                self.ask(question(near + k, k))

        self.world.meanwhile = meanwhile
        self.ask(text)
        for k in range(4):
            self.ask(question(int(text.partition("thing ")[2][:5]), k))

    def look_at_the_index(self) -> None:
        """Note whether what tells processes of changes is there; EXISTS does not count as a use."""
        kinds = Counter(self.kind(key) for key in self.redis.scan_iter("semcache:1:{e}:semantic:*"))
        there = kinds["changes"] > 0 or kinds["vectors"] > 0
        self.outcome.lost += not there and not self._gone
        self.outcome.healed += there and self._gone
        self._gone = not there

    def kind(self, key: bytes) -> str:
        return key.rpartition(b":")[2].decode()

    def count(self) -> None:
        """Count what is left."""
        of, server = self.outcome, self.redis
        info: dict[str, Any] = server.info("stats")
        of.evicted = info["evicted_keys"]
        keys = list(server.scan_iter("semcache:1:{e}:*", count=1_000))
        kinds = Counter(key.split(b"}:", 1)[1].partition(b":")[0] for key in keys)
        of.exact, of.embeddings = kinds[b"exact"], kinds[b"string"]
        of.marks = sum(key.startswith(b"semcache:1:{e}:deleted:") for key in keys)
        for key in keys:
            if key.endswith(b":entries"):
                of.similar += server.hlen(key)
            elif server.type(key) == b"vectorset":
                of.similar += server.execute_command("VCARD", key)
        for cache in self.caches:
            embedded: Any = cache.embedding_cache
            of.errors += cache.stats.errors + embedded.stats.errors


def trial(url: str, policy: str, index: Any, megabytes: float, requests: int) -> Outcome:
    """Run the traffic over a server that may hold so many megabytes more than it does empty."""
    with redis.Redis.from_url(url) as server:
        server.config_set("maxmemory", 0)
        server.flushall()
        server.config_resetstat()
        used = server.info("memory")["used_memory"]
        server.config_set("maxmemory-policy", policy)
        server.config_set("maxmemory", int(used + megabytes * 1_000_000))
        try:
            return Trial(url, index, requests).run()
        finally:
            server.config_set("maxmemory", 0)
