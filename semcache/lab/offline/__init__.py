"""An OpenAI API inside this process: the real client, a real embedding model, no network.

``api.py`` makes the clients and counts the calls, ``routes.py`` finds the endpoint,
``embeddings.py`` and ``chat.py`` answer, ``faults.py`` breaks on request, ``quirks.py`` answers as
other providers do, ``hold.py`` lets callers meet, ``wire.py`` sends.
"""

from semcache.lab.offline.api import Call, OfflineAPI

__all__ = ["Call", "OfflineAPI"]
