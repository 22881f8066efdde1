"""What one request has found out so far: its whole state, as a value."""

import time
from typing import NamedTuple

from semcache.answers.generations import Marks
from semcache.answers.match import Lookup
from semcache.answers.request import Wanted
from semcache.answers.room import Room
from semcache.answers.wishes import Wishes
from semcache.index.answer import Answer
from semcache.observing import Served

__all__ = ["Looked"]


class Looked(NamedTuple):
    """What one request has found out.

    Attributes:
        request: The request.
        wishes: What it asked for.
        room: The answers that it may be given.
        since: When it began to look, by ``time.monotonic()``.
        found: What the exact tier has, if that is served.
        text: The answer; ``None`` if the LLM must be asked.
        tier: Which tier has it: ``"exact"`` or ``"semantic"``.
        lookup: What the search by similarity found.
        marks: The marks of deletions at that time; ``None`` if Redis failed.
        spare: An answer to serve if the LLM fails: one that has expired, or is being renewed.
        renews: Whether this caller renews an answer while others are served the old one.
    """

    request: Wanted
    wishes: Wishes
    room: Room
    since: float
    found: Answer | None = None
    text: str | None = None
    tier: str | None = None
    lookup: Lookup | None = None
    marks: Marks | None = None
    spare: Answer | None = None
    renews: bool = False

    def served(self) -> Served | None:
        """Return what an observer is told; ``None`` if nothing was found."""
        seconds, model = time.monotonic() - self.since, self.request.model
        if self.found is not None:
            one = self.found
            given = one.source, one.response, one.similarity, None
            return Served("exact", self.request.query, *given, seconds, one.model or model)
        if self.lookup is None or self.lookup.match is None:
            return None
        return self.lookup.match.served(seconds, model)
