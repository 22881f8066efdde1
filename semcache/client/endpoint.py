"""What a body asks, taken apart; and what every endpoint that answers in words can do."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple, Protocol

from semcache.answers.completion import Completion
from semcache.answers.sampling import says_nothing
from semcache.tokens import as_count

__all__ = ["Asked", "Body", "Endpoint", "Gathering", "as_dict", "count_of", "given", "parts_text"]

Body = Mapping[str, Any]


class Asked(NamedTuple):
    """A body, taken apart.

    Attributes:
        query: The text that was asked last, if a user asked it in words; else empty.
        last: What was said last, as it was sent.
        before: What stands before all turns: instructions.
        turns: What was said earlier.
        shaping: What else shapes the answer.
        is_plain: Whether an answer to a similar question could do, as far as the body tells.
    """

    query: str
    last: Any
    before: Sequence[Any]
    turns: Sequence[Any]
    shaping: dict[str, Any]
    is_plain: bool


class Endpoint(Protocol):
    """One endpoint: how to read what is asked and answered there."""

    path: str

    def asked(self, body: Body) -> Asked | None:
        """Take a body apart; ``None`` for one that is passed on as it is."""

    def is_reply(self, payload: Any) -> bool:
        """Whether it is a reply, which can be sent in events, too."""

    def completion(self, payload: dict[str, Any]) -> Completion | None:
        """Return what a reply says; ``None`` if it is none."""

    def events(self, payload: dict[str, Any], body: Body) -> Iterator[tuple[str, str]]:
        """Yield a kept reply as the events of a stream: their name, if they have one, and data."""

    def gather(self, body: Body) -> "Gathering":
        """Return what puts a reply together from the events of a stream."""


class Gathering(Protocol):
    """A reply that comes in events."""

    def take(self, data: bytes) -> bool:
        """Take an event's data; return whether the reply has come to its end with it."""

    def payload(self) -> dict[str, Any] | None:
        """The reply, as if it had come in one piece; ``None`` if that cannot be told."""


def given(body: Body, without: Set[str]) -> dict[str, Any]:
    """Return what a body gives, without some names, and what is as good as left out."""
    return {k: v for k, v in body.items() if k not in without and not says_nothing(k, v)}


def parts_text(content: Any, *kinds: str) -> str | None:
    """Return the text of a message that is one text; ``None`` if it is more, or something else.

    Example:
        >>> parts_text("hi"), parts_text([{"type": "text", "text": "hi"}], "text")
        ('hi', 'hi')
        >>> parts_text([{"type": "image_url", "image_url": {}}], "text") is None
        True
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or len(content) != 1 or not isinstance(content[0], dict):
        return None
    text = content[0].get("text")
    is_text = content[0].get("type") in kinds and isinstance(text, str)
    return text if is_text and len(content[0]) == 2 else None


def as_dict(value: Any) -> dict[str, Any]:
    """Return a JSON object, or an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def count_of(usage: Any, name: str) -> int:
    """Return one of the counts of a reply's usage; 0 if it does not say."""
    return as_count(as_dict(usage).get(name))
