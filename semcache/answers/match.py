"""What a semantic cache is given, and what it returns."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from semcache.codecs import Vector
from semcache.errors import ConfigError
from semcache.index.base import Found

__all__ = ["OWN", "Embeds", "Match", "Near", "Own", "Verifier", "check_threshold"]


class Own(Enum):
    """Stands for the cache's own TTL, since ``None`` means for ever."""

    TTL = "own"


OWN = Own.TTL


@dataclass(frozen=True)
class Match:
    """A cached answer that may be served.

    Attributes:
        query: The question that was asked now.
        response: The answer, given earlier to ``original_query``.
        similarity: Cosine of the two questions' embeddings, in [-1, 1].
        original_query: The question that the answer was given to.
        created_at: When the answer was stored, in seconds since the epoch.
        expires_at: When it expires; infinity for never.
    """

    query: str
    response: str
    similarity: float
    original_query: str
    created_at: float
    expires_at: float

    @classmethod
    def of(cls, query: str, found: Found) -> "Match":
        """Return what an index found, as an answer to ``query``."""
        answer = found.answer
        times = answer.created_at, answer.expires_at
        return cls(query, answer.response, found.similarity, answer.query, *times)


@dataclass(frozen=True)
class Near:
    """How near a lookup came: the best candidate, whether or not it was served."""

    original_query: str
    similarity: float


class Verifier(Protocol):
    """Tells whether two questions may share an answer, beyond their similarity."""

    def __call__(self, cached: str, asked: str, similarity: float) -> bool:
        """Return whether the answer to ``cached`` may be given to ``asked``."""


class Embeds(Protocol):
    """What a semantic cache needs of an embedding cache; all of ours have it."""

    @property
    def model(self) -> str:
        """The embedding model."""

    def get_embedding(self, text: str) -> Vector:
        """Return the embedding of a text."""


def check_threshold(threshold: float) -> float:
    """Return a threshold that is a cosine.

    Raises:
        ConfigError: It is outside [-1, 1].
    """
    if not -1 <= threshold <= 1:
        raise ConfigError(f"threshold is {threshold}: a similarity lies between -1 and 1")
    return threshold
