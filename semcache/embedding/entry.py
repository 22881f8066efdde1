"""One cached vector with its expiry, as Redis holds it.

Eight bytes of expiry time (seconds since the epoch, infinity for never), then the codec's
blob. Redis deletes an entry when its TTL is over; the time inside makes sure that it is not
*served* after that by this process' own clock, also where Redis cannot expire it alone.
"""

import math
import struct
from typing import NamedTuple

from semcache.codecs import Codec, Vector
from semcache.errors import CodecError

__all__ = ["Entry", "pack", "unpack"]

_EXPIRY = struct.Struct("<d")


class Entry(NamedTuple):
    """A vector, when it expires, and, when it is new, its TTL and its encoded bytes."""

    vector: Vector
    expires_at: float
    ttl: float | None = None
    blob: bytes = b""


def pack(entry: Entry) -> bytes:
    """Return what is stored in Redis for a new entry."""
    return _EXPIRY.pack(entry.expires_at) + entry.blob


def unpack(data: bytes, codec: Codec) -> Entry:
    """Return the entry in ``data``.

    Raises:
        CodecError: The bytes are damaged, or not ours.
    """
    if len(data) < _EXPIRY.size:
        raise CodecError(f"{len(data)} bytes are too few for a cached vector")
    (expires_at,) = _EXPIRY.unpack_from(data)
    if math.isnan(expires_at):
        raise CodecError("an expiry time that is no number")
    return Entry(codec.decode(memoryview(data)[_EXPIRY.size :]), expires_at)
