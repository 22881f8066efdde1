"""Vectors to bytes and back: five codecs behind one header.

Every blob starts with the same twelve bytes (little-endian)::

    "sc" │ version (1) │ codec (1) │ dims (4) │ CRC-32 of dims and payload (4) │ payload …

so that bytes written by another codec, another version or another program, and bytes that
were damaged on the way, are refused instead of being read as numbers.

=========  ==================================  ==============================================
codec      payload                             largest error of one component
=========  ==================================  ==============================================
json       the numbers as text                 0
float32    4 bytes a component                 0
float16    2 bytes a component + a scale       max|v| / 2048
int8       1 byte a component + a scale        max|v| / 254
binary     1 bit a component + a scale         max|v - mean|
=========  ==================================  ==============================================

The three lossy codecs compute in float64 and round once to float32, which adds at most
``max|v| * 2**-23`` (see :meth:`Codec.error_bound`).
"""

from semcache.codecs.base import Codec, Vector
from semcache.codecs.exact import Float32, Json
from semcache.codecs.lossy import Binary, Float16, Int8
from semcache.errors import ConfigError

__all__ = ["Binary", "Codec", "Float16", "Float32", "Int8", "Json", "Vector", "get"]

_CODECS: dict[str, type[Codec]] = {c.name: c for c in (Json, Float32, Float16, Int8, Binary)}


def get(codec: str | Codec) -> Codec:
    """Return the codec with this name; a codec object is returned as it is.

    Raises:
        ConfigError: There is no codec of that name.

    Example:
        >>> get("int8").bytes_per_vector(384)
        404
    """
    if isinstance(codec, Codec):
        return codec
    if not isinstance(codec, str) or codec not in _CODECS:
        raise ConfigError(f"unknown codec {codec!r}; choose one of {', '.join(_CODECS)}")
    return _CODECS[codec]()
