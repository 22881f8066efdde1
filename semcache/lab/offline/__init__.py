"""An OpenAI API inside this process: the real client, a real embedding model, no network.

``api.py`` makes the clients, ``routes.py`` finds the endpoint, ``embeddings.py``, ``chat.py`` and
``responses.py`` answer, ``faults.py`` breaks on request, ``quirks.py`` answers as other providers
do, ``hold.py`` lets callers meet, ``wire.py`` sends. The two endpoints of the chat models read
their requests (``chat_request.py``, ``response_request.py``) into one ``prompt.py``, which
``completion.py`` answers: with a text (``answers.py``), in a form (``formats.py``), or with calls
(``tools.py``). ``schema.py`` fills arguments and forms.
"""

from semcache.lab.offline.api import Call, OfflineAPI

__all__ = ["Call", "OfflineAPI"]
