"""The guard: similarity, lowered by what differs, as far as the two sentences are alike."""

from typing import NamedTuple

from semcache.guard.comparison import compare

__all__ = ["Guard", "Reason"]

_TOLERATED = 0.05
_IN_WORDS = {
    "number": "another number: {0} / {1}",
    "date": "another date: {0} / {1}",
    "opposite": "opposites: {0} / {1}",
    "order": "{0} and {1} have changed places",
    "name": "another name: {0} / {1}",
}


class Reason(NamedTuple):
    """One difference of two texts.

    Attributes:
        signal: number, date, opposite, order or name; length if a text is too long to be read.
        lowered: By how much it lowers the similarity, more than 0.
        words: What differs, to be read by a person.
    """

    signal: str
    lowered: float
    words: str


class Guard:
    """Similarity, lowered by what it cannot see: numbers, dates, opposites, order and names.

    ``score = similarity - lowers_by * likeness``, where the likeness of the two sentences, apart
    from what differs, runs from 0 (they share nine words of ten, or fewer) to 1 (all else is the
    same). "$15 or $25" decides in one and the same sentence, and says little in two wordings. Where
    nothing differs the score is the similarity. A cache compares it with the same threshold.

    There is nothing fitted in it, and it knows nothing of your traffic; what can be fitted on
    labelled pairs of your own is :class:`semcache.guard.Verifier`.

    Args:
        lowers_by: By how much a difference in otherwise equal sentences lowers the similarity.
            The default suits models whose similarities of unrelated texts are 0.2 or more below
            those of paraphrases.

    Example:
        >>> guard = Guard()
        >>> round(guard.score("enable two-factor", "disable two-factor", 0.97), 2)
        0.77
        >>> guard.score("How do I reset my password?", "password reset", 0.93)
        0.93
    """

    def __init__(self, *, lowers_by: float = 0.2) -> None:
        self.lowers_by = lowers_by

    lowers_similarity = True  # so a cache compares the score with its own threshold

    def score(self, cached: str, asked: str, similarity: float) -> float:
        """Return a number that a cache compares with its threshold, at most the similarity.

        It is -1 if a text has more than 1,000 characters, 400 words or Chinese characters, or 100
        numbers: what the guard cannot read in a few milliseconds it does not vouch for. The same
        text twice keeps its similarity.

        Args:
            cached: The question whose answer is in the cache.
            asked: The question that arrived. Exchanging the two changes nothing.
            similarity: The cosine of their embeddings.
        """
        reasons = self.explain(cached, asked, similarity)
        return max(-1.0, similarity - reasons[0].lowered) if reasons else similarity

    def explain(self, cached: str, asked: str, similarity: float) -> list[Reason]:
        """Return why the score is below the similarity: the reasons, the largest first.

        The largest alone lowers the score. Nothing is returned where nothing does.

        Example:
            >>> Guard().explain("fly from Rome to Oslo", "fly from Oslo to Rome", 0.99)[0].words
            'rome and oslo have changed places'
        """
        if cached == asked:
            return []
        found = compare(cached, asked)
        if found is None:
            return [Reason("length", 1 + max(-1.0, similarity), "too long to be read")]
        lowered = self.lowers_by * found.weight
        return [
            Reason(signal, lowered, _IN_WORDS[signal].format(one, two))
            for signal, one, two in found.differences
            if lowered > 0
        ]

    def __call__(self, cached: str, asked: str, similarity: float) -> bool:
        """Return whether a match above the cache's threshold may stand: no difference decides.

        For a cache that takes a ``verifier``, which does not know the threshold: a match is
        refused if its similarity is lowered by 0.05 or more, wherever that leaves it.

        Example:
            >>> Guard()("in 15 minutes", "in a quarter of an hour", 0.9)
            True
        """
        return similarity - self.score(cached, asked, similarity) < _TOLERATED
