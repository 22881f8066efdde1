"""One cached vector with its expiry, as Redis holds it.

Eight bytes of expiry time (seconds since the epoch, infinity for never), a CRC-32 of these, XORed
with the beginning of the text's digest, then the codec's blob, which has a checksum of its own.
Redis deletes an entry when its TTL is over; the time inside makes sure that it is not *served*
after that by this process' own clock, also where Redis cannot expire it alone. The digest makes
sure that it is not served for another text, should values be swapped between keys.
"""

import math
import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from semcache.codecs import Codec, Vector
from semcache.errors import CodecError

__all__ = ["Entry", "pack", "unpack", "unpack_rows"]

_EXPIRY, _CHECKSUM, _BOTH = struct.Struct("<d"), struct.Struct("<I"), struct.Struct("<dI")
_HEAD = _BOTH.size


class Entry(NamedTuple):
    """A vector, when it expires, its TTL when it is new, and its encoded bytes."""

    vector: Vector
    expires_at: float
    ttl: float | None = None
    blob: bytes | memoryview = b""


def pack(entry: Entry, digest: str) -> bytes:
    """Return what is stored in Redis for a new entry of the text with this digest."""
    expiry = _EXPIRY.pack(entry.expires_at)
    return expiry + _CHECKSUM.pack(_checksum(expiry, digest)) + entry.blob


def unpack(data: bytes, codec: Codec, digest: str) -> Entry:
    """Return the entry in ``data``.

    Raises:
        CodecError: The bytes are damaged, not ours, or another text's.
    """
    if not isinstance(data, bytes) or len(data) < _HEAD:
        raise CodecError("too few bytes for a cached vector")
    expires_at, checksum = _BOTH.unpack_from(data)
    if _checksum(data[: _EXPIRY.size], digest) != checksum or math.isnan(expires_at):
        raise CodecError("the head of the stored vector is damaged, or another text's")
    blob = memoryview(data)[_HEAD:]
    return Entry(codec.decode(blob), expires_at, None, blob)


def unpack_rows(
    data: Sequence[bytes], codec: Codec, digests: Sequence[str], now: float
) -> Vector | None:
    """Return the vectors as one (n, dims) array if all are good and fresh, else ``None``."""
    heads = b"".join([row[:_HEAD] for row in data])
    if len(heads) != _HEAD * len(data):
        return None
    table = np.frombuffer(heads, [("expiry", "<f8"), ("checksum", "<u4")])
    owners = np.frombuffer("".join([digest[:4] for digest in digests]).encode(), "<u4")
    checksums = [zlib.crc32(row[: _EXPIRY.size]) for row in data]
    if not (table["checksum"] ^ owners == checksums).all() or not (now < table["expiry"]).all():
        return None
    try:
        return codec.decode_rows(data, skip=_HEAD)
    except CodecError:
        return None  # which one it is, and what to do about it, is found out one by one


def _checksum(expiry: bytes, digest: str) -> int:
    return zlib.crc32(expiry) ^ int.from_bytes(digest[:4].encode(), "little")
