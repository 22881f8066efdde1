"""What a semantic cache is given, and what it returns."""

from collections.abc import Awaitable
from typing import Any, NamedTuple, Protocol

from semcache.answers.callbacks import at_once, verdict
from semcache.codecs import Vector
from semcache.errors import ConfigError
from semcache.index.base import Found
from semcache.observing import Served

__all__ = ["Embeds", "Lookup", "Match", "Near", "Verifier", "accepts", "check_verifier"]


class Match(NamedTuple):
    """A cached answer that may be served.

    Attributes:
        query: The question that was asked now.
        response: The answer, given earlier to ``original_query``.
        similarity: Cosine of the two questions' embeddings, in [-1, 1].
        original_query: The question that the answer was given to.
        created_at: When the answer was stored, in seconds since the epoch.
        expires_at: When it expires; infinity for never.
        margin: How much more similar it is than the next candidate with another answer, in
            [0, 2]; ``None`` if there is no other.
        tags: What the answer was made from.
        model: The LLM that gave it; empty if that was not said.
    """

    query: str
    response: str
    similarity: float
    original_query: str
    created_at: float
    expires_at: float
    margin: float | None = None
    tags: tuple[str, ...] = ()
    model: str = ""

    @classmethod
    def of(cls, query: str, found: Found, margin: float | None = None) -> "Match":
        """Return what an index found, as an answer to ``query``."""
        answer = found.answer
        return cls(  # by position, which is faster: each hit makes one
            query,
            answer.response,
            found.similarity,
            answer.query,
            answer.created_at,
            answer.expires_at,
            margin,
            answer.tags,
            answer.model,
        )

    def served(self, seconds: float, model: str = "") -> Served:
        """Return what an observer is told of it."""
        return Served(
            tier="semantic",
            query=self.query,
            original=None if self.original_query == self.query else self.original_query,
            response=self.response,
            similarity=self.similarity,
            margin=self.margin,
            seconds=seconds,
            model=self.model or model,
        )


class Near(NamedTuple):
    """How near a lookup came: the best candidate, whether or not it was served."""

    original_query: str
    similarity: float


class Lookup(NamedTuple):
    """All that one lookup found out.

    Attributes:
        query: The question.
        match: What may be served; ``None`` for a miss.
        nearest: The best candidate, whether or not it is served; ``None`` if there was none.
        vector: The question's embedding at unit length, shape (dims,); ``None`` if it has no
            direction, or was not needed.
        failed: Whether Redis failed; who keeps an answer now would wait for it again.
    """

    query: str
    match: Match | None = None
    nearest: Near | None = None
    vector: Vector | None = None
    failed: bool = False


class Verifier(Protocol):
    """Tells whether two questions may share an answer, beyond their similarity."""

    def __call__(self, cached: str, asked: str, similarity: float) -> bool:
        """Return whether the answer to ``cached`` may be given to ``asked``: True or False.

        Anything else, such as 0.2, "no" or an awaitable, counts as an error, and refuses.
        """


def accepts(
    verifier: Any,
    cached: str,
    asked: str,
    similarity: float,
    least: float,
    margin: float | None = None,
) -> bool:
    """Return whether a verifier accepts a candidate at a threshold; raises what it raises.

    A guard lowers the similarity, and what it leaves is compared with the threshold. A verifier
    that was fitted with margins is told the margin.

    Raises:
        ConfigError: It returned something else than True or False.

    Example:
        >>> accepts(lambda cached, asked, similarity: cached == asked, "a", "b", 0.99, 0.9)
        False
    """
    if getattr(verifier, "lowers_similarity", False):
        return bool(at_once("verifier", verifier.score(cached, asked, similarity)) >= least)
    if getattr(verifier, "takes_margin", False):
        return verdict("verifier", verifier(cached, asked, similarity, margin))
    return verdict("verifier", verifier(cached, asked, similarity))


def check_verifier(verifier: Any, embedding_model: str) -> None:
    """Refuse a verifier that would fail at each lookup, or was fitted on other similarities.

    Args:
        verifier: What the cache was given; one of ours says itself whether it can be used.
        embedding_model: The cache's.

    Raises:
        ConfigError: It cannot be called, has no threshold, or is of another embedding model.
    """
    if verifier is None or getattr(verifier, "lowers_similarity", False):
        return
    if not callable(verifier):
        called = f"Verifier.load({verifier!r})" if isinstance(verifier, str) else "Verifier.load"
        raise ConfigError(
            f"verifier is {verifier!r}, which cannot be called: give Guard(), {called}, or a "
            "function of the cached question, the asked one and their similarity"
        )
    check = getattr(verifier, "check_ready", None)
    if check is not None:
        check(embedding_model)


class Embeds(Protocol):
    """What a semantic cache needs of an embedding cache; all of ours have it."""

    @property
    def model(self) -> str:
        """The embedding model."""

    def get_embedding(self, text: str) -> Vector | Awaitable[Any]:
        """Return the embedding of a text; an asynchronous cache awaits it."""
