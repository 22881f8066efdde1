"""Codecs that give back the very numbers they were given."""

import json
import zlib
from collections.abc import Sequence

import numpy as np

from semcache.codecs.base import HEADER, Codec, Vector
from semcache.errors import CodecError

__all__ = ["Float32", "Json"]

_HEADER_ROW = np.dtype([("signature", "S4"), ("dims", "<u4"), ("checksum", "<u4")])


class Json(Codec):
    """Numbers as text. The naive one, kept so that lessons can measure it.

    Example:
        >>> len(Json().encode([0.1] * 1536)) - Float32().bytes_per_vector(1536)
        26112
    """

    name, code = "json", 1

    def bytes_per_vector(self, dims: int) -> int:
        """Return the most it can take: 24 characters a number, and separators."""
        return HEADER.size + 26 * dims

    def _pack(self, vector: Vector) -> bytes:
        return json.dumps(vector.tolist()).encode()

    def _unpack(self, payload: memoryview, dims: int) -> Vector:
        with np.errstate(over="ignore"):  # a number too large becomes inf, refused by decode
            return np.array(json.loads(bytes(payload)), dtype=np.float32)


class Float32(Codec):
    """The numbers exactly as the API sends them, 4 bytes each.

    Example:
        >>> blob = Float32().encode([0.25, -1.5])
        >>> len(blob), Float32().decode(blob).tolist()
        (20, [0.25, -1.5])
    """

    name, code = "float32", 2

    def bytes_per_vector(self, dims: int) -> int:
        """Return the size of one encoded vector, header included."""
        return HEADER.size + 4 * dims

    def _pack(self, vector: Vector) -> bytes:
        return vector.astype("<f4", copy=False).tobytes()

    def _unpack(self, payload: memoryview, dims: int) -> Vector:
        return np.frombuffer(payload, "<f4").astype(np.float32)

    def decode_rows(self, blobs: Sequence[bytes], skip: int = 0) -> Vector:
        """Return the vectors in ``blobs`` as one array, checked and copied all together."""
        start = skip + HEADER.size
        payloads = [memoryview(blob)[start:] for blob in blobs]
        try:
            heads = np.frombuffer(b"".join([blob[skip:start] for blob in blobs]), _HEADER_ROW)
            rows = np.frombuffer(bytearray().join(payloads), "<f4").reshape(len(blobs), -1)
        except ValueError as error:
            raise CodecError(f"not {self.name} vectors of one length: {error}") from error
        seed = self._seed ^ rows.shape[1]
        good = (
            (heads["signature"] == self.signature).all()
            and (heads["dims"] == rows.shape[1]).all()
            and (heads["checksum"] == [zlib.crc32(payload, seed) for payload in payloads]).all()
            and len(set(map(len, payloads))) == 1
            and np.isfinite(rows).all()
        )
        if not good:
            raise CodecError(f"not {self.name} vectors of one length, whole and finite")
        return rows.astype(np.float32, copy=False)
