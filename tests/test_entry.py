"""Entries: the expiry and the blob go in and come out together, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache import codecs
from semcache.embedding.entry import Entry, pack, unpack, unpack_rows
from semcache.errors import CodecError

CODEC, DIGEST = codecs.get("int8"), "digest of a text"
VECTOR = CODEC.decode(CODEC.encode([1.0, -0.5, 0.25]))
BLOB = CODEC.encode(VECTOR)

moments = st.floats(min_value=0, allow_nan=False)


@given(expires_at=moments)
def test_what_is_packed_is_unpacked(expires_at):
    entry = unpack(pack(Entry(VECTOR, expires_at, 60.0, BLOB), DIGEST), CODEC, DIGEST)
    assert entry.expires_at == expires_at and entry.vector.tobytes() == VECTOR.tobytes()


@given(data=st.binary(max_size=64))
def test_any_bytes_are_an_entry_or_our_error(data):
    try:
        unpack(data, CODEC, DIGEST)
    except CodecError:
        return
    raise AssertionError("random bytes with a right checksum")


@given(expires_at=moments, data=st.data())
def test_any_changed_byte_is_noticed(expires_at, data):
    packed = bytearray(pack(Entry(VECTOR, expires_at, 60.0, BLOB), DIGEST))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CodecError):
        unpack(bytes(packed), CODEC, DIGEST)


def test_an_expiry_that_is_no_number_is_refused():
    with pytest.raises(CodecError):
        unpack(
            pack(Entry(VECTOR, float("nan"), None, BLOB), DIGEST),
            CODEC,
            DIGEST,
        )


def test_an_entry_of_another_text_is_noticed():
    packed = pack(Entry(VECTOR, 1.0, 60.0, BLOB), "one...")
    unpack(packed, CODEC, "one...")
    with pytest.raises(CodecError):
        unpack(packed, CODEC, "two...")
    rows = [packed, pack(Entry(VECTOR, 1.0, 60.0, BLOB), "two...")]
    assert unpack_rows(rows, CODEC, ["one...", "two..."], 0.0).shape == (2, 3)
    assert unpack_rows(rows, CODEC, ["two...", "one..."], 0.0) is None
