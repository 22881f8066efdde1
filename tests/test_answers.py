"""answers: the bytes of one entry, and what makes two spellings one question."""

import json
import math
import zlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from semcache.errors import CodecError
from semcache.semantic.answers import Answer, from_json, normalise, pack, to_json, unpack

ANSWER = Answer("Où ?", "là", 1.5, 2.5, 0.9)
VECTOR = np.array([0.6, -0.8], np.float32)
text = st.text(st.characters(exclude_categories=[]))  # half characters too
seconds = st.floats(-1e12, 1e12)


@given(text, text, seconds, seconds | st.just(math.inf), st.floats(-1, 1))
@example("\ud83d", "\ud83d\ude00", 0, 0, 1)
@example('"\\', "\0\u2028", 0, math.inf, -1)
def test_every_answer_comes_back_as_it_was(query, response, created_at, expires_at, similarity):
    answer = Answer(query, response, created_at, expires_at, similarity)
    assert from_json(to_json(answer)) == answer
    assert unpack(pack(answer)) == (answer, None)
    back, vector = unpack(pack(answer, VECTOR))
    assert back == answer and vector.tobytes() == VECTOR.tobytes()


def test_a_flipped_bit_anywhere_is_noticed():
    for data in (pack(ANSWER, VECTOR), pack(ANSWER)):
        for position in range(8 * len(data)):
            if position // 8 == 3:
                continue  # the byte that is kept free
            damaged = bytearray(data)
            damaged[position // 8] ^= 1 << position % 8
            with pytest.raises(CodecError):
                unpack(bytes(damaged))


def test_whatever_is_cut_off_or_added_is_noticed():
    data = pack(ANSWER, VECTOR)
    without_vector = pack(ANSWER)
    for length in range(len(data)):
        if length == len(without_vector):
            assert unpack(data[:length]) == (ANSWER, None), "an index takes this for damaged"
            continue
        with pytest.raises(CodecError):
            unpack(data[:length])
    for tail in (b"\0", b"x" * 50):
        with pytest.raises(CodecError):
            unpack(data + tail)
        with pytest.raises(CodecError):
            unpack(without_vector + tail)


@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused(data):
    with pytest.raises(CodecError):
        unpack(data)


@pytest.mark.parametrize(
    "fields", [[], {}, None, 7, {"query": "q"}, {**json.loads(to_json(ANSWER)), "more": 1}]
)
def test_json_that_is_no_answer_is_refused_also_with_a_right_checksum(fields):
    body = json.dumps(fields).encode()
    with pytest.raises(CodecError):
        from_json(body)
    packed = pack(ANSWER)
    head = packed[:4] + len(body).to_bytes(4, "little") + zlib.crc32(body).to_bytes(4, "little")
    with pytest.raises(CodecError):
        unpack(head + body)


@pytest.mark.parametrize("bad", [[np.nan], [np.inf], [], [[1.0]]])
def test_a_vector_that_cannot_be_compared_is_refused(bad):
    with pytest.raises(CodecError):
        pack(ANSWER, np.array(bad, np.float32))


def test_an_entry_from_before_promotions_were_marked_is_this_questions_own():
    fields = json.loads(to_json(ANSWER))
    del fields["similarity"]
    assert from_json(json.dumps(fields).encode()).similarity == 1.0


ALIKE = [
    ("é", "e\u0301"),
    ("Å", "\u212b"),
    ("a b", " a \t\n  b "),
    ("a b", "a\u00a0b"),
    ("你好 吗", "你好\u3000吗"),
]
DIFFERENT = [
    ("a b", "ab"),
    ("A", "a"),
    ("?", "？"),
    ("①", "1"),
    ("Python?", "Python"),
    ("2²", "22"),
]


@pytest.mark.parametrize(("one", "two"), ALIKE)
def test_spellings_that_look_the_same_are_one_question(one, two):
    assert normalise(one) == normalise(two)


@pytest.mark.parametrize(("one", "two"), DIFFERENT)
def test_what_may_mean_something_else_stays_another_question(one, two):
    assert normalise(one) != normalise(two)


def test_case_is_folded_only_when_asked():
    for one, two in (("RUST?", "rust?"), ("Straße", "STRASSE"), ("ΣΊΣΥΦΟΣ", "σίσυφος")):
        assert normalise(one) != normalise(two)
        assert normalise(one, fold_case=True) == normalise(two, fold_case=True)


@given(st.text(), st.booleans())
def test_normalising_twice_changes_nothing_more(query, fold_case):
    once = normalise(query, fold_case)
    assert normalise(once, fold_case) == once
