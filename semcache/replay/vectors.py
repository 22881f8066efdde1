"""The embeddings of a log's texts: from a file, or from an embedding cache."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcache.codecs import Vector
from semcache.embedding.progress import in_steps, progress_bar
from semcache.errors import ConfigError, InvalidInput
from semcache.replay.requests import Requests
from semcache.replay.simulate import Rows

__all__ = ["embedded", "read_vectors"]

_CHUNK = 2_048  # texts embedded at a time, at most


def read_vectors(path: Path, requests: Requests, size: int) -> tuple[Rows, int]:
    """Return the vectors of a file, and their dims; a ``.npy`` file is read as it is needed.

    Args:
        path: ``.npy``: shape (n, dims), a row for each row of the log. ``.npz``: ``texts``, shape
            (m,), and ``vectors``, shape (m, dims), which may be of other texts, too.
        requests: Whose texts need one.
        size: Rows of the log.

    Raises:
        ConfigError: The file cannot be read, or does not fit the log.
    """
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        texts = None if isinstance(found, np.ndarray) else found["texts"]
        vectors: NDArray[Any] = found if isinstance(found, np.ndarray) else found["vectors"]
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise ConfigError(f"{path} holds no vectors: {error}") from error
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise ConfigError(f"{path} has shape {vectors.shape} of {vectors.dtype}, not (n, dims)")
    if texts is None:
        if len(vectors) != size:
            raise ConfigError(f"{path} has {len(vectors):,} rows, but the log has {size:,}")
        at = requests.first
    else:
        at = _places(path, texts.tolist(), len(vectors), requests)
    return lambda rows: np.asarray(vectors[at[rows]], np.float32), vectors.shape[1]


def _places(path: Path, texts: list[str], size: int, requests: Requests) -> NDArray[np.int32]:
    if len(texts) != size:
        raise ConfigError(f"{path} has {len(texts):,} texts, but {size:,} vectors")
    place = {text: at for at, text in enumerate(texts)}
    lacking = [text for text in requests.unique if text not in place]
    if lacking:
        raise ConfigError(
            f"{path} lacks {len(lacking):,} of the log's texts, as {lacking[0]!r:.60}"
        )
    return np.array([place[text] for text in requests.unique], np.int32)


def embedded(
    requests: Requests, embed: Callable[[Sequence[str]], Vector], *, progress: bool = False
) -> tuple[Rows, int]:
    """Embed each distinct text that can be; return the vectors, and their dims.

    Args:
        requests: Whose texts.
        embed: Takes m texts and returns their vectors, shape (m, dims).
        progress: Whether to show a bar.

    Raises:
        InvalidInput: No text can be embedded.
        openai.OpenAIError: The API failed.
    """
    wanted = sorted({text.row for text in requests.texts if text.embeds})
    if not wanted:
        raise InvalidInput("no question of the log can be embedded: all are too long")
    rows: Vector | None = None
    with progress_bar(len(wanted), 0, progress) as bar:
        for step in in_steps(len(wanted), _CHUNK):
            some = wanted[step]
            vectors = embed([requests.unique[row] for row in some])
            if rows is None:
                rows = np.zeros((len(requests.unique), vectors.shape[1]), np.float32)
            rows[some] = vectors
            bar.update(len(some))
    kept = np.zeros((0, 0), np.float32) if rows is None else rows
    return lambda numbers: kept[numbers], kept.shape[1]
