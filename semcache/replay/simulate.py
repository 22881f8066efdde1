"""Send a log through designs, all of them side by side, block by block."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from semcache.codecs import Vector
from semcache.embedding.progress import progress_bar
from semcache.errors import ConfigError
from semcache.replay.cache import SimulatedCache
from semcache.replay.designs import Design
from semcache.replay.memory import Sizes
from semcache.replay.neighbours import Near, Neighbours
from semcache.replay.requests import Requests

__all__ = ["Rows", "simulate"]

BLOCK = 512  # requests whose texts are compared in one product
Rows = Callable[[NDArray[np.int32]], Vector]


def simulate(
    requests: Requests,
    designs: Sequence[Design],
    rows: Rows,
    *,
    sizes: Sizes | None = None,
    progress: bool = False,
) -> list[SimulatedCache]:
    """Return a cache for each design, as it is after all requests; its outcomes are in it.

    Args:
        requests: The requests.
        designs: What to try.
        rows: Returns embeddings, float32 of shape (m, dims), by their numbers in
            ``requests.unique``; called only if a design looks by similarity.
        sizes: Bytes that things take, for designs whose memory is bound.
        progress: Whether to show a bar.

    Raises:
        ConfigError: A vector has no direction.
    """
    caches = [SimulatedCache(design, requests, sizes) for design in designs]
    asked = [cache for cache in caches if cache.design.kind != "none"]
    similar = [cache for cache in caches if cache.design.is_semantic]
    least = min((cache.design.threshold for cache in similar), default=2.0)
    scopes: dict[int, Neighbours] = {}
    with progress_bar(len(requests), 0, progress) as bar:
        for start in range(0, len(requests), BLOCK):
            texts = requests.text[start : start + BLOCK]
            times = requests.time[start : start + BLOCK].tolist()
            near: Mapping[int, Near] = {}
            if similar:
                near = _near(requests, texts, times[0], similar, rows, scopes, least)
            for number, (text, now) in enumerate(zip(texts.tolist(), times, strict=True), start):
                for cache in asked:
                    cache.ask(number, text, now, near)
            bar.update(len(texts))
    return caches


def _near(
    requests: Requests,
    block: NDArray[np.int32],
    now: float,
    caches: Sequence[SimulatedCache],
    rows: Rows,
    scopes: dict[int, Neighbours],
    least: float,
) -> dict[int, Near]:
    """Return what is near each text of a block that can be embedded."""

    def is_held(texts: NDArray[np.int32]) -> NDArray[np.bool_]:
        held: NDArray[np.bool_] = np.any([cache.until[texts] > now for cache in caches], axis=0)
        return held

    apart: dict[int, list[int]] = {}
    for text in dict.fromkeys(block.tolist()):
        about = requests.texts[text]
        if about.embeds and about.admission.by_similarity:
            apart.setdefault(about.scope, []).append(text)
    near: dict[int, Near] = {}
    for scope, texts in apart.items():
        numbers = np.array([requests.texts[text].row for text in texts], np.int32)
        directions = _directions(rows(numbers), requests, numbers)
        neighbours = scopes.get(scope)
        if neighbours is None:
            neighbours = scopes[scope] = Neighbours(directions.shape[1], least)
        neighbours.drop(is_held)
        near |= neighbours.near(np.array(texts, np.int32), directions)
    return near


def _directions(vectors: Vector, requests: Requests, numbers: NDArray[np.int32]) -> Vector:
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    good = np.isfinite(lengths) & (lengths > 0)
    if not good.all():
        text = requests.unique[numbers[int(good.argmin())]]
        raise ConfigError(f"the vector of {text!r:.60} has no direction: zeros, or no numbers")
    directions: Vector = (vectors / lengths).astype(np.float32)
    return directions
