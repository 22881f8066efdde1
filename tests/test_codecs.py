"""Codecs: every bound holds, every byte string is a vector or our error, nothing warns."""

import json
import struct
import zlib
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_np

from semcache import codecs
from semcache.codecs import Binary, Codec, Float32
from semcache.errors import CodecError, ConfigError
from semcache.lab.offline.model import embed

pytestmark = [  # what other tests have left to the collector is not these tests' fault
    pytest.mark.filterwarnings("error"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HEADER = struct.Struct("<2sBBII")  # written here a second time: the format is a promise
CODES = {"json": 1, "float32": 2, "float16": 3, "int8": 4, "binary": 5}
EXACT = ("json", "float32")
MAX, TINY = float(np.finfo(np.float32).max), 2.0**-149

every_codec = pytest.mark.parametrize("name", CODES)
components = st.floats(width=32, allow_nan=False, allow_infinity=False)
vectors = st_np.arrays(np.float32, st.integers(1, 70), elements=components)
# Components of one magnitude, as embeddings have them: st.floats alone rarely makes these.
level = st_np.arrays(np.float32, st.integers(1, 70), elements=st.floats(-1, 1, width=32))


def checked(codec: Codec, vector: np.ndarray) -> np.ndarray:
    """Encode and decode, check what every codec promises, return what came back."""
    blob = codec.encode(vector)
    back = codec.decode(blob)
    assert back.dtype == np.float32 and back.shape == vector.shape
    assert back.flags.writeable and back.flags.owndata and np.isfinite(back).all()
    error = np.abs(back.astype(np.float64) - vector.astype(np.float64)).max()
    bound = codec.error_bound(vector)
    assert error <= bound and np.isfinite(bound)
    if codec.name == "json":
        assert len(blob) <= codec.bytes_per_vector(vector.size)
    else:
        assert len(blob) == codec.bytes_per_vector(vector.size)
    return back


# The way there and back --------------------------------------------------------------------------

EXTREMES = {
    "zeros": [0.0] * 9,
    "negative zero": [-0.0, 1.0],
    "one element": [0.3],
    "one zero": [0.0],
    "largest": [MAX, -MAX, 0.0, MAX],
    "largest alone": [-MAX],
    "smallest": [TINY, -TINY, 0.0],
    "subnormal": [2.0**-126 - TINY, TINY, -(2.0**-130)],
    "both ends": [MAX, TINY, -TINY, 1.0, -1e-30],
    "all equal": [0.1] * 33,
    "just below two": [1.9999999, 2.0**-14, 2.0**-24, 1e-5],
}


@every_codec
def test_the_bound_holds_at_the_ends_of_float32(name, subtests):
    for what, values in EXTREMES.items():
        with subtests.test(what):
            checked(codecs.get(name), np.array(values, np.float32))


@every_codec
@given(vector=vectors | level)
def test_the_bound_holds_for_any_finite_vector(name, vector):
    checked(codecs.get(name), vector)


@given(vector=vectors | level, data=st.data())
def test_the_bound_of_binary_holds_around_any_mean(vector, data):
    mean = data.draw(st_np.arrays(np.float32, vector.shape, elements=components))
    checked(Binary(mean), vector)


@pytest.mark.parametrize("name", EXACT)
@given(vector=vectors)
@example(vector=np.array([-0.0, 0.0, TINY, MAX], np.float32))
def test_exact_codecs_give_back_the_same_bits(name, vector):
    codec = codecs.get(name)
    assert checked(codec, vector).tobytes() == vector.tobytes()
    assert codec.error_bound(vector) == 0.0


@every_codec
@given(vector=vectors | level)
def test_the_same_vector_always_makes_the_same_bytes(name, vector):
    codec = codecs.get(name)
    assert codec.encode(vector) == codecs.get(name).encode(vector.tolist()) == codec.encode(vector)


@given(vector=level)
def test_int8_keeps_zero_the_largest_and_the_order(vector):
    back = codecs.get("int8").decode(codecs.get("int8").encode(vector))
    largest = np.abs(vector).argmax()
    assert back[largest] == vector[largest] and not back[vector == 0].any()
    assert (np.diff(back[np.argsort(vector, kind="stable")]) >= 0).all()


@given(vector=level)
def test_binary_is_one_magnitude_with_the_signs_of_the_vector(vector):
    back = codecs.get("binary").decode(codecs.get("binary").encode(vector))
    assert ((back > 0) == (vector > 0)).all() or not back.any()
    average = np.abs(vector.astype(np.float64)).mean()
    assert np.allclose(np.abs(back), average, rtol=1e-6, atol=1e-44)


def test_binary_around_the_mean_is_nearer_than_around_zero():
    texts = ("What is Python?", "What is Rust?", "Was kostet das?", "2 + 2")
    rows = np.array([embed(text) for text in texts])
    centred, plain = Binary(mean=rows.mean(axis=0)), Binary()
    for row in rows:
        errors = [np.linalg.norm(c.decode(c.encode(row)) - row) for c in (centred, plain)]
        assert errors[0] < 0.8 * errors[1]


def test_float16_divides_by_the_power_of_two_at_or_below_the_largest_component():
    """Its largest component is then in [1, 2): the scale is part of the format."""
    for largest in (1.0, 1.9999999, 2.0, 3.0, 4.0, 2.0**-10, TINY, MAX):
        blob = codecs.get("float16").encode([0.0, -largest])
        (scale,) = struct.unpack("<d", blob[12:20])
        assert 1 <= np.float32(largest) / scale < 2 and np.log2(scale).is_integer(), largest


def test_sizes_are_what_the_documentation_says():
    for dims in (1, 7, 8, 9, 384, 1536):
        sizes = {name: codecs.get(name).bytes_per_vector(dims) for name in CODES}
        assert sizes["float32"] == 12 + 4 * dims
        assert sizes["float16"] == 12 + 8 + 2 * dims
        assert sizes["int8"] == 12 + 8 + dims
        assert sizes["binary"] == 12 + 8 + -(-dims // 8)
        longest = np.full(dims, -1.1754943508222875e-38, np.float32)
        assert len(codecs.get("json").encode(longest)) <= sizes["json"]


@every_codec
def test_the_header_is_the_documented_one(name):
    blob = codecs.get(name).encode([1.0, -2.0, 3.0])
    payload = blob[12:]
    assert HEADER.unpack(blob[:12]) == (b"sc", 1, CODES[name], 3, zlib.crc32(payload, 3))


# What is refused on the way in -------------------------------------------------------------------

NOT_VECTORS = {
    "nan": [1.0, float("nan")],
    "infinity": [float("inf")],
    "minus infinity": [1.0, float("-inf"), 0.0],
    "too large for float32": [1e39],
    "empty": [],
    "a number": 1.0,
    "two dimensions": [[1.0, 2.0]],
    "ragged": [[1.0], [2.0, 3.0]],
    "complex": [1 + 2j],
    "strings": ["1.0", "2.0"],
    "one string": "1.0",
    "bytes": b"\0\0\0\0",
    "none": None,
    "nones": [None, 1.0],
    "an endless integer": [10**400],
    "a mapping": {"a": 1.0},
    "dates": np.array(["2026-01-01"], "datetime64[D]"),
    "float64 nan": np.array([np.nan]),
}


@every_codec
def test_what_is_not_a_finite_vector_is_refused(name, subtests):
    codec = codecs.get(name)
    for method in (codec.encode, codec.error_bound):
        for what, wrong in NOT_VECTORS.items():
            with subtests.test(f"{method.__name__}: {what}"), pytest.raises(CodecError):
                method(wrong)


def test_what_is_not_a_finite_vector_is_no_mean(subtests):
    for what, wrong in NOT_VECTORS.items():
        if wrong is not None:
            with subtests.test(what), pytest.raises(CodecError):
                Binary(mean=wrong)


@every_codec
def test_any_numeric_array_is_taken(name, subtests):
    codec = codecs.get(name)
    for dtype in ("f2", "f4", "f8", ">f4", ">f8", "i1", "i8", "u2"):
        with subtests.test(dtype):
            vector = np.arange(-3 if dtype != "u2" else 0, 5).astype(dtype)[::2]
            checked(codec, vector.astype(np.float32))
            assert codec.encode(vector) == codec.encode(vector.tolist())


def test_encoding_changes_nothing_in_the_callers_array():
    vector = np.array([1.0, -2.0, 0.5], np.float32)
    vector.flags.writeable = False
    for name in CODES:
        codecs.get(name).encode(vector)


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"json.*float32.*float16.*int8.*binary"):
        codecs.get("zip")
    codec = Binary()
    assert codecs.get(codec) is codec


# What is refused on the way back -----------------------------------------------------------------


def forge(name: str, dims: int, payload: bytes, seed: int = 0) -> bytes:
    """A blob whose header and checksum are right, whatever the payload is."""
    return HEADER.pack(b"sc", 1, CODES[name], dims, zlib.crc32(payload, seed ^ dims)) + payload


def decoded_or_refused(codec: Codec, blob: bytes) -> np.ndarray | None:
    try:
        vector = codec.decode(blob)
    except CodecError:
        return None
    assert vector.dtype == np.float32 and vector.ndim == 1 and vector.size > 0
    assert np.isfinite(vector).all()
    return vector


@every_codec
@given(blob=st.binary(max_size=80))
def test_any_bytes_are_a_vector_or_our_error(name, blob):
    decoded_or_refused(codecs.get(name), blob)


@every_codec
@given(payload=st.binary(max_size=60), dims=st.integers(0, 2**32 - 1) | st.integers(0, 20))
@example(payload=b"", dims=0)
@example(payload=struct.pack("<d", float("inf")) + bytes(4), dims=4)
@example(payload=struct.pack("<d", float("nan")) + bytes(4), dims=2)
@example(payload=struct.pack("<d", 1e308) + b"\xff\x7b" * 4, dims=4)
@example(payload=struct.pack("<d", 1e308) + b"\x7f" * 4, dims=4)
@example(payload=struct.pack("<d", float("inf")) + b"\x7f\x00" * 4, dims=8)
@example(payload=struct.pack("<d", 1.0) + b"\x00\x7c" * 4, dims=4)  # float16 infinities
@example(payload=struct.pack("<d", float("inf")) + b"\xff", dims=8)
@example(payload=struct.pack("<d", -float("inf")) + b"\x0f", dims=8)
@example(payload=struct.pack("<3f", 1.0, float("nan"), 2.0), dims=3)
@example(payload=struct.pack("<I", 0x7F800001) * 2, dims=2)  # a signalling NaN
def test_any_payload_behind_a_right_header_is_a_vector_or_our_error(name, payload, dims):
    vector = decoded_or_refused(codecs.get(name), forge(name, dims, payload))
    assert vector is None or vector.size == dims


JSON_PAYLOADS = [
    *("", "[", "[]", "null", "1.5", '"text"', "{}", '{"0": 1.5}', "[null]", "[1.5, null]"),
    *("[NaN]", "[Infinity]", "[-Infinity]", "[1e39]", "[1e400]", "[[1.5]]", "[[1.5], [2, 3]]"),
    *('["a"]', '[{"a": 1}]', "[1.5]]", "\ufeff[1.5]", "[" * 100_000, "[" * 50 + "]" * 50),
    *("[1" + "0" * 400 + "]", "[1" + "0" * 5_000 + "]"),
    *('[1.5, "2"]', "[1.5, [2.5]]", "[1.5, 2.5, 3.5]", "[true, 1.5]", '["1.5"]', '["nan"]'),
]


def test_any_json_behind_a_right_header_is_a_vector_or_our_error(subtests):
    for text in JSON_PAYLOADS:
        with subtests.test(text[:12]):
            for dims in (1, 2):
                decoded_or_refused(codecs.get("json"), forge("json", dims, text.encode()))
            decoded_or_refused(codecs.get("json"), forge("json", 1, b"\xff" + text.encode()))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@settings(max_examples=60)
@given(value=json_values | st.lists(st.floats() | st.integers(), min_size=1, max_size=4))
def test_any_json_value_is_a_vector_or_our_error(value):
    dims = len(value) if isinstance(value, list) else 1
    decoded_or_refused(codecs.get("json"), forge("json", dims, json.dumps(value).encode()))


@every_codec
@given(vector=level, data=st.data())
def test_a_changed_byte_is_always_noticed(name, vector, data):
    codec = codecs.get(name)
    blob = bytearray(codec.encode(vector))
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= data.draw(st.integers(1, 255))
    assert decoded_or_refused(codec, bytes(blob)) is None


@every_codec
def test_every_change_of_every_byte_of_the_header_is_noticed(name):
    """Also of dims: nine signs take as many bytes as ten."""
    codec = codecs.get(name)
    for dims, position, change in product((1, 9, 16), range(HEADER.size), range(1, 256)):
        blob = bytearray(codec.encode(np.linspace(-1, 1, dims) if dims > 1 else [0.5]))
        blob[position] ^= change
        assert decoded_or_refused(codec, bytes(blob)) is None, (dims, position, change)


@every_codec
@given(vector=level, data=st.data())
def test_a_blob_cut_short_is_always_noticed(name, vector, data):
    codec = codecs.get(name)
    blob = codec.encode(vector)
    assert decoded_or_refused(codec, blob[: data.draw(st.integers(0, len(blob) - 1))]) is None
    assert decoded_or_refused(codec, blob + data.draw(st.binary(min_size=1, max_size=9))) is None


@pytest.mark.parametrize("writer", CODES)
@given(vector=level)
def test_a_codec_reads_its_own_blobs_only(writer, vector):
    blob = codecs.get(writer).encode(vector)
    for reader in CODES:
        assert (decoded_or_refused(codecs.get(reader), blob) is not None) == (writer == reader)


@given(vector=level, data=st.data())
def test_binary_refuses_blobs_stored_around_another_mean(vector, data):
    means = st_np.arrays(np.float32, vector.shape, elements=st.floats(-1, 1, width=32))
    one, two = data.draw(means), data.draw(means)
    assume(not np.array_equal(one, two))
    around_one, around_two, around_zero = Binary(one), Binary(two), Binary()
    blob = around_one.encode(vector)
    assert decoded_or_refused(around_one, blob) is not None
    assert decoded_or_refused(Binary(one.tolist()), blob) is not None
    assert decoded_or_refused(around_two, blob) is None
    assert decoded_or_refused(around_zero, blob) is None
    assert decoded_or_refused(around_one, around_zero.encode(vector)) is None
    assert len({around_one.name, around_two.name, around_zero.name}) == 3


def test_binary_refuses_a_vector_that_does_not_fit_its_mean():
    codec = Binary(mean=[1.0, 2.0, 3.0])
    for wrong in ([1.0], [1.0, 2.0], [1.0] * 4):
        for method in (codec.encode, codec.error_bound):
            with pytest.raises(CodecError):
                method(wrong)
    seed = zlib.crc32(np.array([1.0, 2.0, 3.0]).tobytes())  # the mean is mixed into the checksum
    whole = forge("binary", 3, codec.encode([1.0, 2.0, 4.0])[12:], seed)
    assert decoded_or_refused(codec, whole) is not None
    forged = forge("binary", 8, struct.pack("<d", 1.0) + b"\xff", seed)
    assert decoded_or_refused(codec, forged) is None


def test_blobs_are_read_from_a_memoryview_too():
    for name in CODES:
        codec = codecs.get(name)
        blob = codec.encode([1.0, -2.0])
        assert np.array_equal(codec.decode(memoryview(blob)), codec.decode(blob))


def test_a_decoded_vector_does_not_hang_on_to_the_blob():
    blob = bytearray(Float32().encode([1.0, 2.0]))
    vector = Float32().decode(bytes(blob))
    vector[0] = 9
    assert Float32().decode(bytes(blob)).tolist() == [1.0, 2.0]
