"""Codecs that trade exactness for bytes, each within a stated bound."""

import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from semcache.codecs.base import HEADER, Codec, Vector, as_vector
from semcache.errors import CodecError

__all__ = ["Binary", "Float16", "Int8"]

_SCALE = struct.Struct("<d")
_FLOAT32_MAX = float(np.finfo(np.float32).max)
_SMALL = _FLOAT32_MAX / 2**16  # a scale with which no value comes near the largest float32


class _Scaled(Codec):
    """A codec that divides by one number per vector, and stores that number first."""

    def _join(self, scale: float, body: bytes) -> bytes:
        return _SCALE.pack(scale) + body

    def _split(self, payload: memoryview) -> tuple[float, memoryview]:
        (scale,) = _SCALE.unpack_from(payload)
        if not 0 <= scale <= 2 * _FLOAT32_MAX:
            raise ValueError(f"a scale of {scale}")
        return scale, payload[_SCALE.size :]


class Float16(_Scaled):
    """Half the bytes of float32; a power of two per vector keeps every value in range.

    Example:
        >>> codec = Float16()
        >>> codec.bytes_per_vector(1536), codec.decode(codec.encode([1e30, 0.0])).tolist()[1]
        (3092, 0.0)
    """

    name, code = "float16", 3

    def bytes_per_vector(self, dims: int) -> int:
        """Return the size of one encoded vector, header included."""
        return HEADER.size + _SCALE.size + 2 * dims

    def _pack(self, vector: Vector) -> bytes:
        # A power of two loses nothing in the division, and leaves every value in [-2, 2].
        _, exponent = np.frexp(float(np.abs(vector).max()))
        scale = 2.0 ** (int(exponent) - 1)
        return self._join(scale, (vector.astype(np.float64) / scale).astype("<f2").tobytes())

    def _unpack(self, payload: memoryview, dims: int) -> Vector:
        scale, body = self._split(payload)
        with np.errstate(invalid="ignore"):  # infinity * 0 is NaN, refused by decode
            values = np.frombuffer(body, "<f2").astype(np.float64) * scale
            return values.astype(np.float32) if scale < _SMALL else _to_float32(values)

    def _loss(self, vector: npt.NDArray[Any]) -> float:
        return float(np.abs(vector).max()) / 2048


class Int8(_Scaled):
    """One byte a component: 255 evenly spaced steps between -max|v| and max|v|.

    Example:
        >>> codec = Int8()
        >>> codec.decode(codec.encode([127.0, 0.8, -50.25])).tolist()
        [127.0, 1.0, -50.0]
    """

    name, code = "int8", 4

    def bytes_per_vector(self, dims: int) -> int:
        """Return the size of one encoded vector, header included."""
        return HEADER.size + _SCALE.size + dims

    def _pack(self, vector: Vector) -> bytes:
        scale = float(np.abs(vector).max()) / 127 or 1.0
        return self._join(scale, np.rint(vector.astype(np.float64) / scale).astype("i1").tobytes())

    def _unpack(self, payload: memoryview, dims: int) -> Vector:
        scale, body = self._split(payload)
        values = np.frombuffer(body, "i1") * scale
        return values.astype(np.float32) if scale < _SMALL else _to_float32(values)

    def _loss(self, vector: npt.NDArray[Any]) -> float:
        return float(np.abs(vector).max()) / 254


class Binary(_Scaled):
    """One bit a component: above or below the mean, and the average distance from it.

    Decoding gives ``mean ± scale``. With ``scale = average of |v - mean|`` no other pair
    of values per vector has a smaller squared error (Rastegari et al., XNOR-Net, 2016, §3.1).

    Args:
        mean: The centre of the vectors to be stored, shape (dims,); zero when omitted. It
            is mixed into the checksum and the name, so vectors stored around one centre
            are never decoded around another.

    Example:
        >>> codec = Binary()
        >>> codec.bytes_per_vector(1536), codec.decode(codec.encode([3.0, -1.0])).tolist()
        (212, [2.0, -2.0])
    """

    name, code = "binary", 5

    def __init__(self, mean: npt.ArrayLike | None = None) -> None:
        self._mean = None if mean is None else as_vector(mean).astype(np.float64)
        if self._mean is not None:
            self._seed = zlib.crc32(self._mean.tobytes())
            self.name = f"binary-{self._seed:08x}"

    def bytes_per_vector(self, dims: int) -> int:
        """Return the size of one encoded vector, header included."""
        return HEADER.size + _SCALE.size + (dims + 7) // 8

    def _pack(self, vector: Vector) -> bytes:
        centred = self._centred(vector)
        return self._join(float(np.abs(centred).mean()), np.packbits(centred > 0).tobytes())

    def _unpack(self, payload: memoryview, dims: int) -> Vector:
        scale, body = self._split(payload)
        if len(body) != (dims + 7) // 8:
            raise ValueError(f"{len(body)} bytes of signs")
        bits = np.unpackbits(np.frombuffer(body, np.uint8), count=dims)
        signs = bits.astype(np.float64) * 2 - 1
        return _to_float32(signs * scale + (0.0 if self._mean is None else self._mean))

    def _loss(self, vector: npt.NDArray[Any]) -> float:
        return float(np.abs(self._centred(vector)).max())

    def _centred(self, vector: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        if self._mean is None:
            return vector.astype(np.float64)
        if vector.shape != self._mean.shape:
            raise CodecError(f"a vector of {vector.size} numbers, a mean of {self._mean.size}")
        return vector.astype(np.float64) - self._mean


def _to_float32(values: npt.NDArray[np.float64]) -> Vector:
    # Rounding the largest float32 up must not turn it into an infinity.
    return np.clip(values, -_FLOAT32_MAX, _FLOAT32_MAX).astype(np.float32)
