"""What can go wrong, as a tree: catch the branch you can do something about.

::

    SemcacheError
    ├── InvalidInput         (ValueError)  a text that cannot be embedded: empty, too long, no text
    ├── ConfigError          (ValueError)  an option or a client that cannot work
    │   └── UnsupportedServer              the Redis server is too old for what was asked
    ├── CodecError           (ValueError)  a vector that cannot be stored, a blob that is not ours
    ├── BadResponse                        the embedding API answered, but not with what was asked
    └── CacheUnavailable                   Redis cannot be reached, or refuses to work

Errors of the API itself (``openai.OpenAIError``) pass through unchanged.
"""

__all__ = [
    "BadResponse",
    "CacheUnavailable",
    "CodecError",
    "ConfigError",
    "InvalidInput",
    "SemcacheError",
    "UnsupportedServer",
]


class SemcacheError(Exception):
    """The root of every error that this package raises."""


class InvalidInput(SemcacheError, ValueError):
    """A text that cannot be embedded; raised before anything is sent or paid."""


class ConfigError(SemcacheError, ValueError):
    """An option, or a client, that cannot work; the message says what to change."""


class UnsupportedServer(ConfigError):
    """The Redis server lacks a command that the chosen options need."""


class CodecError(SemcacheError, ValueError):
    """A vector that a codec cannot store, or bytes that it did not write."""


class BadResponse(SemcacheError):
    """The API answered with the wrong number of vectors, or with unusable ones."""


class CacheUnavailable(SemcacheError):
    """Redis cannot be reached, is too slow, or refuses the command; the cause is attached."""
