"""What every codec shares: the header, the checksum, the checks on the way in and out."""

import struct
import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from semcache.errors import CodecError

__all__ = ["HEADER", "Codec", "Vector", "as_vector"]

Vector = npt.NDArray[np.float32]

HEADER = struct.Struct("<4sII")
_MAGIC, _VERSION = b"sc", 1


class Codec(ABC):
    """One way to store a vector; subclasses fill in the payload.

    Attributes:
        name: What keys and messages call it.
        code: The byte that stands for it in the header.
    """

    name: str
    code: ClassVar[int]
    signature: ClassVar[bytes]  # magic, version and code: the first four bytes of every blob
    _seed: int = 0  # where the checksum starts; lets a codec mix its settings into it

    def __init_subclass__(cls) -> None:
        cls.signature = _MAGIC + bytes([_VERSION, getattr(cls, "code", 0)])

    def encode(self, vector: npt.ArrayLike) -> bytes:
        """Return ``vector``, shape (dims,), as bytes.

        Raises:
            CodecError: The vector is empty, not one-dimensional, not numeric, or contains
                NaN or an infinity.
        """
        array = as_vector(vector)
        payload = self._pack(array)
        checksum = self._checksum(payload, array.size)
        return HEADER.pack(self.signature, array.size, checksum) + payload

    def decode(self, blob: bytes | memoryview) -> Vector:
        """Return the vector in ``blob``: float32, shape (dims,), the caller's own copy.

        Raises:
            CodecError: The blob was damaged, or written by something else.
        """
        if len(blob) < HEADER.size:
            raise CodecError(f"{len(blob)} bytes are too few for a cached vector")
        signature, dims, checksum = HEADER.unpack_from(blob)
        if signature != self.signature:
            raise CodecError(f"these bytes were not written by the {self.name} codec, version 1")
        payload = memoryview(blob)[HEADER.size :]
        if self._checksum(payload, dims) != checksum:
            raise CodecError("the stored vector is damaged: its checksum does not match")
        try:
            vector = self._unpack(payload, dims)
        except (ValueError, TypeError, struct.error, OverflowError, RecursionError) as error:
            raise CodecError(f"not a {self.name} vector of {dims} numbers: {error}") from error
        if vector.shape != (dims,) or dims == 0 or not _is_finite(vector):
            raise CodecError(f"not a {self.name} vector of {dims} finite numbers")
        return vector

    def decode_rows(self, blobs: Sequence[bytes], skip: int = 0) -> Vector:
        """Return the vectors in ``blobs``, at least one, of equal dims: float32, (n, dims).

        Args:
            blobs: What :meth:`encode` returned, each after ``skip`` bytes of something else.
            skip: How many bytes that is.

        Raises:
            CodecError: A blob was damaged, written by something else, or of other dims.
        """
        vectors = [self.decode(memoryview(blob)[skip:]) for blob in blobs]
        if len({vector.size for vector in vectors}) != 1:
            raise CodecError("vectors of unequal dims are no rows of one array")
        return np.stack(vectors)

    def error_bound(self, vector: npt.ArrayLike) -> float:
        """Return the largest error that storing ``vector`` can cause in one component.

        Raises:
            CodecError: The vector is none that :meth:`encode` takes.
        """
        array = as_vector(vector)
        loss = self._loss(array.astype(np.float64))
        rounding = float(np.abs(array).max()) * 2.0**-23 + 2.0**-149
        return loss + rounding if loss else 0.0

    def _checksum(self, payload: bytes | memoryview, dims: int) -> int:
        return zlib.crc32(payload, self._seed ^ dims)  # dims too: sign bits fit several lengths

    @abstractmethod
    def bytes_per_vector(self, dims: int) -> int:
        """Return the size of one encoded vector of ``dims`` numbers, header included."""

    @abstractmethod
    def _pack(self, vector: Vector) -> bytes: ...

    @abstractmethod
    def _unpack(self, payload: memoryview, dims: int) -> Vector: ...

    def _loss(self, vector: npt.NDArray[Any]) -> float:
        return 0.0


def _is_finite(vector: Vector) -> bool:
    return int(np.count_nonzero(np.isfinite(vector))) == vector.size  # half the time of .all()


def as_vector(vector: npt.ArrayLike) -> Vector:
    """Return ``vector`` as finite float32 of shape (dims,), or raise :class:`CodecError`."""
    try:
        with np.errstate(over="ignore"):  # too large for float32 becomes inf, refused below
            array = np.asarray(vector).astype(np.float32, casting="same_kind")
    except (TypeError, ValueError) as error:
        raise CodecError(f"a vector is a row of numbers: {error}") from error
    if array.ndim != 1 or array.size == 0:
        raise CodecError(f"a vector has shape (dims,), not {array.shape}")
    if not np.isfinite(array).all():
        raise CodecError("a vector with NaN or an infinity cannot be cached")
    return array
