"""An answer as bytes: text, times and vector in a single value.

A single value is written by a single command, so an answer is never stored without its vector,
or half. The bytes are::

    "sa" │ version (1) │ 0 │ CRC-32 of all that follows and of the owner (4) │ expires_at (8) │
    length of the text part (4) │ text part, JSON │ vector, float16

The owner, which is not stored, is the place that the bytes belong to: swapped between two keys,
they are damaged.

The vector has unit length. Half precision moves a cosine by less than 0.0001 at 384 dims, and
takes half the memory and half the bytes on the way; lesson 04 measures what it changes. In the
exact tier, which compares texts, there is none.

The text part is a list of four, six, eight or nine: question and answer, when and how similar; for
a promoted answer whence and by whose leave; its tags and its LLM, if it has them; the mark that a
copy carries. What comes later is left out if there is none of it, so what was stored before there
were tags or marks is read as it was.
"""

import json
import math
import struct
import zlib
from collections.abc import Sequence
from sys import intern
from typing import Any, NamedTuple

import numpy as np

from semcache.codecs import Vector
from semcache.codecs.base import as_vector
from semcache.errors import CodecError
from semcache.index.answer import Answer

__all__ = ["Packed", "pack", "rows_of", "unit_rows"]

_HEAD, _BODY, _BOTH = (struct.Struct(f"<{parts}") for parts in ("2sBxI", "dI", "2sBxIdI"))
_START, _TEXT = _HEAD.size, _BOTH.size  # of what the checksum covers, and of the text in it
_MAGIC, _VERSION = b"sa", 2
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_PARSE = json.JSONDecoder().raw_decode  # white space around it would be none of ours
_LEFT_OUT: list[Any] = [None, None, [], "", ""]  # source, by whose leave, tags, LLM, mark


def pack(answer: Answer, vector: Vector | None = None, owner: bytes = b"") -> bytes:
    """Return the bytes to store; half a character, which an API may send, survives it.

    Args:
        answer: The answer.
        vector: Its question's embedding at unit length, shape (dims,); ``None`` for none.
        owner: The place that the bytes belong to.

    Raises:
        CodecError: The vector has NaN, an infinity or a wrong shape.
    """
    fields: list[Any] = [answer.query, answer.response, answer.created_at, answer.similarity]
    labelled = bool(answer.tags or answer.model or answer.mark)
    if labelled or answer.source is not None:
        fields += [answer.source, answer.accepted_by]
    if labelled:
        fields += [answer.tags, answer.model]
    if answer.mark:
        fields.append(answer.mark)
    text = _JSON.encode(fields).encode("utf-8", "surrogatepass")
    numbers = b"" if vector is None else as_vector(vector).astype("<f2").tobytes()
    body = _BODY.pack(answer.expires_at, len(text)) + text + numbers
    return _HEAD.pack(_MAGIC, _VERSION, zlib.crc32(body, zlib.crc32(owner))) + body


class Packed(NamedTuple):
    """Stored bytes that are whole; taken apart only as far as needed.

    Attributes:
        expires_at: Seconds since the epoch; infinity for never.
        text: The text part.
        numbers: The vector's bytes, two for each dim; empty if it was stored without one.
    """

    expires_at: float
    text: bytes
    numbers: bytes

    @classmethod
    def read(cls, data: bytes, owner: bytes = b"") -> "Packed":
        """Return what :func:`pack` stored for the same owner.

        Raises:
            CodecError: The bytes are damaged, not ours, or another owner's.
        """
        if not isinstance(data, bytes) or len(data) < _TEXT:
            raise CodecError("these are no bytes, or too few for a cached answer")
        magic, version, checksum, expires_at, length = _BOTH.unpack_from(data)
        if magic != _MAGIC or version != _VERSION:
            raise CodecError(f"these bytes are no cached answer of version {_VERSION}")
        if zlib.crc32(memoryview(data)[_START:], zlib.crc32(owner)) != checksum:
            raise CodecError("the cached answer is damaged, or another's: its checksum is wrong")
        end = _TEXT + length
        if end > len(data) or (len(data) - end) % 2 or math.isnan(expires_at):
            raise CodecError("the cached answer is damaged: its parts do not fit")
        return cls(expires_at, data[_TEXT:end], data[end:])

    def answer(self) -> Answer:
        """Return the answer.

        Raises:
            CodecError: The text part is no answer.
        """
        try:
            fields, _ = _PARSE(self.text.decode("utf-8", "surrogatepass"))
            query, response, created_at, similarity, *more = fields
            source, accepted_by, tags, model, mark = more + _LEFT_OUT[len(more) :]
            return Answer(
                query, response, created_at, self.expires_at, similarity, source, accepted_by,
                _texts(tags), intern(model), intern(mark),
            )  # fmt: skip
        except (ValueError, TypeError) as error:
            raise CodecError(f"not a cached answer: {error}") from error


def _texts(tags: Any) -> tuple[str, ...]:
    if tags == []:  # as nearly always
        return ()
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise TypeError("tags are a list of texts")
    return tuple(tags)


def rows_of(entries: Sequence[Packed]) -> Vector:
    """Return the vectors of entries of one length as rows of unit length, float32, (n, dims).

    Example:
        >>> answer = Answer("q", "r", 0.0, 1.0)
        >>> entries = [Packed.read(pack(answer, v)) for v in ([0.6, 0.8], [1.0, 0.0])]
        >>> rows_of(entries).tolist() == [[0.6, 0.8], [1.0, 0.0]], rows_of(entries).dtype.name
        (False, 'float32')
        >>> bool(np.abs(rows_of(entries) - [[0.6, 0.8], [1.0, 0.0]]).max() < 0.0002)
        True
    """
    flat = np.frombuffer(b"".join([entry.numbers for entry in entries]), "<f2")
    return unit_rows(flat.astype(np.float32).reshape(len(entries), -1))


def unit_rows(rows: Vector) -> Vector:
    """Return rows divided by their lengths; what half precision rounds is not quite 1."""
    lengths: Vector = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return rows / lengths[:, None]
