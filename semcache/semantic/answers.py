"""One cached answer, and its bytes: text, times and vector in a single value.

A single value is written by a single command, so an answer is never stored without its vector,
or half. The bytes are::

    "sa" │ version (1) │ 0 │ length of the text part (4) │ CRC-32 of it (4) │ text part │ vector

The text part is JSON; the vector is a float32 blob of :mod:`semcache.codecs` with a checksum of
its own, and is empty in the exact tier, which compares texts.
"""

import json
import math
import struct
import unicodedata
import zlib
from dataclasses import asdict, dataclass

from semcache.codecs import Float32, Vector
from semcache.errors import CodecError

__all__ = ["Answer", "from_json", "normalise", "pack", "to_json", "unpack"]

_HEADER = struct.Struct("<2sBxII")
_MAGIC, _VERSION = b"sa", 1
_VECTORS = Float32()


@dataclass(frozen=True)
class Answer:
    """What is cached for one question.

    Attributes:
        query: The question as it was asked.
        response: The answer that it got; may be empty.
        created_at: Seconds since the epoch.
        expires_at: Seconds since the epoch; infinity for never.
        similarity: 1.0 for an answer to this question; less for one promoted from a similar one.
    """

    query: str
    response: str
    created_at: float
    expires_at: float
    similarity: float = 1.0


def normalise(query: str, fold_case: bool = False) -> str:
    r"""Return what makes two spellings one question: NFC, and single spaces between words.

    Used for exact matches and for replacing an entry. The embedding model still gets the text as
    it was typed.

    Example:
        >>> normalise("  What is\n Python? ") == normalise("What is Python?")
        True
        >>> normalise("Rust?", fold_case=True)
        'rust?'
    """
    text = " ".join(unicodedata.normalize("NFC", query).split())
    return text.casefold() if fold_case else text


def to_json(answer: Answer) -> bytes:
    """Return an answer as JSON; half a character, which an API may send, survives it."""
    fields = asdict(answer)
    if math.isinf(answer.expires_at):
        fields["expires_at"] = None  # JSON has no infinity
    return json.dumps(fields, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")


def from_json(data: bytes) -> Answer:
    """Return the answer that :func:`to_json` wrote.

    Raises:
        CodecError: The bytes are no answer.
    """
    try:
        fields = json.loads(data)
        if fields["expires_at"] is None:
            fields["expires_at"] = math.inf
        return Answer(**fields)
    except (ValueError, TypeError, KeyError) as error:
        raise CodecError(f"not a cached answer: {error}") from error


def pack(answer: Answer, vector: Vector | None = None) -> bytes:
    """Return the bytes to store.

    Raises:
        CodecError: The vector has NaN, an infinity or a wrong shape.
    """
    text = to_json(answer)
    head = _HEADER.pack(_MAGIC, _VERSION, len(text), zlib.crc32(text))
    return head + text + (b"" if vector is None else _VECTORS.encode(vector))


def unpack(data: bytes) -> tuple[Answer, Vector | None]:
    """Return the answer in ``data``, and its vector if it was stored with one.

    Raises:
        CodecError: The bytes are damaged, or not ours.
    """
    if len(data) < _HEADER.size:
        raise CodecError(f"{len(data)} bytes are too few for a cached answer")
    magic, version, length, checksum = _HEADER.unpack_from(data)
    text = data[_HEADER.size : _HEADER.size + length]
    if magic != _MAGIC or version != _VERSION:
        raise CodecError("these bytes are no cached answer of version 1")
    if len(text) != length or zlib.crc32(text) != checksum:
        raise CodecError("the cached answer is damaged: its checksum does not match")
    vector = memoryview(data)[_HEADER.size + length :]
    return from_json(text), _VECTORS.decode(vector) if len(vector) else None
