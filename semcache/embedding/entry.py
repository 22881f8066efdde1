"""One cached vector with its expiry, as Redis holds it.

Eight bytes of expiry time (seconds since the epoch, infinity for never), their CRC-32, then
the codec's blob, which has a checksum of its own. Redis deletes an entry when its TTL is over;
the time inside makes sure that it is not *served* after that by this process' own clock, also
where Redis cannot expire it alone.
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

_EXPIRY, _CHECKSUM = struct.Struct("<d"), struct.Struct("<I")
_HEAD = _EXPIRY.size + _CHECKSUM.size


class Entry(NamedTuple):
    """A vector, when it expires, its TTL when it is new, and its encoded bytes."""

    vector: Vector
    expires_at: float
    ttl: float | None = None
    blob: bytes | memoryview = b""


def pack(entry: Entry) -> bytes:
    """Return what is stored in Redis for a new entry."""
    expiry = _EXPIRY.pack(entry.expires_at)
    return expiry + _CHECKSUM.pack(zlib.crc32(expiry)) + entry.blob


def unpack(data: bytes, codec: Codec) -> Entry:
    """Return the entry in ``data``.

    Raises:
        CodecError: The bytes are damaged, or not ours.
    """
    if len(data) < _HEAD:
        raise CodecError(f"{len(data)} bytes are too few for a cached vector")
    expiry, blob = data[: _EXPIRY.size], memoryview(data)[_HEAD:]
    (expires_at,) = _EXPIRY.unpack(expiry)
    if data[_EXPIRY.size : _HEAD] != _CHECKSUM.pack(zlib.crc32(expiry)) or math.isnan(expires_at):
        raise CodecError("the expiry time of the stored vector is damaged")
    return Entry(codec.decode(blob), expires_at, None, blob)


def unpack_rows(data: Sequence[bytes], codec: Codec, now: float) -> Vector | None:
    """Return the vectors as one (n, dims) array if all are good and fresh, else ``None``."""
    heads = b"".join([row[:_HEAD] for row in data])
    if len(heads) != _HEAD * len(data):
        return None
    table = np.frombuffer(heads, [("expiry", "<f8"), ("checksum", "<u4")])
    checksums = [zlib.crc32(row[: _EXPIRY.size]) for row in data]
    if not (table["checksum"] == checksums).all() or not (now < table["expiry"]).all():
        return None
    try:
        return codec.decode_rows(data, skip=_HEAD)
    except CodecError:
        return None  # which one it is, and what to do about it, is found out one by one
