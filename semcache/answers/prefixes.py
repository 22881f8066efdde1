"""Warn of questions that begin with the same long text: it makes unlike ones alike.

An embedding is of the whole text. Instructions, a document or a form that stand before every
question make up most of it, and what is asked behind them hardly moves the similarity: two unlike
questions of similarity .76 had .99 behind 221 tokens that they shared. No threshold mends that.
"""

import logging

__all__ = ["SharedPrefix"]

log = logging.getLogger("semcache")

LEAST = 200  # characters: a long question may share a polite beginning with another


class SharedPrefix:
    """Tells once, and no more, that questions share most of what they say. Refuses nothing."""

    def __init__(self, scope: str) -> None:
        self._scope, self._told = scope, False

    def look(self, cached: str, asked: str, similarity: float) -> None:
        """Look at two questions that are about to share an answer.

        Only their beginnings are compared, up to half of the longer one: that takes no time.
        """
        if self._told or len(cached) <= LEAST:
            return
        least = 1 + max(LEAST, max(len(cached), len(asked)) // 2)
        if cached[:least] != asked[:least] or len(cached) < least:
            return
        if _letters(cached[least:]) == _letters(asked[least:]):
            return  # one question, typed in two ways
        self._told = True
        log.warning(
            "two questions in scope %r, of %d and %d characters, share their beginning and most of "
            "what they say, so they are alike whatever follows (similarity %.3f): pass what they "
            "share as system=..., which is part of the key (audience=... of SemanticCache), and "
            "only the rest as the question",
            self._scope,
            len(cached),
            len(asked),
            similarity,
        )


def _letters(text: str) -> list[str]:
    return [character for character in text.casefold() if character.isalnum()]
