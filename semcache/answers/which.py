"""Which answers are to go: what a caller of ``invalidate`` may say of them, checked."""

import math
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from semcache.answers.callbacks import at_once, check_plain
from semcache.errors import ConfigError
from semcache.index.answer import Answer
from semcache.options import as_number, check_label

__all__ = ["Which"]


class Which(NamedTuple):
    """Which answers are to go: those of which all that is given holds.

    Attributes:
        tag: A source that they were made from.
        model: The LLM that gave them.
        before: Those that were given by then, in seconds since the epoch.
        where: Says whether an answer is to go.
    """

    tag: str | None = None
    model: str | None = None
    before: float = math.inf
    where: Callable[[Answer], object] | None = None

    def holds(self, answer: Answer) -> bool:
        """Whether an answer is to go."""
        return (
            (self.tag is None or self.tag in answer.tags)
            and (self.model is None or self.model == answer.model)
            and answer.created_at < self.before
            and (self.where is None or bool(at_once("where", self.where(answer))))
        )

    @classmethod
    def of(
        cls,
        tag: str | None,
        model: str | None,
        older_than: float | timedelta | None,
        where: Callable[[Answer], object] | None,
        now: float,
    ) -> "Which":
        """Return what was asked for.

        Raises:
            ConfigError: Nothing was, or something that cannot be.
        """
        if tag is None and model is None and older_than is None and where is None:
            raise ConfigError(
                "invalidate what? Give a tag, model=, older_than= or where=, or call clear_cache()"
            )
        for name, label in (("tag", tag), ("model", model)):
            if label is not None:
                check_label(name, label)
        if where is not None and not callable(where):
            raise ConfigError(f"where is {where!r}: give a function of an Answer")
        check_plain("where", where)
        return cls(tag, model, math.inf if older_than is None else now - _age(older_than), where)


def _age(older_than: float | timedelta) -> float:
    seconds = as_number(older_than)
    if seconds is None or not 0 <= seconds < math.inf:
        raise ConfigError(f"older_than is {older_than!r}: give seconds or a timedelta, at least 0")
    return seconds
