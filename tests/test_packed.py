"""packed: the bytes of one entry come back as they were, or are refused."""

import json
import math
import struct
import zlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from semantic_bench import embed_once, real_texts

from semcache.errors import CodecError
from semcache.index.answer import Answer
from semcache.index.packed import Packed, pack, rows_of

ANSWER = Answer("Où ?", "là", 1.5, 2.5, 0.9)
VECTOR = np.array([0.6, -0.8], np.float32)
text = st.text(st.characters(exclude_categories=[]))  # half characters too
seconds = st.floats(-1e12, 1e12)


promoted = st.tuples(text, text | st.none()) | st.just(())
labels = st.tuples(st.lists(text).map(tuple), text)


@given(
    text,
    text,
    seconds,
    seconds | st.just(math.inf),
    st.floats(-1, 1),
    promoted,
    labels,
    st.binary(),
)
@example("\ud83d", "\ud83d\ude00", 0, 0, 1, ("\ud83d", None), ((), ""), b"")
@example('"\\', "\0\u2028", 0, math.inf, -1, (), (("\ud83d",), ""), b"\0")
def test_every_answer_comes_back_as_it_was(
    query, response, created_at, expires_at, similarity, promoted, labels, owner
):
    named = dict(zip(("tags", "model"), labels, strict=True))
    answer = Answer(query, response, created_at, expires_at, similarity, *promoted, **named)
    for vector in (None, VECTOR):
        packed = Packed.read(pack(answer, vector, owner), owner)
        assert packed.answer() == answer and packed.expires_at == expires_at
        assert len(packed.numbers) == (0 if vector is None else 4)


def test_half_precision_moves_no_cosine_of_real_questions_by_more_than_it_says():
    vectors = np.stack([embed_once(question) for question in real_texts()])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = rows_of([Packed.read(pack(ANSWER, vector)) for vector in vectors])
    moved = np.abs(rows.astype(np.float64) @ vectors.T - vectors.astype(np.float64) @ vectors.T)
    assert 0 < moved.max() < 1e-4
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_a_flipped_bit_anywhere_is_noticed():
    for data in (pack(ANSWER, VECTOR, b"place"), pack(ANSWER, None, b"place")):
        assert Packed.read(data, b"place")
        for position in range(8 * len(data)):
            if position // 8 == 3:
                continue  # the byte that is kept free
            damaged = bytearray(data)
            damaged[position // 8] ^= 1 << position % 8
            with pytest.raises(CodecError):
                Packed.read(bytes(damaged), b"place")


@pytest.mark.parametrize("other", [b"", b"places", b"plac", b"Place", b"place\0", b"placeplace"])
def test_bytes_that_were_stored_elsewhere_are_refused(other):
    for vector in (None, VECTOR):
        with pytest.raises(CodecError, match="another's"):
            Packed.read(pack(ANSWER, vector, b"place"), other)


def test_bytes_of_another_version_are_refused():
    data = bytearray(pack(ANSWER))
    for version in (0, 1, 3):
        data[2] = version
        with pytest.raises(CodecError, match="version 2"):
            Packed.read(bytes(data))


def test_whatever_is_cut_off_or_added_is_noticed():
    for data in (pack(ANSWER, VECTOR), pack(ANSWER)):
        for length in range(len(data)):
            with pytest.raises(CodecError):
                Packed.read(data[:length])
        for tail in (b"\0", b"x" * 50):
            with pytest.raises(CodecError):
                Packed.read(data + tail)


@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused(data):
    with pytest.raises(CodecError):
        Packed.read(data)


def sealed(expires_at: float, length: int, rest: bytes) -> bytes:
    """Bytes with a right checksum, whatever is in them."""
    body = struct.pack("<dI", expires_at, length) + rest
    return pack(ANSWER)[:4] + zlib.crc32(body).to_bytes(4, "little") + body


@pytest.mark.parametrize(
    "fields",
    [
        [], {}, None, 7, ["q"], ["q", "r", 1.0], ["q", "r", 1.0, 1.0, "s", "by", "more"],
        ["q", "r", 1.0, 1.0, None, None, [7], ""], ["q", "r", 1.0, 1.0, None, None, [], None],
        ["q", "r", 1.0, 1.0, None, None, [], "", None],
        ["q", "r", 1.0, 1.0, None, None, [], "", "mark", "more"],
    ],
)  # fmt: skip
def test_json_that_is_no_answer_is_refused_also_with_a_right_checksum(fields):
    text = json.dumps(fields).encode()
    with pytest.raises(CodecError):
        Packed.read(sealed(2.5, len(text), text)).answer()


@pytest.mark.parametrize(
    "data", [sealed(2.5, 9, b"short"), sealed(2.5, 2, b"[]odd"), sealed(math.nan, 2, b"[]")]
)
def test_parts_that_do_not_fit_are_refused_also_with_a_right_checksum(data):
    with pytest.raises(CodecError, match="parts"):
        Packed.read(data)


@pytest.mark.parametrize("bad", [[np.nan], [np.inf], [], [[1.0]]])
def test_a_vector_that_cannot_be_compared_is_refused(bad):
    with pytest.raises(CodecError):
        pack(ANSWER, np.array(bad, np.float32))


@pytest.mark.parametrize("more", [[], ["source", None], ["source", "by"]])
def test_what_was_stored_before_there_were_tags_is_read_and_is_written_the_same(more):
    text = json.dumps(["q", "r", 1.5, 0.9, *more]).encode()
    data = sealed(2.5, len(text), text)
    answer = Packed.read(data).answer()
    assert answer == Answer("q", "r", 1.5, 2.5, 0.9, *more)
    assert pack(answer) == data
