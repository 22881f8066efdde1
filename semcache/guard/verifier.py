"""A verifier fitted on one's own traffic: what similarity, margin and the signals are worth there.

How much a higher similarity or a differing number says is another on every traffic, so there is no
shipped one. Fit it on labelled pairs, choose a threshold on others, check both on a third part.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcache.errors import ConfigError
from semcache.guard.comparison import SIGNALS, compare
from semcache.guard.logistic import fit as _fit
from semcache.guard.rows import Row, check

__all__ = ["Contribution", "Verifier"]

_NAMES = ("constant", "similarity", "margin", *SIGNALS)
_SIDES = np.array([0.0, 1.0, 1.0, *[-1.0] * len(SIGNALS)])
_SCALES = ("similarity_mean", "similarity_spread", "margin_mean", "margin_spread")
_FORMAT, _VERSION = "semcache verifier", 1
_NO_THRESHOLD = (
    "the verifier has no threshold: choose one on pairs of its own, as evaluate --fit does, and "
    "give verifier.with_threshold(...)"
)


class Contribution(NamedTuple):
    """By how much a feature moves the verdict, in log-odds: above 0 it speaks for sharing."""

    name: str
    log_odds: float


class Verifier:
    """The probability that two questions may share an answer, on the traffic it was fitted on.

    A logistic model of the similarity, the margin and the signals of :class:`semcache.guard.Guard`,
    each as far as the sentences are alike. No difference may speak for sharing, and neither
    similarity nor margin against it.

    Attributes:
        coefficients: By name; of similarity and margin per standard deviation of the fitted rows.
        scales: Mean and standard deviation of both.
        threshold: Least probability at which :meth:`__call__` allows a match. Choose it on pairs
            that the verifier was not fitted on.
        least_similarity: Below this similarity :meth:`__call__` allows nothing, since the pairs
            that it was judged on do not reach so far; ``None`` if nobody said.
        fitted_on: Short digests of the pairs that it was fitted on: see :meth:`saw`.
        embedding_model: The model whose similarities it was fitted on, as the cache's option of
            that name has it; ``None`` if nobody said. A cache with another refuses it.

    Example:
        >>> rows = [Row(f"open file {n}", f"open file {n + n % 2}", 0.95) for n in range(60)]
        >>> verifier = Verifier.fit(rows, [n % 2 == 0 for n in range(60)])
        >>> verifier.score("open file 7", "open file 8", 0.95) < 0.3
        True
        >>> verifier.explain("open file 7", "open file 8", 0.95)[0].name
        'number'
    """

    def __init__(
        self,
        coefficients: Mapping[str, float],
        scales: Mapping[str, float],
        *,
        threshold: float | None = None,
        fitted_on: Iterable[str] = (),
        embedding_model: str | None = None,
        least_similarity: float | None = None,
    ) -> None:
        if set(coefficients) != set(_NAMES) or set(scales) != set(_SCALES):
            raise ConfigError(
                f"a verifier has exactly the coefficients {', '.join(_NAMES)} and the scales "
                f"{', '.join(_SCALES)}"
            )
        if not all(map(math.isfinite, (*coefficients.values(), *scales.values()))):
            raise ConfigError("a coefficient or a scale of the verifier is not a finite number")
        if threshold is not None and not 0 <= threshold <= 1:
            raise ConfigError(f"threshold is {threshold}: a probability lies between 0 and 1")
        if least_similarity is not None and not -1 <= least_similarity <= 1:
            raise ConfigError(f"least_similarity is {least_similarity}: a cosine is in [-1, 1]")
        self.coefficients = {name: float(coefficients[name]) for name in _NAMES}
        self.scales = {name: float(scales[name]) for name in _SCALES}
        self.threshold = threshold
        self.fitted_on = frozenset(fitted_on)
        self.embedding_model = embedding_model
        self.least_similarity = least_similarity

    @classmethod
    def fit(cls, rows: Iterable[Row], same: Sequence[bool], *, penalty: float = 1.0) -> "Verifier":
        """Return a verifier fitted on labelled pairs; the same rows give the same verifier.

        Args:
            rows: At least 40, from the traffic it is meant for, as its cache would compare them.
            same: Whether each pair may share an answer.
            penalty: Of large coefficients: half of it times the square of each.

        Raises:
            ConfigError: Too few rows, not one label for each, all labels alike, or a similarity
                that is not a number.
        """
        rows = [Row(*row) for row in rows]
        labels = np.array(same, dtype=bool)
        check(rows, labels)
        similarities = np.array([row.similarity for row in rows])
        margins = np.array([row.margin for row in rows if row.margin is not None] or [0.0])
        numbers = (similarities.mean(), similarities.std(), margins.mean(), margins.std())
        scales = dict(zip(_SCALES, (float(number) for number in numbers), strict=True))
        blank = cls(dict.fromkeys(_NAMES, 0.0), scales)
        x = np.array([blank._features(row) or _UNREAD for row in rows])
        beta: NDArray[np.float64] = _fit(x, labels, _SIDES, penalty=penalty)
        fitted_on = (_digest(row.cached, row.asked) for row in rows)
        return cls(dict(zip(_NAMES, beta.tolist(), strict=True)), scales, fitted_on=fitted_on)

    takes_margin = True  # so a cache tells it the margin

    def score(
        self, cached: str, asked: str, similarity: float, margin: float | None = None
    ) -> float:
        """Return the probability, from 0 to 1, that the two questions may share an answer.

        It is 0 if a text is too long to be read, unless it is the same text.
        """
        features = self._features(Row(cached, asked, similarity, margin))
        if features is None:
            return 0.0
        total = math.fsum(
            weight * value
            for weight, value in zip(self.coefficients.values(), features, strict=True)
        )
        return 1 / (1 + math.exp(-max(-700.0, total)))

    def explain(
        self, cached: str, asked: str, similarity: float, margin: float | None = None
    ) -> list[Contribution]:
        """Return what each feature adds to the log-odds, the largest first; zeros are left out."""
        features = self._features(Row(cached, asked, similarity, margin))
        if features is None:
            return [Contribution("length", -math.inf)]
        parts = [
            Contribution(name, weight * value)
            for (name, weight), value in zip(self.coefficients.items(), features, strict=True)
        ]
        return sorted((part for part in parts if part.log_odds), key=lambda part: -abs(part[1]))

    def __call__(
        self, cached: str, asked: str, similarity: float, margin: float | None = None
    ) -> bool:
        """Return whether the probability reaches the threshold, at a similarity that it knows.

        Raises:
            ConfigError: There is no threshold yet.
        """
        if self.threshold is None:
            raise ConfigError(_NO_THRESHOLD)
        if self.least_similarity is not None and similarity < self.least_similarity:
            return False
        return self.score(cached, asked, similarity, margin) >= self.threshold

    def check_ready(self, embedding_model: str) -> None:
        """Refuse to be used by a cache with this embedding model.

        Raises:
            ConfigError: There is no threshold yet, or it was fitted for another model.
        """
        if self.threshold is None:
            raise ConfigError(_NO_THRESHOLD)
        self.check_model(embedding_model)

    def check_model(self, embedding_model: str | None) -> None:
        """Refuse the similarities of another embedding model; an unknown one will do.

        Raises:
            ConfigError: It was fitted on those of another.
        """
        own = self.embedding_model
        if own is not None and embedding_model is not None and own != embedding_model:
            raise ConfigError(
                f"the verifier was fitted on similarities of {own}, and these are of "
                f"{embedding_model}: its promise is for the former. Fit one on pairs embedded with "
                f"{embedding_model}, or, if both names are of one model, set "
                f"verifier.embedding_model = {embedding_model!r}"
            )

    def with_threshold(
        self, threshold: float | None, least_similarity: float | None = None
    ) -> "Verifier":
        """Return the same verifier with a threshold; this one stays as it is.

        ``least_similarity`` is that of the pairs with which the threshold was chosen; without it
        the verifier's own stays.

        Raises:
            ConfigError: The threshold is no probability, or the similarity no cosine.

        Example:
            >>> rows = [Row(f"open file {n}", f"open file {n + n % 2}", 0.95) for n in range(60)]
            >>> verifier = Verifier.fit(rows, [n % 2 == 0 for n in range(60)]).with_threshold(0.8)
            >>> verifier("open file 7", "open file 7", 0.95), verifier("file 7", "file 8", 0.95)
            (True, False)
        """
        least = self.least_similarity if least_similarity is None else least_similarity
        kept: Any = {"fitted_on": self.fitted_on, "embedding_model": self.embedding_model}
        kept |= {"threshold": threshold, "least_similarity": least}
        return type(self)(self.coefficients, self.scales, **kept)

    def saw(self, cached: str, asked: str) -> bool:
        """Return whether it was fitted on this pair, whichever of the two came first.

        What it scores on such pairs flatters it. A verifier of an older file says no.
        """
        return _digest(cached, asked) in self.fitted_on

    @property
    def fingerprint(self) -> str:
        """A text that changes when verdicts may: a cache does not ask again about its own copies.

        When an answer is promoted to the exact tier its margin is known; later it is not.
        """
        return hashlib.sha256(json.dumps(self._record()).encode()).hexdigest()[:16]

    def save(self, path: Path | str) -> None:
        """Write the verifier as JSON, for :meth:`load`."""
        record = self._record() | {"fitted_on": " ".join(sorted(self.fitted_on))}
        if self.embedding_model is not None:
            record["embedding_model"] = self.embedding_model
        Path(path).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path | str) -> "Verifier":
        """Return the verifier that :meth:`save` wrote.

        Raises:
            ConfigError: The file cannot be read, is no verifier, or is of another version.
        """
        try:
            record: Any = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path} cannot be read as a verifier: {error}") from error
        if not isinstance(record, dict) or record.get("format") != _FORMAT:
            raise ConfigError(f"{path} is no verifier: Verifier.save() writes one")
        if record.get("version") != _VERSION:
            raise ConfigError(
                f"{path} is a verifier of version {record.get('version')}, and this program reads "
                f"version {_VERSION}: fit it anew"
            )
        try:
            model = record.get("embedding_model")  # not in older files
            if model is not None and not isinstance(model, str):
                raise ConfigError(f"embedding_model is {model!r}, which is no name")
            more = {"threshold": record["threshold"], "embedding_model": model}
            more["least_similarity"] = record.get("least_similarity")
            seen = record.get("fitted_on", "").split()
            return cls(record["coefficients"], record["scales"], fitted_on=seen, **more)
        except (AttributeError, ConfigError, KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{path} is not a whole verifier: {error}") from error

    def _record(self) -> dict[str, Any]:
        record = {
            "format": _FORMAT,
            "version": _VERSION,
            "coefficients": self.coefficients,
            "scales": self.scales,
            "threshold": self.threshold,
        }
        if self.least_similarity is not None:
            record["least_similarity"] = self.least_similarity
        return record

    def _features(self, row: Row) -> tuple[float, ...] | None:
        found = compare(row.cached, row.asked)
        if found is None and row.cached != row.asked:
            return None
        signals = {d.signal for d in found.differences} if found else set()
        weight = found.weight if found else 0.0
        mean, spread, margin_mean, margin_spread = self.scales.values()
        margin = 0.0 if row.margin is None else (row.margin - margin_mean) / (margin_spread or 1.0)
        return (
            1.0,
            (row.similarity - mean) / (spread or 1.0),
            margin,
            *(weight * (signal in signals) for signal in SIGNALS),
        )


def _digest(cached: str, asked: str) -> str:
    """What names a pair, in 48 bits: that any two of a million share it has a chance of 0.2 %."""
    pair = "\0".join(sorted((cached, asked)))
    return hashlib.sha256(pair.encode("utf-8", "surrogatepass")).hexdigest()[:12]


_UNREAD = (1.0, *[0.0] * (len(_NAMES) - 1))
