"""What can go wrong, as a tree: catch the branch you can do something about.

::

    SemcacheError
    ├── InvalidInput         (ValueError)  a text that cannot be embedded, a damaged row
    ├── ConfigError          (ValueError)  an option or a client that cannot work
    │   └── UnsupportedServer              the Redis server is too old for what was asked
    ├── CodecError           (ValueError)  a vector that cannot be stored, a blob that is not ours
    ├── BadResponse                        an API answered, but not with what was asked
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
    """Input that cannot be used.

    A text that cannot be embedded, a damaged row of a file, a reply that is none.
    """


class ConfigError(SemcacheError, ValueError):
    """An option, or a client, that cannot work; the message says what to change."""


class UnsupportedServer(ConfigError):
    """The Redis server lacks a command that the chosen options need."""


class CodecError(SemcacheError, ValueError):
    """A vector that a codec cannot store, or bytes that it did not write."""


class BadResponse(SemcacheError):
    """An API answered, but not usably.

    The wrong number of vectors, no completion, an error with status 200, or a stream that broke
    off.
    """


class CacheUnavailable(SemcacheError):
    """Redis cannot be reached, is too slow, or refuses the command; the cause is attached."""
