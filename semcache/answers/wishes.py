"""What one request may ask for, checked before anything is sent or paid."""

import math
from datetime import timedelta
from enum import Enum
from typing import NamedTuple

from semcache.answers.options import check_threshold
from semcache.expiry import check_ttl
from semcache.sharing import Admission

__all__ = ["OWN", "Own", "Wishes"]


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
    """

    least: float
    ttl: float | None
    read: bool = True
    keep: bool = True
    similar: bool = True

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
    ) -> "Wishes":
        """Return the wishes, with the cache's own threshold and TTL where none is given.

        A TTL of 0 means that the answer is not kept.

        Raises:
            ConfigError: A threshold or a TTL that cannot work.

        Example:
            >>> Wishes.of(None, 0, True, True, 0.9, 60.0)
            Wishes(least=0.9, ttl=60.0, read=True, keep=False, similar=True)
        """
        least = own_threshold if threshold is None else check_threshold(threshold)
        if isinstance(ttl, Own):
            return cls(least, own_ttl, read, keep)
        if ttl in (0, timedelta(0)) and not isinstance(ttl, bool):
            return cls(least, own_ttl, read, keep=False)
        return cls(least, check_ttl(ttl), read, keep)
