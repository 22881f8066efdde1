"""What one request may ask for, checked before anything is sent or paid."""

import math
from collections.abc import Iterable
from datetime import timedelta
from enum import Enum
from typing import NamedTuple

from semcache.answers.options import check_threshold
from semcache.errors import ConfigError
from semcache.expiry import check_ttl
from semcache.options import check_label
from semcache.sharing import Admission

__all__ = ["OWN", "Own", "Wishes", "check_tags"]

MOST_TAGS = 64  # of one answer: each is a mark that a lookup reads


class Own(Enum):
    """Stands for the cache's own TTL, since ``None`` means for ever."""

    TTL = "own"


OWN = Own.TTL


class Wishes(NamedTuple):
    """The wishes of one request.

    Attributes:
        least: Least similarity to serve an answer.
        ttl: Seconds that a new answer lives; ``None`` for ever.
        read: Whether an answer of the cache will do.
        keep: Whether a new answer may be kept.
        similar: Whether an answer to a similar question will do, and the new one may be found so.
        tags: What a new answer is made from; no answer is refused for its tags.
        asker: Who asks, for a cap on the answers that one asker gives rise to.
    """

    least: float
    ttl: float | None
    read: bool = True
    keep: bool = True
    similar: bool = True
    tags: tuple[str, ...] = ()
    asker: str | None = None

    def within(self, admission: Admission) -> "Wishes":
        """Return what is left of the wishes where a rule of admission limits them."""
        ttl = self.ttl if admission.ttl is None else min(self.ttl or math.inf, admission.ttl)
        exact = admission.exact
        return self._replace(
            ttl=ttl, read=self.read and exact, keep=self.keep and exact, similar=False
        )

    @classmethod
    def of(
        cls,
        threshold: float | None,
        ttl: float | timedelta | Own | None,
        read: bool,
        keep: bool,
        own_threshold: float,
        own_ttl: float | None,
        tags: Iterable[str] = (),
        asker: str | None = None,
    ) -> "Wishes":
        """Return the wishes, with the cache's own threshold and TTL where none is given.

        A TTL of 0 means that the answer is not kept.

        Raises:
            ConfigError: A threshold, a TTL, a tag or an asker that cannot work.

        Example:
            >>> Wishes.of(None, 0, True, True, 0.9, 60.0)[:4]
            (0.9, 60.0, True, False)
        """
        least = own_threshold if threshold is None else check_threshold(threshold)
        if isinstance(ttl, Own):
            seconds = own_ttl
        elif ttl in (0, timedelta(0)) and not isinstance(ttl, bool):
            seconds, keep = own_ttl, False
        else:
            seconds = check_ttl(ttl)
        if asker is not None:
            check_label("asker", asker)
        return cls(least, seconds, read, keep, tags=check_tags(tags), asker=asker)


def check_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags in order, each once.

    Raises:
        ConfigError: One is no text, empty or has half a character; or there are too many.

    Example:
        >>> check_tags(["price-list:7", "doc:42", "doc:42"])
        ('doc:42', 'price-list:7')
        >>> check_tags("doc:42")
        Traceback (most recent call last):
        ...
        semcache.errors.ConfigError: tags is 'doc:42': give a list of texts, such as ['doc:42']
    """
    if tags == ():
        return ()
    if isinstance(tags, str | bytes) or not isinstance(tags, Iterable):
        raise ConfigError(f"tags is {tags!r}: give a list of texts, such as ['doc:42']")
    checked = tuple(sorted({check_label("tag", tag) for tag in tags}))
    if len(checked) > MOST_TAGS:
        raise ConfigError(f"{len(checked)} tags: an answer has at most {MOST_TAGS}")
    return checked
