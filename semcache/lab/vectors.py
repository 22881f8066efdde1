"""Embeddings of the support desk's questions as one machine computed them, to the byte.

The model's results move a little from one make of CPU to another, and so would every count of what
a cache serves over weeks. Lesson 13 takes these instead: its counts are the same everywhere.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from semcache.errors import ConfigError, InvalidInput
from semcache.lab import data as _data
from semcache.lab.traffic import load_phrasings

__all__ = ["StoredVectors"]

Floats = NDArray[np.float32]


class StoredVectors:
    """Embeds the texts of ``data/phrasings.jsonl``, and no others, by looking them up.

    Stands where an embedding cache does. The vectors are kept as int8, which moves a similarity by
    up to 0.0013.

    Attributes:
        model: What computed them.

    Raises:
        ConfigError: The data folder is missing, or its two files do not fit together.

    Example:
        >>> vectors = StoredVectors()
        >>> asked = ["forgot password", "How do I reset my password?"]
        >>> one, two = vectors.get_embeddings_batch(asked)
        >>> one.shape, one.dtype.name, round(float(one @ two), 1)
        ((384,), 'float32', 0.9)
    """

    model = "multilingual-e5-small"

    def __init__(self) -> None:
        path = _data.FOLDER / "phrasing_vectors.npy"
        texts = [phrasing.text for phrasing in load_phrasings()]
        rows: Floats = np.load(path).astype(np.float32)
        if len(rows) != len(texts):
            raise ConfigError(f"{path} has {len(rows)} vectors for {len(texts)} texts")
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        self._vectors: dict[str, Floats] = dict(zip(texts, rows, strict=True))

    def get_embedding(self, text: str) -> Floats:
        """Return the vector of a text, float32 of shape (384,) and length 1.

        Raises:
            InvalidInput: It is no text of the support desk.
        """
        vector = self._vectors.get(text)
        if vector is None:
            raise InvalidInput(f"there is no stored vector of {text!r}")
        return vector

    def get_embeddings_batch(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of n texts, float32 of shape (n, 384).

        Raises:
            InvalidInput: One of them is no text of the support desk.
        """
        return np.array([self.get_embedding(text) for text in texts], np.float32).reshape(-1, 384)
