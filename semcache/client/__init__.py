"""The cache as the transport of an OpenAI client: five lines under an application. Lesson 12.

:mod:`.transport` stands where the client's HTTP transport stands. :mod:`.call` reads a request,
:mod:`.chat`, :mod:`.responses` and :mod:`.embeddings` know an endpoint each, :mod:`.kept` gives
what the cache has, :mod:`.provider` sends on what it does not have, :mod:`.arguments` deletes and
keeps one reply.
"""

from semcache.client.transport import (
    AsyncCacheTransport,
    CacheTransport,
    cache_of,
    cached,
)

__all__ = ["AsyncCacheTransport", "CacheTransport", "cache_of", "cached"]
