"""Changes of one line that nothing noticed once, each seen here from outside: through the public
classes, whatever lies between them and Redis."""

import fakeredis
import numpy as np
import pytest
from fakes import Clock, VectorAPI, vector_of

from semcache import (
    CompressedEmbeddingCache,
    EmbeddingCache,
    HashEmbeddingCache,
    TieredEmbeddingCache,
    codecs,
    count_tokens,
)

MODEL = "vectors-8"
TEXTS = ("one", "two", "three", "four", "five")
CLASSES = (EmbeddingCache, HashEmbeddingCache, CompressedEmbeddingCache, TieredEmbeddingCache)


@pytest.fixture
def redis():
    return fakeredis.FakeRedis(server_type="redis", version=(8, 2))


# One bad row in a batch of hits ------------------------------------------------------------------


class Filled:
    """A cache that has all texts, and the key of each of them in Redis."""

    def __init__(self, redis, codec: str) -> None:
        self.redis, self.codec = redis, codec
        self.api, self.clock = VectorAPI(), Clock()
        self.keys: dict[str, bytes] = {}
        for text in TEXTS:
            before = set(redis.keys())
            self.cache().get_embedding(text)
            (self.keys[text],) = set(redis.keys()) - before
        self.api.calls.clear()

    def cache(self, **options) -> EmbeddingCache:
        given = {"model": MODEL, "codec": self.codec, "clock": self.clock, **options}
        return EmbeddingCache(self.redis, self.api.client(), **given)

    def expected(self) -> np.ndarray:
        codec = codecs.get(self.codec)
        return np.stack([codec.decode(codec.encode(vector_of(MODEL, t, 8))) for t in TEXTS])


def damages(whole: bytes) -> dict[str, bytes]:
    """An entry with one bit of each of its bytes turned, and entries of another length."""
    spoilt = {}
    for position in range(len(whole)):
        spoilt[f"byte {position}"] = bytes(
            byte ^ 1 if at == position else byte for at, byte in enumerate(whole)
        )
    return spoilt | {"cut": whole[:-1], "longer": whole + b"\0", "empty": b"", "head": whole[:12]}


@pytest.mark.parametrize("codec", ["float32", "int8"])
def test_a_damaged_row_of_a_batch_of_hits_is_never_served(redis, codec):
    """Whichever row, whichever byte: it is counted, asked for anew, alone, and stored again."""
    filled = Filled(redis, codec)
    expected = filled.expected()
    for row, text in enumerate(TEXTS):
        whole = redis.get(filled.keys[text])
        for what, damaged in damages(whole).items():
            redis.set(filled.keys[text], damaged)
            filled.api.calls.clear()
            cache = filled.cache()
            vectors = cache.get_embeddings_batch(TEXTS)
            # The row that was asked for anew is as the API made it, the others as stored.
            served = np.delete(vectors, row, axis=0), np.delete(expected, row, axis=0)
            assert served[0].tobytes() == served[1].tobytes(), (text, what)
            assert np.allclose(vectors[row], vector_of(MODEL, text, 8), atol=0.01), (text, what)
            assert filled.api.calls == [[text]], f"{text}, {what}: served"
            assert (cache.stats.errors, cache.stats.misses, cache.stats.hits) == (1, 1, 4)
            assert filled.cache().get_embeddings_batch(TEXTS).tobytes() == expected.tobytes()
            assert filled.api.calls == [[text]], f"{text}, {what}: not replaced"


@pytest.mark.parametrize("codec", ["float32", "int8"])
def test_an_expired_row_of_a_batch_of_hits_is_never_served(redis, codec):
    filled = Filled(redis, codec)
    for text in TEXTS:
        filled.cache().delete(text)
        filled.cache(ttl=10).get_embedding(text)
        filled.clock.advance(10)  # past this entry's end, by our clock alone: Redis has it still
        filled.api.calls.clear()
        assert redis.exists(filled.keys[text])
        cache = filled.cache()
        cache.get_embeddings_batch(TEXTS)
        assert filled.api.calls == [[text]] and (cache.stats.errors, cache.stats.misses) == (0, 1)


@pytest.mark.parametrize("codec", ["float32", "int8"])
def test_a_row_of_another_length_among_hits_is_never_served(redis, codec):
    """Whole, but not of this model: as when somebody copied a key."""
    filled = Filled(redis, codec)
    filled.cache(model="vectors-4").get_embedding("of four")
    (foreign,) = set(redis.keys()) - set(filled.keys.values())
    right = np.stack([vector_of(MODEL, text, 8) for text in TEXTS])
    for text in TEXTS:
        redis.set(filled.keys[text], redis.get(foreign))
        for _ in range(2):  # at once, and from what is stored then
            vectors = filled.cache().get_embeddings_batch(TEXTS)
            assert vectors.shape == right.shape and np.allclose(vectors, right, atol=0.01), text


# How a batch is split ----------------------------------------------------------------------------


def of_tokens(number: int, tokens: int) -> str:
    """A text of exactly so many tokens, unlike those of other numbers."""
    text = f"{number:04}"
    text += " cache" * (tokens - count_tokens(text))
    assert count_tokens(text) == tokens
    return text


def calls_for(redis, tokens: list[int]) -> list[int]:
    """How many texts each API call takes, when these are the lengths of a batch."""
    redis.flushall()
    api = VectorAPI()
    texts = [of_tokens(number, size) for number, size in enumerate(tokens)]
    cache = EmbeddingCache(redis, api.client(), model=MODEL)
    assert len(cache.get_embeddings_batch(texts)) == len(texts)
    assert [text[:4] for call in api.calls for text in call] == [text[:4] for text in texts]
    return [len(call) for call in api.calls]


def test_a_batch_is_split_at_300000_tokens_exactly_in_every_call(redis):
    """The second and third call may be as full as the first."""
    full = [7_500] * 40
    assert sum(full) == 300_000
    assert calls_for(redis, full * 3) == [40, 40, 40]
    assert calls_for(redis, [*full, *full[:-1], 7_501]) == [40, 39, 1]
    assert calls_for(redis, [7_501, *full[1:], *full]) == [39, 40, 1]


# A batch of nothing ------------------------------------------------------------------------------


@pytest.mark.parametrize("made_of", CLASSES)
def test_an_empty_batch_is_as_wide_as_is_known_before_the_first_text(made_of, redis):
    def width(**options) -> tuple[int, int]:
        cache = made_of(redis, VectorAPI().client(), **options)
        nothing = cache.get_embeddings_batch([])
        assert nothing.dtype == np.float32
        return nothing.shape

    assert width(model=MODEL) == (0, 0)  # only the API knows
    assert width(model=MODEL, dimensions=5) == (0, 5)
    assert width(model="text-embedding-3-small") == (0, 1_536)
    assert width(model="text-embedding-3-large", dimensions=256) == (0, 256)


@pytest.mark.parametrize("made_of", CLASSES)
def test_an_empty_batch_is_as_wide_as_the_vectors_after_the_first_text(made_of, redis):
    cache = made_of(redis, VectorAPI().client(), model=MODEL)
    cache.get_embedding("one")
    assert cache.get_embeddings_batch([]).shape == (0, 8)
