"""One cached answer."""

from typing import NamedTuple

__all__ = ["Answer"]


class Answer(NamedTuple):
    """What is cached for one question.

    Attributes:
        query: The question as it was asked.
        response: The answer that it got; may be empty.
        created_at: Seconds since the epoch.
        expires_at: Seconds since the epoch; infinity for never.
        similarity: 1.0 for an answer to this question; less for one promoted from a similar one.
        source: For a promoted one, the question that it was given to.
        accepted_by: For a promoted one, what said that it may be served; see
            :meth:`semcache.answers.room.Room.accepts`.
        tags: What it was made from, in order; a copy has those of what it was copied from.
        model: The LLM that gave it; empty if that was not said.
        mark: For a promoted one, the scope's mark of deletions when it was copied: another one
            says that something was deleted since, perhaps what it was copied from.
    """

    query: str
    response: str
    created_at: float
    expires_at: float
    similarity: float = 1.0
    source: str | None = None
    accepted_by: str | None = None
    tags: tuple[str, ...] = ()
    model: str = ""
    mark: str = ""
